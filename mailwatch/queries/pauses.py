"""What a message waited for between two of its lines, where the log tells it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingest.assembly import same_recipient
from ingest.exim.events import Arrival, Bounce, Completion, Deferral, Delivery, Event, Note, Topic
from mailwatch.queries.story import length, reply

PAUSE = timedelta(minutes=1)  # shorter ones are not worth a word
_PREFIX = "no immediate delivery: "
_BUSY = (
    ("load average", "the server was too busy"),
    ("too many connections", "too many clients were connected"),
    ("queued", "a rule of this server puts such mail into the queue"),
)


@dataclass(slots=True)
class _State:
    """What is known of a message up to a line."""

    queued: str = ""  # why it was not tried at once; until the first attempt
    frozen: str | None = None  # why; None: it is not frozen
    put_off: dict[str, str] = field(default_factory=dict)  # what was said at the last attempt, by recipient
    last: Event | None = None
    any_put_off: bool = False

    def read(self, event: Event) -> None:
        self.last = event
        match event:
            case Note(topic=Topic.QUEUED_CONNECTION | Topic.QUEUED):
                self.queued = queued_because(event)
            case Note(topic=Topic.FROZEN):
                self.frozen = self.frozen or _frozen_because(event.text)
            case Note(topic=Topic.THAWED):
                self.frozen = None
            case Deferral(is_attempt=True):
                self.queued, self.frozen = "", None
                self.any_put_off, self.put_off[_name(event)] = True, _words(event)
            case Delivery() | Bounce():
                self.queued, self.frozen = "", None
                self.put_off.pop(_name(event), None)


def pauses(events: Sequence[Event | None]) -> list[str]:
    """For each line, words about a pause of a minute or more before it; "" where there is none."""
    state, found = _State(), []
    for event in events:
        before = state.last
        is_pause = event is not None and before is not None and event.logged_at - before.logged_at >= PAUSE
        found.append(_told(state, before, event) if is_pause and before and event else "")
        if event is not None:
            state.read(event)
    return found


def last_pause(events: Sequence[Event | None], log_ends_at: datetime | None) -> str:
    """Words for the time from the last line of a message that is still there to the end of the log."""
    state = _State()
    for event in events:
        if event is not None:
            state.read(event)
    if state.last is None or log_ends_at is None or isinstance(state.last, Completion):
        return ""
    if log_ends_at - state.last.logged_at < PAUSE:
        return ""
    return f"{_rest(state, length(log_ends_at - state.last.logged_at))}. Here the log ends"


def queued_because(event: Note) -> str:
    """Why Exim did not try to deliver at once, as half a sentence; "" where the line does not say it."""
    if event.topic is Topic.QUEUED_CONNECTION:
        return f"the client had sent more than {event.value} messages in one connection"
    if event.topic is not Topic.QUEUED:
        return ""
    words = event.text.removeprefix(_PREFIX).strip()
    said = next((said for beginning, said in _BUSY if words.startswith(beginning)), None)
    return f"{said} ({words})" if said else words


def waited_because(events: Sequence[Event | None]) -> str:
    """Why the first attempt came late, as half a sentence; "" where the log does not tell it."""
    because = ""
    for event in events:
        if isinstance(event, Delivery | Deferral | Bounce):
            return because
        if isinstance(event, Note):
            because = queued_because(event) or because
    return because


def put_off_because(events: Sequence[Event | None]) -> str:
    """What was said at the first attempt, where that put the message off, as half a sentence; else ""."""
    first = next((event for event in events if isinstance(event, Delivery | Deferral | Bounce)), None)
    if not isinstance(first, Deferral) or not first.is_attempt:
        return ""
    return _words(first).replace(" had said ", " said ")


def _told(state: _State, before: Event, after: Event) -> str:
    span = length(after.logged_at - before.logged_at)
    if isinstance(after, Arrival):
        return f"{span} until the line of its arrival"
    if state.frozen is None and isinstance(after, Delivery | Deferral | Bounce) and _is_attempt(after):
        said = state.put_off.get(_name(after))
        if said is not None:
            return f"{span} until it was tried again for {after.original_recipient}: {said}"
        if state.any_put_off and not state.queued:
            return f"{span} until it was tried again"
    if isinstance(after, Note) and after.topic is Topic.HOST_ERROR and state.put_off:
        return f"{span} until it was tried again{_because(state)}"
    return _rest(state, span)


def _rest(state: _State, span: str) -> str:
    """Words where nothing follows that ends the wait, or where it does not matter what."""
    if state.frozen is not None:
        because = f" ({state.frozen})" if state.frozen else ""
        return f"{span} frozen{because}: Exim does not try until somebody thaws it"
    if state.queued:
        return f"{span} in the queue, until the next queue run: {state.queued}"
    if isinstance(state.last, Deferral) and not state.last.is_attempt:
        return f"{span} in the queue: retry time not reached"
    return f"{span} in the queue{_because(state)}"


def _because(state: _State) -> str:
    """What all who wait were told, behind a colon; "" where they were told different things."""
    said = set(state.put_off.values())
    return f": {said.pop()}" if len(said) == 1 else ""


def _is_attempt(event: Delivery | Deferral | Bounce) -> bool:
    return event.is_attempt if isinstance(event, Deferral) else True


def _name(event: Delivery | Deferral | Bounce) -> str:
    original = event.original_recipient
    return same_recipient(event.recipient, original if original != event.recipient else None)


def _words(event: Deferral) -> str:
    """Who put it off, and with which words."""
    host = event.remote_host_name or event.remote_host_address
    words = reply(event.text).rstrip(".")
    return f"{host} had said “{words}”" if host else words


def _frozen_because(text: str) -> str:
    """Frozen (delivery error message) -> delivery error message."""
    if text.startswith("frozen by "):
        return text.removeprefix("frozen ")
    rest = text.removeprefix("Message is frozen").removeprefix("Frozen").strip()
    return rest[1:-1] if rest.startswith("(") and rest.endswith(")") else rest
