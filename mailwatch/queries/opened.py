"""An opened attack: its course, and by whom, from where, to whom and with what answers it came."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from django.db import connection
from django.db.models import Count, F, Q, QuerySet

from ingest import countries
from ingest.exim.reasons import reason_of
from ingest.models import LogHost, Message, Rejection
from ingest.rules.definition import SubjectFinding
from ingest.sql import statement
from mailwatch.queries import activity
from mailwatch.queries.activity import (
    TEXTS_READ,
    Activity,
    Answers,
    Counted,
    DomainCounts,
    Subject,
    Top,
)
from mailwatch.queries.answers import Evidence, evidence
from mailwatch.queries.attacks import Attack
from mailwatch.queries.matching import Condition
from mailwatch.queries.ranges import Bounds

LINES = 2  # raw lines for each finding: the first and the last
LISTED = 10
_BITS = {4: 24, 6: 48}  # of a network in the list of networks


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A finding with lines behind it."""

    finding: SubjectFinding
    lines: Sequence[Evidence]
    who: str = ""  # whose finding it is, where an attack has several members
    others: int = 0  # members with the same finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A country (two letters, "" where it is not known) or a network, and what came from there."""

    name: str
    country: str
    messages: int
    attempts: int  # refusals and failed logins
    addresses: int
    width: int  # of its bar, in percent of the longest


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where an attack came from, the busiest places first, LISTED at most."""

    countries: Sequence[Place]
    networks: Sequence[Place]
    total_countries: int
    total_networks: int
    addresses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Everything about one attack. Lists have LISTED entries at most."""

    details: Sequence[Detail]
    activity: Activity
    helo_names: Top
    accounts: Top  # None: not logged in; "": without a user name
    accounts_tried: Top
    envelope_senders: Top
    domains: Sequence[DomainCounts]
    total_domains: int
    answers: Answers
    places: Places
    samples: Sequence[str]  # message ids


def opened(attack: Attack, bounds: Bounds) -> Opened:
    """Reads it from the tables; counts are over the newest messages where there are very many."""
    counted = activity.counted(_subject(attack, bounds))
    domains, total_domains = _domains(counted, attack.log_host)
    return Opened(
        details=details(attack),
        activity=activity.activity(counted),
        helo_names=_first(_either(counted, "helo_name")),
        accounts=_first(activity.top(counted, "authenticated_id")),
        accounts_tried=_first(activity.top_rejected(counted, "account")),
        envelope_senders=_first(activity.top(counted, "envelope_sender")),
        domains=domains,
        total_domains=total_domains,
        answers=_replies(counted, attack.log_host),
        places=_places(counted),
        samples=_samples(attack),
    )


def details(attack: Attack) -> list[Detail]:
    """Each rule's finding on the worst member that has it, the worst first."""
    first: dict[str, tuple[str, SubjectFinding]] = {}
    number: Counter[str] = Counter()
    for member in attack.members:
        for finding in member.report.findings:
            first.setdefault(finding.rule, (member.report.value, finding))
            number[finding.rule] += 1
    is_alone = len(attack.members) == 1
    return [
        Detail(
            finding=finding,
            lines=evidence(attack.log_host, finding, lines=LINES),
            who="" if is_alone else value,
            others=number[rule] - 1,
        )
        for rule, (value, finding) in sorted(first.items(), key=lambda item: item[1][1].severity.rank)
    ]


def host_details(log_host: LogHost, findings: Iterable[SubjectFinding]) -> list[Detail]:
    """Findings on a log host as a whole."""
    return [Detail(finding=finding, lines=evidence(log_host, finding, lines=LINES)) for finding in findings]


def _samples(attack: Attack) -> list[str]:
    """Messages of the members in turn, so that all of them are seen."""
    each = [list(member.report.message_ids) for member in attack.members[:LISTED]]
    longest = max(map(len, each), default=0)
    turns = [ids[turn] for turn in range(longest) for ids in each if turn < len(ids)]
    return list(dict.fromkeys(turns))[:LISTED]


