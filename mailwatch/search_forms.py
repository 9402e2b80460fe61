"""The search and its filters, as they stand in the URL; and the name under which one is kept."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from ingest.exim.reasons import Reason
from ingest.languages import later, say
from ingest.models import Status
from ingest.rules.messages import MESSAGE_RULES
from mailwatch.forms import ContextForm
from mailwatch.plain_forms import PlainForm
from mailwatch.queries.filters import Direction, Filters
from mailwatch.queries.terms import NotUnderstood, Term, TermKind, understand
from mailwatch.stored_words import word

MORE_FILTERS = ("reason", "account", "transport", "remote_host", "size_from", "size_to", "rule")
_ALSO = (TermKind.NETWORK, TermKind.ADDRESS, TermKind.DOMAIN)
_SIZE = re.compile(r"(\d{1,15}) ?([kmg]?)i?b?", re.ASCII | re.IGNORECASE)
_UNITS = {"": 0, "k": 10, "m": 20, "g": 30}


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    label: str
    is_usual: bool = True


COLUMNS = (
    Column("sender", later("Envelope sender")),
    Column("recipient", later("Recipient")),
    Column("host", later("Sender host, login")),
    Column("subject", later("Subject"), is_usual=False),
    Column("size", later("Size"), is_usual=False),
    Column("happened", later("What happened")),
    Column("finding", later("Finding")),
)
USUAL_COLUMNS = tuple(one.name for one in COLUMNS if one.is_usual)


def _plain_text() -> forms.TextInput:
    return forms.TextInput(attrs={"size": "12", "autocomplete": "off", "spellcheck": "false"})


def _any_of(values: Iterable[str]) -> Callable[[], list[tuple[str, str]]]:
    """Choices in the reader's language; the values stand in addresses of pages."""
    return lambda: [("", gettext("any")), *((str(value), word(value)) for value in values)]


class SizeField(forms.Field):
    """Bytes, or with a unit: 500, 20k, 10 MB (of 1024)."""

    widget = forms.TextInput(attrs={"size": "6", "placeholder": "10 MB", "autocomplete": "off"})

    def to_python(self, value: object) -> int | None:
        if value in self.empty_values:
            return None
        size = _SIZE.fullmatch(str(value).strip())
        if size is None:
            raise forms.ValidationError(
                say("“{text}” is no size. Write it as 500, 20 KB or 10 MB.", text=str(value)[:40])
            )
        return min(int(size[1]) << _UNITS[size[2].lower()], 2**62)


def _rules() -> list[tuple[str, str]]:
    """Rules to choose from, in the reader's language."""
    return [("", gettext("any")), *((rule.code, f"{rule.code} {say(rule.title)}") for rule in MESSAGE_RULES)]


