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
from ingest.languages import later, say
from ingest.models import LogHost
from mailwatch.queries.pauses import pauses

_NOTES = {
    Topic.FROZEN: later("Frozen: Exim stopped trying"),
    Topic.THAWED: later("Thawed: Exim tries again"),
    Topic.REMOVED: later("Removed from the queue"),
    Topic.CANCELLED: later("Cancelled"),
    Topic.ERROR_IGNORED: later("Failed, and nobody is told"),
    Topic.NOT_ACCEPTED: later("Not accepted after all"),
    Topic.QUEUED_CONNECTION: later("Queued, not delivered at once"),
    Topic.QUEUED: later("Queued, not delivered at once"),
    Topic.HOST_ERROR: later("Attempt at one server, without success"),
    Topic.DISCARDED: later("Thrown away"),
    Topic.DKIM: later("Signature checked"),
    Topic.SENDER_VERIFY: later("The sender address was checked"),
    Topic.TLS_ERROR: later("Encryption failed"),
    Topic.SPOOL: later("Something about its file in the queue"),
    Topic.CHANGED: later("Changed by hand"),
    Topic.SYSTEM_FILTER: later("The system filter acted"),
    Topic.PIPE_OUTPUT: later("A program answered"),
    Topic.DNS: later("A name was looked up, without success"),
    Topic.COMMAND: later("A command of the client was noted"),
    Topic.REWRITTEN: later("An address was rewritten"),
    Topic.WARNING: later("A rule of the server warns"),
    Topic.INCOMPLETE: later("The client broke off"),
    Topic.SENDER_CHECK: later("The sender was checked"),
    Topic.SCANNER: later("A scanner failed"),
    Topic.IDENTIFIED: later("The sending account was named"),
    Topic.OUTBOUND: later("Leaves for one recipient"),
    Topic.SENDING_LIMIT: later("Stopped by a sending limit"),
    Topic.SENDING_RATE: later("Counted against a sending limit"),
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
        title=_title(event) if event else say("Not readable"),
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
            recipient = event.recipient if "@" in event.recipient else event.original_recipient
            return say("Delivered to {recipient}", recipient=recipient)
        case Deferral():
            sentence = (
                later("Put off: {recipient}")
                if event.is_attempt
                else later("Not tried, the time for it had not come: {recipient}")
            )
            return say(sentence, recipient=event.recipient)
        case Bounce():
            return say("Failed for {recipient}", recipient=event.recipient)
        case Completion():
            return say("Completed")
        case Rejection():
            return say("Refused for now") if event.is_temporary else say("Refused")
        case AuthFailure():
            return say("Login refused")
        case Connection():
            return say("Connection")
        case Note():
            return say(_NOTES.get(event.topic, later("Note")))


def _arrival(event: Arrival) -> str:
    client = event.client
    if client.sender_host_address:
        return say("Arrived from {address}", address=client.sender_host_address)
    if event.parent_message_id:
        return say("Made by this server, to report about another message")
    if client.ident:
        return say("Handed in by the local user {user}", user=client.ident)
    return say("Handed in on this server")
