"""An archive into files of its run, which are then read like any other.

Unpacking is a piece of work: whoever has its lease goes through the archive in order, and each log becomes a file
of the storage under a name of ours, compressed as long as it waits. The piece's offset counts the members dealt
with and moves in the transaction that notes them. A worker that dies leaves at most one member half stored, whose
row has no piece yet: the next one deletes it and goes on behind the members that are noted.
"""

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, NamedTuple, cast
from uuid import uuid4

import zstandard
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.timezone import now

from ingest.models import LogFile, Piece, State
from ingest.sources.archives import Kind, Member, Walk
from ingest.sources.batches import refuse_foreign
from ingest.sources.formats import ZSTD
from ingest.sources.limits import LimitReached, Limits, Refused, TooLarge, size_words
from ingest.sources.streams import Decompressed, LogStream, Peeked, Plain, open_stream

_BLOCK = 64 * 1024
_NOTED_AT_ONCE = 500  # members that are not read, in one transaction
_RENEWED = timedelta(seconds=settings.MAILWATCH_LEASE) / 6  # how often the lease is renewed between members
_OURS = ".zst"  # ends the path of a log that was compressed here
UNLIMITED = Limits(ratio=2**40, unpacked=2**60)  # for what was within the limits when it was compressed
_STATES = {Kind.SKIPPED: State.SKIPPED, Kind.REFUSED: State.REFUSED, Kind.DAMAGED: State.FAILED}


class Holding(NamedTuple):
    """The piece and how its lease is held: ``hold(offset)`` renews it, or raises when another worker has it."""

    piece: Piece
    hold: Callable[[int], None]
    progress: Callable[[LogFile], None] | None


def limits() -> Limits:
    """As the settings say."""
    return Limits(
        depth=settings.MAILWATCH_MAX_DEPTH,
        members=settings.MAILWATCH_MAX_MEMBERS,
        unpacked=settings.MAILWATCH_MAX_UNPACKED,
        member=settings.MAILWATCH_MAX_MEMBER,
        ratio=settings.MAILWATCH_MAX_RATIO,
    )


def stream_of(file: LogFile, opened: BinaryIO) -> Peeked:
    """A file that was just opened, through its compressions. Raises Refused."""
    within = limits()
    if file.archive_id is not None:
        within = replace(within, unpacked=within.member)
    source: LogStream = Plain(opened)
    if is_packed(file):
        source = Decompressed(source, ZSTD, UNLIMITED)
    return open_stream(source, within)


def is_packed(file: LogFile) -> bool:
    """Whether the log was compressed here, as long as it waits."""
    return file.archive_id is not None and file.path.endswith(_OURS)


def is_archive(file: LogFile, opened: BinaryIO) -> bool:
    """Whether a file that was just opened holds members; False too for what cannot be told."""
    try:
        return stream_of(file, opened).archive is not None
    except Refused:
        return False


def unpack(holding: Holding, opened: BinaryIO) -> tuple[State, str]:
    """Make files of the run from the members of an archive; the archive's own state, and a sentence unless all is well.

    ``opened`` is the archive at its beginning.
    """
    return _Unpacking(holding, opened).run()


def discard_leftovers(archive: LogFile) -> None:
    """Delete the member that a worker was storing when it was stopped."""
    for row in LogFile.objects.filter(archive=archive, state=State.WAITING, pieces=None):
        _discard(row)


def _discard(row: LogFile) -> None:
    default_storage.delete(row.path)
    row.delete()


class _Watched(io.RawIOBase):
    """A file that calls back now and then while it is read, however long a stretch of it is passed over."""

    def __init__(self, file: BinaryIO, call: Callable[[], None]) -> None:
        self._file = file
        self._call = call

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self._call()
        return self._file.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        return self._file.seek(place, whence)

    def tell(self) -> int:
        return self._file.tell()


