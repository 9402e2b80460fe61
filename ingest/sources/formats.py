"""Formats told by their first bytes: compressions, archives, and what is not read."""

import bz2
import lzma
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import zstandard

from ingest.sources.limits import Foreign, Refused

HEAD = 512  # bytes that tell every format
MEMORY = 128 * 1024 * 1024  # bytes that a decompressor may ask for: xz -9 needs 65 MB, zstd --ultra 128 MB
_ZSTD_STEP = 512  # bytes fed at a time: a zstd block of 4 bytes can give 128 KB, and its output has no bound
_ZSTD_OUTPUT = 64 * 1024

ERRORS = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError, ValueError)
"""What decompressors raise over damaged bytes (bzip2: OSError)."""


class Unit(Protocol):
    """One gzip member, bzip2 stream, xz stream or zstd frame; a file may hold several in a row."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Deflate:
    """zlib with the manners of bz2 and lzma."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits=wbits)
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not (self.eof or self._is_full or self._inner.unconsumed_tail)

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        text = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._is_full = len(text) >= max_length  # there may be more without any more input
        return text


class _Zstd:
    """zstandard with the manners of bz2 and lzma, which it lacks: a bound on what one call gives."""

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=MEMORY).decompressobj()
        self._input = b""
        self._output = bytearray()

    @property
    def eof(self) -> bool:
        return self._inner.eof and not self._output

    @property
    def needs_input(self) -> bool:
        return not (self._inner.eof or self._output or self._input)

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data + self._input

    def decompress(self, data: bytes, max_length: int) -> bytes:
        fed, pending = 0, self._input + data
        while fed < len(pending) and len(self._output) < _ZSTD_OUTPUT and not self._inner.eof:
            self._output += self._inner.decompress(pending[fed : fed + _ZSTD_STEP])
            fed += _ZSTD_STEP
        self._input = pending[fed:]
        text = bytes(self._output[:max_length])
        del self._output[:max_length]
        return text


@dataclass(frozen=True, slots=True)
class Compression:
    """How a compressed file is read."""

    name: str  # with its article's noun: "gzip file"
    magic: bytes
    unit: Callable[[], Unit]


GZIP = Compression("gzip file", b"\x1f\x8b", lambda: _Deflate(31))
BZIP2 = Compression("bzip2 file", b"BZh", bz2.BZ2Decompressor)
XZ = Compression("xz file", b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY))
ZSTD = Compression("zstd file", b"\x28\xb5\x2f\xfd", _Zstd)
DEFLATE = Compression("file", b"", lambda: _Deflate(-15))  # without a head of its own: in zip archives
_COMPRESSIONS = (GZIP, BZIP2, XZ, ZSTD)
_ZSTD_SKIPPABLE = (b"\x2a\x4d\x18", range(0x50, 0x60))  # frames of comments that some compressors put first

# may hold logs, but are not read
_UNREAD: tuple[tuple[bytes, str], ...] = (
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1f\x9d", "a file made by compress"),
    (b"\x04\x22\x4d\x18", "an lz4 file"),
    (b"LZIP", "an lzip file"),
)
# hold none
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"\x89PNG", "a picture"),
    (b"SQLite format 3\x00", "an SQLite database"),
)


class Archive(StrEnum):
    ZIP = "zip archive"
    TAR = "tar archive"


def compression_of(head: bytes) -> Compression | None:
    """The compression that a file beginning with ``head`` has."""
    if head[1:4] == _ZSTD_SKIPPABLE[0] and head[0] in _ZSTD_SKIPPABLE[1]:
        return ZSTD
    return next((form for form in _COMPRESSIONS if head.startswith(form.magic)), None)


def archive_of(head: bytes) -> Archive | None:
    """The kind of archive; ``head`` has HEAD bytes where the file has."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK00PK\x03\x04")):
        return Archive.ZIP
    if head[257:262] == b"ustar":
        return Archive.TAR
    try:
        tarfile.TarInfo.frombuf(head[:HEAD], "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError):
        return None
    return Archive.TAR


def refuse_other(head: bytes) -> None:
    """Raise Refused for formats that are not read."""
    for magic, name in _UNREAD:
        if head.startswith(magic):
            raise Refused(
                f"This is {name}; Mailwatch reads plain logs and those packed by gzip, bzip2, xz, zstd, zip or tar."
            )
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            raise Foreign(f"This is {name}, not a log.")