class SearchForm(ContextForm):
    """One box and its filters. All of it stands in the URL."""

    q = forms.CharField(
        required=False,
        label=gettext_lazy("Look for"),
        error_messages={
            "null_characters_not_allowed": gettext_lazy("That is no search: it holds NUL characters.")
        },
    )
    kind = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Kind"),
        choices=[("", gettext_lazy("as it looks")), *((str(kind), str(kind)) for kind in TermKind)],
        error_messages={"invalid_choice": gettext_lazy("There is no such kind of search.")},
    )
    role = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Role"),
        choices=[
            ("", gettext_lazy("sender or recipient")),
            ("sender", gettext_lazy("sender only")),
            ("recipient", gettext_lazy("recipient only")),
        ],
        error_messages={
            "invalid_choice": gettext_lazy("An address is looked for as sender or as recipient.")
        },
    )
    status = forms.ChoiceField(
        required=False,
        choices=_any_of(Status),
        label=gettext_lazy("Status"),
        error_messages={"invalid_choice": gettext_lazy("There is no such status.")},
    )
    reason = forms.ChoiceField(
        required=False,
        choices=_any_of(Reason),
        label=gettext_lazy("Reason"),
        error_messages={"invalid_choice": gettext_lazy("There is no such reason of refusals.")},
    )
    direction = forms.ChoiceField(
        required=False,
        choices=_any_of(Direction),
        label=gettext_lazy("Direction"),
        error_messages={"invalid_choice": gettext_lazy("Directions are in, out, relay, local and bounce.")},
    )
    account = forms.CharField(
        required=False, max_length=255, label=gettext_lazy("Account"), widget=_plain_text()
    )
    transport = forms.CharField(
        required=False, max_length=255, label=gettext_lazy("Transport"), widget=_plain_text()
    )
    remote_host = forms.GenericIPAddressField(
        required=False,
        label=gettext_lazy("Remote host"),
        widget=_plain_text(),
        error_messages={"invalid": gettext_lazy("A remote host is named by its IP address.")},
    )
    also = forms.CharField(required=False, max_length=1000, widget=forms.HiddenInput)
    also_kind = forms.ChoiceField(
        required=False,
        choices=[("", gettext_lazy("as it looks")), *((str(kind), str(kind)) for kind in _ALSO)],
        widget=forms.HiddenInput,
        error_messages={
            "invalid_choice": gettext_lazy(
                "The second thing looked for is a network, an address or a domain."
            )
        },
    )
    also_role = forms.ChoiceField(
        required=False,
        choices=[
            ("", gettext_lazy("either")),
            ("sender", gettext_lazy("sender")),
            ("recipient", gettext_lazy("recipient")),
        ],
        widget=forms.HiddenInput,
        error_messages={
            "invalid_choice": gettext_lazy("An address is looked for as sender or as recipient.")
        },
    )
    size_from = SizeField(required=False, label=gettext_lazy("Size from"))
    size_to = SizeField(required=False, label=gettext_lazy("Size to"))
    rule = forms.ChoiceField(
        required=False,
        choices=_rules,
        label=gettext_lazy("Rule"),
        error_messages={"invalid_choice": gettext_lazy("There is no such rule for messages.")},
    )
    after = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "q" in cleaned and "kind" in cleaned:
            kind = TermKind(cleaned["kind"]) if cleaned["kind"] else None
            try:
                cleaned["term"] = understand(cleaned["q"], kind=kind)
            except NotUnderstood as error:
                self.add_error("q", str(error))
        cleaned["also_term"] = self._also(cleaned)
        smallest, largest = cleaned.get("size_from"), cleaned.get("size_to")
        if smallest is not None and largest is not None and smallest > largest:
            self.add_error("size_to", gettext("The largest size is below the smallest."))
        return cleaned

    def _also(self, cleaned: dict[str, Any]) -> Term | None:
        """The second term, of the kinds that a message can meet besides the first."""
        if not cleaned.get("also"):
            return None
        kind = cleaned.get("also_kind")
        try:
            term = understand(cleaned["also"], kind=TermKind(kind) if kind else None)
        except NotUnderstood as error:
            self.add_error("also", str(error))
            return None
        if term.kind not in _ALSO:
            self.add_error(
                "also", gettext("The second thing looked for is a network, an address or a domain.")
            )
            return None
        return term

    @property
    def filters(self) -> Filters:
        """Of a valid form."""
        names = ("direction", "account", "transport", "size_from", "size_to", "rule", "also_role")
        return Filters(
            **{name: self.cleaned_data[name] for name in names},
            remote_host=self.cleaned_data["remote_host"] or "",
            also=self.cleaned_data["also_term"],
        )

    @property
    def also_fields(self) -> list[forms.BoundField]:
        """What choosing other filters must not lose."""
        return [self[name] for name in ("also", "also_kind", "also_role") if self[name].value()]

    @property
    def has_more_filters(self) -> bool:
        """Whether one of the filters is set that the page folds away."""
        return any(self[name].value() for name in MORE_FILTERS)


class ColumnsForm(PlainForm):
    """What a list of messages shows beside time and outcome; nothing chosen is the usual columns."""

    columns = forms.MultipleChoiceField(required=False, choices=[(one.name, one.label) for one in COLUMNS])
    query = forms.CharField(required=False, max_length=4000)


class SavedSearchForm(PlainForm):
    """A search to keep: its name, and whether all users see it."""

    name = forms.CharField(
        max_length=100,
        label=gettext_lazy("Name"),
        error_messages={
            "required": gettext_lazy("Give the search a name."),
            "max_length": gettext_lazy("A name has 100 characters at most."),
        },
    )
    query = forms.CharField(required=False, max_length=4000, widget=forms.HiddenInput)
    is_shared = forms.BooleanField(required=False, label=gettext_lazy("for all users"))
