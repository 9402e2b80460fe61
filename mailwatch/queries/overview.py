"""What the overview shows: the answer, volumes, rejections, deferrals, the queue, movers, coverage, runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from math import ceil
from operator import add, attrgetter

from django.db import models
from django.db.models import Count, Sum

from ingest.models import Counted, IngestRun, LogHost
from mailwatch.queries import movers
from mailwatch.queries.answers import Evidence, HostAnswer
from mailwatch.queries.hours import COUNTS, HOUR, HourCounts, Hours, hours_of, is_within
from mailwatch.queries.kept_answers import Question
from mailwatch.queries.movers import Movers
from mailwatch.queries.ranges import Range, spans
from mailwatch.queries.zones import ZoneView, alarms

NEWEST_RUNS = 5
MOST_CELLS = 24 * 15  # hours drawn one by one in the coverage; longer spans are drawn by the day
MOST_PROVIDERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """How many rejections had one reason, or deferrals one provider; ``share``: percent of the most frequent one."""

    reason: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class HourQueue:
    """Messages that waited at the end of an hour, at least."""

    hour: datetime
    deferred: int  # named as the outcome whose colour it is drawn in


@dataclass(frozen=True, slots=True)
class Cell:
    """An hour or a day of the coverage: how many of its hours have a line."""

    start: datetime
    present: int
    hours: int

    @property
    def is_whole(self) -> bool:
        return self.present == self.hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Hours without a single line, from ``since`` until before ``until``."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCoverage:
    """Which hours of one log host are in. A cell is an hour, or a day of its zone where there are many."""

    log_host: LogHost
    hours: int
    missing: int
    gaps: Sequence[Gap]
    cells: Sequence[Cell]
    unit: str  # of a cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    answers: Sequence[HostAnswer]  # the one that needs somebody to act first
    evidence: Evidence | None  # of the first
    volumes: Sequence[HourCounts]  # by the hour, all log hosts together
    totals: dict[str, int]
    rejections: Sequence[ReasonCount]
    providers: Sequence[ReasonCount]  # of deferred attempts, the most frequent ones
    total_providers: int
    queue: Sequence[HourQueue]
    movers: Movers | None  # of one log host
    coverage: Sequence[HostCoverage]
    runs: Sequence[IngestRun]
    zones: Sequence[ZoneView]  # that are wrong or being corrected

    @property
    def first(self) -> HostAnswer:
        return self.answers[0]

    @property
    def is_empty(self) -> bool:
        return all(answer.is_empty for answer in self.answers)

    @property
    def has_host_findings(self) -> bool:
        """Whether something worse than low was found on a log host as a whole."""
        return any(answer.worse_host_findings for answer in self.answers)

    @property
    def only_log_host(self) -> LogHost | None:
        return self.first.log_host if len(self.answers) == 1 else None

    @property
    def attack_at(self) -> datetime | None:
        """When the behaviour behind the answer began; None where nobody got in."""
        return self.first.finding.first_at if self.first.finding else None


def overview(*, log_host: LogHost | None, asked: Range, has_time: bool = True) -> Overview:
    """Everything on the overview, of one log host or of all; without time, movers only if that takes none."""
    question = Question(log_host, asked)
    found = question.answers()
    stored = [hours_of(one.log_host, one.span, question.of(one.log_host)[1]) for one in found]
    hours = [of_host.all() for of_host in stored]
    volumes = _volumes(found, hours)
    providers = _counted(found, stored, Counted.PROVIDER)
    return Overview(
        answers=found,
        evidence=found[0].evidence if found else None,
        volumes=volumes,
        totals={name: sum(map(attrgetter(name), volumes)) for name in COUNTS},
        rejections=_counted(found, stored, Counted.REASON),
        providers=providers[:MOST_PROVIDERS],
        total_providers=len(providers),
        queue=_queue(found, hours),
        movers=_movers(found, only_soon=not has_time),
        coverage=[
            _coverage(answer, of_host)
            for answer, of_host in zip(found, hours, strict=True)
            if not answer.is_empty
        ],
        runs=_runs(log_host),
        zones=alarms([answer.log_host for answer in found]),
    )


type _Counts = Sequence[HourCounts]


def _volumes(found: Sequence[HostAnswer], hours: Sequence[_Counts]) -> _Counts:
    """The hours that the range touches, all log hosts together."""
    rows = [
        row
        for answer, of_host in zip(found, hours, strict=True)
        for row in of_host
        if is_within(answer.bounds, row.hour)
    ]
    if len(found) == 1:
        return rows
    sums: dict[datetime, HourCounts] = {}
    for row in rows:
        before = sums.get(row.hour)
        sums[row.hour] = row if before is None else HourCounts(row.hour, *map(add, before[1:], row[1:]))
    return [sums[hour] for hour in sorted(sums)]


def _counted(found: Sequence[HostAnswer], stored: Sequence[Hours], kind: Counted) -> list[ReasonCount]:
    """What the hours of a range name, most frequent first; whole hours, as the volumes."""
    counts: Counter[str] = Counter()
    for answer, of_host in zip(found, stored, strict=True):
        counts.update(of_host.names(kind, answer.bounds))
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    most = rows[0][1] if rows else 1
    return [ReasonCount(reason=reason, count=count, share=100 * count / most) for reason, count in rows]


def _queue(found: Sequence[HostAnswer], hours: Sequence[_Counts]) -> list[HourQueue]:
    """How many messages waited at the end of each hour, by what came and went since the log began.

    The smallest queue that explains the log: what went without having come must have been there before. Messages that
    somebody removed, and those whose last line is not in the log, are still counted.
    """
    totals: Counter[datetime] = Counter()
    for answer, of_host in zip(found, hours, strict=True):
        sums = list(accumulate(row.messages - row.completed for row in of_host))
        lowest = min(0, *sums) if sums else 0
        for row, total in zip(of_host, sums, strict=True):
            if is_within(answer.bounds, row.hour):
                totals[row.hour] += total - lowest
    return [HourQueue(hour, totals[hour]) for hour in sorted(totals)]


def movers_of(*, log_host: LogHost, asked: Range) -> Movers | None:
    """Who sent more or less on one log host, counted."""
    span = spans([log_host])[log_host.pk]
    return movers.movers(log_host, asked.bounds(log_host, span), span.last_at) if span.last_at else None


def _movers(found: Sequence[HostAnswer], *, only_soon: bool) -> Movers | None:
    """Of one log host: those of all together say nothing of any."""
    if len(found) != 1 or found[0].span.last_at is None:
        return None
    return movers.movers(found[0].log_host, found[0].bounds, found[0].span.last_at, only_soon=only_soon)


def _coverage(answer: HostAnswer, of_host: _Counts) -> HostCoverage:
    """Hours with at least one line, from the first to the last that is stored in the range."""
    present = [row.hour for row in of_host if row.lines > 0 and is_within(answer.bounds, row.hour)]
    hours = int((present[-1] - present[0]) / HOUR) + 1 if present else 0
    gaps = [
        Gap(since=before + HOUR, until=after) for before, after in pairwise(present) if after - before > HOUR
    ]
    by_day = hours > MOST_CELLS
    cells = _days(present, answer.log_host) if by_day else _cells(present, hours)
    return HostCoverage(
        log_host=answer.log_host,
        hours=hours,
        missing=hours - len(present),
        gaps=gaps,
        cells=cells,
        unit="day" if by_day else "hour",
    )


def _cells(present: Sequence[datetime], hours: int) -> list[Cell]:
    known = set(present)
    starts = [present[0] + i * HOUR for i in range(hours)]
    return [Cell(start, int(start in known), 1) for start in starts]


def _days(present: Sequence[datetime], log_host: LogHost) -> list[Cell]:
    """The days of the log host's zone; the first and the last only as far as the log goes."""
    first, last = (at.astimezone(log_host.zone) for at in (present[0], present[-1]))
    days = (last.date() - first.date()).days
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    nexts = [(midnight + timedelta(days=day)).timestamp() for day in range(1, days + 1)]  # by the wall clock
    known, begins = {_hour(at.timestamp()) for at in present}, _hour(first.timestamp())
    edges = [begins, *map(_hour, nexts), _hour(last.timestamp()) + 1]
    return [
        Cell(
            datetime.fromtimestamp(since * 3600, UTC),
            sum(hour in known for hour in range(since, until)),
            until - since,
        )
        for since, until in pairwise(edges)
    ]


def _hour(at: float) -> int:
    """The first hour since 1970 that begins then or later."""
    return ceil(at / 3600)


def _runs(log_host: LogHost | None) -> list[IngestRun]:
    runs = IngestRun.objects.all().fetch_mode(models.FETCH_RAISE).select_related("log_host")
    if log_host:
        runs = runs.filter(log_host=log_host)
    return list(
        runs.annotate(
            file_count=Count("files"),
            new_lines=Sum("files__new_lines", default=0),
            duplicate_lines=Sum("files__duplicate_lines", default=0),
            unparsed_lines=Sum("files__unparsed_lines", default=0),
        ).order_by("-pk")[:NEWEST_RUNS]
    )