class _Unpacking:
    def __init__(self, holding: Holding, opened: BinaryIO) -> None:
        self._holding = holding
        self._file = holding.piece.file
        self._opened = opened
        self._renewed_at = time.monotonic()
        self._rows: list[LogFile] = []  # of members that are not read, to be noted
        self._limits = limits()
        self._walk = Walk(
            limits=self._limits,
            size=self._file.size,
            folder=Path(settings.FILE_UPLOAD_TEMP_DIR or settings.MAILWATCH_HOME),
            refuse_foreign=lambda entries, name: refuse_foreign(entries, self._file.log_host.zone, name=name),
        )

    def run(self) -> tuple[State, str]:
        discard_leftovers(self._file)
        problem, number = "", 0
        watched = cast("BinaryIO", _Watched(self._opened, self._renew))
        try:
            stream = stream_of(self._file, watched)
            for number, member in enumerate(self._walk.members(watched, stream), start=1):
                if number > self._holding.piece.offset + len(self._rows):
                    self._take(member, number)
        except Refused as refusal:
            problem = str(refusal)
        self._note(number)
        has_logs = LogFile.objects.filter(archive=self._file, pieces__isnull=False).exists()
        if problem:
            return (State.FAILED if has_logs else State.REFUSED), problem
        return (State.UNPACKED, "") if has_logs else (State.REFUSED, "There is no Exim log in this archive.")

    def _take(self, member: Member, number: int) -> None:
        if member.stream is not None:
            self._note(number - 1)
            self._store(member, member.stream, number)
            return
        self._rows.append(
            LogFile(
                **self._columns(member), state=_STATES[member.kind], error=member.reason, finished_at=now()
            )
        )
        if len(self._rows) == _NOTED_AT_ONCE:
            self._note(number)

    def _columns(self, member: Member) -> dict[str, object]:
        file = self._file
        return {
            "run_id": file.run_id,
            "log_host_id": file.log_host_id,
            "archive": file,
            "name": member.name,
            "is_upload": True,
        }

    def _note(self, number: int) -> None:
        """Members that are not read, up to the ``number``-th member."""
        if not self._rows:
            return
        with transaction.atomic():
            self._holding.hold(number)
            LogFile.objects.bulk_create(self._rows)
        self._rows.clear()

    def _store(self, member: Member, stream: LogStream, number: int) -> None:
        """One log into the storage, and a piece for whoever is free to read it."""
        name = uuid4().hex + ("" if member.is_packed else _OURS)
        path = default_storage.get_available_name(str(PurePosixPath("unpacked", name)))
        with transaction.atomic():
            self._holding.hold(number - 1)
            row = LogFile.objects.create(**self._columns(member), path=path)
        copy = _Copy(stream, self._limits, self._count)
        try:
            blocks = Blocks(copy.blocks(is_packed=member.is_packed))
            kept = default_storage.save(path, File(cast("IO[bytes]", blocks)))
            damage = stream.damage
            if damage and not member.keeps_damaged:
                raise Refused(damage)
        except LimitReached:
            _discard(row)
            raise
        except Refused as refusal:
            self._refuse(row, number, str(refusal))
            return
        except BaseException:
            default_storage.delete(path)
            raise
        self._hand_over(row, number, path=kept, digest=copy.digest, damage=damage)

    def _hand_over(self, row: LogFile, number: int, **columns: str) -> None:
        try:
            with transaction.atomic():
                self._holding.hold(number)
                size = default_storage.size(columns["path"])
                LogFile.objects.filter(pk=row.pk).update(size=size, **columns)
                Piece.objects.create(file=row)
        except BaseException:
            default_storage.delete(columns["path"])
            raise
        self._tell()

    def _refuse(self, row: LogFile, number: int, reason: str) -> None:
        default_storage.delete(row.path)
        with transaction.atomic():
            self._holding.hold(number)
            LogFile.objects.filter(pk=row.pk).update(state=State.REFUSED, error=reason, finished_at=now())

    # ---- the lease and the progress, while a member is long

    def _count(self, size: int) -> None:
        self._walk.count(size)
        self._renew()

    def _renew(self) -> None:
        if time.monotonic() - self._renewed_at < _RENEWED.total_seconds():
            return
        self._holding.hold(self._holding.piece.offset)
        self._tell()

    def _tell(self) -> None:
        self._renewed_at = time.monotonic()
        LogFile.objects.filter(pk=self._file.pk).update(size_read=self._opened.tell())
        if self._holding.progress is not None:
            self._holding.progress(self._file)


class _Copy:
    """A member read to its end: counted, and identified by its bytes as they stand in the archive."""

    def __init__(self, stream: LogStream, limits: Limits, count: Callable[[int], None]) -> None:
        self._stream = stream
        self._limits = limits
        self._count = count
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    def blocks(self, *, is_packed: bool) -> Iterator[bytes]:
        """What is stored: the bytes as they are, or compressed."""
        if is_packed:
            yield from self._read()
            return
        compressor = zstandard.ZstdCompressor(level=1).compressobj()
        for block in self._read():
            if packed := compressor.compress(block):
                yield packed
        yield compressor.flush()

    def _read(self) -> Iterator[bytes]:
        size = 0
        while block := self._stream.read(_BLOCK):
            size += len(block)
            if size > self._limits.member:
                raise TooLarge(f"It is larger than {size_words(self._limits.member)}, the most that is read.")
            self._count(len(block))
            self._digest.update(block)
            yield block


class Blocks(io.RawIOBase):
    """What the file storage reads from."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return next(self._blocks, b"")
