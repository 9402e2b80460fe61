"""An opened attack: its course, and by whom, from where, to whom and with what answers it came."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from django.db.models import Q

from ingest import countries
from ingest.kept_readings import WORTH_KEEPING, kept
from ingest.models import LogHost
from ingest.rules.definition import SubjectFinding
from ingest.rules.facts import SubjectKind
from mailwatch.queries import activity
from mailwatch.queries.activity import (
    LISTED,
    Activity,
    Answers,
    Destinations,
    DomainCounts,
    HourCounts,
    Partners,
    Subject,
    Top,
)
from mailwatch.queries.answers import Evidence, HostAnswer, evidence
from mailwatch.queries.attacks import Attack
from mailwatch.queries.ranges import Bounds
from mailwatch.queries.suspects import Judged

LINES = 2  # raw lines for each finding: the first and the last
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """What is read of the rows of an attack; kept where they are many."""

    activity: Activity
    sent: Partners
    refused: Partners
    destinations: Destinations


_CLASSES = (_Figures, Activity, HourCounts, Partners, Top, Destinations, DomainCounts, Answers)


def opened(attack: Attack, judged: HostAnswer | Judged) -> Opened:
    """Reads it from the tables; counts are over the newest messages where there are very many."""
    figures = _figures(attack, judged)
    sent, refused = figures.sent, figures.refused
    helo_names = sent.top("helo_name")
    return Opened(
        details=details(attack),
        activity=figures.activity,
        helo_names=helo_names if helo_names.total else refused.top("helo_name"),
        accounts=sent.top("authenticated_id"),
        accounts_tried=refused.top("account"),
        envelope_senders=sent.top("envelope_sender"),
        domains=figures.destinations.domains,
        total_domains=figures.destinations.total_domains,
        answers=figures.destinations.answers,
        places=_places(sent.addresses, refused.addresses),
        samples=_samples(attack),
    )


def _figures(attack: Attack, judged: HostAnswer | Judged) -> _Figures:
    def read() -> _Figures:
        counted = activity.counted(_subject(attack, judged.bounds))
        return _Figures(
            activity=activity.activity(counted),
            sent=activity.partners(counted),
            refused=activity.partners_refused(counted),
            destinations=activity.destinations(counted),
        )

    if attack.counts.messages + attack.counts.attempts < WORTH_KEEPING:
        return read()
    return kept(
        judged.bases,
        since=judged.bounds.since,
        until=judged.bounds.until,
        what="attack",
        of={
            SubjectKind.SENDER_HOST_ADDRESS: attack.addresses,
            SubjectKind.AUTHENTICATED_ID: attack.accounts,
            SubjectKind.LOCAL_USER: attack.local_users,
        },
        classes=_CLASSES,
        read=read,
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
    by_user = Q(local_user__in=attack.local_users, sender_host_address=None)
    messages = Q(sender_host_address__in=attack.addresses) | Q(authenticated_id__in=attack.accounts) | by_user
    return Subject(
        messages=messages,
        rejections=Q(sender_host_address__in=attack.addresses) | Q(account__in=attack.accounts),
        log_host=attack.log_host,
        bounds=bounds,
        expected=(attack.counts.messages, attack.counts.attempts),
    )


# ---- where it came from


def _places(messages: Mapping[str, int], attempts: Mapping[str, int]) -> Places:
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
