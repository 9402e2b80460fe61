"""What is frozen, for whom, and for how long."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy

from ingest.languages import say
from ingest.models import LogHost
from mailwatch.forms import ContextForm
from mailwatch.models import SharedReport
from mailwatch.stored_words import word

LEAST_PASSWORD = 8  # characters; guesses are slowed down besides


def _redactions() -> list[tuple[str, str]]:
    return [(str(value), word(label)) for value, label in SharedReport.Redaction.choices]


class ShareForm(ContextForm):
    """What to freeze, as its page shows it, and for whom."""

    kind = forms.ChoiceField(choices=SharedReport.Kind)
    message_id = forms.CharField(required=False, max_length=23)
    incident = forms.IntegerField(required=False, min_value=1, label=gettext_lazy("Incident"))
    redaction = forms.ChoiceField(
        required=False, choices=_redactions, label=gettext_lazy("What stays readable")
    )
    days = forms.IntegerField(required=False, label=gettext_lazy("Open for"))
    most_views = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=10_000,
        label=gettext_lazy("Views"),
        error_messages={
            "invalid": gettext_lazy("A whole number, or nothing for as many as wanted."),
            "min_value": gettext_lazy("One view at least."),
            "max_value": gettext_lazy("10,000 views at most."),
        },
    )
    password = forms.CharField(
        required=False,
        strip=False,
        max_length=200,
        label=gettext_lazy("Password"),
        widget=forms.PasswordInput,
    )

    def clean_redaction(self) -> str:
        return self.cleaned_data["redaction"] or SharedReport.Redaction.MASKED

    def clean_days(self) -> int:
        most: int = settings.MAILWATCH_SHARE_MOST_DAYS
        days = self.cleaned_data["days"]
        if days is None:
            return int(settings.MAILWATCH_SHARE_DAYS)
        if not 1 <= days <= most:
            raise ValidationError(say("A number of days, 1 to {most}.", most=most))
        return int(days)

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if password and len(password) < LEAST_PASSWORD:
            raise ValidationError(say("{least} characters at least.", least=LEAST_PASSWORD))
        return password

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        is_message = cleaned.get("kind") == SharedReport.Kind.MESSAGE
        if is_message and not (cleaned.get("log_host") and cleaned.get("message_id")):
            raise ValidationError(gettext("Say which message of which log host is to be shared."))
        if cleaned.get("kind") == SharedReport.Kind.INCIDENT:
            if not cleaned.get("incident"):
                raise ValidationError(gettext("Say which incident is to be shared."))
            return cleaned
        if not is_message and not LogHost.objects.exists():
            raise ValidationError(gettext("There is nothing to share yet: no log has been read."))
        return cleaned
