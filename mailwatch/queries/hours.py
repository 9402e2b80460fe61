"""What was counted of a log host by the hour.

New lines change the newest hours, so those of the days before are kept by the process, as long as none of them was
written again: ten million lines are three thousand hours, and a hundred thousand names in them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum

from ingest.models import Counted, HourCount, HourlyVolume, LogHost
from mailwatch.queries.kept import Kept
from mailwatch.queries.ranges import Bounds, Span
from mailwatch.queries.stored_state import State, stored_state

COUNTS = ("lines", "messages", "delivered", "deferred", "bounced", "rejected", "failed_logins")
HOUR = timedelta(hours=1)
_KEPT = 100_000  # hours
_NAMES_KEPT = 200_000  # names, in ranges of log hosts


type Names = Sequence[tuple[str, int]]


class HourCounts(NamedTuple):
    """One hour; ``completed``: messages that left the queue in it."""

    hour: datetime
    lines: int = 0
    messages: int = 0
    delivered: int = 0
    deferred: int = 0
    bounced: int = 0
    rejected: int = 0
    failed_logins: int = 0
    completed: int = 0


@dataclass(frozen=True)
class Hours:
    """The hours of one log host, as long as its ``state`` is the same; those before ``day`` for longer."""

    log_host: LogHost
    day: datetime | None  # the newest; None: nothing is stored
    state: State

    def all(self) -> Sequence[HourCounts]:
        """Every hour that is stored, in order."""
        return _all.get(self.log_host.pk, self.state, self._read_all) if self.day else ()

    def names(self, kind: Counted, bounds: Bounds) -> Counter[str]:
        """What the hours that a range touches name, and how often."""
        if self.day is None:
            return Counter()
        key = (self.log_host.pk, kind, bounds)
        return Counter(dict(_names.get(key, self.state, lambda: self._read_names(kind, bounds))))

    def _read_all(self) -> Sequence[HourCounts]:
        rows = HourlyVolume.objects.filter(log_host=self.log_host)
        before = _all_before.get(
            self.log_host.pk, self._before, lambda: tuple(_read(rows.filter(hour__lt=self.day)))
        )
        return (*before, *_read(rows.filter(hour__gte=self.day)))

    def _read_names(self, kind: Counted, bounds: Bounds) -> Names:
        rows = HourCount.objects.filter(within(bounds), log_host=self.log_host, kind=kind)
        before = _names_before.get(
            (self.log_host.pk, kind, bounds),
            self._before,
            lambda: tuple(_sums(rows.filter(hour__lt=self.day))),
        )
        found = Counter(dict(before))
        found.update(dict(_sums(rows.filter(hour__gte=self.day))))
        return tuple(found.items())

    @cached_property
    def _before(self) -> State:
        """Another one when a line of the days before the newest has come or gone."""
        return (self.day, *stored_state(self.log_host, until=self.day))


def _weight(names: Names) -> int:
    return 1 + len(names)


_all: Kept[int, State, Sequence[HourCounts]] = Kept(_KEPT, weigh=len)
_all_before: Kept[int, State, Sequence[HourCounts]] = Kept(_KEPT, weigh=len)
_names: Kept[tuple[int, Counted, Bounds], State, Names] = Kept(_NAMES_KEPT, weigh=_weight)
_names_before: Kept[tuple[int, Counted, Bounds], State, Names] = Kept(_NAMES_KEPT, weigh=_weight)


def hours_of(log_host: LogHost, span: Span, state: State | None = None) -> Hours:
    """``span``: of the log host; ``state``: a value that changes with what is stored of it, where one is known."""
    if span.last_at is None:
        return Hours(log_host, None, ())
    day = span.last_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Hours(log_host, day, stored_state(log_host) if state is None else state)


def within(bounds: Bounds) -> Q:
    """The hours that a range touches. The first one counts as a whole."""
    hours = Q()
    if bounds.since:
        hours &= Q(hour__gt=bounds.since - HOUR)
    if bounds.until:
        hours &= Q(hour__lt=bounds.until)
    return hours


def is_within(bounds: Bounds, hour: datetime) -> bool:
    """Likewise, of one hour."""
    since, until = bounds.since, bounds.until
    return (since is None or hour > since - HOUR) and (until is None or hour < until)


def _read(hours: QuerySet[HourlyVolume]) -> Iterator[HourCounts]:
    completed = HourCount.objects.filter(
        log_host_id=OuterRef("log_host_id"), kind=Counted.COMPLETED, hour=OuterRef("hour"), value=""
    )
    rows = hours.annotate(completed=Subquery(completed.values("number"))).order_by("hour")
    for *counts, went in rows.values_list("hour", *COUNTS, "completed"):
        yield HourCounts._make((*counts, went or 0))


def _sums(rows: QuerySet[HourCount]) -> QuerySet[HourCount, tuple[str, int]]:
    return rows.values_list("value").annotate(count=Sum("number"))
