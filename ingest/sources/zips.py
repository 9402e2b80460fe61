"""Zip archives: the standard library reads the table of contents; the members are read here, in bounded memory."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, NamedTuple, cast

from ingest.sources.formats import BZIP2, DEFLATE, XZ, ZSTD
from ingest.sources.limits import LimitReached, Limits, Refused
from ingest.sources.streams import Decompressed, LogStream

_ENTRY = 400  # bytes of the table of contents that a member may take, on average
_SMALLEST_TABLE = 1024 * 1024
_LOCAL = struct.Struct(
    "<4s2xHH4xIIIHH"
)  # mark, flags, method, checksum, packed, unpacked, sizes of name and extra
_MARK = b"PK\x03\x04"
_SIZES_FOLLOW = 1 << 3  # flag: the sizes stand behind the bytes, where only the table of contents leads
_UTF8 = 1 << 11
_ELSEWHERE = 0xFFFFFFFF  # as a size: it is larger
_METHODS = {8: DEFLATE, 12: BZIP2, 93: ZSTD, 95: XZ}
_STORED = 0
_ENCRYPTED = 1 | 1 << 6 | 1 << 13  # flags: by password, strongly, with its names hidden
_ERRORS = (
    zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OverflowError, EOFError, KeyError, IndexError,
)  # fmt: skip

_DAMAGED = "It is damaged: what it holds is not what the archive says."
_NO_TABLE = (
    "The zip archive is damaged or cut off: its table of contents is missing, "
    "so that only what stands before the damage could be read."
)
_CUT = "The archive ends within this file; the rest of the log is missing."


class ZipMember(NamedTuple):
    info: zipfile.ZipInfo
    source: LogStream | Refused  # its bytes, or why there are none
    is_cut: bool = False  # the archive ends within it


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

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self.damage = ""
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
        if not block and self._left:
            self.damage = _CUT
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
            self.damage = _CUT if self._stream.damage == _CUT else _DAMAGED
            return b""
        return block


def zip_members(file: BinaryIO, limits: Limits) -> Iterator[ZipMember]:
    """Each member, as the table of contents lists them; without one, as they stand in a row.

    Raises Refused, with one sentence, at the end of an archive without a table of contents.
    """
    try:
        with zipfile.ZipFile(cast("IO[bytes]", _Bounded(file, limits))) as table:
            members = table.infolist()
    except _ERRORS as error:
        yield from _in_a_row(file, limits)
        raise Refused(_NO_TABLE) from error
    for member in members:
        yield ZipMember(member, _opened(file, member, limits))


def _in_a_row(file: BinaryIO, limits: Limits) -> Iterator[ZipMember]:
    """The members of an archive that is cut off, up to one whose size is not known."""
    end, place = file.seek(0, io.SEEK_END), 0
    while (member := _member_at(file, place)) is not None:
        place = (_start_of(file, place) or end) + member.compress_size
        yield ZipMember(member, _opened(file, member, limits), place > end)


def _member_at(file: BinaryIO, place: int) -> zipfile.ZipInfo | None:
    file.seek(place)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(_MARK):
        return None
    _, flags, method, checksum, packed, unpacked, name_size, _ = _LOCAL.unpack(head)
    if flags & _SIZES_FOLLOW or _ELSEWHERE in (packed, unpacked):
        return None
    name = file.read(name_size).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    member = zipfile.ZipInfo(name)
    member.flag_bits, member.compress_type, member.CRC = flags, method, checksum
    member.compress_size, member.file_size, member.header_offset = packed, unpacked, place
    return member


def _opened(file: BinaryIO, member: zipfile.ZipInfo, limits: Limits) -> LogStream | Refused:
    if member.flag_bits & _ENCRYPTED:
        return Refused("It is encrypted; unpack it with its password and hand in what comes out.")
    form = _METHODS.get(member.compress_type)
    if form is None and member.compress_type != _STORED:
        return Refused(f"It is packed by a method of zip that is not read (number {member.compress_type}).")
    start = _start_of(file, member.header_offset)
    if start is None:
        return Refused(_DAMAGED)
    packed = _Range(file, start, member.compress_size)
    stream = packed if form is None else Decompressed(packed, form, limits, is_single=True)
    return _Checked(stream, member)


def _start_of(file: BinaryIO, place: int) -> int | None:
    """Where the bytes of the member begin whose header is at ``place``, if one is."""
    if place < 0:
        return None
    file.seek(place)
    head = file.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(_MARK):
        return None
    *_, name_size, extra_size = _LOCAL.unpack(head)
    return place + _LOCAL.size + int(name_size) + int(extra_size)
