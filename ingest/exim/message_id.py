"""Exim's message id and the time inside it.

Two lengths: ``1RwtJa-0009RI-2d`` (16 characters, up to Exim 4.96) and ``1x5dJQ-00000002ksM-1pMm`` (23, from
4.97). The first six characters are the second in which reception began, in base 62: so ids sort by time under
a binary collation, and tell the time in UTC whatever the zone of the log.

Source: Exim's specification, chapter "How Exim receives and delivers mail", section "Message identification".
"""

import re
from datetime import UTC, datetime
from functools import lru_cache

PATTERN = r"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})"

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_TIME_LENGTH = 6
_WHOLE = re.compile(PATTERN)
_NEXT = re.compile(rf"(?:^|[ ;(])id=({PATTERN})(?![0-9A-Za-z-])", re.ASCII)


def is_message_id(text: str) -> bool:
    """Whether the whole text has the shape of a message id; upper and lower case differ."""
    return _WHOLE.fullmatch(text) is not None


def next_message_id(answer: str | None) -> str | None:
    """The id that the next server gave the message, out of its answer (``250 OK id=1x5dJQ-...``).

    Only Exim answers like this. None where the answer names no id, or another program's.
    """
    match = None if answer is None else _NEXT.search(answer)
    return None if match is None else match[1]


def received_at(message_id: str) -> datetime:
    """The second in which reception of the message began, in UTC.

    Raises ValueError for a text that is no message id.
    """
    if not is_message_id(message_id):
        raise ValueError(f"not a message id: {message_id!r}")
    return datetime.fromtimestamp(seconds_of(message_id), UTC)


def seconds_of(message_id: str) -> int:
    """The same in seconds since 1970, for what is known to be a message id."""
    return (_hours(message_id[:4]) * 62 + _VALUES[message_id[4]]) * 62 + _VALUES[message_id[5]]


@lru_cache(maxsize=4096)
def _hours(digits: str) -> int:
    """The value of the first digits, of which ids of about an hour have the same."""
    value = 0
    for digit in digits:
        value = value * 62 + _VALUES[digit]
    return value


def first_id(at: datetime) -> str:
    """The six characters that no id of that second or later sorts before: the lower bound of a range of ids.

    Raises ValueError for a naive time and for a time that an id cannot hold (before 1970).
    """
    if at.tzinfo is None:
        raise ValueError("a time without a zone has no message id")
    seconds = int(at.timestamp() // 1)
    if not 0 <= seconds < 62**_TIME_LENGTH:
        raise ValueError(f"no message id can hold the time {at.isoformat()}")
    digits = []
    for _ in range(_TIME_LENGTH):
        seconds, value = divmod(seconds, 62)
        digits.append(_DIGITS[value])
    return "".join(reversed(digits))
