"""Attacks: suspects that belong together as one row, counted so that no message counts twice.

Who uses one hole takes part in one attack, whoever he is; so do an account and the addresses that a rule found
something on and that used it; and addresses of one network that only tried, and were refused.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count, Q, QuerySet

from ingest.exim.reasons import Reason
from ingest.kept_readings import WORTH_KEEPING, kept
from ingest.languages import say
from ingest.models import LogHost, Message, Rejection
from ingest.rules.authenticators import UNKNOWN_ID
from ingest.rules.definition import Severity
from ingest.rules.facts import SubjectKind
from ingest.rules.guessed import GUESSED
from ingest.rules.logins import EMPTY_ID, MANY_IDS
from ingest.rules.networks import neighbours_of
from ingest.rules.relaying import LOCAL_SENDER, OPEN_RELAY, ROUTED_RECIPIENT
from ingest.rules.relays import SubjectReport
from ingest.rules.words import count
from ingest.sql import statement
from ingest.stored_facts import messages_between
from ingest.stored_log_hosts import log_host_facts
from mailwatch.queries.answers import HostAnswer
from mailwatch.queries.matching import rejections_within
from mailwatch.queries.ranges import Bounds
from mailwatch.queries.suspects import COUNTS, Judged, Suspect

_HOLES = frozenset(rule.code for rule in (OPEN_RELAY, LOCAL_SENDER, ROUTED_RECIPIENT))
_BY_LOGIN = frozenset(rule.code for rule in (EMPTY_ID, UNKNOWN_ID, MANY_IDS))
_OF_SENDING = ("R", "A", "C")  # families of rules that tie an address to the accounts it used


class Counts(NamedTuple):
    """What a report counts, by the same names."""

    messages: int = 0
    recipients: int = 0
    outside: int = 0
    delivered: int = 0
    deferred: int = 0
    bounced: int = 0
    rejections: int = 0
    failed_logins: int = 0

    @classmethod
    def of(cls, report: SubjectReport) -> "Counts":
        return cls(*(getattr(report, name) for name in COUNTS))

    def less(self, twice: "Counts") -> "Counts":
        """Without what was counted twice."""
        return Counts(*(one - other for one, other in zip(self, twice, strict=True)))

    @property
    def attempts(self) -> int:
        """Refusals and failed logins."""
        return self.rejections + self.failed_logins


def total(counts: Iterable[Counts]) -> Counts:
    """All of them together."""
    return Counts(*map(sum, zip(Counts(), *counts, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One row of the report."""

    log_host: LogHost
    members: Sequence[Suspect]  # worst first
    counts: Counts  # of all members together

    @property
    def worst(self) -> Suspect:
        return self.members[0]

    @property
    def key(self) -> str:
        """Names it in the URL; any member's key does as well."""
        return self.worst.key

    @property
    def severity(self) -> Severity:
        return self.worst.report.severity

    @property
    def rules(self) -> Sequence[str]:
        """Codes, those of the worst member first."""
        return tuple(dict.fromkeys(code for member in self.members for code in member.report.rules))

    @property
    def addresses(self) -> Sequence[str]:
        """The members that are addresses."""
        return [member.report.value for member in self.members if member.is_address]

    @property
    def accounts(self) -> Sequence[str]:
        return [member.report.value for member in self.members if member.is_account]

    @property
    def local_users(self) -> Sequence[str]:
        return [
            member.report.value for member in self.members if not member.is_address and not member.is_account
        ]

    @property
    def authenticators(self) -> Sequence[str]:
        """Those of its logins."""
        names = (name for member in self.members for name in member.report.authenticators)
        return tuple(dict.fromkeys(names))

    @property
    def words(self) -> str:
        """What it is, and by how many: ``Empty authenticated id through plain, 14 addresses``."""
        finding = self.worst.report.findings[0]
        through = ", ".join(self.authenticators[:2]) if finding.rule in _BY_LOGIN else ""
        text = (
            say("{title} through {names}", title=finding.title, names=through) if through else finding.title
        )
        return say("{text}, {number}", text=text, number=self.size) if len(self.members) > 1 else text

    @property
    def size(self) -> str:
        """``3 accounts and 12 addresses``."""
        counted = (
            count(len(self.addresses), "address", "addresses") if self.addresses else "",
            count(len(self.accounts), "account") if self.accounts else "",
            count(len(self.local_users), "local user") if self.local_users else "",
        )
        return say(" and ").join(filter(None, counted))

    @property
    def first_at(self) -> datetime:
        return min(member.report.first_at for member in self.members)

    @property
    def last_at(self) -> datetime:
        return max(member.report.last_at for member in self.members)

    @property
    def goes_on(self) -> bool:
        return any(member.goes_on for member in self.members)

    def has(self, key: str) -> bool:
        """Whether the key is that of a member."""
        return any(member.key == key for member in self.members)

    @property
    def marks(self) -> frozenset[str]:
        """What it is known by in another period: its members, and the holes and accounts that it used."""
        ties = {tie for member in self.members for tie in ties_of(member)}
        return frozenset(ties | {member.key for member in self.members})


