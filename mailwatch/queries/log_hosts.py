"""Log hosts: what is stored of them, what is known of each, and where each piece of that came from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models import Max, Sum

from ingest.exim.configuration import Configuration
from ingest.languages import later, say
from ingest.models import (
    AllowEntry,
    HourlyVolume,
    IngestRun,
    KnownAccount,
    LogFile,
    LogHost,
    Reevaluation,
    StoredConfiguration,
    Unfinished,
)
from ingest.retention import days_of
from ingest.stored_log_hosts import limits_of, limits_of_all, stored_configuration
from mailwatch.queries import thresholds
from mailwatch.queries.ranges import Span, spans
from mailwatch.queries.thresholds import LimitFamily
from mailwatch.queries.zones import ZoneView, of_log_host

SHOWN = 100  # values of one origin, and accounts of one search
_LOCAL = later("For which it takes mail.")
_TRUSTED = later("May send without a login.")
_OWN = later("Its own IP addresses.")
_SMARTHOSTS = later("Hand it mail of others, or take its mail on.")
_NO_DOMAINS = later(
    "Nothing says which domains are local: relaying is only suspected, and false senders are not judged"
    " (R01, L04). Say them to be sure."
)
_INFERRED_DOMAINS = later(
    "Inferred, and so what rests on it is a step less severe (R01, A01, L04): a domain may be missing, or be"
    " one too many. Say them to be sure."
)
_NO_NETWORKS = later(
    "Nobody said: local senders without a login are only noted (R02), since they may be machines of yours."
)


class Origin(StrEnum):
    """Where something that is known came from."""

    TYPED = later("typed")
    CONFIGURATION = later("from its configuration")
    LOG = later("inferred from the log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one origin says; ``is_used`` is False where another one is believed instead."""

    origin: Origin
    values: Sequence[str]
    is_used: bool = True

    @property
    def shown(self) -> Sequence[str]:
        return self.values[:SHOWN]

    @property
    def more(self) -> int:
        return max(0, len(self.values) - SHOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One thing that is known of a log host; ``cost`` says what it costs that nobody typed it."""

    title: str
    meaning: str
    parts: Sequence[Part]
    cost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRow:
    """A log host in the list."""

    log_host: LogHost
    span: Span
    lines: int
    domains: Sequence[Part]  # those that are believed
    allowed: int  # entries that hold at the end of the log
    has_configuration: bool
    last_run: IngestRun | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The known accounts: how many, and those that a search shows."""

    total: int
    found: int
    shown: Sequence[str]
    asked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowList:
    """What is allowed on a log host, the newest first; the last two do nothing any more."""

    active: Sequence[AllowEntry]
    ended: Sequence[AllowEntry]
    withdrawn: Sequence[AllowEntry]

    def withdrawn_just(self, number: str) -> AllowEntry | None:
        """The one that a URL names as just withdrawn."""
        return next((entry for entry in self.withdrawn if str(entry.pk) == number), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostView:
    """Everything on the page of one log host."""

    log_host: LogHost
    span: Span
    lines: int
    pieces: Sequence[Piece]
    zone: ZoneView
    retention_days: int  # that hold; 0: never
    configurations: Sequence[StoredConfiguration]
    accounts: Accounts
    limits: Sequence[LimitFamily]
    allowed: AllowList

    @property
    def changed_limits(self) -> int:
        return sum(family.changed for family in self.limits)


def listed() -> list[HostRow]:
    """All log hosts, by name, in a number of queries that does not grow with them."""
    rows = LogHost.objects.prefetch_related("configurations").fetch_mode(models.FETCH_RAISE)
    hosts = list(rows.annotate(last_run=Max("runs__pk")))
    stored, lines = spans(hosts), _lines(hosts)
    runs = IngestRun.objects.in_bulk([host.last_run for host in hosts])
    held: dict[int, list[AllowEntry]] = {host.pk: [] for host in hosts}
    for entry in AllowEntry.objects.filter(withdrawn_at=None):
        held[entry.log_host_id].append(entry)
    return [
        _row(host, stored[host.pk], lines.get(host.pk, 0), runs.get(host.last_run), held[host.pk])
        for host in hosts
    ]


def _lines(hosts: Iterable[LogHost]) -> dict[int, int]:
    rows = HourlyVolume.objects.filter(log_host__in=hosts).values_list("log_host_id")
    return dict(rows.annotate(lines=Sum("lines")))


def _row(
    host: LogHost, span: Span, lines: int, last_run: IngestRun | None, entries: Sequence[AllowEntry]
) -> HostRow:
    return HostRow(
        log_host=host,
        span=span,
        lines=lines,
        domains=[part for part in _domains(host, stored_configuration(host)) if part.is_used],
        allowed=sum(not _has_ended(entry, span) for entry in entries),
        has_configuration=bool(host.configurations.all()),
        last_run=last_run,
    )


def _has_ended(entry: AllowEntry, span: Span) -> bool:
    """Whether the log goes on beyond the end of an entry: it covers what happened before, and nothing new."""
    return span.last_at is not None and entry.until <= span.last_at


# ---- one of them


def one(log_host: LogHost, *, account: str = "") -> HostView:
    """Everything that is known of a log host. ``account`` is what to look for among its known accounts."""
    configuration = stored_configuration(log_host)
    span = spans([log_host])[log_host.pk]
    return HostView(
        log_host=log_host,
        span=span,
        lines=_lines([log_host]).get(log_host.pk, 0),
        pieces=_pieces(log_host, configuration),
        zone=of_log_host(log_host),
        retention_days=days_of(log_host),
        configurations=list(log_host.configurations.all()),
        accounts=_accounts(log_host, account),
        limits=limits(log_host),
        allowed=_allow_list(log_host, span),
    )


def _pieces(host: LogHost, configuration: Configuration) -> list[Piece]:
    domains = _domains(host, configuration)
    trusted = configuration.trusted_networks(limits_of(host).strangers_network)
    networks = [
        Part(origin=Origin.TYPED, values=host.trusted_networks),
        Part(origin=Origin.CONFIGURATION, values=[str(network) for network in trusted]),
    ]
    addresses = [
        Part(origin=Origin.TYPED, values=host.own_addresses),
        Part(origin=Origin.LOG, values=_logged_addresses(host)),
    ]
    return [
        Piece(
            title=later("Local domains"), meaning=_LOCAL, parts=_told(domains), cost=_cost_of_domains(domains)
        ),
        Piece(
            title=later("Trusted networks"),
            meaning=_TRUSTED,
            parts=_told(networks),
            cost="" if any(part.values for part in networks) else _NO_NETWORKS,
        ),
        Piece(title=later("Own addresses"), meaning=_OWN, parts=_told(addresses)),
        Piece(
            title=later("Smarthosts"),
            meaning=_SMARTHOSTS,
            parts=_told([Part(origin=Origin.TYPED, values=host.smarthosts)]),
        ),
    ]


def _told(parts: Iterable[Part]) -> list[Part]:
    return [part for part in parts if part.values]


def _domains(host: LogHost, configuration: Configuration) -> list[Part]:
    """Each origin's, the one that is believed first; as ingest.stored_log_hosts.local_domains takes them."""
    is_typed, is_listed = bool(host.local_domains), "local_domains" in configuration.named_lists
    return _told(
        [
            Part(origin=Origin.TYPED, values=sorted(host.local_domains)),
            Part(
                origin=Origin.CONFIGURATION,
                values=sorted(configuration.local_domains),
                is_used=not is_typed,
            ),
            Part(
                origin=Origin.LOG,
                values=sorted(host.inferred_local_domains),
                is_used=not is_typed and not is_listed,
            ),
        ]
    )


def _cost_of_domains(parts: Sequence[Part]) -> str:
    used = [part.origin for part in parts if part.is_used]
    if not used:
        return _NO_DOMAINS
    return _INFERRED_DOMAINS if Origin.LOG in used else ""


def _accounts(host: LogHost, asked: str) -> Accounts:
    known = KnownAccount.objects.filter(log_host=host)
    part = asked.replace("\0", "").strip().lower()
    found = known.filter(account__contains=part) if part else known
    return Accounts(
        total=known.count(),
        found=found.count(),
        shown=list(found.order_by("account").values_list("account", flat=True)[:SHOWN]),
        asked=asked,
    )


def _allow_list(host: LogHost, span: Span) -> AllowList:
    entries = list(AllowEntry.objects.filter(log_host=host).order_by("-pk"))
    there = [entry for entry in entries if entry.withdrawn_at is None]
    return AllowList(
        active=[entry for entry in there if not _has_ended(entry, span)],
        ended=[entry for entry in there if _has_ended(entry, span)],
        withdrawn=[entry for entry in entries if entry.withdrawn_at is not None],
    )


def limits(log_host: LogHost) -> list[LimitFamily]:
    """The thresholds of a log host, beside those of all."""
    return thresholds.families(defaults=limits_of_all(), own=limits_of(log_host))


def _logged_addresses(host: LogHost) -> list[str]:
    """The addresses that its files say it was reached at (I=)."""
    files = LogFile.objects.filter(log_host=host).values_list("own_addresses", flat=True)
    halves = Unfinished.objects.filter(log_host=host).values_list("own_addresses", flat=True)
    return sorted({address for of_file in (*files, *halves) for address in of_file})


# ---- findings decided again


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainView:
    """The newest time that findings of a log host were to be decided again."""

    row: Reevaluation

    @property
    def is_live(self) -> bool:
        return not self.row.is_over

    @property
    def percent(self) -> int:
        return min(100, 100 * self.row.done // self.row.total) if self.row.total else 0

    @property
    def mark(self) -> str:
        """The sign before the state, as for runs."""
        signs = {Reevaluation.State.DONE: "finished", Reevaluation.State.FAILED: "refused"}
        return signs.get(Reevaluation.State(self.row.state), str(self.row.state))

    @property
    def why(self) -> str:
        """Why it was asked for: one thing or several."""
        return "; ".join(say(each) for each in self.row.why.split("; "))

    @property
    def is_told(self) -> bool:
        """Whether it ended with an answer, and there was one before."""
        return bool(self.row.before and self.row.after)

    @property
    def is_same(self) -> bool:
        """Whether the answer did not change: neither what is said first nor who is suspected."""
        said = [(told["relaying"], told["headline"]) for told in (self.row.before, self.row.after)]
        return said[0] == said[1] and not self.came and not self.went

    @property
    def came(self) -> list[str]:
        """Suspects that there are only since."""
        return sorted(_suspects(self.row.after) - _suspects(self.row.before))

    @property
    def went(self) -> list[str]:
        """Suspects that there are no longer."""
        return sorted(_suspects(self.row.before) - _suspects(self.row.after))


def _suspects(told: dict[str, Any]) -> set[str]:
    return {value or say("without a user name") for _, value, *_ in told.get("suspects", ())}


def latest(log_host: LogHost) -> AgainView | None:
    """None where nothing of it was ever decided again."""
    row = Reevaluation.objects.filter(log_host=log_host).select_related("log_host").order_by("-pk").first()
    return AgainView(row=row) if row else None
