"""The head of a log line: stamp, zone, pid, message id, flag.

Every part but the stamp is optional and may come and go from line to line, since each depends on a log
selector that an edit of the configuration changes. Source: Exim's specification, chapter "Log files"; tod.c.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache, partial
from typing import NamedTuple

from ingest.exim import message_id as ids
from ingest.exim.events import Unparsed

LONGEST = 65_536
"""Bytes of a line that are parsed. Exim's log buffer holds 8,192; only filters write longer lines."""

_STAMP = r"(\d{4}-\d\d-\d\d \d\d:\d\d):(\d\d)(\.\d{1,6})?+( [+-]\d{4})?+(?= |\Z)"
_HEAD = re.compile(
    _STAMP + r"(?: \[(\d++)\](?= |\Z))?+"
    rf"(?: ({ids.PATTERN})(?= |\Z)(?: (<=|=>|->|==|\*\*|\(=|>>|\*>)(?= ))?+)?+ ?+",
    re.ASCII,
)
# "Mar  1 10:00:00 mx exim[77]: " or "2026-03-01T10:00:00+01:00 mx exim[77]: "; a line above 870 characters is
# split and each part is numbered, "[1/2] ". An editor may have put a byte order mark before everything.
_SYSLOG_TEXT = (
    "(?:\ufeff)?+(?:"
    r"(?:<[0-9]{1,3}>)?+(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[^ ]{8,40}) "
    r"[^ ]{1,255} [^ :]{1,255}: (?:\[(?P<piece>[0-9]++)[\\/][0-9]++\] )?+)?+"
)
_SYSLOG = re.compile(_SYSLOG_TEXT)
_OF_EXIM = re.compile(r" exim[^ ]*: ")
_STAMP_TEXT = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?=[. ]|\r?\n?\Z)"
_PLAIN_STAMP = re.compile(_STAMP_TEXT.encode())
_BEHIND_STAMP = re.compile(rb"(?:\.[0-9]{1,6})?(?: [+-][0-9]{4})? ")
_SYSLOG_STAMP = re.compile((_SYSLOG_TEXT + _STAMP_TEXT).encode())
# A clock that is set back repeats an hour. An id made at most this much after the stamp still belongs to it.
_CLOCK_SLACK = timedelta(minutes=6)  # of a minute's beginning
_SECONDS = {f"{second:02}": timedelta(seconds=second) for second in range(60)}


class Line(NamedTuple):
    """A line with a stamp."""

    logged_at: datetime  # UTC
    pid: int | None  # of the Exim process, with log selector +pid
    message_id: str | None
    flag: str | None  # "<=", "=>", ..., only behind an id; None: a line in words
    text: str  # the whole line, without syslog's part and the newline
    start: int  # where the rest begins in ``text``: behind the flag, or behind the id where there is none


# Named tuples of the hot path are made like this: half the time of a call of the class.
_line: Callable[[tuple[object, ...]], Line] = partial(tuple.__new__, Line)


def readable(raw: bytes) -> str:
    """Decode log text into what a PostgreSQL text column accepts: no NUL, no lone surrogate.

    Bytes that are not UTF-8 become ``\\xNN``.
    """
    if 0 in raw:  # a tenth of the time of ``b"\0" in raw``
        raw = raw.replace(b"\0", b"\\x00")
    return raw.decode("utf-8", "backslashreplace")


def has_stamp(raw: bytes) -> bool:
    """Whether a line begins with a stamp; a line without one belongs to the stamped line before it."""
    return _PLAIN_STAMP.match(raw) is not None or _SYSLOG_STAMP.match(raw) is not None


def last_stamp(text: bytes) -> bytes | None:
    """The stamp of the last stamped line of a text, with its zone and what syslog wrote before it; None without."""
    end = len(text.rstrip(b"\r\n"))
    while end > 0:
        start = text.rfind(b"\n", 0, end) + 1
        line = text[start:end]
        found = _PLAIN_STAMP.match(line) or _SYSLOG_STAMP.match(line)
        if found is not None:
            rest = _BEHIND_STAMP.match(line, found.end())
            return line[: rest.end() if rest else found.end()]
        end = start - 1
    return None


def read_line(raw: bytes, *, zone: tzinfo) -> Line | Unparsed:
    """Read the head of one line.

    ``zone`` is the zone of the log host; it holds for stamps without a zone of their own (log_timezone).
    """
    text = readable(raw if len(raw) <= LONGEST else raw[:LONGEST])
    if text.endswith((" ", "\r", "\n")):
        text = text.rstrip(" \r\n")
    head = _HEAD.match(text)
    if head is None:
        syslog = _SYSLOG.match(text)
        if syslog is None:
            return Unparsed("no stamp", raw)
        text = text[syslog.end() :]
        head = _HEAD.match(text)
        if head is None:
            return Unparsed(_without_stamp(syslog), raw)
    minute, second, fraction, offset, pid, message_id, flag = head.groups()
    first, later = _minute(minute, offset, zone)
    seconds = _SECONDS.get(second)
    if first is None or seconds is None:
        return Unparsed("impossible stamp", raw)
    if later is not None and message_id is not None:
        first = _told_apart(first, later, message_id)
    logged_at = first + seconds
    if fraction is not None:
        logged_at = logged_at.replace(microsecond=int(fraction[1:].ljust(6, "0")))
    return _line((logged_at, None if pid is None else _pid(pid), message_id, flag, text, head.end()))


def _without_stamp(syslog: re.Match[str]) -> str:
    if not _OF_EXIM.search(syslog[0]):
        return "no stamp"
    if syslog["piece"] is not None and int(syslog["piece"][:9]) > 1:
        return "a further piece of a line that syslog cut"
    return "written through syslog without Exim's own stamp (syslog_timestamp is off)"


@lru_cache(maxsize=65_536)
def _minute(minute: str, offset: str | None, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    """The beginning of a minute, and a second one where the clock showed that time twice.

    In UTC, since Python compares two times of one zone by the wall clock. Cached, since reading a date costs more
    than all else in a stamp.
    """
    try:
        if offset is not None:
            return datetime.fromisoformat(minute + offset[1:]).astimezone(UTC), None
        local = datetime.fromisoformat(minute).replace(tzinfo=zone)
        first, later = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    except (ValueError, OverflowError):
        return None, None
    return first, later if later > first else None


def _told_apart(first: datetime, later: datetime, message_id: str) -> datetime:
    """Which of two times it was: a line is not written before its message arrived."""
    return later if ids.received_at(message_id) > first + _CLOCK_SLACK else first


def _pid(digits: str) -> int | None:
    return int(digits) if len(digits) < 10 else None
