"""What was counted of a log host by the hour.

New lines change the newest hours, so those of the days before are kept by the process, as long as none of them was
written again: ten million lines are three thousand hours, and a hundred thousand names in them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum

from ingest.models import Counted, HourCount, HourlyVolume, LogHost
from mailwatch.queries.ranges import Bounds, Span
from mailwatch.queries.stored_state import State, stored_state

COUNTS = ("lines", "messages", "delivered", "deferred", "bounced", "rejected", "failed_logins")
HOUR = timedelta(hours=1)
_KEPT = 16  # log hosts
_NAMES_KEPT = 64  # ranges of them


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


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of one log host; those before ``day`` are kept for as long as ``before`` is the same."""

    log_host_id: int
    day: datetime | None  # the newest; None: nothing is stored
    before: State

    def all(self) -> Sequence[HourCounts]:
        """Every hour that is stored, in order."""
        if self.day is None:
            return ()
        newest = HourlyVolume.objects.filter(log_host_id=self.log_host_id, hour__gte=self.day)
        return [*_hours_before(self), *_read(newest)]

    def names(self, kind: Counted, bounds: Bounds) -> Counter[str]:
        """What the hours that a range touches name, and how often."""
        if self.day is None:
            return Counter()
        found = Counter(dict(_names_before(self, kind, bounds)))
        found.update(dict(_sums(self, kind, Q(hour__gte=self.day) & within(bounds))))
        return found


def hours_of(log_host: LogHost, span: Span) -> Hours:
    """``span``: of the log host."""
    if span.last_at is None:
        return Hours(log_host.pk, None, ())
    day = span.last_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Hours(log_host.pk, day, stored_state(log_host, until=day))


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


@lru_cache(maxsize=_KEPT)
def _hours_before(hours: Hours) -> Sequence[HourCounts]:
    return tuple(_read(HourlyVolume.objects.filter(log_host_id=hours.log_host_id, hour__lt=hours.day)))


def _read(hours: QuerySet[HourlyVolume]) -> Iterator[HourCounts]:
    completed = HourCount.objects.filter(
        log_host_id=OuterRef("log_host_id"), kind=Counted.COMPLETED, hour=OuterRef("hour"), value=""
    )
    rows = hours.annotate(completed=Subquery(completed.values("number"))).order_by("hour")
    for *counts, went in rows.values_list("hour", *COUNTS, "completed"):
        yield HourCounts._make((*counts, went or 0))


@lru_cache(maxsize=_NAMES_KEPT)
def _names_before(hours: Hours, kind: Counted, bounds: Bounds) -> Sequence[tuple[str, int]]:
    return tuple(_sums(hours, kind, Q(hour__lt=hours.day) & within(bounds)))


def _sums(hours: Hours, kind: Counted, those: Q) -> QuerySet[HourCount, tuple[str, int]]:
    rows = HourCount.objects.filter(those, log_host_id=hours.log_host_id, kind=kind)
    return rows.values_list("value").annotate(count=Sum("number"))
