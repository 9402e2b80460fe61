"""The lines of one message, each with what it says and the pauses between them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter

from ingest.exim.events import (
    Arrival,
    AuthFailure,
    Bounce,
    Completion,
    Connection,
    Deferral,
    Delivery,
    Event,
    Note,
    Rejection,
    Topic,
    Unparsed,
)
from ingest.exim.glossary import Token, explain
from ingest.exim.line import readable
from ingest.exim.parse import parse
from ingest.exim.syslog import first_line
from ingest.models import LogHost
from mailwatch.queries.pauses import pauses

_NOTES = {
    Topic.FROZEN: "Frozen: Exim stopped trying",
    Topic.THAWED: "Thawed: Exim tries again",
    Topic.REMOVED: "Removed from the queue",
    Topic.CANCELLED: "Cancelled",
    Topic.ERROR_IGNORED: "Failed, and nobody is told",
    Topic.NOT_ACCEPTED: "Not accepted after all",
    Topic.QUEUED_CONNECTION: "Queued, not delivered at once",
    Topic.QUEUED: "Queued, not delivered at once",
    Topic.HOST_ERROR: "Attempt at one server, without success",
    Topic.DISCARDED: "Thrown away",
    Topic.DKIM: "Signature checked",
    Topic.SENDER_VERIFY: "The sender address was checked",
    Topic.TLS_ERROR: "Encryption failed",
    Topic.SPOOL: "Something about its file in the queue",
    Topic.CHANGED: "Changed by hand",
    Topic.SYSTEM_FILTER: "The system filter acted",
    Topic.PIPE_OUTPUT: "A program answered",
    Topic.DNS: "A name was looked up, without success",
    Topic.COMMAND: "A command of the client was noted",
    Topic.REWRITTEN: "An address was rewritten",
    Topic.WARNING: "A rule of the server warns",
    Topic.INCOMPLETE: "The client broke off",
    Topic.SENDER_CHECK: "The sender was checked",
    Topic.SCANNER: "A scanner failed",
    Topic.IDENTIFIED: "The sending account was named",
    Topic.OUTBOUND: "Leaves for one recipient",
    Topic.SENDING_LIMIT: "Stopped by a sending limit",
    Topic.SENDING_RATE: "Counted against a sending limit",
}


_SKIPPED = ("Message is frozen", "*** Message is frozen ***")


@dataclass(frozen=True, slots=True)
class LoggedLine:
    """One line with what it was read as. ``event`` is None where it could not be read."""

    raw: bytes
    event: Event | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLine:
    """One line as the timeline shows it."""

    number: int  # among the message's lines, counted from 1
    logged_at: datetime | None
    kind: str
    raw: bytes
    title: str
    explanation: str
    tokens: tuple[Token, ...]
    mark: str  # the shape beside it: "delivery", "deferral", "bounce", "completion", or "" for a ring
    pause: str = ""  # words about the pause before this line
    repeats: str = ""  # lines of the same word in a row say the same: "wait" and "frozen", nothing was tried

    @property
    def text(self) -> str:
        """The whole line as it stands in the log."""
        return readable(self.raw)


def once(entries: Sequence[bytes]) -> list[bytes]:
    """Each line as often as it was written, where mainlog and rejectlog both have it: with its headers.

    The k-th copy without anything below it is the k-th with. Entries whose page is gone stay as they are.
    """
    of_line: dict[bytes, list[int]] = {}
    for number, entry in enumerate(entries):
        if entry:
            of_line.setdefault(entry.partition(b"\n")[0], []).append(number)
    left_out: set[int] = set()
    for numbers in of_line.values():
        if len(numbers) > 1:
            most = max(Counter(entries[number] for number in numbers).values())
            left_out.update(sorted(numbers, key=lambda number: len(entries[number]), reverse=True)[most:])
    return [entry for number, entry in enumerate(entries) if number not in left_out]


def read(entries: Iterable[bytes], log_host: LogHost) -> list[LoggedLine]:
    """Parse entries; those whose page is gone (retention) are left out.

    In the order of time, whatever the order in which files were handed in: the pointers of a message are in the
    order of their coming. Within a second the arrival comes first and the completion last. A line without a stamp
    stays behind the one before it.
    """
    keyed: list[tuple[datetime, int, LoggedLine]] = []
    at = _EARLIEST
    for raw in entries:
        if raw:
            event = _event(raw, log_host)
            at = event.logged_at if event else at
            keyed.append((at, _rank(event), LoggedLine(raw, event)))
    keyed.sort(key=itemgetter(0, 1))
    return [line for _, _, line in keyed]


_EARLIEST = datetime.min.replace(tzinfo=UTC)


def _rank(event: Event | None) -> int:
    match event:
        case Arrival():
            return 0
        case Completion():
            return 2
    return 1


def told(
    lines: Sequence[LoggedLine],
    log_host: LogHost,
    *,
    shown: Sequence[int],
    window: slice = slice(None),
) -> list[TimelineLine]:
    """Lines with their meaning. ``shown``: places of those that the timeline has, of which ``window`` is told."""
    before = pauses([lines[number].event for number in shown])
    return [
        _told(number, lines[number], log_host, pause)
        for number, pause in list(zip(shown, before, strict=True))[window]
    ]


def _event(raw: bytes, log_host: LogHost) -> Event | None:
    event = parse(first_line(raw), zone=log_host.zone)
    return None if isinstance(event, Unparsed) else event


def _told(number: int, line: LoggedLine, log_host: LogHost, pause: str) -> TimelineLine:
    event = line.event
    explained = explain(line.raw, zone=log_host.zone)
    return TimelineLine(
        number=number + 1,
        logged_at=event.logged_at if event else None,
        kind=event.kind if event else "note",
        raw=line.raw,
        title=_title(event) if event else "Not readable",
        explanation=explained.sentence,
        tokens=explained.tokens,
        mark=_mark(event),
        pause=pause,
        repeats=_repeats(event),
    )


def _mark(event: Event | None) -> str:
    match event:
        case Delivery():
            return "delivery"
        case Deferral(is_attempt=True):
            return "deferral"
        case Bounce():
            return "bounce"
        case Completion():
            return "completion"
    return ""


def _repeats(event: Event | None) -> str:
    """What queue runs write again and again while they leave a message alone."""
    if isinstance(event, Deferral) and not event.is_attempt:
        return "wait"
    is_skipped = isinstance(event, Note) and event.topic is Topic.FROZEN and event.text in _SKIPPED
    return "frozen" if is_skipped else ""


def _title(event: Event) -> str:
    match event:
        case Arrival():
            return _arrival(event)
        case Delivery():
            return f"Delivered to {event.recipient if '@' in event.recipient else event.original_recipient}"
        case Deferral():
            return f"{'Put off' if event.is_attempt else 'Not tried, the time for it had not come'}: {event.recipient}"
        case Bounce():
            return f"Failed for {event.recipient}"
        case Completion():
            return "Completed"
        case Rejection():
            return "Refused for now" if event.is_temporary else "Refused"
        case AuthFailure():
            return "Login refused"
        case Connection():
            return "Connection"
        case Note():
            return _NOTES.get(event.topic, "Note")


def _arrival(event: Arrival) -> str:
    client = event.client
    if client.sender_host_address:
        return f"Arrived from {client.sender_host_address}"
    if event.parent_message_id:
        return "Made by this server, to report about another message"
    return f"Handed in by the local user {client.ident}" if client.ident else "Handed in on this server"
