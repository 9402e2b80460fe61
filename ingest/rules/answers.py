"""Answers, and the case they are given on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from ingest.languages import say
from ingest.rules.configuration import (
    ACCEPTS_STRANGERS,
    ALL_DOMAINS,
    TRUSTS_STRANGERS,
    ConfigurationFinding,
)
from ingest.rules.definition import Limits, Severity, State, SubjectFinding
from ingest.rules.facts import Coverage, LogHostFacts, SubjectKind
from ingest.rules.panels import Panel
from ingest.rules.relays import SubjectReport
from ingest.rules.traces import FactTraces, Traces

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


class Untold(NamedTuple):
    """Something that the log does not tell, and how to find out."""

    why: str
    command: str = ""  # to run on the log host


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that was checked."""

    name: str
    answer: Answer
    because: str
    rules: tuple[str, ...]  # codes of the rules that the answer rests on
    against: tuple[str, ...] = ()  # what speaks against the answer, or is healthy
    untold: tuple[Untold, ...] = ()
    is_good_news: bool = False  # where it is answered yes

    @property
    def state(self) -> Answer:
        """What the answer means for the reader: yes is bad, no is good."""
        return Answer.NO if self.is_good_news and self.answer is Answer.YES else self.answer


class Way(StrEnum):
    """How somebody gets mail out."""

    NAMELESS = "nameless"  # a login without a user name
    ANY_NAME = "any name"  # logins as users that do not exist, or as many
    RELAY = "relay"  # no login at all
    LOCAL_SENDER = "local sender"  # no login, but a local sender address
    ROUTED = "routed"  # no login, a recipient that names another destination
    GATEWAY = "gateway"  # no login, through an address of the house that everybody comes from
    ACCOUNT = "account"  # somebody's password
    GUESSED = "guessed"  # a login after failed ones
    SCRIPT = "script"  # a program on the host, by its user
    DIRECTORY = "directory"  # the same, by the directory that it runs in
    OWN_MAIL = "own mail"  # the same, by SMTP on the host itself


type Pair = tuple[SubjectReport, SubjectFinding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """One reason to answer a question with yes or suspected. Without findings: the configuration alone says so."""

    answer: Answer
    because: str
    rules: tuple[str, ...]
    way: Way | None = None
    pairs: tuple[Pair, ...] = ()
    of_host: SubjectFinding | None = None
    authenticators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One of the facts behind the answer."""

    question: str
    answer: str
    detail: str = ""
    state: Answer | None = None  # what the answer means for the reader: yes is bad, no is good


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """Something to do now."""

    text: str
    command: str | None = None  # to run on the log host; Mailwatch runs none
    fix: str | None = None  # text for the configuration
    urls: tuple[str, ...] = ()  # pages of others


@dataclass(frozen=True, kw_only=True)  # without slots: what was found is sorted once
class Case:
    """Everything that is known of one log host."""

    reports: Sequence[SubjectReport]
    host: LogHostFacts
    coverage: Coverage
    configuration: Sequence[ConfigurationFinding]
    limits: Limits
    host_findings: Sequence[SubjectFinding] | None = None  # on the log host as a whole; None: nobody looked
    traces: Traces = field(default_factory=FactTraces)
    panel: Panel | None = None  # that keeps the accounts

    def of_host(self, rule: str) -> SubjectFinding | None:
        """What a rule found on the log host as a whole."""
        return next((finding for finding in self.host_findings or () if finding.rule == rule), None)

    @property
    def name(self) -> str:
        """The log host, as a sentence calls it."""
        return self.host.name or say("this server")

    @property
    def is_empty(self) -> bool:
        """Whether there are no lines at all."""
        return self.coverage.first_at is None

    def found(self, rule: str, kind: SubjectKind) -> list[Pair]:
        """The subjects of one kind that a rule found something on, most findings first."""
        return list(self._pairs.get((rule, kind), ()))

    @cached_property
    def _pairs(self) -> Mapping[tuple[str, SubjectKind], Sequence[Pair]]:
        """All findings: the answer asks for a hundred rules, and there are thousands of suspects."""
        pairs: dict[tuple[str, SubjectKind], list[Pair]] = defaultdict(list)
        for report in self.reports:
            of_rules = {finding.rule: finding for finding in reversed(report.findings)}
            for rule, finding in of_rules.items():
                pairs[rule, report.kind].append((report, finding))
        for found in pairs.values():
            found.sort(key=lambda pair: (-pair[1].count, pair[0].value))
        return pairs

    @cached_property
    def suspicious_addresses(self) -> frozenset[str]:
        """The addresses with a finding that is high or worse."""
        return frozenset(
            report.value
            for report in self.reports
            if report.kind is SubjectKind.SENDER_HOST_ADDRESS and report.severity.rank <= Severity.HIGH.rank
        )

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


def worst_suspicion(suspicions: Iterable[Suspicion]) -> Suspicion | None:
    """The first of the worst."""
    return min(suspicions, key=lambda suspicion: WORST_FIRST.index(suspicion.answer), default=None)
