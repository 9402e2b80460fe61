"""Tar archives read in order, through bounds that the standard library lacks."""

import tarfile
from collections.abc import Iterator
from typing import IO, Any, cast

from ingest.sources.limits import Refused
from ingest.sources.streams import LogStream

_HEADERS = 128 * 1024  # bytes of headers of one member: a name may claim to be gigabytes long
_SHARED_HEADERS = 100  # pax headers that hold for all members; more are forgotten
_BLOCK = 64 * 1024
_ZEROS = bytes(tarfile.BLOCKSIZE)
_ERRORS = (tarfile.TarError, ValueError, OverflowError, RecursionError, KeyError)

DAMAGED = "The tar archive is damaged; what comes after the damage could not be read."
CUT = "The tar archive ends too early; the rest of it is missing."


class _Forward:
    """A stream with the methods that tarfile calls: seeking goes forward only, and headers are bounded."""

    def __init__(self, stream: LogStream) -> None:
        self._stream = stream
        self._place = 0
        self.headers_left = _HEADERS
        self.last = b""

    def tell(self) -> int:
        return self._place

    def seek(self, place: int) -> None:
        if place < self._place:
            raise Refused(DAMAGED)
        while self._place < place:
            if not self.data(min(_BLOCK, place - self._place)):
                return

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes of headers, fewer only at the end."""
        if size < 0 or size > self.headers_left:
            raise Refused(DAMAGED)
        self.headers_left -= size
        parts = []
        while size and (block := self.data(size)):
            parts.append(block)
            size -= len(block)
        self.last = b"".join(parts)
        return self.last

    def data(self, size: int) -> bytes:
        block = self._stream.read(size)
        self._place += len(block)
        return block


class _Stretch:
    """The bytes of one member."""

    def __init__(self, file: _Forward, stream: LogStream, size: int) -> None:
        self._file = file
        self._stream = stream
        self._left = size
        self.damage = ""

    @property
    def consumed(self) -> int:
        return self._stream.consumed

    def read(self, size: int, /) -> bytes:
        block = self._file.data(min(size, self._left)) if self._left else b""
        self._left -= len(block)
        if not block and self._left:
            self.damage = (
                self._stream.damage or "The archive ends within this file; the rest of the log is missing."
            )
        return block


def tar_members(stream: LogStream) -> Iterator[tuple[tarfile.TarInfo, LogStream]]:
    """Each member with its bytes, to be read before the next is asked for; what is not read is passed over.

    Raises Refused, with one sentence, where the archive is cut or damaged.
    """
    file = _Forward(stream)
    try:
        tar = tarfile.TarFile(fileobj=cast("IO[bytes]", file), errors="surrogateescape")
        while (member := _next(tar, file)) is not None:
            yield member, _Stretch(file, stream, member.size)
    except _ERRORS as error:
        raise Refused(stream.damage or _told(error)) from error
    is_at_end = file.last == _ZEROS  # tarfile takes anything else for the end, too
    while stream.read(_BLOCK):  # a checksum stands at the very end
        pass
    if stream.damage:
        raise Refused(stream.damage)
    if not is_at_end:
        raise Refused(DAMAGED if len(file.last) == tarfile.BLOCKSIZE else CUT)


def _next(tar: tarfile.TarFile, file: _Forward) -> tarfile.TarInfo | None:
    file.headers_left = _HEADERS
    member = tar.next()
    kept = cast("Any", tar)  # what would grow with the archive
    kept.members.clear()
    if len(kept.pax_headers) > _SHARED_HEADERS:
        kept.pax_headers.clear()
    if member is not None and member.size < 0:
        raise Refused(DAMAGED)
    return member


def _told(error: Exception) -> str:
    return CUT if "unexpected end" in str(error) else DAMAGED
