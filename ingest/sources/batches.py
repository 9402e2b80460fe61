"""A stream of log text into batches that end between two entries, and the refusal of what is no Exim log."""

import re
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import NamedTuple

from ingest.exim.events import Note, Topic, Unparsed
from ingest.exim.line import has_stamp, last_stamp, readable
from ingest.exim.parse import parse
from ingest.sources.entries import Entry, PlainLines, entries_in
from ingest.sources.limits import Foreign
from ingest.sources.streams import LogStream

BATCH_SIZE = 4 * 1024 * 1024  # bytes of text; about 21,000 lines, a third of a second of work
LONGEST_ENTRY = 16 * 1024 * 1024  # a longer one is cut: memory must not grow with the file
_SAMPLE = 2000  # entries looked at to tell an Exim log from another
_ENOUGH = 10  # stamped lines of which one at least must be Exim's
_SHOWN = 200
_NUMBER = re.compile(rb"[0-9]+")


class Batch(NamedTuple):
    """Consecutive entries."""

    entries: Sequence[Entry]
    end: int  # offset into the text behind the last entry
    beginning: bytes = b""  # of a longer form of the last entry, where the text may end within that


def batches(
    stream: LogStream, *, start: int = 0, stream_at: int = 0, size: int | None = None
) -> Iterator[Batch]:
    """The batches of a stream from the offset ``start`` of the text on, which must be the end of a batch.

    ``stream_at`` is the offset of what the stream gives first. ``size``: bytes of a batch, BATCH_SIZE if not given.
    """
    size = size or BATCH_SIZE
    skip(stream, start - stream_at)
    held = bytearray()
    end = start
    while True:
        wanted = size - len(held)
        block = stream.read(wanted if wanted > 0 else max(size, len(held) // 8, 64))
        held += block
        if block and len(held) < size:
            continue
        if not block:
            if held:
                yield _last_batch(bytes(held), end + len(held))
            return
        cut = _last_entry(held)
        if cut:
            text = bytes(held[:cut])
            del held[:cut]
            end += cut
            yield Batch(entries_in(text), end)


def _last_batch(text: bytes, end: int) -> Batch:
    """The end of a text. A begun time stamp at its very end tells nothing and is passed over."""
    start = text.rfind(b"\n") + 1
    last = text[start:].rstrip(b"\r")
    if _is_begun_stamp(last, text[:start]):
        text, last = text[:start], b""
    entries = entries_in(text)
    return Batch(entries, end, _beginning(entries, last))


def _beginning(entries: Sequence[Entry], last: bytes) -> bytes:
    """Of the last entry: if its line has no end, or if headers may follow as they do elsewhere in the text."""
    if entries and last.strip() and entries[-1].text.endswith(last):
        return entries[-1].text
    has_headers = not isinstance(entries, PlainLines) and any(entry.lines > 1 for entry in entries)
    return entries[-1].text + b"\n" if has_headers else b""


def _is_begun_stamp(last: bytes, before: bytes) -> bool:
    """Whether an unended line is less than the stamp of the lines before it, or than a separator of exigrep."""
    if last.startswith(b"+"):
        return b"+++".startswith(last[:3])
    stamp = last_stamp(before)
    if not last or stamp is None:
        return False
    return _form(stamp).startswith(_form(last))


def _form(stamp: bytes) -> bytes:
    """A stamp with each of its numbers as one sign: as other lines have it too."""
    return _NUMBER.sub(b"0", stamp.replace(b" ", b""))


def skip(stream: LogStream, count: int) -> None:
    """Read ``count`` bytes of a stream and forget them."""
    while count > 0:
        block = stream.read(min(count, BATCH_SIZE))
        if not block:
            return
        count -= len(block)


def _last_entry(held: bytearray) -> int:
    """Where the last entry begins: it may go on in the next block. 0: the text holds one entry only."""
    newline = held.rfind(b"\n", 0, len(held) - 1)
    while newline >= 0:
        if has_stamp(bytes(held[newline + 1 : newline + 201])):
            return newline + 1
        newline = held.rfind(b"\n", 0, newline)
    return 0 if len(held) < LONGEST_ENTRY else len(held)


def refuse_foreign(entries: Sequence[Entry], zone: tzinfo, *, name: str) -> None:
    """Raise Foreign, with one sentence, unless these entries of the beginning of a file come from an Exim log.

    What a paniclog says can be any sentence, so that its name has to tell.
    """
    sample = [entry for entry in entries[:_SAMPLE] if entry.is_stamped]
    if not sample:
        raise Foreign(_foreign(entries[0].text if entries else b""))
    if len(sample) < _ENOUGH or "panic" in name.rpartition("/")[2].lower():
        return
    if not any(_is_exim(entry.text, zone) for entry in sample):
        raise Foreign(
            "The lines of this file have time stamps, but none of them is a line that Exim writes. "
            f"Line 1: {_shown(sample[0].text)}"
        )


def _is_exim(text: bytes, zone: tzinfo) -> bool:
    event = parse(text.partition(b"\n")[0], zone=zone)
    if isinstance(event, Unparsed):
        return False
    return not isinstance(event, Note) or event.topic is not Topic.OTHER or event.message_id is not None


_PROGRAM = re.compile(
    rb"[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d \S+ ([A-Za-z0-9_.-]+)[/\[:]"
    rb"|\d{4}-\d\d-\d\dT\S+ \S+ ([A-Za-z0-9_.-]+)[/\[:]"
)
_NAMES = {"postfix": "Postfix", "sendmail": "sendmail", "sm-mta": "sendmail", "dovecot": "Dovecot"}
_HTTP = re.compile(rb'\S+ \S+ \S+ \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "')


def _foreign(text: bytes) -> str:
    line = text.partition(b"\n")[0]
    if not line.strip():
        return "The file has no text in it."
    if _is_binary(text[:4096]):
        return "This is a binary file, not a log."
    program = _PROGRAM.match(line)
    if program is not None:
        name = readable(program[1] or program[2])
        what = f"a {_NAMES[name]} log" if name in _NAMES else f"a system log of {name}"
        return f"This is {what}, not an Exim mainlog. Line 1: {_shown(line)}"
    if _HTTP.match(line):
        return f"This is a web server's access log, not an Exim mainlog. Line 1: {_shown(line)}"
    return (
        "This is not an Exim log: no line begins with the time stamp that Exim writes, "
        f"as in 2026-03-01 10:00:00. Line 1: {_shown(line)}"
    )


def _is_binary(head: bytes) -> bool:
    control = sum(byte < 32 and byte not in b"\t\r\n\x1b" for byte in head)
    return b"\0" in head or control > len(head) // 20


def _shown(line: bytes) -> str:
    text = readable(line[:_SHOWN])
    printable = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return printable + ("..." if len(line) > _SHOWN else "")
