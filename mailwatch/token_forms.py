"""What somebody types about a token, checked."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ingest.languages import say
from ingest.models import LogHost
from mailwatch.models import Scope
from mailwatch.operations.api_tokens import Wanted
from mailwatch.plain_forms import PlainForm

_ALL, _SOME = "all", "some"


class TokenForm(PlainForm):
    """A token for oneself: what it is for, what it reads, and for how long."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": _("Say what the token is for."),
            "max_length": _("A name has 100 characters at most."),
        },
    )
    days = forms.IntegerField(required=False, label=_("Holds for"))
    scopes = forms.MultipleChoiceField(
        label=_("It may read"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one thing that it may read."),
            "invalid_choice": _("There is no such thing to read."),
        },
    )
    reads = forms.ChoiceField(
        label=_("Log hosts"),
        choices=[(_ALL, _("All that I may read at the time")), (_SOME, _("Only these:"))],
        widget=forms.RadioSelect,
        initial=_SOME,
        error_messages={"required": _("Say which log hosts.")},
    )
    log_hosts = forms.ModelMultipleChoiceField(
        LogHost._base_manager.none(),
        label=_("These log hosts"),
        to_field_name="name",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("There is no log host of this name.")},
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["log_hosts"].queryset = LogHost.objects.all()  # type: ignore[attr-defined]

    def clean_days(self) -> int:
        most: int = settings.MAILWATCH_TOKEN_MOST_DAYS
        days = self.cleaned_data["days"]
        if days is None:
            return int(settings.MAILWATCH_TOKEN_DAYS)
        if not 1 <= days <= most:
            raise ValidationError(say("A number of days, 1 to {most}.", most=most))
        return int(days)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("reads") == _SOME and "log_hosts" in cleaned and not cleaned["log_hosts"]:
            self.add_error("log_hosts", _("Choose at least one log host, or all."))
        return cleaned

    @property
    def wanted(self) -> Wanted:
        """Of a valid form."""
        has_all = self.cleaned_data["reads"] == _ALL
        return Wanted(
            name=self.cleaned_data["name"],
            scopes=[Scope(one) for one in self.cleaned_data["scopes"]],
            days=self.cleaned_data["days"],
            has_all_log_hosts=has_all,
            log_hosts=() if has_all else tuple(self.cleaned_data["log_hosts"]),
        )
