"""Passes over log files: how far they are, and what came out."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Prefetch, Q, QuerySet

from ingest import steering, undo, zones
from ingest.exim.events import Kind
from ingest.exim.line import readable
from ingest.exim.meanings.entry import Entry
from ingest.exim.meanings.kinds import KINDS, TOPICS
from ingest.languages import say
from ingest.models import RETRIED, UNFINISHED, IngestRun, LogFile, LogHost, SetAside, State
from ingest.models.runs import measured, unpacking
from ingest.zones import ZoneCheck
from mailwatch.queries import keyset
from mailwatch.queries.story import length
from mailwatch.queries.zones import ZoneView, of_files

RUNS = 20
SHAPES = ((int,),)  # of the cursor of their list
SAMPLES = 20
OF_EACH = 5  # unreadable lines shown of each reason
LISTED = 200  # files on the page of a run; the rest is in its JSON
_NAMED = 20  # refusals shown with their sentence above the list
_KINDS = {entry.term: entry for entry in (*KINDS.values(), *TOPICS.values())}
_MOMENT = timedelta(seconds=0.1)
_STEADY = timedelta(seconds=2)  # before that a speed is a guess


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is. Sizes in bytes as handed in; ``left`` is None where it cannot be told yet."""

    size: int
    size_read: int
    lines: int
    lines_per_second: int | None
    bytes_per_second: int | None
    left: timedelta | None
    is_unpacking: bool = False  # the bytes are those of archives; what they hold is read afterwards

    @property
    def percent(self) -> int:
        return min(100, 100 * self.size_read // self.size) if self.size else 0

    @property
    def is_read(self) -> bool:
        """All bytes are in; the findings are being worked out."""
        return self.size > 0 and self.size_read >= self.size and not self.is_unpacking


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Sums over the files of a run."""

    lines: int
    new_lines: int
    duplicate_lines: int
    unparsed_lines: int
    set_aside_lines: int
    messages: int
    deliveries: int
    rejections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run as pages show it."""

    run: IngestRun
    files: tuple[LogFile, ...]  # without members of archives that were skipped; a member follows its archive
    counts: Counts
    progress: Progress
    zone: ZoneView
    skipped_count: int
    skipped: tuple[LogFile, ...] = ()  # the first of them
    kinds: tuple[tuple[Entry, int], ...] = ()  # of new lines, the most frequent first
    unreadable: tuple["Unreadable", ...] = ()
    set_aside: tuple["Aside", ...] = ()  # the first of them

    @property
    def log_host(self) -> LogHost:
        return self.run.log_host

    @property
    def is_over(self) -> bool:
        """Nothing of it will change by itself any more."""
        return self.run.is_over and self.run.state != State.UNDOING

    @property
    def is_of_other_times(self) -> bool:
        """Whether its lines were old when they were handed in: nothing found in them is alerted."""
        if not self.is_over or self.is_undone or self.last_at is None:
            return False
        return self.run.created_at - self.last_at > timedelta(hours=settings.MAILWATCH_ALERT_RECENT)

    @property
    def is_undone(self) -> bool:
        return self.run.state in (State.UNDOING, State.UNDONE)

    @property
    def state(self) -> str:
        return self.run.state

    @property
    def title(self) -> str:
        return self.handed_in[0].name if self.files else say("Run {number}", number=self.run.pk)

    @property
    def handed_in(self) -> tuple[LogFile, ...]:
        return tuple(file for file in self.files if file.archive_id is None)

    @property
    def members(self) -> int:
        """Of archives, those skipped included."""
        return len(self.files) - len(self.handed_in) + self.skipped_count

    @property
    def listed(self) -> tuple[LogFile, ...]:
        """Files for the page, those skipped at the end."""
        return (*self.files, *self.skipped)[:LISTED]

    @property
    def file_count(self) -> int:
        return len(self.files) + self.skipped_count

    @property
    def refused(self) -> tuple[LogFile, ...]:
        """Files that were refused or failed; no more than are shown one by one."""
        return self._refused()[:_NAMED]

    @property
    def more_refused(self) -> int:
        return max(0, len(self._refused()) - _NAMED)

    def _refused(self) -> tuple[LogFile, ...]:
        return tuple(file for file in self.files if file.state in RETRIED)

    @property
    def has_lines(self) -> bool:
        return self.counts.lines > 0

    @property
    def first_at(self) -> datetime | None:
        return min((file.first_at for file in self.files if file.first_at), default=None)

    @property
    def last_at(self) -> datetime | None:
        return max((file.last_at for file in self.files if file.last_at), default=None)

    @property
    def took(self) -> str:
        """How long a run that is over worked: 1.4 s, 23 min 45 s."""
        started, finished = self.run.started_at or self.run.created_at, self.run.finished_at
        span = finished - started if finished else timedelta()
        return (
            length(span) if span >= _STEADY * 5 else say("{seconds} s", seconds=f"{span.total_seconds():.1f}")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Lines that could not be stored."""

    name: str  # of their file
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """The unreadable lines of a run that have one reason."""

    reason: str
    lines: int
    samples: tuple[str, ...]  # the first of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What can be done with a run now."""

    cancel: bool
    retry: int  # files that it would go on with; 0: it cannot
    undo: bool


def steps(run: IngestRun) -> Steps:
    """What can be done with a run now."""
    can_retry = steering.can_retry(run)
    files = max(1, steering.retried_files(run).count()) if can_retry else 0
    return Steps(cancel=not run.is_over, retry=files, undo=undo.can_undo(run))


def run(run_id: int, *, now: datetime) -> RunView | None:
    """One run with all its files; None where there is none."""
    found = _runs().filter(pk=run_id).first()
    if found is None:
        return None
    skipped = LogFile.objects.filter(run=found, state=State.SKIPPED)[:LISTED]
    waiting = SetAside.objects.filter(file__run=found).select_related("file")[:SAMPLES]
    aside = (Aside(name=row.file.name, reason=row.reason, text=readable(bytes(row.text))) for row in waiting)
    return replace(view(found, now=now, skipped=tuple(skipped)), set_aside=tuple(aside))


def newest(*, now: datetime, before: str = "", rows: int = RUNS) -> keyset.Page[RunView]:
    """The newest runs, or those that are older than the cursor ``before``."""
    after = keyset.decode(before, shapes=SHAPES) if before else None
    found = list(keyset.newest_first(_runs(), fields=("id",), after=after[0] if after else None)[: rows + 1])
    shown = found[:rows]
    older = keyset.encode((shown[-1].pk,)) if len(found) > rows else ""
    checks = {host.pk: check for host, check in zones.checks({row.log_host for row in shown})}
    views = (view(row, now=now, zone_check=checks[row.log_host_id]) for row in shown)
    return keyset.Page(rows=tuple(views), older=older)


def _runs() -> QuerySet[IngestRun]:
    """With their files, but for members of archives that were skipped, of which there may be thousands."""
    files = LogFile.objects.exclude(state=State.SKIPPED)
    skipped = Count("files", filter=Q(files__state=State.SKIPPED))
    runs = IngestRun.objects.select_related("log_host").prefetch_related(Prefetch("files", queryset=files))
    return runs.annotate(skipped_count=skipped)


def view(
    run: IngestRun,
    *,
    now: datetime,
    skipped: tuple[LogFile, ...] = (),
    zone_check: ZoneCheck | None = None,
) -> RunView:
    """A run as ``_runs`` gives it; ``now`` is what speed is measured against. ``zone_check``: of the whole log host."""
    files = tuple(sorted(run.files.all(), key=lambda file: (file.archive_id or file.pk, file.pk)))
    counts = Counts(**{name: sum(getattr(file, name) for file in files) for name in Counts.__slots__})
    return RunView(
        run=run,
        files=files,
        counts=counts,
        progress=_progress(run, files, now),
        zone=of_files(run.log_host, files, zone_check),
        skipped_count=run.skipped_count,  # type: ignore[attr-defined]  # annotated
        skipped=skipped,
        unreadable=_unreadable(files),
        kinds=_kinds(files),
    )


def _kinds(files: Sequence[LogFile]) -> tuple[tuple[Entry, int], ...]:
    counts = sum((Counter(file.kinds) for file in files), Counter[str]())
    return tuple((_KINDS.get(name, KINDS[Kind.NOTE]), count) for name, count in counts.most_common())


def _unreadable(files: Sequence[LogFile]) -> tuple[Unreadable, ...]:
    """By reason, the most frequent first. Files that were read before reasons were counted have samples only."""
    counts = sum((Counter(file.unparsed_reasons) for file in files), Counter[str]())
    texts: dict[str, list[str]] = defaultdict(list)
    for file in files:
        for sample in file.unparsed_samples:
            texts[sample["reason"]].append(sample["text"])
    reasons = [*(reason for reason, _ in counts.most_common()), *(texts.keys() - counts.keys())]
    return tuple(
        Unreadable(reason=reason, lines=counts[reason], samples=tuple(texts[reason][:OF_EACH]))
        for reason in reasons
    )


def as_json(view: RunView) -> dict[str, Any]:
    """The run for scripts."""
    names = (
        "name", "state", "lines", "new_lines", "duplicate_lines", "unparsed_lines", "unparsed_reasons",
        "set_aside_lines", "messages", "deliveries", "error",
    )  # fmt: skip
    return {
        "id": view.run.pk,
        "state": view.state,
        "error": view.run.error,
        "stopped_by": view.run.stopped_by,
        "undone_lines": view.run.undone_lines,
        "files": [
            {name: getattr(file, name) for name in names}
            | {"archive": file.archive.name if file.archive else None}
            for file in LogFile.objects.filter(run=view.run).select_related("archive")
        ],
    }


def _progress(run: IngestRun, files: Sequence[LogFile], now: datetime) -> Progress:
    counted, is_unpacking = measured(files), unpacking(files)
    size, size_read = sum(file.size for file in counted), sum(_read_of(file) for file in counted)
    lines = sum(file.lines for file in files)
    spent = _spent(run, now)
    is_steady = spent >= (_MOMENT if run.is_over else _STEADY) and size_read > 0
    per_second = 1 / spent.total_seconds() if is_steady else 0
    return Progress(
        size=size,
        size_read=size_read,
        lines=lines,
        lines_per_second=round(lines * per_second) if is_steady else None,
        bytes_per_second=round(size_read * per_second) if is_steady else None,
        left=spent * ((size - size_read) / size_read)
        if is_steady and not (is_unpacking or run.is_over)
        else None,
        is_unpacking=is_unpacking,
    )


def _spent(run: IngestRun, now: datetime) -> timedelta:
    """How long a run has worked."""
    if run.started_at is None:
        return timedelta()
    return (run.finished_at or now) - run.started_at


def _read_of(file: LogFile) -> int:
    """A file that is over counts as read, however early it ended."""
    return file.size_read if file.state in UNFINISHED else file.size
