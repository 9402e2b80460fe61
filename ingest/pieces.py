"""A file's text in pieces, so that several workers share it.

A large plain file is cut when its first batch is stored and so known to be a log: the pieces are stretches of the
file. A large compressed one can only be read from its beginning: its first piece becomes the reading, which one
worker does in order, and the text goes through the file storage as pieces for whoever is free. It stays a few
pieces ahead and no more. A worker that dies leaves at most one stored text that no piece knows of, whose path it
noted before: the next one deletes that, reads from the beginning again, and goes on behind what was handed on.
"""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, NamedTuple, cast
from uuid import uuid4

import zstandard
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction

from ingest import leases, stored_files, unpacking
from ingest.models import LogFile, Piece, State
from ingest.sources import cuts
from ingest.sources.batches import BATCH_SIZE, batches, refuse_foreign, skip
from ingest.sources.formats import ZSTD
from ingest.sources.limits import Refused
from ingest.sources.streams import Decompressed, LogStream, Peeked, Plain, Stretch

SMALL = 3 * 1024 * 1024  # bytes of a compressed file that one worker reads alone: about a piece of text
MOST_WAITING = 4  # pieces of a file that nobody has begun; then their reader works on one of them
_RENEWED = leases.LEASE.total_seconds() / 6


class Text(NamedTuple):
    """The text of a piece."""

    stream: LogStream
    at: int  # offset of what the stream gives first
    plain: Stretch | None = None  # the same stream, where it is a stretch of the file as handed in


class Readers(NamedTuple):
    """How a reader gets others to work on what it hands on."""

    wake: Callable[[Sequence[int]], None]  # pieces that are new
    help: Callable[[Piece], None]  # work on a piece of the same file oneself, or wait a little


def opened(piece: Piece) -> AbstractContextManager[BinaryIO]:
    """What holds the text of a piece. Raises OSError."""
    if piece.path and not piece.hands_on:
        return stored_files.opened(piece.path)
    return opened_file(piece.file)


def opened_file(file: LogFile) -> AbstractContextManager[BinaryIO]:
    """A file as handed in. Raises OSError."""
    return stored_files.opened(file.path) if file.is_upload else Path(file.path).open("rb")


def text_of(piece: Piece, source: BinaryIO) -> Text:
    """The text of a piece from its offset on, or from before. Raises Refused."""
    if piece.path and not piece.hands_on:
        return Text(Decompressed(Plain(source), ZSTD, unpacking.UNLIMITED), piece.start)
    if piece.number:
        plain = Stretch(source, piece.offset, piece.end)
        return Text(plain, piece.offset, plain)
    stream = unpacking.stream_of(piece.file, source)
    if stream.layers or unpacking.is_packed(piece.file) or stream.archive:
        return Text(stream, 0)
    plain = Stretch(source, piece.offset, piece.end)
    return Text(plain, piece.offset, plain)


def bytes_of(piece: Piece, text: Text, end: int) -> int:
    """How many bytes of the handed-in file the text from the piece's offset to ``end`` took: for progress."""
    if text.plain is not None:
        return end - piece.offset
    if piece.end is not None:
        return piece.packed * (end - piece.offset) // (piece.end - piece.start)
    return max(0, text.stream.consumed - piece.file.size_read)


