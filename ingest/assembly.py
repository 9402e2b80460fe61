"""Events of one message id into one message and its deliveries, in whatever order they come.

Everything gathered is the earliest or the latest of something, or a set, so that ``absorb`` and ``merge`` give
the same result for every order and every cut into files, batches and workers. ``conclude`` then says what became
of the message.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

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
)
from ingest.rules.facts import MessageFacts, Outcome, RecipientFacts

LONGEST_ADDRESS = 500
"""Characters of an address that rows keep; the line keeps it whole. Longer ones are no addresses, and PostgreSQL's
index entries hold 2,700 bytes."""


class Status(StrEnum):
    """What became of a message, as far as the log tells."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    PARTLY_DELIVERED = "partly delivered"
    BOUNCED = "bounced"
    FROZEN = "frozen"
    REJECTED = "rejected"
    REMOVED = "removed"
    UNKNOWN = "unknown"


class Place(NamedTuple):
    """Which line an event comes from."""

    digest: int  # of the stamped line, 64 bits; what stands below it is no part of the event
    copy: int  # 0 for the first identical copy in its log, 1 for the second
    line_ref: int  # ingest.pages.LineRef, packed; a line number where nothing is stored
    header_lines: int = 0  # below the line


class Attempt(NamedTuple):
    """One delivery line: the row of the deliveries."""

    logged_at: datetime
    digest: int
    copy: int
    outcome: Outcome
    is_attempt: bool  # False: the retry time had not come, nothing was tried
    recipient: str
    original_recipient: str | None  # None: the same
    transport: str | None
    remote_host_name: str | None
    remote_host_address: str | None
    text: str | None  # why it was deferred or bounced
    line_ref: int

    @property
    def is_remote(self) -> bool:
        """Handed to another server: only then does the line show its address."""
        return self.remote_host_address is not None


