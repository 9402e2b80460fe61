"""What a message waited for between two of its lines, where the log tells it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingest.assembly import same_recipient
from ingest.exim.events import Arrival, Bounce, Completion, Deferral, Delivery, Event, Note, Topic
from ingest.languages import later, say
from mailwatch.queries.story import length, reply

PAUSE = timedelta(minutes=1)  # shorter ones are not worth a word
_PREFIX = "no immediate delivery: "
_BUSY = (
    ("load average", later("the server was too busy")),
    ("too many connections", later("too many clients were connected")),
    ("queued", later("a rule of this server puts such mail into the queue")),
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
    return say("{pause}. Here the log ends", pause=_rest(state, length(log_ends_at - state.last.logged_at)))


def queued_because(event: Note) -> str:
    """Why Exim did not try to deliver at once, as half a sentence; "" where the line does not say it."""
    if event.topic is Topic.QUEUED_CONNECTION:
        return say("the client had sent more than {number} messages in one connection", number=event.value)
    if event.topic is not Topic.QUEUED:
        return ""
    words = event.text.removeprefix(_PREFIX).strip()
    said = next((said for beginning, said in _BUSY if words.startswith(beginning)), None)
    return say("{meaning} ({words})", meaning=say(said), words=words) if said else words


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
    host, words = _host_and_words(first)
    return say("{host} said “{words}”", host=host, words=words) if host else words


def _told(state: _State, before: Event, after: Event) -> str:
    span = length(after.logged_at - before.logged_at)
    if isinstance(after, Arrival):
        return say("{time} until the line of its arrival", time=span)
    if state.frozen is None and isinstance(after, Delivery | Deferral | Bounce) and _is_attempt(after):
        said = state.put_off.get(_name(after))
        if said is not None:
            return say(
                "{time} until it was tried again for {name}: {because}",
                time=span,
                name=after.original_recipient,
                because=said,
            )
        if state.any_put_off and not state.queued:
            return say("{time} until it was tried again", time=span)
    if isinstance(after, Note) and after.topic is Topic.HOST_ERROR and state.put_off:
        because = _because(state)
        if because:
            return say("{time} until it was tried again: {because}", time=span, because=because)
        return say("{time} until it was tried again", time=span)
    return _rest(state, span)


def _rest(state: _State, span: str) -> str:
    """Words where nothing follows that ends the wait, or where it does not matter what."""
    if state.frozen is not None:
        if not state.frozen:
            return say("{time} frozen: Exim does not try until somebody thaws it", time=span)
        frozen = later("{time} frozen ({because}): Exim does not try until somebody thaws it")
        return say(frozen, time=span, because=state.frozen)
    if state.queued:
        return say(
            "{time} in the queue, until the next queue run: {because}", time=span, because=state.queued
        )
    if isinstance(state.last, Deferral) and not state.last.is_attempt:
        return say("{time} in the queue: retry time not reached", time=span)
    because = _because(state)
    if because:
        return say("{time} in the queue: {because}", time=span, because=because)
    return say("{time} in the queue", time=span)


def _because(state: _State) -> str:
    """What all who wait were told; "" where they were told different things."""
    said = set(state.put_off.values())
    return said.pop() if len(said) == 1 else ""


def _is_attempt(event: Delivery | Deferral | Bounce) -> bool:
    return event.is_attempt if isinstance(event, Deferral) else True


def _name(event: Delivery | Deferral | Bounce) -> str:
    original = event.original_recipient
    return same_recipient(event.recipient, original if original != event.recipient else None)


def _words(event: Deferral) -> str:
    """Who put it off, and with which words."""
    host, words = _host_and_words(event)
    return say("{host} had said “{words}”", host=host, words=words) if host else words


def _host_and_words(event: Deferral) -> tuple[str | None, str]:
    return event.remote_host_name or event.remote_host_address, reply(event.text).rstrip(".")


def _frozen_because(text: str) -> str:
    """Frozen (delivery error message) -> delivery error message."""
    if text.startswith("frozen by "):
        return text.removeprefix("frozen ")
    rest = text.removeprefix("Message is frozen").removeprefix("Frozen").strip()
    return rest[1:-1] if rest.startswith("(") and rest.endswith(")") else rest
