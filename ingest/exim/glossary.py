"""A log line, part by part, in plain words."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from ingest.exim import meanings, message_id, parts, sentences
from ingest.exim.events import Arrival, Event, Kind, Unparsed
from ingest.exim.line import Line, read_line, readable
from ingest.exim.parse import parse
from ingest.exim.parts import Part

_LONGEST = 16_384  # bytes that are taken apart; Exim itself writes 8,192 at most
_ZONE_SLACK = timedelta(minutes=10)


class Token(NamedTuple):
    """A part of a line and what it means."""

    text: str
    meaning: str
    matters: bool  # it carries an argument: pages mark it


class Explanation(NamedTuple):
    """A line, explained. The tokens, in order, cover everything but the spaces between them."""

    kind: Kind | None  # None: no line of an Exim log
    sentence: str
    tokens: tuple[Token, ...]


def explain(raw: bytes, *, zone: tzinfo) -> Explanation:
    """Explain one line, without its newline; never raises. ``zone`` is the zone of the log host."""
    event = parse(raw, zone=zone)
    whole, beyond = readable(raw[:_LONGEST]).rstrip(" \r\n"), readable(raw[_LONGEST:])
    line = read_line(raw[:_LONGEST], zone=zone)
    if isinstance(event, Unparsed) or isinstance(line, Unparsed):
        return Explanation(None, sentences.UNREADABLE, tuple(_unreadable(whole + beyond)))
    before = len(whole) - len(line.text)
    found = [*_head(line, event, zone), *parts.parts(line, event)]
    tokens = [
        *_tokens(
            whole[:before], [Part(0, before, "Written by syslog, which passed the line on. Not Exim's.")]
        ),
        *_tokens(line.text, found),
        *_gap(beyond),
    ]
    return Explanation(event.kind, sentences.sentence(event), tuple(tokens))


def _unreadable(whole: str) -> Iterator[Token]:
    if whole.strip(" "):
        yield Token(
            whole.strip(" "), "No line of an Exim log: it does not begin with a date and a time.", False
        )


def _tokens(text: str, places: list[Part]) -> Iterator[Token]:
    """The places as tokens, with what lies between them."""
    pos = 0
    for part in places:
        yield from _gap(text[pos : part.start])
        token = text[part.start : part.end].strip(" ")
        if token:
            yield Token(token, part.meaning, part.matters)
        pos = max(pos, part.end)
    yield from _gap(text[pos:])


def _gap(text: str) -> Iterator[Token]:
    if text.strip(" "):
        text = text.strip(" ")
        yield Token(text, "The reason follows." if text == ":" else meanings.NOT_TAKEN_APART, False)


def _head(line: Line, event: Event, zone: tzinfo) -> Iterator[Part]:
    """Stamp, pid, id and flag."""
    text, end = line.text, line.start
    head = text[:end].rstrip(" ")
    end = len(head)
    places = []
    if line.flag is not None:
        places.append(Part(end - len(line.flag), end, meanings.FLAGS[line.flag]))
        end = len(text[: end - len(line.flag)].rstrip(" "))
    if line.message_id is not None:
        places.append(Part(end - len(line.message_id), end, _id_meaning(line.message_id)))
        end = len(text[: end - len(line.message_id)].rstrip(" "))
    bracket = text.rfind(" [", 0, end)
    if bracket > 0:
        places.append(Part(bracket + 1, end, "Process number of the Exim process that wrote the line."))
        end = bracket
    places.append(Part(0, end, _stamp_meaning(line, event, zone, has_zone=text[:end].count(" ") > 1)))
    return reversed(places)


def _id_meaning(identifier: str) -> str:
    received_at = message_id.received_at(identifier)
    return (
        "Exim's own id for this message on this server. Its first part is the time reception began, "
        f"{received_at:%H:%M:%S} UTC."
    )


def _stamp_meaning(line: Line, event: Event, zone: tzinfo, *, has_zone: bool) -> str:
    offset = _offset(line.logged_at, zone)
    named = "in the zone that it names" if has_zone else f"in its own zone ({offset})"
    meaning = f"When the server wrote the line, {named}."
    if not isinstance(event, Arrival):
        return meaning
    received_at = message_id.received_at(event.message_id)
    says = f"The message id says {received_at:%H:%M:%S} UTC"
    if abs(line.logged_at - received_at) <= _ZONE_SLACK:
        return f"{meaning} {says}, which confirms the zone."
    return (
        f"{meaning} {says}, which does not fit: either the message came in slowly or the zone is another one."
    )


def _offset(at: datetime, zone: tzinfo) -> str:
    try:
        return at.astimezone(zone).strftime("%:z") or "UTC"
    except (ValueError, OverflowError):
        return "UTC"
