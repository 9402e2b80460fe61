"""What the overview shows: the answer, volumes, rejections, runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import pairwise
from operator import or_

from django.db import models
from django.db.models import Count, Q, Sum

from ingest.models import HourlyVolume, IngestRun, LogHost, Rejection
from mailwatch.queries.answers import Evidence, HostAnswer, answers
from mailwatch.queries.ranges import Range
from mailwatch.queries.zones import ZoneView, alarms

NEWEST_RUNS = 5
COUNTS = ("lines", "messages", "delivered", "deferred", "bounced", "rejected", "failed_logins")
MOST_CELLS = 24 * 15  # hours drawn one by one in the coverage


@dataclass(frozen=True, slots=True)
class HourCounts:
    """One hour, all chosen log hosts together; the counts in the order of COUNTS."""

    hour: datetime
    lines: int
    messages: int
    delivered: int
    deferred: int
    bounced: int
    rejected: int
    failed_logins: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """How many rejections had one reason; ``share`` is in percent of the most frequent one."""

    reason: str
    count: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Hours without a single line, from ``since`` until before ``until``."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCoverage:
    """Which hours of one log host are in. ``cells`` is None where there are too many to draw."""

    log_host: LogHost
    hours: int
    missing: int
    gaps: Sequence[Gap]
    cells: Sequence[bool] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    answers: Sequence[HostAnswer]  # the one that needs somebody to act first
    evidence: Evidence | None  # of the first
    volumes: Sequence[HourCounts]
    totals: dict[str, int]
    rejections: Sequence[ReasonCount]
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


def overview(*, log_host: LogHost | None, asked: Range) -> Overview:
    """Everything on the overview, of one log host or of all."""
    found = answers(log_host=log_host, asked=asked)
    volumes = _volumes(found)
    return Overview(
        answers=found,
        evidence=found[0].evidence if found else None,
        volumes=volumes,
        totals={name: sum(getattr(row, name) for row in volumes) for name in COUNTS},
        rejections=_rejections(found),
        coverage=[_coverage(answer) for answer in found if not answer.is_empty],
        runs=_runs(log_host),
        zones=alarms([answer.log_host for answer in found]),
    )


def _hours(found: Sequence[HostAnswer]) -> Q:
    """The hours of each log host that its range touches. The first hour counts as a whole."""
    return reduce(or_, (_hours_of(answer) for answer in found), Q())


def _hours_of(answer: HostAnswer) -> Q:
    hours = Q(log_host=answer.log_host)
    if answer.bounds.since:
        hours &= Q(hour__gt=answer.bounds.since - timedelta(hours=1))
    if answer.bounds.until:
        hours &= Q(hour__lt=answer.bounds.until)
    return hours


def _volumes(found: Sequence[HostAnswer]) -> list[HourCounts]:
    sums = {f"sum_{name}": Sum(name) for name in COUNTS}
    rows = HourlyVolume.objects.filter(_hours(found)).values("hour").annotate(**sums).order_by("hour")
    return [HourCounts(*row) for row in rows.values_list("hour", *sums)]


def _rejections(found: Sequence[HostAnswer]) -> list[ReasonCount]:
    """Rejections by reason, most frequent first; failed logins are counted apart."""
    chosen = reduce(or_, (_rejected(answer) for answer in found), Q())
    rows = list(
        Rejection.objects.filter(chosen, is_login=False)
        .values_list("reason")
        .annotate(count=Count("*"))
        .order_by("-count", "reason")
    )
    most = rows[0][1] if rows else 1
    return [ReasonCount(reason=reason, count=count, share=100 * count / most) for reason, count in rows]


def _rejected(answer: HostAnswer) -> Q:
    rejected = Q(log_host=answer.log_host)
    if answer.bounds.since:
        rejected &= Q(logged_at__gte=answer.bounds.since)
    if answer.bounds.until:
        rejected &= Q(logged_at__lt=answer.bounds.until)
    return rejected


def _coverage(answer: HostAnswer) -> HostCoverage:
    """Hours with at least one line, from the first to the last that is stored in the range."""
    present = list(
        HourlyVolume.objects.filter(_hours_of(answer), lines__gt=0)
        .order_by("hour")
        .values_list("hour", flat=True)
    )
    hours = int((present[-1] - present[0]) / timedelta(hours=1)) + 1 if present else 0
    gaps = [
        Gap(since=before + timedelta(hours=1), until=after)
        for before, after in pairwise(present)
        if after - before > timedelta(hours=1)
    ]
    return HostCoverage(
        log_host=answer.log_host,
        hours=hours,
        missing=hours - len(present),
        gaps=gaps,
        cells=_cells(present, hours) if 0 < hours <= MOST_CELLS else None,
    )


def _cells(present: Sequence[datetime], hours: int) -> list[bool]:
    known = set(present)
    return [present[0] + timedelta(hours=i) in known for i in range(hours)]


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