def expected(file: LogFile) -> int:
    """About how many pieces a file will be, before it is read."""
    if file.size <= SMALL:
        return 1
    try:
        with opened_file(file) as source:
            stream = unpacking.stream_of(file, source)
            is_plain = not stream.layers and not unpacking.is_packed(file)
    except (OSError, Refused):  # told when it is read
        return 1
    return -(-file.size // (cuts.PIECE_SIZE if is_plain else SMALL))


# ---- plain files


def places(piece: Piece, text: Text, source: BinaryIO) -> list[int]:
    """Where to cut the file of a piece whose first batch was read; empty where it stays whole."""
    if text.plain is None or piece.number or piece.offset or piece.end is not None:
        return []
    here = source.tell()
    size = source.seek(0, io.SEEK_END)
    source.seek(here)
    return cuts.places(source, size, after=here)


def divide(piece: Piece, at: Sequence[int]) -> list[int]:
    """Make pieces of a file that was one so far, cut at these places; the new ones. Call it with the first batch."""
    Piece.objects.filter(pk=piece.pk).update(end=at[0])
    ends = [*at[1:], None]
    return [
        Piece.objects.create(file_id=piece.file_id, number=number, start=start, offset=start, end=end).pk
        for number, (start, end) in enumerate(zip(at, ends, strict=True), start=1)
    ]


# ---- compressed files


def is_to_be_handed_on(piece: Piece, text: Text) -> bool:
    """Whether the piece is the reading of a large compressed file."""
    if piece.hands_on:
        return True
    return text.plain is None and piece.number == 0 and piece.offset == 0 and piece.file.size > SMALL


def hand_on(piece: Piece, stream: Peeked, readers: Readers) -> None:
    """Read a compressed file from the piece's offset to its end and make pieces of the text.

    Raises Refused for what is no log, and where the limits end it.
    """
    _HandingOn(piece, stream, readers).run()


class _HandingOn:
    def __init__(self, piece: Piece, stream: Peeked, readers: Readers) -> None:
        self._piece = piece
        self._stream = stream
        self._readers = readers
        self._renewed_at = time.monotonic()

    def run(self) -> None:
        piece, stream = self._piece, self._stream
        if piece.path:
            stored_files.delete(piece.path)
        if piece.offset == 0:
            _refuse_foreign(piece.file, stream)
        skip(stream, piece.offset)
        divided = cuts.Divided(stream)
        while divided.has_more:
            while self._waiting() >= MOST_WAITING:
                self._readers.help(piece)
            self._hand_on(divided.piece())
        if divided.refusal is not None:
            raise divided.refusal

    def _waiting(self) -> int:
        return Piece.objects.filter(file=self._piece.file_id, number__gt=0, state=State.WAITING).count()

    def _hand_on(self, blocks: Iterator[bytes]) -> None:
        piece = self._piece
        path = default_storage.get_available_name(str(PurePosixPath("pieces", f"{uuid4().hex}.zst")))
        Piece.objects.filter(pk=piece.pk).update(path=path)
        counted, before = _Counted(blocks, self._renew), self._stream.consumed
        compressed = unpacking.Blocks(_compressed(counted))
        kept = default_storage.save(path, File(cast("IO[bytes]", compressed)))
        start, end = piece.offset, piece.offset + counted.size
        try:
            with transaction.atomic():
                leases.hold(piece, end)
                Piece.objects.filter(pk=piece.pk).update(path="", hands_on=True)
                made = self._new_piece(start, end, path=kept, packed=self._stream.consumed - before)
        except BaseException:
            default_storage.delete(kept)
            raise
        piece.hands_on, piece.path = True, ""
        self._readers.wake([made.pk])

    def _new_piece(self, start: int, end: int, **columns: str | int) -> Piece:
        last = Piece.objects.filter(file=self._piece.file_id).order_by("-number").first()
        number = 1 if last is None else last.number + 1
        return Piece.objects.create(
            file_id=self._piece.file_id, number=number, start=start, offset=start, end=end, **columns
        )

    def _renew(self) -> None:
        if time.monotonic() - self._renewed_at > _RENEWED:
            leases.hold(self._piece, self._piece.offset)
            self._renewed_at = time.monotonic()


def _refuse_foreign(file: LogFile, stream: Peeked) -> None:
    head = Peeked(Plain(io.BytesIO(stream.peek(BATCH_SIZE))))
    batch = next(batches(head), None)
    if batch is None:
        raise Refused(stream.damage_ahead or "The file has no text in it.")
    if not file.is_continuation:
        refuse_foreign(batch.entries, file.log_host.zone, name=file.name)


class _Counted:
    """Blocks on their way."""

    def __init__(self, blocks: Iterator[bytes], call: Callable[[], None]) -> None:
        self._blocks = blocks
        self._call = call
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self.size += len(block)
            self._call()
            yield block


def _compressed(blocks: _Counted) -> Iterator[bytes]:
    compressor = zstandard.ZstdCompressor(level=1).compressobj()
    for block in blocks:
        if packed := compressor.compress(block):
            yield packed
    yield compressor.flush()


# ---- afterwards


def forget_text(piece_id: int, path: str) -> None:
    """Delete the text that was handed on to a piece which is done."""
    stored_files.delete(path)
    Piece.objects.filter(pk=piece_id, path=path).update(path="")


def forget_texts(run_id: int) -> None:
    """The same for all pieces of a run: what workers left that died in between."""
    left = Piece.objects.filter(file__run=run_id).exclude(path="")
    for piece_id, path in left.values_list("pk", "path"):
        forget_text(piece_id, path)
