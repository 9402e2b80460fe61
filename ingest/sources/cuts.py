"""Where a log may be cut into pieces: in front of a line whose second differs from that of the line before."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO

from ingest.exim.line import has_stamp
from ingest.sources.limits import Refused
from ingest.sources.streams import Readable

PIECE_SIZE = 24 * 1024 * 1024  # bytes of text at most, but where no cut is possible
_BLOCK = 1024 * 1024
_LONGEST_SEARCH = 16 * 1024 * 1024  # bytes without a cut that are held in memory
_PREFIX = 400  # bytes in which a stamp stands, behind syslog's part
_SECOND = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")


def change_of_second(text: bytes, start: int = 0) -> int | None:
    """The first place at or behind ``start`` where a line begins a new second; None where none surely does.

    Unstamped lines belong to the line before them. The last line may be cut off and is not looked at.
    """
    begin = text.find(b"\n", start) + 1
    second: bytes | None = None
    while begin:
        end = text.find(b"\n", begin)
        if end < 0:
            return None
        found = _second_of(text[begin : min(end, begin + _PREFIX)])
        if found is not None:
            if second is not None and found != second:
                return begin
            second = found
        begin = end + 1
    return None


def _second_of(line: bytes) -> bytes | None:
    if not has_stamp(line):
        return None
    found = _SECOND.search(line)
    return found and found[0]


def places(file: BinaryIO, size: int, *, after: int) -> list[int]:
    """Where to cut a plain log of ``size`` bytes so that its pieces are about equal; all behind ``after``.

    The file is left where it was.
    """
    count = -(-size // PIECE_SIZE)
    wanted = [size * number // count for number in range(1, count)]
    here = file.tell()
    found = [_place(file, begin, end) for begin, end in pairwise([*wanted, size])]
    file.seek(here)
    return [place for place in found if place is not None and place > after]


def _place(file: BinaryIO, begin: int, end: int) -> int | None:
    """The first possible cut between two places of a file, looked for no further than memory allows."""
    file.seek(begin)
    text = b""
    end = min(end, begin + _LONGEST_SEARCH)
    while begin + len(text) < end:
        block = file.read(min(_BLOCK, end - begin - len(text)))
        if not block:
            return None
        text += block
        cut = change_of_second(text)
        if cut is not None:
            return begin + cut
    return None


class Divided:
    """A stream, given out piece by piece, each as blocks; what ended it early is kept in ``refusal``."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._held = b""
        self._is_at_end = False
        self.refusal: Refused | None = None

    @property
    def has_more(self) -> bool:
        """Whether there is another piece."""
        if not self._held:
            self._held = self._read()
        return bool(self._held)

    def piece(self) -> Iterator[bytes]:
        """The next piece. Read it to its end before the one behind it."""
        given = 0
        while text := self._next():
            if given + len(text) <= PIECE_SIZE:
                given += len(text)
                yield text
                continue
            cut = self._cut(text, max(0, PIECE_SIZE - given))
            if cut is not None:
                yield cut
                return
            given += len(self._held)
            text, self._held = self._held, b""
            yield text

    def _cut(self, text: bytes, start: int) -> bytes | None:
        """The text up to a cut, the rest is held; None, all held, where there is none in reach."""
        while True:
            cut = change_of_second(text, start)
            if cut is not None:
                self._held = text[cut:]
                return text[:cut]
            block = self._read() if len(text) < _LONGEST_SEARCH else b""
            if not block:
                self._held = text
                return None
            text += block

    def _next(self) -> bytes:
        text, self._held = self._held, b""
        return text or self._read()

    def _read(self) -> bytes:
        try:
            block = b"" if self._is_at_end else self._stream.read(_BLOCK)
        except Refused as refusal:
            self.refusal, block = refusal, b""
        self._is_at_end = self._is_at_end or not block
        return block
