"""What people type about sources, checked."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy

from ingest import syncing
from ingest.models import Source
from ingest.models.log_hosts import log_host_name, zone_name
from ingest.models.sources import PATTERNS
from ingest.sources import sftp
from ingest.sources.directories import BUCKETS
from ingest.sources.machines import check_written
from ingest.sources.places import BadPlace, confined
from mailwatch.operations.sources import SourceInput
from mailwatch.plain_forms import PlainForm

_LONGEST_KEY = 20_000
_EXAMPLE = "sftp://log@mx1/var/log/exim4"


class SourceForm(PlainForm):
    """A source. Credentials are typed in and never shown: an empty field keeps what is kept."""

    url = forms.CharField(
        max_length=500,
        label=gettext_lazy("Address"),
        widget=forms.TextInput(
            attrs={"size": 40, "placeholder": "sftp://log@mx1/var/log/exim4", "spellcheck": "false"}
        ),
        error_messages={"required": gettext_lazy("Say where the directory is.")},
    )
    log_host = forms.CharField(
        max_length=100,
        label=gettext_lazy("Log host"),
        validators=[log_host_name],
        widget=forms.TextInput(attrs={"list": "log-hosts", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Say which log host writes the files.")},
    )
    timezone = forms.CharField(
        required=False,
        label=gettext_lazy("Zone"),
        validators=[zone_name],
        widget=forms.TextInput(
            attrs={"list": "zones", "placeholder": "Europe/Madrid", "autocomplete": "off"}
        ),
    )
    patterns = forms.CharField(
        max_length=200,
        initial=PATTERNS,
        label=gettext_lazy("Files"),
        widget=forms.TextInput(attrs={"size": 40, "spellcheck": "false"}),
        error_messages={
            "required": gettext_lazy("Say which files are logs: *log* takes all with log in their name.")
        },
    )
    every_minutes = forms.IntegerField(
        min_value=1,
        max_value=7 * 24 * 60,
        initial=5,
        label=gettext_lazy("Minutes between two passes"),
        error_messages={"invalid": gettext_lazy("The minutes are a whole number.")},
    )
    password = forms.CharField(
        required=False,
        strip=False,
        max_length=1000,
        label=gettext_lazy("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    private_key = forms.CharField(
        required=False,
        max_length=_LONGEST_KEY,
        label=gettext_lazy("Private key"),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )
    host_key = forms.CharField(
        required=False,
        max_length=_LONGEST_KEY,
        label=gettext_lazy("Host key"),
        widget=forms.TextInput(attrs={"size": 40, "placeholder": "ssh-ed25519 AAAA…", "spellcheck": "false"}),
    )

    @classmethod
    def of(cls, source: Source) -> "SourceForm":
        """What is kept, without the credentials."""
        return cls(
            initial={
                "url": source.url,
                "log_host": source.log_host.name,
                "patterns": source.patterns,
                "every_minutes": source.every_minutes,
            }
        )

    @property
    def zones(self) -> list[str]:
        return sorted(available_timezones())

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        place = _checked(syncing.place_of, url)
        if place.scheme == "file":
            _checked(lambda path: confined(Path(path), syncing.allowed()), place.path)
        elif place.scheme not in BUCKETS:
            _checked(lambda host: check_written(host, allowed=place.inside), place.host)
        return url

    def clean_private_key(self) -> str:
        text = str(self.cleaned_data["private_key"]).replace("\r\n", "\n")
        if text:
            _checked(sftp.check_private_key, text + "\n")
        return text and text + "\n"

    def clean_host_key(self) -> str:
        text = str(self.cleaned_data["host_key"])
        return str(_checked(sftp.read_host_key, text)) if text else ""

    def forget_credentials(self) -> None:
        """The form as it may be shown again."""
        if self.is_bound:
            self.data = {**self.data.dict(), "password": "", "private_key": ""}  # type: ignore[attr-defined]

    @property
    def wanted(self) -> SourceInput:
        return SourceInput(**self.cleaned_data)

    @property
    def directories(self) -> str:
        """Of this machine, that may be read."""
        return ", ".join(settings.MAILWATCH_SOURCE_DIRECTORIES)


def _checked(check: Callable[[str], Any], text: str) -> Any:
    try:
        return check(text)
    except BadPlace as refusal:
        raise forms.ValidationError(str(refusal)) from None
