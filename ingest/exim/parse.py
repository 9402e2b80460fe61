"""One log line to one event: the public entry of the grammar."""

import re
from collections.abc import Callable, Mapping
from datetime import tzinfo

from ingest.exim import arrivals, deliveries, notes, refusals, sessions
from ingest.exim.events import Completion, Event, Unparsed
from ingest.exim.line import Line, read_line

_COMPLETION = re.compile(r"Completed(?: QT=[^ ]++)?+\Z")
_CLIENT = re.compile(r"(?:DS )?+[HU]=")

_FLAGS: Mapping[str, Callable[[Line, str], Event]] = {
    "<=": arrivals.read_arrival,
    "(=": arrivals.read_arrival,
    "=>": lambda line, message_id: deliveries.read_delivery(line, message_id, "=>"),
    "->": lambda line, message_id: deliveries.read_delivery(line, message_id, "->"),
    ">>": lambda line, message_id: deliveries.read_delivery(line, message_id, ">>"),
    "*>": lambda line, message_id: deliveries.read_delivery(line, message_id, "*>"),
    "==": deliveries.read_deferral,
    "**": deliveries.read_bounce,
}


def parse(raw: bytes, *, zone: tzinfo) -> Event | Unparsed:
    """Read one line, without its newline; ``zone`` is the zone of the log host.

    Never raises. A field that cannot be read is None; text without a stamp, or with an impossible one, is Unparsed.
    Of a line longer than 64 KiB the first 64 KiB are read.
    """
    line = read_line(raw, zone=zone)
    if isinstance(line, Unparsed):
        return line
    if line.message_id is not None:
        if line.flag is not None:
            return _FLAGS[line.flag](line, line.message_id)
        if _COMPLETION.match(line.text, line.start):
            return Completion(line.logged_at, line.message_id)
    return _words(line)


def _words(line: Line) -> Event:
    """A line without a flag: told apart by its first words, never by a word in its middle."""
    text, start = line.text, line.start
    if _CLIENT.match(text, start):
        return refusals.read_client_line(line)
    event = sessions.read_connection(line) or sessions.read_auth_failure(line)
    if event is not None:
        return event
    if text.startswith("F=", start):
        event = refusals.read_sender_line(line)
    elif text[start : (text + " ").index(" ", start)] in refusals.FIRST_WORDS:
        event = refusals.read_refusal(line)
    return event or notes.read_note(line)
