"""Whose password a stranger has, by all that was found on accounts.

One sign may have a lawful reason, so two are asked for, except where one is plain. Accounts that were only used from
addresses that log in as anybody are the authenticator's matter, not their owners'.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from ingest.rules.answers import Case
from ingest.rules.bulk import UNKNOWN_RECIPIENTS
from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.facts import SubjectKind
from ingest.rules.guessed import GUESSED
from ingest.rules.logins import EMPTY_ID, MANY_IDS
from ingest.rules.places import DISTRIBUTED, NEW_PLACE, TRAVEL
from ingest.rules.relays import SubjectReport
from ingest.rules.volumes import FAN_OUT, UNUSUAL_VOLUME

_SIGNS = frozenset(
    rule.code for rule in (DISTRIBUTED, TRAVEL, NEW_PLACE, UNUSUAL_VOLUME, FAN_OUT, UNKNOWN_RECIPIENTS)
)
_SIGNS_NEEDED = 2
_ADDRESS = SubjectKind.SENDER_HOST_ADDRESS
_ACCOUNT = SubjectKind.AUTHENTICATED_ID

type Pair = tuple[SubjectReport, SubjectFinding]


def _is_high(finding: SubjectFinding) -> bool:
    return finding.severity.rank <= Severity.HIGH.rank


def guessed(case: Case) -> list[Pair]:
    """The addresses that guessed a password, surely or perhaps; not those with a changed password."""
    return [
        pair
        for pair in case.found(GUESSED.code, _ADDRESS)
        if pair[1].severity.rank <= Severity.MEDIUM.rank and not _is_anybody(case, pair[0].value)
    ]


def _is_anybody(case: Case, address: str) -> bool:
    """Whether an address gets in as anybody."""
    return address in _anybody(case)


def _anybody(case: Case) -> frozenset[str]:
    return frozenset(
        report.value for code in (MANY_IDS.code, EMPTY_ID.code) for report, _ in case.found(code, _ADDRESS)
    )


def signs(case: Case) -> Mapping[str, tuple[Pair, ...]]:
    """What was found on each account that says that a stranger uses it, the worst first; high findings only."""
    anybody = _anybody(case)
    found: dict[str, tuple[Pair, ...]] = {}
    for report in case.reports:
        if report.kind is not _ACCOUNT or (
            report.sender_host_addresses and set(report.sender_host_addresses) <= anybody
        ):
            continue
        pairs = tuple((report, finding) for finding in report.findings if _is_high(finding))
        told = [pair for pair in pairs if pair[1].rule in _SIGNS or pair[1].rule == GUESSED.code]
        if told:
            found[report.value] = tuple(told)
    return MappingProxyType(found)


def compromised(case: Case) -> tuple[str, ...]:
    """The accounts that a stranger uses."""
    guessed_names = [name for _, finding in guessed(case) if _is_high(finding) for name in finding.values]
    found = signs(case)
    names = sorted(
        (name for name, pairs in found.items() if _is_plain(case, pairs)),
        key=lambda name: (-found[name][0][1].count, name),
    )
    return tuple(dict.fromkeys((*guessed_names, *names)))


def _is_plain(case: Case, pairs: tuple[Pair, ...]) -> bool:
    codes = {finding.rule for _, finding in pairs}
    return (
        GUESSED.code in codes
        or len(codes & _SIGNS) >= _SIGNS_NEEDED
        or any(
            finding.rule == UNKNOWN_RECIPIENTS.code and finding.peak >= case.limits.unknown_recipients
            for _, finding in pairs
        )
    )


def doubtful(case: Case) -> tuple[str, ...]:
    """The accounts with one sign only, or whose password was perhaps guessed."""
    sure = set(compromised(case))
    names = [*signs(case), *(name for _, finding in guessed(case) for name in finding.values)]
    return tuple(name for name in dict.fromkeys(names) if name not in sure)


def used(case: Case) -> Iterator[Pair]:
    """The reports on the accounts that a stranger uses, or may use, each with its worst sign."""
    sure, found = compromised(case), signs(case)
    for name in [name for name in sure if name in found] or list(found):
        yield found[name][0]