def _subject(attack: Attack, bounds: Bounds) -> Subject:
    def messages(prefix: str) -> Condition:
        found = Q()
        if attack.addresses:
            found |= Q(**{f"{prefix}sender_host_address__in": attack.addresses})
        if attack.accounts:
            found |= Q(**{f"{prefix}authenticated_id__in": attack.accounts})
        if attack.local_users:
            own = {
                f"{prefix}local_user__in": attack.local_users,
                f"{prefix}sender_host_address": None,
            }
            found |= Q(**own)
        return found

    refused = Q(sender_host_address__in=attack.addresses) | Q(account__in=attack.accounts)
    return Subject(messages=messages, rejections=refused, log_host=attack.log_host, bounds=bounds)


def _first(top: Top) -> Top:
    return Top(top.values[:LISTED], top.total)


def _either(counted: Counted, name: str) -> Top:
    """The most frequent values of the messages, of the refusals where there are no messages."""
    of_messages = activity.top(counted, name)
    return of_messages if of_messages.total else activity.top_rejected(counted, name)


# ---- where it went


def _domains(counted: Counted, log_host: LogHost) -> tuple[list[DomainCounts], int]:
    """The busiest domains, and how many there are."""
    rows = _of_deliveries("recipient_domains", counted, log_host, LISTED)
    names = ("domain", "recipients", "delivered", "deferred", "bounced")
    found = [DomainCounts(**dict(zip(names, row, strict=False))) for row in rows]
    return found, rows[0][5] if rows else 0


def _replies(counted: Counted, log_host: LogHost) -> Answers:
    """Classes of the newest texts, as ``activity.answers``."""
    texts = _of_deliveries("replies_of_messages", counted, log_host, TEXTS_READ + 1)
    read = texts[:TEXTS_READ]
    numbers = Counter((str(reason_of(text)), outcome) for outcome, text in read)
    rows = tuple((reason, outcome, number) for (reason, outcome), number in numbers.most_common())
    return Answers(rows, TEXTS_READ if len(texts) > TEXTS_READ else None)


def _of_deliveries(name: str, counted: Counted, log_host: LogHost, most: int) -> list[tuple[Any, ...]]:
    messages, parameters = counted.messages.order_by().values("message_id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(statement(name).format(messages=messages), [log_host.pk, *parameters, most])
        return list(cursor.fetchall())


# ---- where it came from


def _places(counted: Counted) -> Places:
    messages = _by_address(counted.messages)
    attempts = _by_address(counted.rejections)
    addresses = {*messages, *attempts}
    of_countries, of_networks = defaultdict(set), defaultdict(set)
    for address in addresses:
        country = countries.origin_of(address).country or ""
        of_countries[country, country].add(address)
        of_networks[_network(address), country].add(address)
    return Places(
        countries=_busiest(of_countries, messages, attempts),
        networks=_busiest(of_networks, messages, attempts),
        total_countries=len(of_countries),
        total_networks=len(of_networks),
        addresses=len(addresses),
    )


def _by_address(rows: QuerySet[Message] | QuerySet[Rejection]) -> Mapping[str, int]:
    named = rows.order_by().exclude(sender_host_address=None).annotate(address=F("sender_host_address"))
    return dict(named.values_list("address").annotate(number=Count("*")))


def _network(address: str) -> str:
    return str(ip_network((address, _BITS[ip_address(address).version]), strict=False))


def _busiest(
    groups: Mapping[tuple[str, str], set[str]], messages: Mapping[str, int], attempts: Mapping[str, int]
) -> list[Place]:
    def number(of: Mapping[str, int], addresses: set[str]) -> int:
        return sum(of.get(address, 0) for address in addresses)

    found = [
        (number(messages, addresses), number(attempts, addresses), name, country, len(addresses))
        for (name, country), addresses in groups.items()
    ]
    found.sort(key=lambda place: (-place[0], -place[1], place[2]))
    longest = max((sent + tried for sent, tried, *_ in found), default=1)
    return [
        Place(
            name=name,
            country=country,
            messages=sent,
            attempts=tried,
            addresses=size,
            width=round(100 * (sent + tried) / longest),
        )
        for sent, tried, name, country, size in found[:LISTED]
    ]
