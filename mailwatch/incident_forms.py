"""What people type about incidents, checked."""

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy

from mailwatch.forms import ContextForm
from mailwatch.log_host_choice import LogHostField
from mailwatch.models import Incident
from mailwatch.operations.incidents import MOST_NOTE
from mailwatch.plain_forms import PlainForm
from mailwatch.queries import incidents as queries
from mailwatch.queries.incident_story import Section
from mailwatch.queries.incidents import Wanted

MOST_TITLE = 200


class IncidentsForm(PlainForm):
    """Which incidents are listed."""

    text = forms.CharField(required=False, max_length=200, label=gettext_lazy("Words"))
    status = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Status"),
        choices=[
            ("", gettext_lazy("any status")),
            ("unsettled", gettext_lazy("open or watching")),
            *Incident.Status.choices,
        ],
    )
    severity = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Severity"),
        choices=[("", gettext_lazy("any severity")), *Incident.Severity.choices],
    )
    owner = forms.ChoiceField(required=False, label=gettext_lazy("Owner"))
    log_host = LogHostField(
        label=gettext_lazy("Log host"),
        empty_label=gettext_lazy("any log host"),
        error_messages={"invalid_choice": gettext_lazy("There is no log host of this name.")},
    )
    after = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        names = [(name, name) for name in queries.owning()]
        owner = self.fields["owner"]
        owner.choices = [("", gettext("any owner")), ("-", gettext("nobody")), *names]  # type: ignore[attr-defined]

    @property
    def wanted(self) -> Wanted:
        asked = self.cleaned_data
        names = ("status", "severity", "owner", "log_host", "text")
        return Wanted(**{name: asked[name] for name in names})


class NewIncidentForm(PlainForm):
    """What a new incident is called, how bad it is, and of which log host it is."""

    title = forms.CharField(max_length=MOST_TITLE, label=gettext_lazy("Title"))
    severity = forms.ChoiceField(
        label=gettext_lazy("Severity"), choices=Incident.Severity.choices, initial=Incident.Severity.HIGH
    )
    log_host = LogHostField(
        label=gettext_lazy("Log host"),
        empty_label=gettext_lazy("all that you see"),
        error_messages={"invalid_choice": gettext_lazy("There is no log host of this name.")},
    )


class ChangeForm(PlainForm):
    """Title, severity, status and owner of an incident."""

    title = forms.CharField(max_length=MOST_TITLE, label=gettext_lazy("Title"))
    status = forms.ChoiceField(label=gettext_lazy("Status"), choices=Incident.Status.choices)
    severity = forms.ChoiceField(label=gettext_lazy("Severity"), choices=Incident.Severity.choices)
    owner = forms.ChoiceField(required=False, label=gettext_lazy("Owner"))

    def __init__(self, incident: Incident, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._owners = {one.get_username(): one for one in queries.owners(incident)}
        if incident.owner is not None:  # who no longer may stays until another is chosen
            self._owners.setdefault(incident.owner.get_username(), incident.owner)
        choices = [("", gettext("nobody")), *((name, name) for name in self._owners)]
        self.fields["owner"].choices = choices  # type: ignore[attr-defined]

    def clean_owner(self) -> User | None:
        return self._owners.get(self.cleaned_data["owner"])


class NoteForm(PlainForm):
    """A note in Markdown."""

    text = forms.CharField(
        max_length=MOST_NOTE,
        label=gettext_lazy("Note"),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class EvidenceForm(ContextForm):
    """What is to be added, as the page that shows it names it."""

    ATTACK, SUBJECT, MESSAGE, REJECTION, CONFIGURATION, SEARCH = (
        "attack", "subject", "message", "rejection", "configuration", "search",
    )  # fmt: skip
    NEEDED: ClassVar[dict[str, tuple[str, ...]]] = {
        ATTACK: ("key",),
        SUBJECT: ("page", "name"),
        MESSAGE: ("log_host", "message_id"),
        REJECTION: ("log_host", "key"),
        CONFIGURATION: ("log_host",),
        SEARCH: ("query",),
    }

    what = forms.ChoiceField(choices=[(name, name) for name in NEEDED], widget=forms.HiddenInput)
    key = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    page = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    name = forms.CharField(required=False, max_length=2000, strip=False, widget=forms.HiddenInput)
    message_id = forms.CharField(required=False, max_length=23, widget=forms.HiddenInput)
    query = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)
    side = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        missing = [one for one in self.NEEDED.get(cleaned.get("what", ""), ()) if not cleaned.get(one)]
        if missing and not self.errors:
            raise ValidationError(gettext("The link does not say what is to be added."))
        return cleaned


class ReportForm(PlainForm):
    """The sections of the report. ``own`` are those that differ from what they would say by themselves."""

    def __init__(self, told: Sequence[Section], version: int, *arguments: Any, **options: Any) -> None:
        initial = {section.key: section.text for section in told} | dict(options.pop("initial", {}))
        super().__init__(*arguments, initial={**initial, "version": version}, **options)
        self._told = told
        self.fields["version"] = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
        for section in told:
            self.fields[section.key] = forms.CharField(
                required=False,
                max_length=MOST_NOTE,
                label=section.title,
                widget=forms.Textarea(attrs={"rows": min(16, section.text.count("\n") + 6)}),
            )
            self.fields[f"was_{section.key}"] = forms.CharField(
                required=False, initial=_digest(section.text), widget=forms.HiddenInput
            )

    @property
    def version(self) -> int:
        """Of what was kept when the form was made."""
        return int(self.cleaned_data["version"])

    @property
    def own(self) -> dict[str, str]:
        """Sections of people, by their key. An empty one says again what it would by itself.

        One that was not touched stays what it is, though its draft may have changed since the form was made.
        """
        own = {}
        for section in self._told:
            text = self.cleaned_data[section.key].replace("\r\n", "\n")
            if _digest(text) == self.cleaned_data[f"was_{section.key}"]:
                text = section.own or ""
            if text.strip() and text.strip() != section.draft.strip():
                own[section.key] = text
        return own


def _digest(text: str) -> str:
    return hashlib.sha256(text.replace("\r\n", "\n").strip().encode()).hexdigest()[:32]
