"""Files as handed in, plain or gzip, as one stream of log text read in order."""

import zlib
from typing import BinaryIO, Protocol

_BLOCK = 256 * 1024
_GZIP = b"\x1f\x8b"
# what the first bytes of formats that are not read tell
_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"\x89PNG", "a picture"),
    (b"SQLite format 3\x00", "an SQLite database"),
)


class Refused(Exception):
    """The file cannot be taken. The message is one sentence for the person who handed it in."""


class LogStream(Protocol):
    """Log text in order."""

    consumed: int  # bytes of the file as handed in, read so far
    damage: str  # a sentence, once the end was reached and was not the true end; else ""

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes of text, b"" at the end."""


class _Plain:
    def __init__(self, file: BinaryIO, head: bytes) -> None:
        self._file = file
        self._head = head
        self.consumed = 0
        self.damage = ""

    def read(self, size: int) -> bytes:
        text, self._head = self._head[:size], self._head[size:]
        if not text:
            text = self._file.read(size)
        self.consumed += len(text)
        return text


class _Gzip:
    """Like the gzip module, but gives what comes before the place where a file is cut or damaged."""

    def __init__(self, file: BinaryIO, head: bytes) -> None:
        self._file = file
        self._waiting = head
        self._member = zlib.decompressobj(wbits=31)
        self._is_over = False
        self.consumed = 0
        self.damage = ""

    def read(self, size: int) -> bytes:
        text = b""
        while not text and not self._is_over:
            try:
                text = self._step(size)
            except zlib.error:
                self._end("The gzip file is damaged; what comes after the damage could not be read.")
        return text

    def _step(self, size: int) -> bytes:
        if not self._waiting:
            self._waiting = self._file.read(_BLOCK)
        if not self._waiting:
            cut = "" if self._member.eof else "The gzip file ends too early; the rest of the log is missing."
            self._end(cut)
            return b""
        if self._member.eof:  # another member follows, or zeros that fill the last block of a tape
            if not self._waiting.strip(b"\0"):
                self.consumed += len(self._waiting)
                self._waiting = b""
                return b""
            self._member = zlib.decompressobj(wbits=31)
        before = len(self._waiting)
        text = self._member.decompress(self._waiting, size)
        self._waiting = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        self.consumed += before - len(self._waiting)
        return text

    def _end(self, damage: str) -> None:
        self._is_over = True
        self.damage = damage


def open_stream(file: BinaryIO) -> LogStream:
    """Read ``file`` as what its first bytes say it is.

    Raises Refused for an empty file and for formats that are not read.
    """
    head = file.read(512)
    if not head:
        raise Refused("The file is empty.")
    if head.startswith(_GZIP):
        return _Gzip(file, head)
    for magic, name in _OTHER_FORMATS:
        if head.startswith(magic):
            raise Refused(f"This is {name}; Mailwatch reads plain log files and gzip.")
    if head[257:262] == b"ustar":
        raise Refused("This is a tar archive; Mailwatch reads plain log files and gzip.")
    return _Plain(file, head)
