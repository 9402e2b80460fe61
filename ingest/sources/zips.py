"""Zip archives: the standard library reads the table of contents; the members are read here, in bounded memory."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

from ingest.sources.formats import BZIP2, DEFLATE, XZ, ZSTD
from ingest.sources.limits import LimitReached, Limits, Refused
from ingest.sources.streams import Decompressed, LogStream

_ENTRY = 400  # bytes of the table of contents that a member may take, on average
_SMALLEST_TABLE = 1024 * 1024
_LOCAL = struct.Struct("<4s22xHH")
_METHODS = {8: DEFLATE, 12: BZIP2, 93: ZSTD, 95: XZ}
_STORED = 0
_ENCRYPTED = 1 | 1 << 6 | 1 << 13  # flags: by password, strongly, with its names hidden
_ERRORS = (
    zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OverflowError, EOFError, KeyError, IndexError,
)  # fmt: skip

_DAMAGED = "It is damaged: what it holds is not what the archive says."
_NO_TABLE = (
    "The zip archive is damaged or cut off: its table of contents is missing, so nothing of it was read."
)


class _Bounded:
    """A file of which no more is read at a time than the table of contents may take."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        self._most = max(_SMALLEST_TABLE, _ENTRY * limits.members)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, place: int, whence: int = 0) -> int:
        return self._file.seek(place, whence)

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise LimitReached(
                f"The archive has more than {self._limits.members:,} members; nothing of it was read."
            )
        return self._file.read(size)


class _Range:
    """Some bytes of a file."""

    damage = ""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file = file
        self._start = start
        self._left = size

    @property
    def consumed(self) -> int:
        return self._start

    def read(self, size: int, /) -> bytes:
        self._file.seek(self._start)
        block = self._file.read(min(size, self._left))
        self._start += len(block)
        self._left -= len(block)
        return block


class _Checked:
    """A member's bytes, compared at the end with the size and the checksum that the archive gives."""

    def __init__(self, stream: LogStream, member: zipfile.ZipInfo) -> None:
        self._stream = stream
        self._member = member
        self._size = self._checksum = 0
        self.damage = ""

    @property
    def consumed(self) -> int:
        return self._stream.consumed

    def read(self, size: int, /) -> bytes:
        block = self._stream.read(size)
        self._size += len(block)
        self._checksum = zlib.crc32(block, self._checksum)
        is_whole = (self._size, self._checksum) == (self._member.file_size, self._member.CRC)
        if self._size > self._member.file_size or not (block or is_whole):
            self.damage = _DAMAGED
            return b""
        return block


def zip_members(file: BinaryIO, limits: Limits) -> Iterator[tuple[zipfile.ZipInfo, LogStream | Refused]]:
    """Each member with its bytes, or why there are none.

    Raises Refused, with one sentence, where there is no table of contents.
    """
    try:
        with zipfile.ZipFile(cast("IO[bytes]", _Bounded(file, limits))) as table:
            members = table.infolist()
    except _ERRORS as error:
        raise Refused(_NO_TABLE) from error
    for member in members:
        yield member, _opened(file, member, limits)


def _opened(file: BinaryIO, member: zipfile.ZipInfo, limits: Limits) -> LogStream | Refused:
    if member.flag_bits & _ENCRYPTED:
        return Refused("It is encrypted; unpack it with its password and hand in what comes out.")
    form = _METHODS.get(member.compress_type)
    if form is None and member.compress_type != _STORED:
        return Refused(f"It is packed by a method of zip that is not read (number {member.compress_type}).")
    file.seek(member.header_offset)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        return Refused(_DAMAGED)
    _, name_size, extra_size = _LOCAL.unpack(head)
    start = member.header_offset + _LOCAL.size + name_size + extra_size
    packed = _Range(file, start, member.compress_size)
    stream = packed if form is None else Decompressed(packed, form, limits, is_single=True)
    return _Checked(stream, member)
