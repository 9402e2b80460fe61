"""Days of a log judged before somebody asks for them, so that no page waits for the rules.

What is ready is told by ``ingest.judged_ranges``: beat asks again and again, and only what is outdated is judged. A
page that comes first judges its range itself; a worker that dies leaves the rest to the next.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

from django.db import connection, transaction

from ingest import classification
from ingest.locks import Lock
from ingest.models import UNFINISHED, IngestRun, LogHost, Reevaluation, State
from mailwatch.queries.ranges import Bounds, Preset, Range, Span, spans
from mailwatch.queries.relays import read_ahead

DAYS = 100  # the newest ones of a log; well under ingest.judged_ranges.MOST_KEPT
_AT_LINES = (*UNFINISHED, State.UNDOING)

type Pair = tuple[datetime | None, datetime | None]


def judge_ahead(*, seconds: float) -> int:
    """Judge what is outdated, the newest days first, and stop after so many seconds; returns how many ranges.

    Whoever reads lines goes before: nothing is done while a run is unfinished.
    """
    ends_at = time.monotonic() + seconds
    hosts = list(LogHost.objects.all())
    stored = spans(hosts)
    done = 0
    for log_host in hosts:
        for since, until in _outdated(log_host, stored[log_host.pk]):
            if time.monotonic() > ends_at or _is_busy(log_host):
                break
            done += _judge(log_host, since, until)
    return done


def _outdated(log_host: LogHost, span: Span) -> list[Pair]:
    if span.last_at is None or _is_busy(log_host):
        return []
    return classification.outdated_ranges(log_host, list(dict.fromkeys(_ranges(log_host, span))))


def _is_busy(log_host: LogHost) -> bool:
    waits = Reevaluation.objects.filter(
        log_host=log_host, state__in=(Reevaluation.State.WAITING, Reevaluation.State.RUNNING)
    )
    return IngestRun.objects.filter(state__in=_AT_LINES).exists() or waits.exists()


def _ranges(log_host: LogHost, span: Span) -> Iterator[Pair]:
    """What people ask for: the whole log, the presets, and the days of the log host's calendar."""
    for preset in Preset:
        if preset is not Preset.EXACT:
            bounds = Range(preset=preset).bounds(log_host, span)
            yield _in_utc(bounds.since), _in_utc(bounds.until)
    if span.first_at is None or span.last_at is None:
        return
    day = span.last_at.astimezone(log_host.zone).date()
    oldest = max(span.first_at.astimezone(log_host.zone).date(), day - timedelta(days=DAYS - 1))
    while day >= oldest:
        begin, end = (
            datetime.combine(date, time_of_day(), tzinfo=log_host.zone)
            for date in (day, day + timedelta(days=1))
        )
        yield _in_utc(begin), _in_utc(end)
        day -= timedelta(days=1)


def _in_utc(at: datetime | None) -> datetime | None:
    """As the database gives it back: times at the end of summer time equal no others in another zone."""
    return at.astimezone(UTC) if at is not None else None


def _judge(log_host: LogHost, since: datetime | None, until: datetime | None) -> bool:
    """Judge one range, and read what its report opens, unless another worker is at this log host."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [Lock.JUDGING_AHEAD, log_host.pk])
            if not cursor.fetchone()[0]:
                return False
        read_ahead(log_host, Bounds(since=since, until=until))
    return True
