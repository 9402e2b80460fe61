"""A log line, part by part, in plain words. The words are those of ``meanings``: one entry, one definition."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from ingest.exim import meanings, message_id, parts, sentences, wording
from ingest.exim.events import Arrival, Event, Kind, Note, Topic, Unparsed
from ingest.exim.line import Line, read_line, readable
from ingest.exim.meanings.entry import Entry
from ingest.exim.parse import parse
from ingest.exim.parts import Part
from ingest.exim.replies import Meaning, of
from ingest.languages import say

_LONGEST = 16_384  # bytes that are taken apart; Exim itself writes 8,192 at most
_ZONE_SLACK = timedelta(minutes=10)


class Token(NamedTuple):
    """A part of a line and what it means."""

    text: str
    meaning: str
    matters: bool  # it carries an argument: pages mark it
    entries: tuple[Entry, ...] = ()  # of the glossary, from which the meaning comes; most telling first


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
        return Explanation(None, say(sentences.UNREADABLE), tuple(_unreadable(whole + beyond)))
    before = len(whole) - len(line.text)
    found = [*_head(line, event, zone), *_rest(line, event)]
    tokens = [
        *_tokens(whole[:before], [Part(0, before, of(meanings.HEAD["syslog"]))]),
        *_tokens(line.text, found),
        *_gap(beyond),
    ]
    return Explanation(event.kind, sentences.sentence(event), tuple(tokens))


def _rest(line: Line, event: Event) -> Iterator[Part]:
    """What stands behind the head."""
    if line.message_id is not None and line.flag is not None:
        return iter(parts.parts(line))
    topic = event.topic if isinstance(event, Note) else None
    is_remote = topic is Topic.HOST_ERROR or (topic is Topic.TLS_ERROR and line.message_id is not None)
    return wording.parts(line, is_remote=is_remote)


def _unreadable(whole: str) -> Iterator[Token]:
    if whole.strip(" "):
        yield _token(whole.strip(" "), of(meanings.FREE["no log line"]))


def _token(text: str, meaning: Meaning) -> Token:
    return Token(text, meaning.text, meaning.matters, meaning.entries)


def _tokens(text: str, places: list[Part]) -> Iterator[Token]:
    """The places as tokens, with what lies between them."""
    pos = 0
    for part in places:
        yield from _gap(text[pos : part.start])
        token = text[part.start : part.end].strip(" ")
        if token:
            yield _token(token, part.meaning)
        pos = max(pos, part.end)
    yield from _gap(text[pos:])


def _gap(text: str) -> Iterator[Token]:
    """Text that no part takes."""
    word = text.strip(" ")
    if word in meanings.DELIVERY:
        yield _token(word, of(meanings.DELIVERY[word]))
    elif word:
        yield _token(word, of(meanings.FREE[":" if word == ":" else "unknown words"]))


def _head(line: Line, event: Event, zone: tzinfo) -> Iterator[Part]:
    """Stamp, pid, id and flag."""
    text, end = line.text, line.start
    head = text[:end].rstrip(" ")
    end = len(head)
    places = []
    if line.flag is not None:
        places.append(Part(end - len(line.flag), end, of(meanings.FLAGS[line.flag])))
        end = len(text[: end - len(line.flag)].rstrip(" "))
    if line.message_id is not None:
        places.append(Part(end - len(line.message_id), end, _id_meaning(line.message_id)))
        end = len(text[: end - len(line.message_id)].rstrip(" "))
    bracket = text.rfind(" [", 0, end)
    if bracket > 0:
        places.append(Part(bracket + 1, end, of(meanings.HEAD["[number]"])))
        end = bracket
    places.append(Part(0, end, _stamp_meaning(line, event, zone, has_zone=text[:end].count(" ") > 1)))
    return reversed(places)


def _id_meaning(identifier: str) -> Meaning:
    received_at = message_id.received_at(identifier)
    return of(meanings.HEAD["message id"], say("Here: {time} UTC.", time=f"{received_at:%H:%M:%S}"))


def _stamp_meaning(line: Line, event: Event, zone: tzinfo, *, has_zone: bool) -> Meaning:
    stamp, named = meanings.HEAD["date and time"], meanings.HEAD["+hhmm"]
    detail = say("Read in the zone of its log host ({offset}).", offset=_offset(line.logged_at, zone))
    if isinstance(event, Arrival):
        detail = f"{named.said if has_zone else detail} {_told_by_id(line, event)}"
    elif has_zone:
        detail = named.said
    return Meaning(f"{stamp.said} {detail}", (stamp, named) if has_zone else (stamp,))


def _told_by_id(line: Line, event: Arrival) -> str:
    received_at = message_id.received_at(event.message_id)
    time = f"{received_at:%H:%M:%S}"
    if abs(line.logged_at - received_at) <= _ZONE_SLACK:
        return say("The message id says {time} UTC, which confirms the zone.", time=time)
    return say(
        "The message id says {time} UTC, which does not fit: either the message came in slowly or the zone is"
        " another one.",
        time=time,
    )


def _offset(at: datetime, zone: tzinfo) -> str:
    try:
        return at.astimezone(zone).strftime("%:z") or "UTC"
    except (ValueError, OverflowError):
        return "UTC"