@dataclass(slots=True)
class Gathered:
    """What the lines of one message id say so far."""

    first_at: datetime
    last_at: datetime
    arrival: Arrival | None = None
    arrival_digest: int = 0
    completed_at: datetime | None = None
    frozen_at: datetime | None = None
    thawed_at: datetime | None = None
    removed_at: datetime | None = None
    rejected_at: datetime | None = None
    connection_limit: int | None = None
    attempts: list[Attempt] = field(default_factory=list)
    line_refs: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What became of a message, and of how many recipients."""

    status: Status
    delivered: int
    deferred: int
    bounced: int


def absorb(gathered: Gathered | None, event: Event, place: Place) -> Gathered:
    """Add one line. ``gathered`` is changed and returned; None begins a new message."""
    at = event.logged_at
    if gathered is None:
        gathered = Gathered(at, at)
    elif at < gathered.first_at:
        gathered.first_at = at
    elif at > gathered.last_at:
        gathered.last_at = at
    gathered.line_refs.append(place.line_ref)
    match event:
        case Arrival():
            _take_arrival(gathered, event, place.digest)
        case Delivery() | Deferral() | Bounce():
            gathered.attempts.append(attempt_of(event, place))
        case Completion():
            gathered.completed_at = _latest(gathered.completed_at, at)
        case (
            Rejection() | AuthFailure() | Connection()
        ):  # a connection that ends with an id: nothing was accepted
            gathered.rejected_at = _latest(gathered.rejected_at, at)
        case Note():
            _take_note(gathered, event)
    return gathered


def absorb_again(gathered: Gathered | None, event: Event, place: Place) -> Gathered:
    """Point at one more entry that has a line which was absorbed, in this batch or before."""
    at = event.logged_at
    if gathered is None:
        gathered = Gathered(at, at)
    gathered.line_refs.append(place.line_ref)
    return gathered


def merge(one: Gathered, other: Gathered) -> Gathered:
    """Both together; ``one`` is changed and returned."""
    one.first_at = min(one.first_at, other.first_at)
    one.last_at = max(one.last_at, other.last_at)
    if other.arrival is not None:
        _take_arrival(one, other.arrival, other.arrival_digest)
    for name in ("completed_at", "frozen_at", "thawed_at", "removed_at", "rejected_at"):
        setattr(one, name, _latest(getattr(one, name), getattr(other, name)))
    if other.connection_limit is not None:
        one.connection_limit = max(one.connection_limit or 0, other.connection_limit)
    one.attempts.extend(other.attempts)
    one.line_refs.extend(other.line_refs)
    return one


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)


def _take_arrival(gathered: Gathered, arrival: Arrival, digest: int) -> None:
    """The earliest arrival counts; of two in one second the smaller digest, so that order does not matter."""
    held = gathered.arrival
    if held is None or (arrival.logged_at, digest) < (held.logged_at, gathered.arrival_digest):
        gathered.arrival, gathered.arrival_digest = arrival, digest


def _take_note(gathered: Gathered, note: Note) -> None:
    at = note.logged_at
    match note.topic:
        case Topic.FROZEN:
            gathered.frozen_at = _latest(gathered.frozen_at, at)
        case Topic.THAWED:
            gathered.thawed_at = _latest(gathered.thawed_at, at)
        case Topic.REMOVED | Topic.CANCELLED:
            gathered.removed_at = _latest(gathered.removed_at, at)
        case Topic.NOT_ACCEPTED:
            gathered.rejected_at = _latest(gathered.rejected_at, at)
        case Topic.QUEUED_CONNECTION:
            gathered.connection_limit = max(gathered.connection_limit or 0, note.value or 0)


def attempt_of(event: Delivery | Deferral | Bounce, place: Place) -> Attempt:
    """The row of a delivery line."""
    outcome, is_attempt, text = Outcome.DELIVERED, True, None
    original = event.original_recipient
    if isinstance(event, Deferral):
        outcome, is_attempt, text = Outcome.DEFERRED, event.is_attempt, event.text
    elif isinstance(event, Bounce):
        outcome, text = Outcome.BOUNCED, event.text
    return Attempt(
        event.logged_at,
        place.digest,
        place.copy,
        outcome,
        is_attempt,
        event.recipient[:LONGEST_ADDRESS],
        original[:LONGEST_ADDRESS] if original != event.recipient else None,
        event.transport,
        event.remote_host_name,
        event.remote_host_address,
        text,
        place.line_ref,
    )


_NO_ADDRESS = ("|", "/", ">", ":", "discarded", "save ")


def same_recipient(recipient: str, original_recipient: str | None) -> str:
    """One name for a recipient that Exim prints in two shapes.

    A local delivery shows ``bob <bob@example.org>``, a deferral of the same recipient ``bob@example.org``. An
    alias that fans out keeps one name for each final address; a pipe, file or discard goes by its address. Source:
    deliver.c, string_log_address().
    """
    original = original_recipient or recipient
    if original_recipient is None or recipient.startswith(_NO_ADDRESS):
        name = original
    elif "@" in recipient:
        name = recipient
    else:
        name = recipient + original[original.rfind("@") :] if "@" in original else original
    local, at, domain = name.rpartition("@")
    return f"{local}{at}{domain.lower()}"


_RANK = {Outcome.DEFERRED: 0, Outcome.BOUNCED: 1, Outcome.DELIVERED: 2}


def last_attempts(attempts: Iterable[Attempt]) -> dict[str, Attempt]:
    """The latest attempt for each recipient; within a second a final outcome counts as later than a deferral.

    An address that was put off before it was known where it leads (an alias, ``bob+tag`` of the mailbox ``bob``) is
    answered for by what it led to afterwards.
    """
    latest: dict[str, Attempt] = {}
    led_to: dict[str, Attempt] = {}  # by the address before aliasing
    for attempt in attempts:
        name = same_recipient(attempt.recipient, attempt.original_recipient)
        _hold(latest, name, attempt)
        if attempt.original_recipient is not None:
            original = same_recipient(attempt.original_recipient, None)
            if original != name:
                _hold(led_to, original, attempt)
    for name, attempt in led_to.items():
        held = latest.get(name)
        if held is not None and held.outcome is Outcome.DEFERRED and _later(attempt) > _later(held):
            del latest[name]
    return latest


def _hold(latest: dict[str, Attempt], name: str, attempt: Attempt) -> None:
    held = latest.get(name)
    if held is None or _later(attempt) > _later(held):
        latest[name] = attempt


def _later(attempt: Attempt) -> tuple[datetime, int, int, int]:
    return attempt.logged_at, _RANK[attempt.outcome], attempt.digest, attempt.copy


def conclude(gathered: Gathered) -> Conclusion:
    """What became of the message, by the last attempt for each recipient and the state of the queue.

    As of the end of the log: what is in the queue there is queued. Where the log begins or ends within the
    message's life, only what is certain without the missing lines is said; else the status is unknown.
    """
    if len(gathered.attempts) == 1:
        outcomes: Sequence[Outcome] = (gathered.attempts[0].outcome,)
    else:
        outcomes = [attempt.outcome for attempt in last_attempts(gathered.attempts).values()]
    delivered = outcomes.count(Outcome.DELIVERED)
    deferred = outcomes.count(Outcome.DEFERRED)
    bounced = outcomes.count(Outcome.BOUNCED)
    return Conclusion(_status(gathered, delivered, deferred, bounced), delivered, deferred, bounced)


def _status(gathered: Gathered, delivered: int, deferred: int, bounced: int) -> Status:
    if gathered.arrival is None and gathered.rejected_at is not None:
        return Status.REJECTED
    is_open = gathered.completed_at is None
    if gathered.removed_at is not None:
        return Status.PARTLY_DELIVERED if delivered else Status.REMOVED
    if is_open and gathered.frozen_at is not None and _is_frozen(gathered.frozen_at, gathered.thawed_at):
        return Status.FROZEN
    if delivered and (deferred or bounced):
        return Status.PARTLY_DELIVERED
    if deferred and is_open:
        return Status.QUEUED
    if not (delivered or bounced):
        return Status.QUEUED if is_open and gathered.arrival is not None else Status.UNKNOWN
    if not _tells_all(gathered):
        return Status.UNKNOWN
    return Status.DELIVERED if delivered else Status.BOUNCED


def _tells_all(gathered: Gathered) -> bool:
    """Whether no recipient can be missing: a log may begin after the arrival or end before the completion."""
    if gathered.arrival is None:
        return False
    if gathered.completed_at is not None:
        return True
    listed = gathered.arrival.recipients
    if listed is None:
        return False
    tried = {
        same_recipient(attempt.original_recipient or attempt.recipient, None) for attempt in gathered.attempts
    }
    return tried.issuperset(same_recipient(address, None) for address in listed)


def still_listed(recipients: Sequence[str], told: Iterable[str]) -> tuple[str, ...] | None:
    """The recipients that an arrival listed, for the row of a message that is completed; None if each has a line.

    ``told``: the recipients of the lines, as they were before aliasing. What the lines tell need not be kept twice.
    """
    known = {address.lower() for address in told}
    return None if all(address.lower() in known for address in recipients) else tuple(recipients)


def listed_recipients(gathered: Gathered) -> tuple[str, ...] | None:
    """The recipients that rows and rules take from the arrival: none once the lines have told of each."""
    arrival = gathered.arrival
    if arrival is None or arrival.recipients is None or gathered.completed_at is None:
        return None if arrival is None else arrival.recipients
    told = (attempt.original_recipient or attempt.recipient for attempt in gathered.attempts)
    return still_listed(arrival.recipients, told)


def _is_frozen(frozen_at: datetime, thawed_at: datetime | None) -> bool:
    return thawed_at is None or frozen_at >= thawed_at


def message_facts(message_id: str, gathered: Gathered, conclusion: Conclusion) -> MessageFacts:
    """What the rules read of a message."""
    arrival = gathered.arrival
    recipients = tuple(recipient_facts(attempt) for attempt in last_attempts(gathered.attempts).values())
    if arrival is None:
        nothing = (None,) * 10
        return MessageFacts(
            message_id, *nothing, None, gathered.connection_limit, recipients, None, None, conclusion.status
        )
    client = arrival.client
    return MessageFacts(
        message_id,
        arrival.logged_at,
        arrival.envelope_sender,
        client.sender_host_address,
        client.sender_host_port,
        client.helo_name,
        client.sender_host_name,
        arrival.protocol,
        arrival.authenticator,
        arrival.authenticated_id,
        local_user_of(arrival),
        listed_recipients(gathered),
        gathered.connection_limit,
        recipients,
        arrival.size,
        arrival.subject,
        conclusion.status,
    )


def local_user_of(arrival: Arrival) -> str | None:
    """The login that handed in a message on the machine itself; the ident of a remote client is none."""
    return arrival.client.ident if arrival.client.sender_host_address is None else None


def recipient_facts(attempt: Attempt) -> RecipientFacts:
    """What the rules read of a recipient's last attempt."""
    return RecipientFacts(
        attempt.recipient,
        attempt.original_recipient or attempt.recipient,
        attempt.outcome,
        attempt.is_remote,
        attempt.text,
        attempt.logged_at,
    )
