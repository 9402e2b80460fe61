"""One log line to one event: the public entry of the grammar."""

import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import partial

from ingest.exim import arrivals, deliveries, durations, notes, refusals, sessions
from ingest.exim.events import Completion, Event, Unparsed
from ingest.exim.line import Line, read_line

_COMPLETION = re.compile(r"Completed(?: QT=([^ ]++))?+\Z")
_CLIENT = re.compile(r"DS [HU]=|U=")
_completion: Callable[[tuple[object, ...]], Completion] = partial(tuple.__new__, Completion)

_FLAGS: Mapping[str, Callable[[Line, str], Event]] = {
    "<=": arrivals.read_arrival,
    "(=": arrivals.read_arrival,
    "=>": deliveries.read_delivery,
    "->": deliveries.read_delivery,
    ">>": deliveries.read_delivery,
    "*>": deliveries.read_delivery,
    "==": deliveries.read_deferral,
    "**": deliveries.read_bounce,
}


def parse(raw: bytes, *, zone: tzinfo) -> Event | Unparsed:
    """Read one line, without its newline; ``zone`` is the zone of the log host.

    Never raises. A field that cannot be read is None; text without a stamp, or with an impossible one, is
    Unparsed. Of a line longer than 64 KiB the first 64 KiB are read.
    """
    line = read_line(raw, zone=zone)
    if isinstance(line, Unparsed):
        return line
    logged_at, _pid, message_id, flag, text, start = line
    if message_id is not None:
        if flag is not None:
            return _FLAGS[flag](line, message_id)
        completed = _COMPLETION.match(text, start)
        if completed is not None:
            return _completion((logged_at, message_id, durations.seconds(completed[1])))
    if text.startswith("H=", start):
        return refusals.read_client_line(line)
    return _words(line)


def _words(line: Line) -> Event:
    """A line without a flag: told apart by its first words, never by a word in its middle."""
    text, start = line.text, line.start
    if _CLIENT.match(text, start):
        return refusals.read_client_line(line)
    event: Event | None = sessions.read_connection(line) or sessions.read_auth_failure(line)
    if event is not None:
        return event
    if text.startswith("F=", start):
        event = refusals.read_sender_line(line)
    elif text[start : (text + " ").index(" ", start)] in refusals.FIRST_WORDS:
        event = refusals.read_refusal(line)
    return event or notes.read_note(line)
