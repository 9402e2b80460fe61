"""A file that grows, is renamed, truncated and compressed: what of it is new since it was read last.

A file is known again by its content, not by its name: by the first bytes of its text, and by the bytes before the
place up to which it was read. So mainlog, mainlog.1 and mainlog.2.gz are one file, and a mainlog that was emptied
is another.

What is taken ends where a second is surely over. Identical lines of one second are told apart by their number within
a file, so no second may be divided between two parts; the last second waits, and so does a half-written line.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from ingest.exim.events import Unparsed
from ingest.exim.line import read_line
from ingest.sources.directories import Listed
from ingest.sources.limits import Limits
from ingest.sources.streams import LogStream, Peeked, Stretch, open_stream

MARK = 1024  # bytes of text that a file is known again by, at its beginning and before the place
_BLOCK = 1024 * 1024
_WINDOW = 256 * 1024  # bytes at the end of a text in which the last seconds are looked for, at first
_LONGEST_SEARCH = 16 * 1024 * 1024  # bytes without any stamp: no log
_PREFIX = 400  # bytes in which a stamp stands, behind syslog's part
# Processes write their lines in about the order of their stamps.
_DISORDER = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a file was read, and what it is known again by. Sizes in bytes."""

    name: str
    size: int  # of the file, as it was when it was looked at
    modified_at: datetime | None
    offset: int = 0  # into its text, decompressed
    waiting: int = 0  # of the text behind the offset, as far as it was looked at
    head_size: int = 0
    head: str = ""
    tail_size: int = 0
    tail: str = ""

    def is_unchanged(self, listed: Listed) -> bool:
        """Whether nothing can be new in the file of that name."""
        same = (self.name, self.size, self.modified_at) == (listed.name, listed.size, listed.modified_at)
        return same and not self.waiting and self.modified_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a look at a file gave."""

    mark: Mark
    known: Mark | None  # the file as it was known before
    size: int  # bytes that were written for the engine

    @property
    def is_continuation(self) -> bool:
        return self.known is not None and self.known.offset > 0


def read_new(
    file: BinaryIO,
    listed: Listed,
    marks: Sequence[Mark],
    into: BinaryIO,
    *,
    is_quiet: bool,
    limits: Limits,
    alive: Callable[[], None],
) -> Reading:
    """Write what is new of ``file`` into the empty ``into``: text, or a compressed file as it stands.

    ``listed.size``: how far the file is read at most. ``is_quiet``: it has not grown for longer than a second.
    ``alive`` is called after every block. Raises OSError, and Refused for what is no log.
    """
    return _Look(file, listed, marks, into, is_quiet, limits, alive).read()


class _Look:
    def __init__(
        self,
        file: BinaryIO,
        listed: Listed,
        marks: Sequence[Mark],
        into: BinaryIO,
        is_quiet: bool,
        limits: Limits,
        alive: Callable[[], None],
    ) -> None:
        self._file = file
        self._listed = listed
        self._marks = marks
        self._into = into
        self._is_quiet = is_quiet
        self._limits = limits
        self._alive = alive

    def read(self) -> Reading:
        if not self._listed.size:
            return self._nothing(None)
        stream = self._stream(Stretch(self._file, 0, self._listed.size))
        head = stream.peek(MARK)
        fitting = _fitting(self._listed.name, head, self._marks)
        if stream.layers == 0 and stream.archive is None:
            return self._plain(head, fitting)
        return self._packed(stream, head, fitting)

    def _stream(self, source: LogStream) -> Peeked:
        return open_stream(source, self._limits)

    def _nothing(self, known: Mark | None, waiting: int = 0) -> Reading:
        """Nothing new; ``known`` stays as far as it was."""
        base = known or Mark(name="", size=0, modified_at=None)
        return Reading(mark=self._now(base, waiting=waiting), known=known, size=0)

    def _now(self, mark: Mark, *, waiting: int) -> Mark:
        listed = self._listed
        return replace(
            mark, name=listed.name, size=listed.size, modified_at=listed.modified_at, waiting=waiting
        )

    # ---- a plain file: only what is new is read

    def _plain(self, head: bytes, fitting: Sequence[Mark]) -> Reading:
        size = self._listed.size
        known = next((mark for mark in fitting if mark.offset <= size and self._has_tail(mark)), None)
        is_shorter = bool(fitting) and all(mark.offset > size for mark in fitting)
        if is_shorter and not self._is_quiet:
            return self._nothing(fitting[0], size)  # a copy that is being made; one that was cut stays short
        start = known.offset if known else 0
        self._copy(Stretch(self._file, start, size))
        taken = whole_seconds(self._into, is_quiet=self._is_quiet)
        self._into.truncate(taken)
        waiting = size - start - taken
        if not taken:
            return self._nothing(known, waiting)
        before = self._before(known)
        self._into.seek(max(0, taken - MARK))
        mark = _marked(head, start + taken, before + self._into.read(MARK))
        return Reading(mark=self._now(mark, waiting=waiting), known=known, size=taken)

    def _has_tail(self, mark: Mark) -> bool:
        return _digest(self._before(mark)) == mark.tail

    def _before(self, mark: Mark | None) -> bytes:
        """The bytes of the text in front of the place."""
        if mark is None:
            return b""
        self._file.seek(mark.offset - mark.tail_size)
        return _read_exactly(self._file, mark.tail_size)

    def _copy(self, stretch: LogStream) -> None:
        while block := stretch.read(_BLOCK):
            self._into.write(block)
            self._alive()

    # ---- a compressed file or an archive: it does not grow any more, unless it is being written

    def _packed(self, stream: Peeked, head: bytes, fitting: Sequence[Mark]) -> Reading:
        known = fitting[0] if fitting else None
        if known is None:
            return self._whole(head)
        before = self._skipped(stream, known)
        if before is None or _digest(before) != known.tail:
            return self._whole(head)
        end, tail = self._through(stream, known.offset, before, self._into)
        if stream.damage and not self._is_known_as_it_is():
            self._into.truncate(0)
            return self._nothing(known, self._listed.size)
        size = end - known.offset
        return Reading(mark=self._now(_marked(head, end, tail), waiting=0), known=known, size=size)

    def _whole(self, head: bytes) -> Reading:
        """A compressed file is handed on as it stands, once it is complete."""
        self._file.seek(0)
        self._into.seek(0)
        source = _Copied(Stretch(self._file, 0, self._listed.size), self._into)
        stream = self._stream(source)
        is_archive = stream.archive is not None
        end, tail = self._through(stream, 0, b"", None)
        while source.read(_BLOCK):  # what stands behind the compressed text
            self._alive()
        is_complete = self._is_quiet if is_archive else not stream.damage
        if not is_complete and not self._is_known_as_it_is():
            self._into.truncate(0)
            return self._nothing(None, self._listed.size)
        return Reading(
            mark=self._now(_marked(head, end, tail), waiting=0), known=None, size=self._listed.size
        )

    def _is_known_as_it_is(self) -> bool:
        """Whether an earlier pass saw it with the same size: nobody writes it any more."""
        listed = self._listed
        return any((mark.name, mark.size) == (listed.name, listed.size) for mark in self._marks)

    def _skipped(self, stream: Peeked, known: Mark) -> bytes | None:
        """The bytes in front of the place; None where the text ends before it."""
        left = known.offset - known.tail_size
        while left > 0:
            block = stream.read(min(left, _BLOCK))
            if not block:
                return None
            left -= len(block)
            self._alive()
        before = _read_exactly(stream, known.tail_size)
        return before if len(before) == known.tail_size else None

    def _through(self, stream: Peeked, end: int, tail: bytes, into: BinaryIO | None) -> tuple[int, bytes]:
        """Read to the end of the text: its length, and its last bytes."""
        while block := stream.read(_BLOCK):
            end += len(block)
            tail = (tail + block[-MARK:])[-MARK:]
            if into is not None:
                into.write(block)
            self._alive()
        return end, tail


class _Copied:
    """A stream that also writes what is read of it."""

    damage = ""

    def __init__(self, source: Stretch, into: BinaryIO) -> None:
        self._source = source
        self._into = into

    @property
    def consumed(self) -> int:
        return self._source.consumed

    def read(self, size: int, /) -> bytes:
        block = self._source.read(size)
        self._into.write(block)
        return block


def _fitting(name: str, head: bytes, marks: Sequence[Mark]) -> list[Mark]:
    """Files that begin like this one, the one that was read furthest first."""
    found = [
        mark
        for mark in marks
        if 0 < mark.head_size <= len(head)
        and _digest(head[: mark.head_size]) == mark.head
        # a mainlog and a rejectlog may begin with the same line
        and (mark.head_size == MARK or _stem(mark.name) == _stem(name))
    ]
    return sorted(found, key=lambda mark: -mark.offset)


def _stem(name: str) -> str:
    """mainlog of mainlog.2.gz, main of main.log-20260301."""
    return re.split(r"[.-]", name, maxsplit=1)[0]


def _marked(head: bytes, offset: int, text: bytes) -> Mark:
    """A mark at ``offset``; ``text`` is what stands in front of it."""
    head, tail = head[:offset], text[-MARK:]
    return Mark(
        name="",
        size=0,
        modified_at=None,
        offset=offset,
        head_size=len(head),
        head=_digest(head),
        tail_size=len(tail),
        tail=_digest(tail),
    )


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _read_exactly(file: BinaryIO | LogStream, size: int) -> bytes:
    """``size`` bytes; fewer only at the end."""
    parts = []
    while size > 0 and (block := file.read(size)):
        parts.append(block)
        size -= len(block)
    return b"".join(parts)


# ---- where a growing text may be divided


def whole_seconds(text: BinaryIO, *, is_quiet: bool) -> int:
    """How much of a text, written up to its place, may be taken without dividing a line or a second."""
    end = _last_newline(text, text.tell())
    if is_quiet or not end:
        return end
    window = _WINDOW
    while True:
        start = max(0, end - window)
        text.seek(start)
        cut, is_sure = _cut(_read_exactly(text, end - start), is_whole=start == 0)
        if is_sure or start == 0:
            break
        window *= 2
    if cut is None:  # no stamp at all: whether it is a log is for the engine to say
        return end if end > _LONGEST_SEARCH else 0
    return start + cut


def _last_newline(text: BinaryIO, end: int) -> int:
    """The place behind the last one; 0 without any."""
    while end > 0:
        start = max(0, end - _WINDOW)
        text.seek(start)
        found = _read_exactly(text, end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _cut(window: bytes, *, is_whole: bool) -> tuple[int | None, bool]:
    """Where the last seconds begin in a window that ends with a line, and whether none of them lies before it."""
    stamps = _stamps(window, 0 if is_whole else window.find(b"\n") + 1)
    if not stamps:
        return None, False
    last_at = stamps[-1][1]
    low, high, first = last_at - _DISORDER, last_at + 2 * _DISORDER, len(stamps)
    while True:
        found = next(number for number, (_, at) in enumerate(stamps) if low <= at <= high)
        if found == first:
            return stamps[first][0], first > 0
        first = found
        low = min(at for _, at in stamps[first:])  # of a line that came late, the second has others before


def _stamps(window: bytes, place: int) -> list[tuple[int, datetime]]:
    """Places of stamped lines, with the second of each."""
    found = []
    while place < len(window):
        end = window.find(b"\n", place)
        line = read_line(window[place : min(end, place + _PREFIX)], zone=UTC)
        if not isinstance(line, Unparsed):
            found.append((place, line.logged_at.replace(microsecond=0)))
        place = end + 1
    return found
