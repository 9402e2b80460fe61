"""Lines are deleted when they are old enough: by the setting, or by the age of their log host.

A line goes when it was logged longer ago than the age, and was handed in longer ago than the age: a log uploaded
from the past stays as long as a new one. Lines go with their page, so at most a month later than the age says; on a
busy server within minutes. A month that is due for all log hosts is dropped at once (ingest.dropping), the rest goes
page by page (ingest.removal).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import batched

from django.conf import settings
from django.db import connection, transaction

from ingest import classification, dropping, partitions, removal
from ingest.locks import Lock
from ingest.models import LogHost
from ingest.pages import PAGE_NUMBER_BITS
from ingest.partitions import month_start
from ingest.sql import statement

LONGEST = 36_500  # days
_PAGES_AT_ONCE = 16  # about 20,000 lines: a second in which batches of the log host wait


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page that is old enough."""

    page_id: int
    first_at: datetime
    last_at: datetime
    lines: int

    @property
    def month(self) -> int:
        """Since January 1970."""
        return self.page_id >> PAGE_NUMBER_BITS

    @property
    def lies_in_month(self) -> bool:
        """False where the zone of the log was corrected: a page keeps its id."""
        return month_start(self.month) <= self.first_at and self.last_at < month_start(self.month + 1)


@dataclass(frozen=True, slots=True)
class Due:
    """What is old enough of a log host."""

    log_host: LogHost
    days: int
    pages: Sequence[DuePage]

    @property
    def lines(self) -> int:
        return sum(page.lines for page in self.pages)

    @property
    def first_at(self) -> datetime:
        return self.pages[0].first_at

    @property
    def last_at(self) -> datetime:
        return max(page.last_at for page in self.pages)


@dataclass(frozen=True, slots=True)
class Retained:
    """What a call deleted, or would delete."""

    due: Sequence[Due]
    months: Sequence[datetime]  # first moments of those that go whole
    size: int | None  # bytes given back by whole months; None: nothing was deleted


def days_of(log_host: LogHost) -> int:
    """The age in days after which lines of a log host are deleted; 0: never."""
    own = log_host.retention_days
    return settings.MAILWATCH_RETENTION if own is None else own


def plan(now: datetime) -> Retained:
    """What is old enough now; nothing is deleted."""
    due = _due(now)
    return Retained(due, [month_start(month) for month in _whole_months(due)], None)


def retain(now: datetime) -> Retained | None:
    """Delete what is old enough, and finish what an earlier call began. None: another process is at it.

    Call it outside a transaction.
    """
    with _alone() as is_alone:
        if not is_alone:
            return None
        dropped = [dropping.drop_month(month) for month in dropping.unfinished()]
        due = _due(now)
        whole = _whole_months(due)
        for of_host in due:
            _remove(
                of_host.log_host, [p for p in of_host.pages if not (p.month in whole and p.lies_in_month)]
            )
        dropped += [dropping.drop_month(month) for month in whole]
        settle()
    return Retained(due, [drop.month for drop in dropped], sum(drop.size for drop in dropped))


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process deletes; it is let go when the connection ends, too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [Lock.RETENTION])
        is_alone = bool(cursor.fetchone()[0])
        try:
            yield is_alone
        finally:
            if is_alone:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [Lock.RETENTION])


def _due(now: datetime) -> list[Due]:
    every = [(log_host, days_of(log_host)) for log_host in LogHost.objects.order_by("pk")]
    due = [
        Due(log_host, days, _pages_due(log_host, now - timedelta(days=days)))
        for log_host, days in every
        if days
    ]
    return [of_host for of_host in due if of_host.pages]


def _pages_due(log_host: LogHost, before: datetime) -> list[DuePage]:
    with connection.cursor() as cursor:
        cursor.execute(statement("pages_due"), {"log_host_id": log_host.pk, "before": before})
        return [DuePage(*row) for row in cursor.fetchall()]


def _whole_months(due: Sequence[Due]) -> list[int]:
    """The months in which every page of every log host is due."""
    numbers: dict[int, int] = defaultdict(int)
    for of_host in due:
        for page in of_host.pages:
            numbers[page.month] += 1
    return [month for month in sorted(numbers) if _is_whole(month, numbers)]


def _is_whole(month: int, numbers: Mapping[int, int]) -> bool:
    if not partitions.FIRST_MONTH <= month < partitions.END_MONTH:
        return False  # in an edge partition, which is never dropped
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM ingest_page WHERE page_id >= %s AND page_id < %s",
            [month << PAGE_NUMBER_BITS, (month + 1) << PAGE_NUMBER_BITS],
        )
        return int(cursor.fetchone()[0]) == numbers[month]


def _remove(log_host: LogHost, due: Sequence[DuePage]) -> None:
    """Page by page, in short transactions."""
    for chunk in batched(due, _PAGES_AT_ONCE, strict=False):
        with transaction.atomic():
            removal.hold(log_host.pk)
            removal.remove_pages(log_host, [page.page_id for page in chunk])


def settle() -> None:
    """Judge the suspects of log hosts that lost lines by what remains; their files say what they still hold."""
    for log_host in LogHost.objects.filter(has_lost_lines=True).order_by("pk"):
        with connection.cursor() as cursor:
            cursor.execute(statement("files_after_removal"), {"log_host_id": log_host.pk})
        classification.judge_suspects(log_host)
        LogHost.objects.filter(pk=log_host.pk).update(has_lost_lines=False)
