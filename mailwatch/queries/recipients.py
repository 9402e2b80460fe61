"""What became of each recipient of a message, read from its delivery lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.assembly import Attempt, Place, attempt_of, last_attempts, same_recipient
from ingest.exim.events import Bounce, Deferral, Delivery
from ingest.exim.message_id import next_message_id
from ingest.languages import say, say_of
from ingest.rules.facts import Outcome
from ingest.rules.words import count
from mailwatch.queries.lines import LoggedLine
from mailwatch.queries.story import length

type DeliveryLine = Delivery | Deferral | Bounce


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientOutcome:
    """The last attempt for one recipient. ``==`` lines that only say "retry time not reached" are no attempts."""

    recipient: str
    original_recipient: str
    outcome: str
    logged_at: datetime
    transport: str | None
    remote_host_name: str | None
    remote_host_address: str | None
    text: str | None  # the remote server's or Exim's words
    attempts: int = 1
    waits: int = 0  # lines that say that its time to be tried again had not come
    queue_time: timedelta | None = (
        None  # from arrival to the end; None: waits still, or the arrival is not known
    )
    is_logged_time: bool = False  # the line says the queue time itself (QT=)
    next_message_id: str | None = None  # what the next server, an Exim too, calls the message
    lines: tuple[int, ...] = ()  # its delivery lines, by their places among the message's lines

    @property
    def took(self) -> str:
        """How long it was in the queue, in words; "" where that is not known."""
        if self.queue_time is None:
            return ""
        return say("after {time}", time=length(self.queue_time))

    @property
    def tries(self) -> str:
        """How often it was tried, where that is worth a word."""
        words = [count(self.attempts, "attempt")] if self.attempts > 1 else []
        if self.waits:
            words.append(
                say_of(
                    self.waits,
                    "{number:,} time it was too early to try again",
                    "{number:,} times it was too early to try again",
                )
            )
        return say(", ").join(words)


def outcomes(lines: Sequence[LoggedLine], received_at: datetime | None) -> tuple[RecipientOutcome, ...]:
    """Each recipient, in the order in which recipients first appear."""
    events = {
        number: line.event
        for number, line in enumerate(lines)
        if isinstance(line.event, Delivery | Deferral | Bounce)
    }
    # the place in the canonical order stands in for the line's digest: it breaks ties within a second
    attempts = [attempt_of(event, Place(number, 0, number)) for number, event in events.items()]
    by_name: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        by_name.setdefault(same_recipient(attempt.recipient, attempt.original_recipient), []).append(attempt)
    found = last_attempts(attempts)
    before = {name: lines for name, lines in by_name.items() if name not in found}
    return tuple(
        _outcome(last, by_name[name], _before_alias(last, before), events, received_at)
        for name, last in found.items()
    )


def _before_alias(last: Attempt, before: dict[str, list[Attempt]]) -> list[Attempt]:
    """The lines of the address that led to a recipient, from the time when that was not yet known."""
    if last.original_recipient is None or not before:
        return []
    return before.get(same_recipient(last.original_recipient, None), [])


def _outcome(
    last: Attempt,
    lines: Sequence[Attempt],
    before: Sequence[Attempt],
    events: Mapping[int, DeliveryLine],
    received_at: datetime | None,
) -> RecipientOutcome:
    tried = [line for line in lines if line.is_attempt]
    if not last.is_attempt and tried:
        last = tried[-1]  # why it waits stands on the last line that says what was tried
    event = events[last.line_ref]
    told_time = event.queue_time if isinstance(event, Delivery) else None
    return RecipientOutcome(
        recipient=last.recipient,
        original_recipient=last.original_recipient or last.recipient,
        outcome=str(last.outcome),
        logged_at=last.logged_at,
        transport=last.transport,
        remote_host_name=last.remote_host_name,
        remote_host_address=last.remote_host_address,
        text=event.text,
        attempts=len(tried),
        waits=len(lines) - len(tried),
        queue_time=_queue_time(last, told_time, received_at),
        is_logged_time=told_time is not None,
        next_message_id=next_message_id(event.text) if isinstance(event, Delivery) else None,
        lines=tuple(sorted(line.line_ref for line in (*before, *lines))),
    )


def _queue_time(last: Attempt, told: float | None, received_at: datetime | None) -> timedelta | None:
    if last.outcome is Outcome.DEFERRED:
        return None
    if told is not None:
        return timedelta(seconds=told)
    return None if received_at is None else max(last.logged_at - received_at, timedelta())
