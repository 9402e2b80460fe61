"""What people type into pages, checked."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext, gettext_lazy

from ingest.languages import say
from ingest.models.log_hosts import log_host_name, zone_name
from ingest.rules.definition import Severity
from ingest.rules.facts import SubjectKind
from ingest.rules.subject_rules import SUBJECT_RULES
from ingest.sources.configurations import configuration_in
from ingest.sources.limits import Refused
from mailwatch.log_host_choice import LogHostField
from mailwatch.operations.uploads import safe_name
from mailwatch.plain_forms import PlainForm
from mailwatch.printable import plain
from mailwatch.queries.ranges import Preset, Range, read_time
from mailwatch.queries.suspects import Chosen

MOST_PASTED = 512 * 1024  # characters; more lines than anybody reads token by token
MOST_CONFIGURATION = 2 * 1024 * 1024  # bytes; exim -bP config of the largest hosts is far below


class LogTimeField(forms.Field):
    """A time as a log shows it: naive means in the log host's own zone. A day alone is its midnight."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")

    def to_python(self, value: object) -> datetime | None:
        if value in self.empty_values:
            return None
        at = read_time(str(value))
        if at is None:
            raise forms.ValidationError(
                say("“{text}” is no time. Write it as 2016-03-09 07:53.", text=plain(str(value)[:40]))
            )
        return at


