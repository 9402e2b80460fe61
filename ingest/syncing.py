"""A pass over a source: what is new in its directory is copied into the file storage and becomes a run.

How far each file was read moves in the transaction that makes the run, so a pass that dies is as if it had never
begun. One pass of a source at a time: whoever makes it holds the lease, and its number is the token.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast
from uuid import uuid4

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.timezone import now

from ingest import pipeline, unpacking
from ingest.models import IngestRun, LogFile, Source, SourceFile
from ingest.sealing import Unsealable, unseal
from ingest.sources.directories import Directory, Listed, reached
from ingest.sources.growth import Mark, Reading, read_new
from ingest.sources.limits import Refused
from ingest.sources.places import BadPlace, Credentials, Place, Unreachable, read_place

log = logging.getLogger(__name__)

QUIET = 2.0  # seconds without growth after which the last second of a log is surely over
_LEASE = timedelta(minutes=2)
_RENEWED = timedelta(seconds=20)
_MOST_AT_ONCE = 512 * 1024 * 1024  # bytes copied before they are handed on
_FORGOTTEN = timedelta(days=60)  # after which a file that is gone is not remembered
_MARK = ("name", "size", "modified_at", "offset", "waiting", "head_size", "head", "tail_size", "tail")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """What a pass did."""

    runs: tuple[IngestRun, ...] = ()
    files: int = 0  # with something new
    size: int = 0  # bytes copied
    error: str = ""


class _TakenOver(Exception):
    """The lease ran out and another pass has begun: what this one read is not handed on."""


# ---- what is due, and whose turn it is


def due() -> list[int]:
    """The sources whose time has come and that nobody looks at."""
    waiting = Source.objects.filter(is_paused=False, due_at__lte=Now()).filter(_lease_is_free())
    return list(waiting.order_by("due_at").values_list("pk", flat=True))


def ask(source: Source) -> None:
    """Let the next pass begin as soon as somebody looks."""
    Source.objects.filter(pk=source.pk).update(due_at=Now())


def _lease_is_free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=Now())


def sync(source_id: int) -> Pass | None:
    """One pass; None where another is under way. What goes wrong stands in the result and on the source."""
    began_at = now()
    taken = Source.objects.filter(pk=source_id).filter(_lease_is_free())
    if not taken.update(lease_until=Now() + _LEASE, passes=F("passes") + 1, began_at=began_at):
        return None
    source = Source.objects.select_related("log_host").get(pk=source_id)
    work = _Work(source)
    error = ""
    try:
        work.run()
    except _TakenOver:
        return None
    except (Unreachable, BadPlace, Unsealable) as reason:
        error = str(reason)
    except OSError as reason:
        error = f"The pass ended early: {reason.strerror or reason}."
    except Exception as reason:
        log.exception("%s: the pass was given up", source)
        error = f"The pass was given up. {type(reason).__name__}: {str(reason).rstrip('.')}."
    _end(source, error or work.errors())
    return Pass(runs=tuple(work.runs), files=work.files, size=work.size, error=error or work.errors())


def _end(source: Source, error: str) -> None:
    at = now()
    ended = {"lease_until": None, "ended_at": at, "error": error}
    if not error:
        ended["succeeded_at"] = at
    ours = Source.objects.filter(pk=source.pk, passes=source.passes)
    ours.update(**ended)
    # asked for meanwhile: the next pass begins at once
    ours.filter(due_at__lte=source.began_at).update(due_at=at + timedelta(minutes=source.every_minutes))


# ---- a pass


def place_of(url: str) -> Place:
    """Read the URL of a source as the settings allow. Raises BadPlace."""
    return read_place(
        url, schemes=settings.MAILWATCH_SOURCE_SCHEMES, inside=settings.MAILWATCH_SOURCE_NETWORKS
    )


def allowed() -> tuple[Path, ...]:
    """The directories of this machine that sources may be in."""
    return tuple(Path(name) for name in settings.MAILWATCH_SOURCE_DIRECTORIES)


def credentials_of(source: Source) -> Credentials:
    """Raises Unsealable."""
    return Credentials(
        password=unseal(source.sealed_password),
        private_key=unseal(source.sealed_private_key),
        host_key=source.host_key,
    )


@dataclass(slots=True)
class _Seen:
    """A file of the source as the pass knows it."""

    row: SourceFile

    @property
    def mark(self) -> Mark:
        return Mark(**{name: getattr(self.row, name) for name in _MARK})

    def move(self, mark: Mark) -> None:
        for name in _MARK:
            setattr(self.row, name, getattr(mark, name))


@dataclass(slots=True)
class _Part:
    """What is new of one file, in the file storage."""

    row: SourceFile
    incoming: pipeline.IncomingFile


@dataclass(slots=True)
class _Work:
    source: Source
    runs: list[IngestRun] = field(default_factory=list)
    files: int = 0
    size: int = 0
    _seen: list[_Seen] = field(default_factory=list)
    _changed: list[SourceFile] = field(default_factory=list)
    _parts: list[_Part] = field(default_factory=list)
    _renewed_at: float = 0.0
    _errors: list[str] = field(default_factory=list)

    def run(self) -> None:
        source = self.source
        _discard_leftovers(source)
        self._seen = [_Seen(row) for row in source.files.order_by("-seen_in_pass", "-offset")]
        place = place_of(source.url)
        try:
            with reached(place, credentials_of(source), within=allowed()) as directory:
                self._look(directory)
            self._hand_on()
        except BaseException:
            for part in self._parts:
                default_storage.delete(part.incoming.path)
            raise
        source.files.filter(seen_at__lt=now() - _FORGOTTEN).delete()

    def errors(self) -> str:
        """Files that could not be read, in one sentence each."""
        return " ".join(self._errors[:5])

    def _look(self, directory: Directory) -> None:
        listed = directory.files(self.source.patterns.split())
        changed = [file for file in listed if not self._is_unchanged(file)]
        if changed:
            time.sleep(QUIET)
        for file in changed:
            self._alive()
            self._read(directory, file)
            if sum(part.incoming.size for part in self._parts) > _MOST_AT_ONCE:
                self._hand_on()

    def _is_unchanged(self, file: Listed) -> bool:
        for seen in self._seen:
            if seen.row.name == file.name:
                if not seen.mark.is_unchanged(file):
                    return False
                self._note(seen.row)
                return True
        return False

    def _read(self, directory: Directory, listed: Listed) -> None:
        """Read what is new of a file; one that cannot be read does not hold up the others."""
        try:
            size = directory.size(listed.name)
            with directory.open(listed.name) as file, spool() as into:
                reading = read_new(
                    file,
                    replace(listed, size=size),
                    [seen.mark for seen in self._seen],
                    cast("BinaryIO", into),
                    is_quiet=size == listed.size,
                    limits=unpacking.limits(),
                    alive=self._alive,
                )
                row = self._moved(reading)
                if reading.size:
                    self._keep(row, reading, into)
        except FileNotFoundError:
            return  # it was renamed meanwhile: the next pass knows it again
        except (OSError, Refused, BadPlace) as error:
            self._complain(listed, str(getattr(error, "strerror", None) or error))

    def _moved(self, reading: Reading) -> SourceFile:
        seen = next((seen for seen in self._seen if seen.mark == reading.known), None)
        if seen is None:  # nothing of it was read so far: it is known by its name, if at all
            same = (one for one in self._seen if one.row.name == reading.mark.name and not one.row.offset)
            seen = next(same, None)
        if seen is None:
            seen = _Seen(SourceFile(source=self.source))
            self._seen.insert(0, seen)
        seen.move(reading.mark)
        seen.row.error = ""
        self._note(seen.row)
        return seen.row

    def _complain(self, listed: Listed, reason: str) -> None:
        row = next((seen.row for seen in self._seen if seen.row.name == listed.name), None)
        if row is None:
            row = SourceFile(source=self.source, name=listed.name, size=listed.size)
            self._seen.insert(0, _Seen(row))
        row.error = f"{reason.rstrip('.')}."
        self._errors.append(f"{listed.name}: {row.error}")
        self._note(row)

    def _note(self, row: SourceFile) -> None:
        row.seen_in_pass, row.seen_at = self.source.passes, now()
        if row not in self._changed:
            self._changed.append(row)

    def _keep(self, row: SourceFile, reading: Reading, into: TemporaryUploadedFile) -> None:
        self._parts.append(_Part(row, keep(reading, into, _folder(self.source))))
        self.files += 1
        self.size += reading.size

    def _hand_on(self) -> None:
        """What was read becomes a run, and the files are as far as they were read; or neither."""
        with transaction.atomic():
            self._hold()
            run = None
            if self._parts:
                run = pipeline.new_run(
                    log_host=self.source.log_host,
                    files=[part.incoming for part in self._parts],
                    started_by=f"source {self.source.url}"[:150],
                )
                for part in self._parts:
                    part.row.run = run
            for row in self._changed:
                row.save()
        self.runs += [run] if run else []
        self._parts.clear()
        self._changed.clear()

    def _alive(self) -> None:
        """Renew the lease now and then."""
        if time.monotonic() - self._renewed_at > _RENEWED.total_seconds():
            self._hold()

    def _hold(self) -> None:
        ours = Source.objects.filter(pk=self.source.pk, passes=self.source.passes)
        if not ours.update(lease_until=Now() + _LEASE):
            raise _TakenOver
        self._renewed_at = time.monotonic()


# ---- the copies in the file storage


@contextmanager
def spool() -> Iterator[TemporaryUploadedFile]:
    """A file to write what is new into, which the file storage takes over without a copy, where it can."""
    file = TemporaryUploadedFile("part", "", 0, None)
    try:
        yield file
    finally:
        file.close()


def keep(reading: Reading, spooled: TemporaryUploadedFile, folder: str) -> pipeline.IncomingFile:
    """Put what was read into a folder of the file storage, as a file for a run."""
    spooled.seek(0)
    spooled.size = reading.size
    stored = default_storage.save(str(PurePosixPath(folder, uuid4().hex)), spooled)
    return pipeline.IncomingFile(
        name=reading.mark.name,
        path=stored,
        size=reading.size,
        is_upload=True,
        is_continuation=reading.is_continuation,
    )


def _folder(source: Source) -> str:
    return f"sources/{source.pk}"


def _discard_leftovers(source: Source) -> None:
    """Delete what a pass copied that died before it handed it on."""
    try:
        _, names = default_storage.listdir(_folder(source))
    except FileNotFoundError:
        return
    for name in names:
        path = f"{_folder(source)}/{name}"
        if not LogFile.objects.filter(path=path).exists():
            default_storage.delete(path)
