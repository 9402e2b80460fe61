"""Which entries of the audit trail."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext_lazy as _

from mailwatch.forms import LogTimeField
from mailwatch.log_host_choice import LogHostField
from mailwatch.models import TrailKind
from mailwatch.plain_forms import PlainForm
from mailwatch.queries.trail import Asked
from mailwatch.reader import shown_zone


class TrailForm(PlainForm):
    """All of it may be empty. Times without a zone are the reader's, else UTC."""

    user = forms.CharField(required=False, label=_("User"), max_length=150)
    about = forms.CharField(required=False, label=_("About"), max_length=320)
    kind = forms.ChoiceField(required=False, label=_("What"), choices=[("", _("all")), *TrailKind.choices])
    log_host = LogHostField(label=_("Log host"), empty_label=_("all"))
    since = LogTimeField(required=False, label=_("from"))
    until = LogTimeField(required=False, label=_("until"))

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["user"].widget.attrs.update(size=14, autocomplete="off", spellcheck="false")
        self.fields["about"].widget.attrs.update(
            size=26, autocomplete="off", spellcheck="false", placeholder=_("Address, message id, IP")
        )

    def asked(self, reader: User) -> Asked:
        """Of a valid form."""
        chosen = self.cleaned_data
        return Asked(
            reader=reader,
            username=chosen["user"],
            kind=chosen["kind"],
            about=chosen["about"],
            log_host=chosen["log_host"],
            since=_aware(chosen["since"]),
            until=_aware(chosen["until"]),
        )


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=shown_zone(UTC)) if at is not None and at.tzinfo is None else at
