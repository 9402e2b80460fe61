"""What people type about log hosts, checked: what is known of one, its accounts, its thresholds, what is allowed."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from ingest.knowledge import check_rule, read_address, read_domain, read_network, read_subject
from ingest.languages import say
from ingest.models import AllowEntry, LogHost
from ingest.retention import LONGEST as LONGEST_AGE
from ingest.rules.rule import RULES
from ingest.rules.thresholds import THRESHOLDS
from mailwatch.plain_forms import PlainForm
from mailwatch.printable import plain
from mailwatch.queries.thresholds import LimitFamily, LimitGroup, LimitRow
from mailwatch.stored_words import word

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOST_ACCOUNTS = 8 * 1024 * 1024  # bytes: about 400,000 accounts
_SEPARATORS = re.compile(r"[\s,;]+")
_LONGEST_WORD = 300


class WordsField(forms.CharField):
    """Several words, one a line or with blanks or commas between; each is read by ``read``."""

    def __init__(self, *, label: "StrOrPromise", example: str, read: Callable[[str], str]) -> None:
        attrs = {"rows": 4, "spellcheck": "false", "autocomplete": "off", "placeholder": example}
        super().__init__(required=False, label=label, max_length=200_000, widget=forms.Textarea(attrs=attrs))
        self.read = read

    def clean(self, value: object) -> list[str]:
        text = super().clean(value)
        words = [word[:_LONGEST_WORD] for word in _SEPARATORS.split(text) if word]
        try:
            return sorted({self.read(word) for word in words})
        except ValueError as refusal:
            raise forms.ValidationError(plain(str(refusal))) from None


class KnowledgeForm(PlainForm):
    """What somebody says of a log host. Empty: its configuration or its log is asked."""

    local_domains = WordsField(label=gettext_lazy("Local domains"), example="example.org", read=read_domain)
    trusted_networks = WordsField(
        label=gettext_lazy("Trusted networks"), example="192.0.2.0/24", read=read_network
    )
    own_addresses = WordsField(label=gettext_lazy("Own addresses"), example="192.0.2.25", read=read_address)
    smarthosts = WordsField(label=gettext_lazy("Smarthosts"), example="198.51.100.25", read=read_network)
    retention_days = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=LONGEST_AGE,
        label=gettext_lazy("Days after which its lines are deleted"),
        error_messages={"invalid": gettext_lazy("The days are a whole number.")},
    )

    @classmethod
    def of(cls, log_host: LogHost) -> "KnowledgeForm":
        """What was typed before."""
        lists = {name: "\n".join(getattr(log_host, name)) for name in cls.lists()}
        return cls(initial={**lists, "retention_days": log_host.retention_days})

    @classmethod
    def lists(cls) -> list[str]:
        return [name for name, field in cls.base_fields.items() if isinstance(field, WordsField)]


class AccountsForm(PlainForm):
    """Known accounts, typed or as a file. Passwords beside them are never kept."""

    text = forms.CharField(
        required=False,
        strip=False,
        max_length=MOST_ACCOUNTS,
        label=gettext_lazy("Accounts, one a line"),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "autocomplete": "off"}),
        error_messages={
            "null_characters_not_allowed": gettext_lazy("This is no text: it holds NUL characters.")
        },
    )
    file = forms.FileField(required=False, label=gettext_lazy("or a file"), allow_empty_file=True)
    replace = forms.BooleanField(required=False, label=gettext_lazy("instead of those that are known now"))

    def clean_file(self) -> str:
        """The text of the file; what is not UTF-8 reads as Latin-1."""
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size > MOST_ACCOUNTS:
            raise forms.ValidationError(gettext("A list of more than 8 MB is not read."))
        raw = file.read()
        if b"\0" in raw:
            raise forms.ValidationError(gettext("This file is no text, so it is no list of accounts."))
        try:
            return str(raw.decode("utf-8-sig"))
        except UnicodeDecodeError:
            return str(raw.decode("latin-1"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not self.accounts.strip():
            raise forms.ValidationError(gettext("Type accounts, or choose their file."))
        return cleaned

    @property
    def accounts(self) -> str:
        return "\n".join(text for text in (self.cleaned_data["text"], self.cleaned_data["file"]) if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSection:
    """The thresholds of one rule, each with its field."""

    group: LimitGroup
    fields: Sequence[tuple[LimitRow, forms.BoundField]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChapter:
    """The thresholds of one family of rules."""

    family: LimitFamily
    sections: Sequence[LimitSection]

    @property
    def is_open(self) -> bool:
        """Whether something in it is to be seen at once: another value, or one that was refused."""
        fields = (field for section in self.sections for _, field in section.fields)
        return self.family.changed > 0 or any(field.errors for field in fields)


class LimitsForm(PlainForm):
    """The thresholds of a log host. An empty field takes what holds for all log hosts."""

    def __init__(self, *arguments: Any, families: Sequence[LimitFamily], **options: Any) -> None:
        rows = [row for family in families for group in family.groups for row in group.rows]
        super().__init__(*arguments, **options)
        self.initial = {row.threshold.name: row.own for row in rows}
        self._families = families
        self.fields.update({row.threshold.name: _limit_field(row) for row in rows})

    @property
    def chapters(self) -> list[LimitChapter]:
        return [
            LimitChapter(family=family, sections=[self._section(group) for group in family.groups])
            for family in self._families
        ]

    def _section(self, group: LimitGroup) -> LimitSection:
        return LimitSection(group=group, fields=[(row, self[row.threshold.name]) for row in group.rows])

    def clean(self) -> dict[str, Any]:
        """What was typed, by name; "" takes the default again."""
        typed = super().clean() or self.cleaned_data
        for name, text in list(typed.items()):
            try:
                if text:
                    THRESHOLDS[name].read(text)
            except ValueError as refusal:
                self.add_error(name, str(refusal))
        return {name: text for name, text in typed.items() if name in self.data}


def _limit_field(row: LimitRow) -> forms.CharField:
    threshold = row.threshold
    attrs = {
        "size": 9,
        "spellcheck": "false",
        "autocomplete": "off",
        "placeholder": row.default,
        "aria-label": " ".join((*threshold.rules, threshold.words)),
    }
    return forms.CharField(
        required=False, max_length=100, label=threshold.words, widget=forms.TextInput(attrs=attrs)
    )


_PRESETS = {"week": 7, "month": 30, "quarter": 91, "year": 365}  # days
_LONGEST_ALLOWED = 3653  # days


def _every_rule() -> list[tuple[str, str]]:
    return [
        ("", gettext("every rule")),
        *((code, f"{code} {say(rule.title)}") for code, rule in RULES.items()),
    ]


def _kinds() -> list[tuple[str, str]]:
    return [(str(kind), word(label)) for kind, label in AllowEntry.Kind.choices]


class AllowForm(PlainForm):
    """Who may do what a rule looks for, why, and until when."""

    rule = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Rule"),
        choices=_every_rule,
        error_messages={"invalid_choice": gettext_lazy("There is no such rule that can be allowed.")},
    )
    kind = forms.ChoiceField(label=gettext_lazy("Who"), choices=_kinds)
    value = forms.CharField(
        required=False,
        max_length=320,
        label=gettext_lazy("Address, network, account or user"),
        widget=forms.TextInput(attrs={"size": 30, "spellcheck": "false", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        max_length=500,
        label=gettext_lazy("Reason"),
        widget=forms.TextInput(attrs={"size": 50}),
        error_messages={"required": gettext_lazy("Say why, for whoever reads it next.")},
    )
    until = forms.ChoiceField(
        label=gettext_lazy("Ends"),
        choices=[
            ("week", gettext_lazy("in a week")),
            ("month", gettext_lazy("in 30 days")),
            ("quarter", gettext_lazy("in three months")),
            ("year", gettext_lazy("in a year")),
            ("day", gettext_lazy("on the day:")),
        ],
        initial="month",
    )
    day = forms.DateField(
        required=False,
        label=gettext_lazy("Day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": gettext_lazy("Write the day as 2026-03-31.")},
    )

    def __init__(self, *arguments: Any, today: date, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._today = today

    def clean(self) -> dict[str, Any]:
        """``until`` becomes the last day on which it holds."""
        cleaned = super().clean() or self.cleaned_data
        if "kind" in cleaned and "value" in cleaned:
            cleaned["value"] = self._whom(AllowEntry.Kind(cleaned["kind"]), cleaned["value"])
        if "kind" in cleaned and "rule" in cleaned:
            try:
                check_rule(AllowEntry.Kind(cleaned["kind"]), cleaned["rule"])
            except ValueError as refusal:
                self.add_error("rule", str(refusal))
        if "until" in cleaned and "day" in cleaned:
            cleaned["last_day"] = self._last_day(cleaned["until"], cleaned["day"])
        return cleaned

    def _whom(self, kind: AllowEntry.Kind, typed: str) -> str:
        if not typed.strip() and kind != AllowEntry.Kind.LOG_HOST:
            self.add_error("value", gettext("Say who is allowed."))
            return typed
        try:
            return read_subject(kind, typed)
        except ValueError as refusal:
            self.add_error("value", plain(str(refusal)))
            return typed

    def _last_day(self, chosen: str, day: date | None) -> date | None:
        if chosen in _PRESETS:
            return self._today + timedelta(days=_PRESETS[chosen])
        if day is None:
            self.add_error("day", gettext("Choose the day on which it ends."))
        elif not self._today <= day <= self._today + timedelta(days=_LONGEST_ALLOWED):
            self.add_error("day", gettext("Choose a day from today on, ten years ahead at most."))
        return day

    def until_in(self, zone: tzinfo) -> datetime:
        """The end of the last day, in a log host's zone; of a valid form."""
        return datetime.combine(self.cleaned_data["last_day"] + timedelta(days=1), time(), zone)

    def wanted(self, zone: tzinfo) -> dict[str, Any]:
        names = ("rule", "kind", "value", "reason")
        return {name: self.cleaned_data[name] for name in names} | {"until": self.until_in(zone)}