def attacks(suspects: Sequence[Suspect], judged: Iterable[HostAnswer | Judged]) -> list[Attack]:
    """Suspects (worst first) as attacks, the most harmful first; ``judged``: where they were found."""
    pairs = [pair for of_host in judged for pair in _pairs(suspects, of_host)]
    groups = _groups(suspects, pairs)
    place_of = {member.key: place for place, group in enumerate(groups) for member in group}
    twice: dict[int, list[Counts]] = defaultdict(list)
    for pair in pairs:
        if place_of[pair.address] == place_of[pair.account]:
            twice[place_of[pair.address]].append(pair.counts)
    found = [
        Attack(log_host=group[0].log_host, members=group, counts=_together(group, twice[place]))
        for place, group in enumerate(groups)
    ]
    return sorted(found, key=harm)


def _together(group: Sequence[Suspect], twice: Iterable[Counts]) -> Counts:
    return total(Counts.of(member.report) for member in group).less(total(twice))


def harm(attack: Attack) -> tuple[Any, ...]:
    """As ``SubjectReport.harm``."""
    counts = attack.counts
    return (
        attack.severity.rank,
        -counts.outside,
        -counts.delivered,
        -counts.messages,
        -counts.attempts,
        attack.key,
    )


# ---- who belongs together


def ties_of(suspect: Suspect) -> Iterator[str]:
    """Names of what a suspect shares with others of its attack."""
    report = suspect.report
    yield f"attack {report.attack}"
    if suspect.is_account:
        yield f"account {report.value}"
    elif suspect.is_address:
        yield from _ties_of_address(report)


def _ties_of_address(report: SubjectReport) -> Iterator[str]:
    yield from (f"hole {code}" for code in report.rules if code in _HOLES)
    guessed = report.finding(GUESSED.code)
    yield from (f"account {name}" for name in (guessed.values if guessed else ()))
    if not report.messages:
        yield f"network {neighbours_of(report.value)} {report.rules[0]}"


def _groups(suspects: Sequence[Suspect], pairs: Sequence["_Pair"]) -> list[list[Suspect]]:
    """Sets of suspects that share ties or messages, directly or over others."""
    ties: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place, suspect in enumerate(suspects):
        for tie in ties_of(suspect):
            ties[suspect.log_host.pk, tie].append(place)
    place_of = {suspect.key: place for place, suspect in enumerate(suspects)}
    links = [places for places in ties.values() if len(places) > 1]
    links += [
        [place_of[pair.address], place_of[pair.account]]
        for pair in pairs
        if pair.counts.messages and _is_of_sending(suspects[place_of[pair.address]])
    ]
    groups: dict[int, list[Suspect]] = defaultdict(list)
    for suspect, leader in zip(suspects, _leaders(len(suspects), links), strict=True):
        groups[leader].append(suspect)
    return list(groups.values())