class ContextForm(PlainForm):
    """The log host and the range that a page is about."""

    log_host = LogHostField(
        label=gettext_lazy("Log host"),
        empty_label=gettext_lazy("all"),
        error_messages={"invalid_choice": gettext_lazy("There is no log host of this name.")},
    )
    range = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Range"),
        choices=[
            (Preset.ALL, gettext_lazy("Whole log")),
            (Preset.HOUR, gettext_lazy("Last hour of the log")),
            (Preset.DAY, gettext_lazy("Last 24 hours of the log")),
            (Preset.WEEK, gettext_lazy("Last 7 days of the log")),
            (Preset.EXACT, gettext_lazy("From … until …")),
        ],
        widget=forms.Select(attrs={"data-range": True}),
        error_messages={"invalid_choice": gettext_lazy("There is no such range.")},
    )
    since = LogTimeField(required=False, label=gettext_lazy("Since"))
    until = LogTimeField(required=False, label=gettext_lazy("Until"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and _comparable(since) >= _comparable(until):
            self.add_error("until", gettext("The end of the range is not after its beginning."))
        return cleaned

    @property
    def chosen_range(self) -> Range:
        """The range of a valid form; times count only where no length was chosen."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        preset = Preset(self.cleaned_data["range"])
        if preset is Preset.ALL and (since or until):
            preset = Preset.EXACT
        if preset is not Preset.EXACT:
            return Range(preset=preset)
        return Range(preset=preset, since=since, until=until)


def _comparable(at: datetime) -> datetime:
    return at.replace(tzinfo=None) - (at.utcoffset() or timedelta())


def _suspects_rules() -> list[tuple[str, str]]:
    return [
        ("", gettext("any rule")),
        *((rule.code, f"{rule.code} {say(rule.title)}") for rule in SUBJECT_RULES),
    ]


class RelaysForm(ContextForm):
    """The report: which suspects of it are shown, and which of them is open."""

    severity = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Severity"),
        choices=[
            ("", gettext_lazy("any severity")),
            (Severity.CRITICAL, gettext_lazy("critical")),
            (Severity.HIGH, gettext_lazy("high and worse")),
            (Severity.MEDIUM, gettext_lazy("medium and worse")),
            (Severity.INFO, gettext_lazy("refused attempts too")),
        ],
        error_messages={"invalid_choice": gettext_lazy("Severities are critical, high, medium and info.")},
    )
    rule = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Rule"),
        choices=_suspects_rules,
        error_messages={"invalid_choice": gettext_lazy("There is no such rule for suspects.")},
    )
    kind = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Kind"),
        choices=[
            ("", gettext_lazy("any kind")),
            (SubjectKind.SENDER_HOST_ADDRESS, gettext_lazy("sender hosts")),
            (SubjectKind.AUTHENTICATED_ID, gettext_lazy("accounts")),
            (SubjectKind.LOCAL_USER, gettext_lazy("local users")),
        ],
        error_messages={"invalid_choice": gettext_lazy("Kinds are sender hosts, accounts and local users.")},
    )
    country = forms.RegexField(
        r"^[A-Za-z]{2}$",
        required=False,
        label=gettext_lazy("Country"),
        error_messages={"invalid": gettext_lazy("A country is named by its two letters.")},
    )
    going_on = forms.BooleanField(required=False, label=gettext_lazy("only what goes on"))
    compared = forms.BooleanField(required=False, label=gettext_lazy("compared with the period before"))
    after = forms.CharField(required=False)

    @property
    def context_fields(self) -> list[forms.BoundField]:
        """What choosing suspects must not lose."""
        return [self[name] for name in ContextForm.base_fields]

    @property
    def chosen(self) -> Chosen:
        names = ("severity", "rule", "kind", "country", "going_on")
        return Chosen(**{name: self.cleaned_data[name] for name in names})

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()


class ExplainForm(PlainForm):
    """Pasted text. Nothing of it is stored."""

    lines = forms.CharField(
        required=False,
        strip=False,
        max_length=MOST_PASTED,
        label=gettext_lazy("Log lines"),
        widget=forms.Textarea(attrs={"rows": 7, "spellcheck": "false"}),
        error_messages={
            "max_length": gettext_lazy(
                "More than 512 KB are not explained line by line. Upload the text as a file."
            ),
            "null_characters_not_allowed": gettext_lazy("This is no text: it holds NUL characters."),
        },
    )
    configuration = forms.CharField(
        required=False,
        strip=False,
        max_length=MOST_CONFIGURATION,
        label=gettext_lazy(
            "Configuration: output of exim -bP, a file, or one authenticator (may be left empty)"
        ),
        widget=forms.Textarea(attrs={"rows": 7, "spellcheck": "false"}),
        error_messages={"max_length": gettext_lazy("A configuration of more than 2 MB is not read.")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not (cleaned["lines"].strip() or cleaned["configuration"].strip()):
            raise forms.ValidationError(gettext("Paste log lines, a configuration, or both."))
        return cleaned

    @property
    def log_text(self) -> bytes:
        """The pasted lines with the line ends of a log; browsers send those of a form."""
        return str(self.cleaned_data["lines"]).replace("\r\n", "\n").rstrip("\n").encode()


class GlossaryForm(PlainForm):
    """What to look for in the glossary: a term, a code, or the answer of a server."""

    q = forms.CharField(required=False, max_length=500, label=gettext_lazy("Look for"))


class ChosenLogHostForm(PlainForm):
    """One log host, by name."""

    log_host = LogHostField()


class ConfigurationForm(PlainForm):
    """A configuration, pasted or as a file; kept, with its passwords masked, where a log host is chosen."""

    text = forms.CharField(
        required=False,
        strip=False,
        max_length=MOST_CONFIGURATION,
        label=gettext_lazy("Configuration"),
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        error_messages={"max_length": gettext_lazy("A configuration of more than 2 MB is not read.")},
    )
    file = forms.FileField(required=False, label=gettext_lazy("or a file"), allow_empty_file=True)
    log_host = LogHostField(
        empty_label=gettext_lazy("no log host: only look, keep nothing"),
        label=gettext_lazy("Keep it for"),
        error_messages={"invalid_choice": gettext_lazy("There is no log host of this name.")},
    )
    replace = forms.BooleanField(
        required=False, initial=True, label=gettext_lazy("instead of what is kept for it now")
    )

    def clean_file(self) -> str:
        """The text of the file, or of the pieces in an archive."""
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        try:
            return configuration_in(file, file.size)
        except Refused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not self.configuration.strip():
            raise forms.ValidationError(gettext("Paste the configuration, or choose its file."))
        return cleaned

    @property
    def configuration(self) -> str:
        texts = (self.cleaned_data["text"], self.cleaned_data["file"])
        return "\n".join(text for text in texts if text).replace("\r\n", "\n")

    @property
    def kept_name(self) -> str:
        """What the text is called where it is kept: its file's name, made safe to show."""
        file = self.files.get("file")
        name = plain(getattr(file, "name", "")).strip()
        return name[:200] or gettext("pasted text")

    def masked(self, text: str) -> "ConfigurationForm":
        """The same form, with the text as it may be shown again."""
        shown = {name: self.cleaned_data[name] for name in ("log_host", "replace")}
        shown["log_host"] = shown["log_host"].name if shown["log_host"] else ""
        return ConfigurationForm(initial=shown | {"text": text})


class WrittenByForm(PlainForm):
    """The machine that wrote a log, by a name that may be new."""

    log_host = forms.CharField(
        max_length=100,
        label=gettext_lazy("Written by log host"),
        validators=[log_host_name],
        error_messages={"required": gettext_lazy("Say which log host wrote the files.")},
        widget=forms.TextInput(attrs={"list": "log-hosts", "autocomplete": "off", "spellcheck": "false"}),
    )
    timezone = forms.CharField(
        required=False,
        max_length=64,
        label=gettext_lazy("Zone of the log"),
        validators=[zone_name],
        widget=forms.TextInput(
            attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false", "placeholder": "UTC"}
        ),
    )

    @property
    def zones(self) -> list[str]:
        """What the browser offers."""
        return sorted(available_timezones())


class UploadForm(WrittenByForm):
    """Log files (``files``, several) and the machine that wrote them."""

    @property
    def chosen_files(self) -> "list[UploadedFile[bytes]]":
        return [file for file in self.files.getlist("files") if isinstance(file, UploadedFile)]

    def clean(self) -> dict[str, Any]:
        files = self.chosen_files
        if not files:
            raise forms.ValidationError(gettext("Choose at least one log file."))
        for file in files:
            _check_size(file.name, file.size or 0)
        return super().clean() or self.cleaned_data


class AnnouncedForm(WrittenByForm):
    """A file that will come in pieces."""

    name = forms.CharField(max_length=1000)
    size = forms.IntegerField(min_value=0)
    fingerprint = forms.RegexField(r"^[0-9a-f]{16,64}$")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "name" in cleaned and "size" in cleaned:
            _check_size(cleaned["name"], cleaned["size"])
        return cleaned


def _check_size(name: str | None, size: int) -> None:
    if not size:
        raise forms.ValidationError(say("{name} is empty. Nothing was stored.", name=safe_name(name)))
    if size > settings.MAILWATCH_MAX_UPLOAD:
        raise forms.ValidationError(
            say(
                "{name} has {size}; {most} is the most. Nothing was stored.",
                name=safe_name(name),
                size=filesizeformat(size),
                most=filesizeformat(settings.MAILWATCH_MAX_UPLOAD),
            )
        )


class ZoneForm(PlainForm):
    """The zone that a log is to be read in."""

    timezone = forms.CharField(
        max_length=64,
        label=gettext_lazy("Zone of the log"),
        validators=[zone_name],
        error_messages={"required": gettext_lazy("Name a zone, for example Europe/Madrid.")},
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
    )


def _languages() -> list[tuple[str, str]]:
    return [("", gettext("As the browser asks")), *((code, str(name)) for code, name in settings.LANGUAGES)]


class PreferencesForm(PlainForm):
    """In which language and zone somebody reads."""

    language = forms.ChoiceField(required=False, label=gettext_lazy("Language"), choices=_languages)
    timezone = forms.CharField(
        required=False,
        max_length=64,
        label=gettext_lazy("Zone of the times"),
        validators=[zone_name],
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
    )
