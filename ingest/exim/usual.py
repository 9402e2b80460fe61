"""The usual lines of a log, sorted by what they say, as the groups of their patterns: for reading whole batches.

An event for each line is what everything else reads (``parse``); it costs three times what a batch of usual lines
needs. Nine of ten lines have a usual shape: the same patterns that ``arrivals``, ``deliveries``, ``refusals`` and
``sessions`` try first. A line that is not matched here is left to ``parse``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from ingest.exim import arrivals, deliveries, refusals, sessions
from ingest.exim import message_id as ids

NULL = r"\N"
"""Stands in groups for what the line does not say. Not None, since that is how COPY writes it."""

LONGEST = 500
"""Characters of a line that is read here: so no part of it is too long for a row."""

_STAMP = re.compile(
    r"\d{4}-\d\d-\d\d (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?+( [+-]\d{4})?+(?= )", re.ASCII
)
_STAMP_LENGTH = 40  # more than the longest with the space behind it
_STRIPPED = " \r"  # at the end of a line these are no part of it
_SHORT, _LONG = 16, 23  # characters of a message id
_ARRIVAL, _DELIVERY, _COMPLETED = "arrival", "delivery", "completed"
_FLAGS = {" <= ": _ARRIVAL, " => ": _DELIVERY, " -> ": _DELIVERY, " Com": _COMPLETED}
_COMPLETION = re.compile(r"Completed(?: QT=[^ ]++)?+\Z")

type Usual = tuple[int, tuple[str, ...]]
"""The place of a line in its batch, and the groups of its pattern."""


class InArrival:
    """Where the groups of an arrival stand."""

    MESSAGE_ID, SENDER, HELO_NAME, CLIENT, PORT, INTERFACE = 0, 1, 4, 5, 6, 7
    AUTHENTICATOR, ACCOUNT, SIZE, SUBJECT, RECIPIENTS = 13, 14, 15, 17, 19


class InDelivery:
    """Where the groups of a delivery stand."""

    RECIPIENT, ORIGINAL, REMOTE, CONFIRMATION = 1, 2, 6, 9


class StampForm(NamedTuple):
    """How the stamps of a log are written."""

    fraction: int  # digits of it
    has_zone: bool

    @property
    def width(self) -> int:
        """Characters."""
        return 19 + (self.fraction and self.fraction + 1) + 6 * self.has_zone


def stamp_form(line: bytes) -> StampForm | None:
    """How the stamp is written that a line begins with; None if it begins with none."""
    stamp = _STAMP.match(line[:_STAMP_LENGTH].decode("latin-1"))
    if stamp is None:
        return None
    return StampForm(len(stamp[1]) - 1 if stamp[1] else 0, stamp[2] is not None)


type _Match = Callable[[str], re.Match[str] | None]


class _Patterns(NamedTuple):
    """Whole lines. The first group of those with a message id is the id."""

    arrival: _Match
    delivery: _Match
    completion: _Match
    refusal: _Match
    login: _Match


@lru_cache(maxsize=16)
def _patterns(form: StampForm) -> _Patterns:
    fraction = rf"\.\d{{{form.fraction}}}" if form.fraction else ""
    zone = r" [+-]\d{4}" if form.has_zone else ""
    start = rf"\d{{4}}-\d\d-\d\d (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d{fraction}{zone} (?:\[\d++\] )?+"

    def whole(rest: str, pattern: re.Pattern[str]) -> _Match:
        verbose = "x" if pattern.flags & re.VERBOSE else ""
        return re.compile(f"{start}{rest}(?{verbose}:{pattern.pattern})", re.ASCII).match

    return _Patterns(
        whole(rf"({ids.PATTERN}) <= ", arrivals.USUAL),
        whole(rf"({ids.PATTERN}) [=-]> ", deliveries.USUAL_DELIVERY),
        whole(rf"({ids.PATTERN}) ", _COMPLETION),
        whole("", refusals.USUAL_RCPT),
        whole("", sessions.USUAL_AUTH_FAILURE),
    )


@dataclass(slots=True)
class UsualLines:
    """The lines of a batch; ``others`` are the places of those that are not usual."""

    arrivals: dict[str, Usual] = field(default_factory=dict)  # by message id, which is their first group
    deliveries: dict[str, list[Usual]] = field(default_factory=dict)  # the same
    completions: dict[str, int] = field(default_factory=dict)  # places
    refusals: list[Usual] = field(default_factory=list)
    failed_logins: list[Usual] = field(default_factory=list)
    others: list[int] = field(default_factory=list)


def read_usual(lines: Sequence[str | None], form: StampForm) -> UsualLines:
    """Sort the lines of a batch, each a stamped line without its newline; None is left to the others.

    So is a second arrival or completion of one message, and a line whose stamp has another form. What a line may be is
    told by four characters behind its id, so that one pattern is tried for it: half the time of a pattern for the head
    and one for the rest.
    """
    found = UsualLines()
    arrived, delivered, completed = found.arrivals, found.deliveries, found.completions
    arrival_of, delivery_of, completion_of, refusal_of, login_of = _patterns(form)
    flag_of = _FLAGS.get
    start = form.width + 1
    for place, line in enumerate(lines):
        match = None
        if line is not None and len(line) <= LONGEST:
            at = start if line[start : start + 1] != "[" else line.find("]", start) + 2  # behind the pid
            flag = flag_of(line[at + _LONG : at + _LONG + 4]) or flag_of(line[at + _SHORT : at + _SHORT + 4])
            if flag is _DELIVERY:
                match = delivery_of(line)
                if match is not None:
                    groups = match.groups(NULL)
                    if groups[0] in delivered:
                        delivered[groups[0]].append((place, groups))
                    else:
                        delivered[groups[0]] = [(place, groups)]
            elif flag is _COMPLETED:
                match = completion_of(line)
                if match is not None and completed.setdefault(match[1], place) != place:
                    match = None
            elif line[-1] in _STRIPPED:
                pass
            elif flag is _ARRIVAL:
                match = arrival_of(line)
                if (
                    match is not None
                    and arrived.setdefault(match[1], (place, match.groups(NULL)))[0] != place
                ):
                    match = None
            elif line.startswith("H=", at):
                match = refusal_of(line)
                if match is not None:
                    found.refusals.append((place, match.groups(NULL)))
            elif " authenticator failed for " in line:
                match = login_of(line)
                if match is not None:
                    found.failed_logins.append((place, match.groups(NULL)))
        if match is None:
            found.others.append(place)
    return found
