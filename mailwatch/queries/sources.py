"""Sources: when they were looked at, how far behind they are, and what went wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import Exists, Max, OuterRef, QuerySet

from ingest.models import UNFINISHED, Source, SourceFile
from ingest.sources.sftp import fingerprint

FILES = 200  # on the page of a source


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file as it was seen last; ``is_gone``: the last pass did not find it."""

    file: SourceFile
    is_gone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """One source as pages show it."""

    source: Source
    file_count: int  # that the last pass found
    waiting: int  # bytes that were seen and are not taken yet: a last second, a half-written line
    last_line_at: datetime | None
    is_reading: bool  # what a pass found is still being read
    now: datetime
    files: tuple[FileView, ...] = ()
    all_files: int = 0

    @property
    def state(self) -> str:
        """In one word or few, the most pressing first."""
        source = self.source
        if source.is_running(self.now):
            return "looking"
        if source.is_paused:
            return "paused"
        if self.wants_host_key:
            return "host key to confirm"
        if source.error:
            return "failed"
        if source.is_late(self.now):
            return "late"
        if self.is_reading:
            return "reading"
        return "up to date" if source.ended_at else "waiting"

    @property
    def mark(self) -> str:
        """The sign before the state, as for runs."""
        signs = {
            "looking": "running",
            "reading": "running",
            "up to date": "finished",
            "paused": "waiting",
            "waiting": "waiting",
        }
        return signs.get(self.state, "refused")

    @property
    def is_live(self) -> bool:
        """Whether a pass is under way or about to begin, or what it found is being read: the page looks again."""
        source = self.source
        is_asked = source.due_at <= self.now and not source.is_late(self.now) and not source.is_paused
        return self.is_reading or source.is_running(self.now) or (is_asked and not self.wants_host_key)

    @property
    def wants_host_key(self) -> bool:
        return self.source.url.startswith("sftp:") and not self.source.host_key

    @property
    def offered(self) -> str:
        """The fingerprint of the key that the server showed."""
        return fingerprint(self.source.offered_host_key) if self.source.offered_host_key else ""

    @property
    def pinned(self) -> str:
        """The fingerprint of the key that was confirmed."""
        return fingerprint(self.source.host_key) if self.source.host_key else ""


def listed(*, now: datetime) -> tuple[SourceView, ...]:
    """All sources, by log host."""
    sources = list(_sources().fetch_mode(models.FETCH_RAISE))
    files: dict[int, list[SourceFile]] = {source.pk: [] for source in sources}
    for file in SourceFile.objects.filter(source__in=sources):
        files[file.source_id].append(file)
    return tuple(_view(source, files[source.pk], now=now) for source in sources)


def one(source_id: int, *, now: datetime) -> SourceView | None:
    """One source with the files seen there, those that are gone at the end; None where there is none."""
    source = _sources().filter(pk=source_id).first()
    if source is None:
        return None
    files = list(source.files.select_related("run").order_by("-seen_in_pass", "name", "pk"))
    there = {file.pk for file in _there(files)}
    views = tuple(FileView(file=file, is_gone=file.pk not in there) for file in files[:FILES])
    return _view(source, files, now=now, views=views)


def _there(files: Sequence[SourceFile]) -> list[SourceFile]:
    """Those that the last pass found which came as far as the directory."""
    newest = max((file.seen_in_pass for file in files), default=0)
    return [file for file in files if file.seen_in_pass == newest]


def _sources() -> QuerySet[Source]:
    unfinished = SourceFile.objects.filter(source=OuterRef("pk"), run__state__in=UNFINISHED)
    return Source.objects.select_related("log_host").annotate(
        last_line_at=Max("files__run__files__last_at"), is_reading=Exists(unfinished)
    )


def _view(
    source: Source, files: Sequence[SourceFile], *, now: datetime, views: tuple[FileView, ...] = ()
) -> SourceView:
    there = _there(files)
    return SourceView(
        source=source,
        file_count=len(there),
        waiting=sum(file.waiting for file in there),
        last_line_at=source.last_line_at,  # type: ignore[attr-defined]  # annotated
        is_reading=source.is_reading,  # type: ignore[attr-defined]  # likewise
        now=now,
        files=views,
        all_files=len(files),
    )
