"""Answers, and the case they are given on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ingest.rules.configuration import (
    ACCEPTS_STRANGERS,
    ALL_DOMAINS,
    TRUSTS_STRANGERS,
    ConfigurationFinding,
)
from ingest.rules.definition import Limits, Severity, State, SubjectFinding
from ingest.rules.facts import Coverage, LogHostFacts, SubjectKind
from ingest.rules.relays import SubjectReport

_RELAY_HOLES = frozenset({TRUSTS_STRANGERS.code, ALL_DOMAINS.code, ACCEPTS_STRANGERS.code})


class Answer(StrEnum):
    """Three states, and "suspected" for what the log alone cannot settle."""

    YES = "yes"
    SUSPECTED = "suspected"
    NO = "no"  # only with proof
    UNKNOWN = "unknown"


WORST_FIRST = (Answer.YES, Answer.SUSPECTED, Answer.UNKNOWN, Answer.NO)


def worst_answer(answers: Iterable[Answer]) -> Answer:
    """The answer that needs somebody to act first; unknown for none."""
    return min(answers, key=WORST_FIRST.index, default=Answer.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that was checked."""

    name: str
    answer: Answer
    because: str
    rules: tuple[str, ...]  # codes of the rules that the answer rests on


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One of the four facts behind the answer."""

    question: str
    answer: str
    detail: str = ""
    state: Answer | None = None  # what the answer means for the reader: yes is bad, no is good


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """Something to do now."""

    text: str
    command: str | None = None  # to run on the log host
    fix: str | None = None  # text for the configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that is known of one log host."""

    reports: Sequence[SubjectReport]
    host: LogHostFacts
    coverage: Coverage
    configuration: Sequence[ConfigurationFinding]
    limits: Limits
    host_findings: Sequence[SubjectFinding] = ()  # on the log host as a whole

    def of_host(self, rule: str) -> SubjectFinding | None:
        """What a rule found on the log host as a whole."""
        return next((finding for finding in self.host_findings if finding.rule == rule), None)

    @property
    def name(self) -> str:
        """The log host, as a sentence calls it."""
        return self.host.name or "this server"

    @property
    def is_empty(self) -> bool:
        """Whether there are no lines at all."""
        return self.coverage.first_at is None

    def found(self, rule: str, kind: SubjectKind) -> list[tuple[SubjectReport, SubjectFinding]]:
        """The subjects of one kind that a rule found something on, most findings first."""
        pairs = [
            (report, finding)
            for report in self.reports
            if report.kind is kind and (finding := report.finding(rule)) is not None
        ]
        return sorted(pairs, key=lambda pair: (-pair[1].count, pair[0].value))

    def fix(self, rule: str) -> str | None:
        """The repaired text of the first hole that a configuration rule found."""
        fixes = (item.fix for item in self.configuration if item.rule == rule and item.state is State.BAD)
        return next(fixes, None) or None

    def relay_holes(self) -> list[ConfigurationFinding]:
        """Where the configuration lets any stranger relay."""
        return [
            item
            for item in self.configuration
            if item.rule in _RELAY_HOLES and item.state is State.BAD and item.severity is Severity.CRITICAL
        ]

    def configured(self, rule: str, state: State, authenticators: frozenset[str] | None = None) -> list[str]:
        """The authenticators that a configuration rule gives a state, of those named."""
        names = (
            item.authenticator for item in self.configuration if item.rule == rule and item.state is state
        )
        return [name for name in dict.fromkeys(names) if authenticators is None or name in authenticators]
