"""Bytes into entries: a stamped line with the unstamped lines that belong to it.

An entry is what is stored, compared and pointed at. Blank lines and the separators of exigrep are no part of a
log and are passed over; line ends (LF or CRLF) are no part of an entry.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload

from ingest.exim.line import has_stamp

# exigrep marks messages that its input does not show to the end
_EXIGREP = re.compile(rb"\A\+\+\+ .* has not completed \+\+\+\Z")
# what Exim writes below a stamped line: the headers of a rejectlog, the second line of a configuration error,
# the further pieces of a line that was too long for syslog
_CONTINUATION = re.compile(
    rb"[ \t]|Envelope-(?:from|to): |[A-Z*] [!-9;-~]+:|\*\*\* truncated \*\*\*"
    rb"|[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [^ ]{1,255} [^ :]{1,255}: \[[0-9]{1,4}[\\/][0-9]{1,4}\] "
)


class Entry(NamedTuple):
    """``text`` has no newline at its end; inner ones separate the unstamped lines."""

    text: bytes
    is_stamped: bool
    lines: int
    unread_lines: int  # of its unstamped lines, those that are nothing Exim writes there

    @property
    def head(self) -> bytes:
        """What identifies the event: the stamped line. A rejectlog repeats that of the mainlog and adds headers."""
        return self.text.partition(b"\n")[0] if self.is_stamped and self.lines > 1 else self.text

    @property
    def header_lines(self) -> int:
        """How many lines below the stamped one are what Exim writes there."""
        return self.lines - 1 - self.unread_lines if self.is_stamped else 0


class PlainLines(Sequence[Entry]):
    """Entries that are a stamped line each: most batches are such. An Entry is made only of what is asked for."""

    def __init__(self, texts: list[bytes]) -> None:
        self.texts = texts

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> "PlainLines": ...
    def __getitem__(self, index: int | slice) -> "Entry | PlainLines":
        if isinstance(index, slice):
            return PlainLines(self.texts[index])
        return Entry(self.texts[index], True, 1, 0)


# a line that begins with no plain stamp, blank ones included
_NO_STAMP = re.compile(rb"\n(?![0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}[. ])")


def entries_in(text: bytes) -> Sequence[Entry]:
    """The entries of a text that ends between two lines. One pass over it tells whether each line has a stamp."""
    end = len(text) - text.endswith(b"\n")
    if b"\r" in text or _NO_STAMP.match(b"\n" + text[:60]) or _NO_STAMP.search(text, 0, end):
        return list(entries_of(text.split(b"\n")))
    return PlainLines(text[:end].split(b"\n"))


def texts_of(entries: Iterable[Entry]) -> list[bytes]:
    """The text of each entry."""
    return entries.texts if isinstance(entries, PlainLines) else [entry.text for entry in entries]


def lines_of(entries: Sequence[Entry]) -> int:
    """How many lines the entries have."""
    return len(entries) if isinstance(entries, PlainLines) else sum(entry.lines for entry in entries)


def entries_of(lines: Iterable[bytes]) -> Iterator[Entry]:
    """Group lines (without their newline). Only the first entry can lack a stamp."""
    held: list[bytes] = []
    is_stamped = False
    for raw in lines:
        line = raw.rstrip(b"\r")
        if has_stamp(line):
            if held:
                yield _entry(held, is_stamped)
            held, is_stamped = [line], True
        elif line.strip() and not _EXIGREP.match(line):
            held.append(line)
    if held:
        yield _entry(held, is_stamped)


def _entry(held: list[bytes], is_stamped: bool) -> Entry:
    if len(held) == 1 and is_stamped:
        return Entry(held[0], True, 1, 0)
    followers = held[1:] if is_stamped else held
    unread = len(followers) if not is_stamped else sum(not is_continuation(line) for line in followers)
    return Entry(b"\n".join(held), is_stamped, len(held), unread)


def is_continuation(line: bytes) -> bool:
    """Whether an unstamped line is what Exim writes below a stamped one."""
    return _CONTINUATION.match(line) is not None
