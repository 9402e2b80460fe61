"""What the lines that went straight into rows add to the counts of their batch, and say of the zone of their log."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from ingest import zones
from ingest.batch_rows import Rows
from ingest.exim import hosts
from ingest.exim.events import Kind
from ingest.exim.message_id import seconds_of
from ingest.exim.usual import NULL, InArrival
from ingest.log_host_counts import LONGEST_VALUE
from ingest.models.hour_counts import Counted
from ingest.sorted_lines import Clock, SortedLines
from ingest.usual_rows import Taken

_TEN_MINUTES = itemgetter(slice(0, 15))  # "2026-03-01 10:2"; zones are offset by quarters of an hour at least
_BOUNDS = ("0:00", "9:59.999999")
# what the log selector decides about (ingest.stored_log_hosts.FEATURES)
_FEATURES = (
    (InArrival.PORT, "ports"),
    (InArrival.INTERFACE, "interface"),
    (InArrival.SUBJECT, "subjects"),
    (InArrival.RECIPIENTS, "listed_recipients"),
)


class Touched(NamedTuple):
    """Times that lie around what was stored."""

    messages: list[datetime]
    refusals: list[datetime]


def count(taken: Taken, clock: Clock, rows: Rows) -> Touched:
    """Add what was taken to the counts of the batch; returns when messages came in, and refusals."""
    touched: dict[str, list[datetime]] = {}
    for stamps, column in (
        (taken.arrived, "messages"),
        (taken.delivered, "delivered"),
        (taken.completed, None),
        (taken.rejected, "rejected"),
        (taken.failed_logins, "failed_logins"),
    ):
        counted = Counter(map(_TEN_MINUTES, stamps))
        for ten_minutes, number in counted.items():
            hour = rows.hour(clock.at(f"{ten_minutes}0:00"))
            hour.lines += number
            if column is not None:
                setattr(hour, column, getattr(hour, column) + number)
            else:
                rows.counts.named[Counted.COMPLETED, _hour_of(ten_minutes, clock), ""] += number
        touched[column or ""] = [
            clock.at(f"{ten_minutes}{rest}") for ten_minutes in counted for rest in _BOUNDS
        ]
    for domain, number in Counter(taken.local_domains).items():
        rows.count_local(domain, number)
    _count_named(taken, clock, rows)
    _count_arrivals(taken, rows)
    rows.deliveries += len(taken.delivered)
    rows.kinds.update({
        Kind.ARRIVAL.value: len(taken.arrived),
        Kind.DELIVERY.value: len(taken.delivered),
        Kind.COMPLETION.value: len(taken.completed),
        Kind.REJECTION.value: len(taken.rejected),
        Kind.AUTH_FAILURE.value: len(taken.failed_logins),
    })  # fmt: skip
    if taken.delivered:
        rows.features.add("deliveries")
    if taken.refusals:
        rows.features.add("rejections")
    return Touched(touched["messages"], touched["rejected"] + touched["failed_logins"])


def _count_named(taken: Taken, clock: Clock, rows: Rows) -> None:
    """What lines name, by the hour."""
    for kind, stamps, values in (
        (Counted.REASON, taken.rejected, taken.reasons),
        (Counted.TRANSPORT, taken.delivered, taken.transports),
    ):
        counted = Counter(zip(map(_TEN_MINUTES, stamps), values, strict=True))
        for (ten_minutes, value), number in counted.items():
            if value is not NULL:
                rows.counts.named[kind, _hour_of(ten_minutes, clock), value[:LONGEST_VALUE]] += number


def _hour_of(ten_minutes: str, clock: Clock) -> datetime:
    return clock.at(f"{ten_minutes}0:00").replace(minute=0)


def _count_arrivals(taken: Taken, rows: Rows) -> None:
    """What arrivals say of the log host, its logins and its log selector."""
    arrivals = taken.arrivals
    rows.arrivals += len(arrivals)
    logins = Counter(map(itemgetter(InArrival.AUTHENTICATOR, InArrival.ACCOUNT), arrivals))
    for (authenticator, account), number in logins.items():
        if authenticator is not NULL:
            rows.count_login(authenticator, None if account is NULL else account, number)
    own = set(map(itemgetter(InArrival.INTERFACE), arrivals)) - {NULL}
    rows.own_addresses.update(filter(None, map(hosts.address, own)))
    if arrivals:
        rows.features.add("arrivals")
    for group, feature in _FEATURES:
        if any(groups[group] is not NULL for groups in arrivals):
            rows.features.add(feature)
    if any(groups[InArrival.CLIENT] is NULL for groups in arrivals):
        rows.features.add("local_arrivals")


def votes(found: SortedLines, message_ids: Sequence[str]) -> zones.Votes:
    """What the arrivals say of the zone of their log; all at once where they agree, which is nearly always."""
    result = zones.Votes()
    arrivals = [(name, found.usual.arrivals[name][0]) for name in message_ids]
    received = [seconds_of(name) for name, _ in arrivals]
    if found.clock.suffix:  # stamps that have a zone of their own say nothing
        written = _Seconds(found.clock)
        stamped = [written.of(found.stamps[place]) for _, place in arrivals]
        if result.take_all(found.clock.offset, received, stamped):
            return result
        for name, place in arrivals:
            result.take(found.texts[place], name, found.clock.at(found.stamps[place]))
    return result


class _Seconds:
    """Stamps as seconds since 1970: a minute is read once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minutes: dict[str, int] = {}

    def of(self, stamp: str) -> int:
        minute = stamp[:17]
        begins = self._minutes.get(minute)
        if begins is None:
            begins = self._minutes[minute] = int(self._clock.at(f"{minute}00").timestamp())
        return begins + int(stamp[17:19])
