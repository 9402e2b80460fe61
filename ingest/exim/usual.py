"""The usual lines of a log, sorted by what they say, as the groups of their patterns: for reading whole batches.

An event for each line is what everything else reads (``parse``); it costs three times what a batch of usual lines
needs. Nine of ten lines have a usual shape: the same patterns that ``arrivals``, ``deliveries``, ``refusals`` and
``sessions`` try first. A line that is not matched here is left to ``parse``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.exim import arrivals, deliveries, refusals, sessions
from ingest.exim import message_id as ids

NULL = r"\N"
"""Stands in groups for what the line does not say. Not None, since that is how COPY writes it."""

LONGEST = 500
"""Characters of a line that is read here: so no part of it is too long for a row."""

_STAMP = r"\d{4}-\d\d-\d\d (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?+(?: [+-]\d{4})?+"
_HEAD = re.compile(
    rf"({_STAMP})(?: \[\d++\])?+ (?:({ids.PATTERN}) (?:(<=|[=-]>) |(Completed)(?: QT=[^ ]++)?+\Z)?+"
    r"|(H=)|([^ ]{1,255}+) authenticator failed for )?+",
    re.ASCII,
)
_STAMP_LENGTH = 60  # more than the longest
_STRIPPED = " \r"  # at the end of a line these are no part of it
_ID, _FLAG, _COMPLETED, _CLIENT, _LOGIN = 2, 3, 4, 5, 6  # groups


class UsualLine(NamedTuple):
    """One line: its place in the batch, its stamp as it stands there, the groups of its pattern."""

    place: int
    stamp: str
    groups: tuple[str, ...]


@dataclass(slots=True)
class UsualLines:
    """The lines of a batch. ``others`` are the places of those that are not usual, each with its message id."""

    arrivals: dict[str, UsualLine] = field(default_factory=dict)  # by message id
    deliveries: dict[str, list[UsualLine]] = field(default_factory=dict)
    completions: dict[str, tuple[int, str]] = field(default_factory=dict)  # place and stamp
    refusals: list[UsualLine] = field(default_factory=list)
    failed_logins: list[UsualLine] = field(default_factory=list)
    others: list[tuple[int, str | None]] = field(default_factory=list)


def stamp_width(line: bytes) -> int | None:
    """Characters of the stamp that a line begins with, its zone included; None if it begins with none."""
    head = _HEAD.match(line[:_STAMP_LENGTH].decode("latin-1"))
    return None if head is None else head.end(1)


def read_usual(lines: Sequence[str | None], width: int) -> UsualLines:
    """Sort the lines of a batch, each a stamped line without its newline; None is left to the others.

    So is a second arrival or completion of one message, and a line whose stamp has not ``width`` characters.
    """
    found = UsualLines()
    arrived, delivered, completed = found.arrivals, found.deliveries, found.completions
    head_of = _HEAD.match
    arrival_of, delivery_of = arrivals.USUAL.match, deliveries.USUAL_DELIVERY.match
    refusal_of, login_of = refusals.USUAL_RCPT.match, sessions.USUAL_AUTH_FAILURE.match
    for place, line in enumerate(lines):
        head = head_of(line) if line is not None and len(line) <= LONGEST else None
        if head is None or line is None:
            found.others.append((place, None))
            continue
        stamp, kind, message_id = head[1], head.lastindex, head[_ID]
        if len(stamp) != width:
            kind = None
        if kind == _FLAG:
            if head[_FLAG] != "<=":
                match = delivery_of(line, head.end())
                if match is not None:
                    item = UsualLine(place, stamp, match.groups(NULL))
                    if message_id in delivered:
                        delivered[message_id].append(item)
                    else:
                        delivered[message_id] = [item]
                    continue
            elif message_id not in arrived and line[-1] not in _STRIPPED:
                match = arrival_of(line, head.end())
                if match is not None:
                    arrived[message_id] = UsualLine(place, stamp, match.groups(NULL))
                    continue
        elif kind == _COMPLETED:
            if message_id not in completed:
                completed[message_id] = (place, stamp)
                continue
        elif kind == _CLIENT:
            match = refusal_of(line, head.start(_CLIENT))
            if match is not None and line[-1] not in _STRIPPED:
                found.refusals.append(UsualLine(place, stamp, match.groups(NULL)))
                continue
        elif kind == _LOGIN:
            match = login_of(line, head.start(_LOGIN))
            if match is not None and line[-1] not in _STRIPPED:
                found.failed_logins.append(UsualLine(place, stamp, match.groups(NULL)))
                continue
        found.others.append((place, message_id))
    return found
