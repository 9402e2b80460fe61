"""The attack that a verdict tells of: who takes part, by which way, in how many messages, from when to "
"when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ingest.rules import programs, takeovers
from ingest.rules.answers import Answer, Case, Question
from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.facts import SubjectKind
from ingest.rules.guessed import GUESSED
from ingest.rules.logins import EMPTY_ID, MANY_IDS
from ingest.rules.questions import nameless_authenticators
from ingest.rules.relaying import OPEN_RELAY
from ingest.rules.relays import SubjectReport


class Way(StrEnum):
    """How somebody gets mail out."""

    NAMELESS = "nameless"  # a login without a user name
    ANY_NAME = "any name"  # logins as many users
    RELAY = "relay"  # no login at all
    ACCOUNT = "account"  # somebody's password
    GUESSED = "guessed"  # a login after failed ones
    SCRIPT = "script"  # a program on the host


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack: its reports, the one with the most messages first."""

    way: Way
    answer: Answer  # yes or suspected
    rule: str
    reports: tuple[SubjectReport, ...]
    findings: tuple[SubjectFinding, ...]
    authenticators: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The addresses, accounts or users."""
        return tuple(report.value for report in self.reports)

    @property
    def count(self) -> int:
        """Messages, as the rule counted them."""
        return sum(finding.count for finding in self.findings)

    @property
    def messages(self) -> int:
        """All messages of those who take part."""
        return sum(report.messages for report in self.reports)

    @property
    def queued(self) -> int:
        """Their messages that still wait."""
        return sum(report.queued for report in self.reports)

    @property
    def refused_since(self) -> int:
        """Their attempts that were refused after their last message."""
        return sum(report.refused_since for report in self.reports)

    @property
    def first_at(self) -> datetime:
        """When it began, as far as the log goes back."""
        return min(finding.first_at for finding in self.findings)

    @property
    def last_at(self) -> datetime:
        """The last message or login of it."""
        return max(finding.last_at for finding in self.findings)


_Pairs = Sequence[tuple[SubjectReport, SubjectFinding]]


def attack_of(case: Case, questions: Sequence[Question]) -> Attack | None:
    """The attack to tell of: what is certain before what is suspected, authenticators before accounts."""
    broken, relay, accounts, scripts = (question.answer for question in questions[:4])
    found = [
        _nameless(case, broken),
        _attack(Way.ANY_NAME, broken, MANY_IDS.code, _by_address(case, MANY_IDS.code)),
        _attack(Way.RELAY, relay, OPEN_RELAY.code, _by_address(case, OPEN_RELAY.code)),
        _attack(Way.GUESSED, accounts, GUESSED.code, _guessed(case, accounts)),
        _account(case, accounts),
        _script(case, scripts),
    ]
    attacks = [attack for attack in found if attack is not None]
    return min(attacks, key=lambda attack: attack.answer is not Answer.YES, default=None)


def _by_address(case: Case, rule: str) -> _Pairs:
    return case.found(rule, SubjectKind.SENDER_HOST_ADDRESS)


def _script(case: Case, answer: Answer) -> Attack | None:
    pairs = programs.sending(case)
    return _attack(Way.SCRIPT, answer, pairs[0][1].rule, pairs) if pairs else None


def _nameless(case: Case, answer: Answer) -> Attack | None:
    names = tuple(sorted(nameless_authenticators(case)))
    return _attack(Way.NAMELESS, answer, EMPTY_ID.code, _by_address(case, EMPTY_ID.code), names)


def _guessed(case: Case, answer: Answer) -> _Pairs:
    """Those that surely guessed a password; without them, those that perhaps did."""
    pairs = takeovers.guessed(case)
    sure = [pair for pair in pairs if pair[1].severity.rank <= Severity.HIGH.rank]
    return sure if answer is Answer.YES else pairs


def _account(case: Case, answer: Answer) -> Attack | None:
    pairs = tuple(takeovers.used(case))
    return _attack(Way.ACCOUNT, answer, pairs[0][1].rule, pairs) if pairs else None


def _attack(
    way: Way,
    answer: Answer,
    rule: str,
    pairs: Iterable[tuple[SubjectReport, SubjectFinding]],
    authenticators: tuple[str, ...] = (),
) -> Attack | None:
    chosen = tuple(pairs)
    if not chosen or answer not in {Answer.YES, Answer.SUSPECTED}:
        return None
    return Attack(
        way=way,
        answer=answer,
        rule=rule,
        reports=tuple(report for report, _ in chosen),
        findings=tuple(finding for _, finding in chosen),
        authenticators=authenticators,
    )