def _is_of_sending(address: Suspect) -> bool:
    """Whether what was found on an address says something of the logins from it."""
    return any(code.startswith(_OF_SENDING) for code in address.report.rules)


def _leaders(number: int, links: Iterable[Sequence[int]]) -> list[int]:
    """The first of each set of linked numbers, for every number."""
    leader = list(range(number))

    def find(place: int) -> int:
        while leader[place] != place:
            leader[place] = leader[leader[place]]
            place = leader[place]
        return place

    for first, *others in links:
        for other in others:
            low, high = sorted((find(first), find(other)))
            leader[high] = low
    return [find(place) for place in range(number)]


# ---- no message twice


class _Shared(NamedTuple):
    """An address and an account, and what names both."""

    address: str
    account: str
    counts: Counts


class _Pair(NamedTuple):
    """What an address and an account, by their keys, have in common: messages and refusals that name both."""

    address: str
    account: str
    counts: Counts


def _pairs(suspects: Sequence[Suspect], judged: HostAnswer | Judged) -> list[_Pair]:
    """The pairs of a log host's suspects with something in common; two queries, however many there are."""
    of_host = [suspect for suspect in suspects if suspect.log_host.pk == judged.log_host.pk]
    addresses = {suspect.report.value: suspect.key for suspect in of_host if suspect.is_address}
    accounts = {suspect.report.value: suspect.key for suspect in of_host if suspect.is_account}
    if not addresses or not accounts:
        return []

    def read() -> list[_Shared]:
        return list(_shared(judged.log_host, list(addresses), list(accounts), judged.bounds))

    is_small = sum(suspect.report.messages for suspect in of_host) < WORTH_KEEPING
    if is_small:
        found = read()
    else:
        found = kept(
            judged.bases,
            since=judged.bounds.since,
            until=judged.bounds.until,
            what="pairs",
            of={SubjectKind.SENDER_HOST_ADDRESS: addresses, SubjectKind.AUTHENTICATED_ID: accounts},
            classes=(Counts, _Shared),
            read=read,
        )
    return [_Pair(addresses[pair.address], accounts[pair.account], pair.counts) for pair in found]


def _shared(
    log_host: LogHost, addresses: Sequence[str], accounts: Sequence[str], within: Bounds
) -> Iterator[_Shared]:
    messages = messages_between(log_host.pk, within.since, within.until).filter(
        sender_host_address__in=addresses, authenticated_id__in=accounts
    )
    for address, account, *numbers in _sums_of_messages(messages, log_host):
        yield _Shared(address, account, Counts(*numbers))
    rejections = Rejection.objects.filter(
        rejections_within(within),
        log_host_id=log_host.pk,
        sender_host_address__in=addresses,
        account__in=accounts,
    ).exclude(reason=Reason.DISCARDED)
    for address, account, rejected, failed in _sums_of_rejections(rejections):
        yield _Shared(address, account, Counts(rejections=rejected, failed_logins=failed))


def _sums_of_messages(rows: QuerySet[Message], log_host: LogHost) -> list[tuple[Any, ...]]:
    columns = (
        "message_id",
        "sender_host_address",
        "authenticated_id",
        "listed_recipients",
        "delivered",
        "deferred",
        "bounced",
    )
    messages, parameters = rows.order_by().values(*columns).query.sql_with_params()
    local_domains = sorted(log_host_facts(log_host).local_domains)
    with connection.cursor() as cursor:
        cursor.execute(
            statement("sent_by_both").format(messages=messages), [*parameters, log_host.pk, local_domains]
        )
        return list(cursor.fetchall())


def _sums_of_rejections(rows: QuerySet[Rejection]) -> Iterable[tuple[Any, ...]]:
    failed = Q(stage="auth") & ~Q(text__regex=r"^\s*435")  # 435: put off, not failed
    return (
        rows.order_by()
        .values_list("sender_host_address", "account")
        .annotate(rejections=Count("digest", filter=~failed), failed_logins=Count("digest", filter=failed))
    )
