"""How somebody is alerted, and which programs are: what people type, checked."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy

from ingest import granted
from ingest.languages import say
from mailwatch import outgoing
from mailwatch.log_host_choice import LogHostField
from mailwatch.models import Alert, AlertChoice
from mailwatch.plain_forms import PlainForm

_HOURS = [(str(hour), f"{hour:02}:00") for hour in range(24)]


class AlertChoiceForm(PlainForm):
    """When somebody gets alerts by mail."""

    mode = forms.ChoiceField(label=gettext_lazy("Alerts by mail"), choices=AlertChoice.Mode.choices)
    digest_hour = forms.ChoiceField(
        required=False, label=gettext_lazy("Once a day at"), choices=_HOURS, initial="8"
    )
    quiet_from = forms.ChoiceField(
        required=False, label=gettext_lazy("Quiet from"), choices=[("", gettext_lazy("never")), *_HOURS]
    )
    quiet_until = forms.ChoiceField(
        required=False, label=gettext_lazy("until"), choices=[("", gettext_lazy("never")), *_HOURS]
    )
    through = forms.ChoiceField(
        required=False,
        label=gettext_lazy("In quiet hours comes"),
        choices=AlertChoice.Through.choices,
    )

    @classmethod
    def of(cls, choice: AlertChoice) -> "AlertChoiceForm":
        """As it is kept."""
        fields = ("mode", "digest_hour", "quiet_from", "quiet_until", "through")
        return cls(initial={name: getattr(choice, name) for name in fields})

    def clean(self) -> None:
        begin, end = self.cleaned_data.get("quiet_from"), self.cleaned_data.get("quiet_until")
        if bool(begin) != bool(end):
            self.add_error(None, say("Quiet hours have a beginning and an end; choose both or neither."))

    def apply(self, choice: AlertChoice) -> AlertChoice:
        """Write what was typed into a choice, which is not stored yet."""
        typed = self.cleaned_data
        choice.mode, choice.through = typed["mode"], typed["through"]
        choice.digest_hour = int(typed["digest_hour"] or 8)
        choice.quiet_from = int(typed["quiet_from"]) if typed["quiet_from"] else None
        choice.quiet_until = int(typed["quiet_until"]) if typed["quiet_until"] else None
        return choice


class WebhookForm(PlainForm):
    """A program that is told."""

    url = forms.CharField(
        max_length=500,
        label=gettext_lazy("Address"),
        widget=forms.TextInput(
            attrs={"size": 40, "placeholder": "https://hooks.example.com/mailwatch", "spellcheck": "false"}
        ),
    )
    log_host = LogHostField(label=gettext_lazy("Log host"), empty_label=gettext_lazy("all that you see"))
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("What it is told"),
        choices=[choice for choice in Alert.Kind.choices if choice[0] != Alert.Kind.TEST],
        initial=[kind for kind in Alert.Kind.values if kind != Alert.Kind.TEST],
        widget=forms.CheckboxSelectMultiple,
    )

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        try:
            outgoing.check(url, outgoing.read_entries(settings.MAILWATCH_WEBHOOK_HOSTS))
        except outgoing.NotAllowed as error:
            raise forms.ValidationError(say(str(error))) from error
        return url

    def clean(self) -> None:
        if granted.here() == granted.NOTHING:
            self.add_error(None, say("No log host is granted to you."))
