"""What the log tells of an attack beside the findings: its messages, which of them wait, what was refused since.

Which rows these are is said here, as plain columns. Who reads them is another matter: ``FactTraces`` reads facts in
memory, ``ingest.stored_traces`` the database.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from ingest.exim.events import Stage
from ingest.rules.facts import LogHostFacts, MessageFacts, Outcome, RejectionFacts, strangers
from ingest.rules.replies import says_relay_refused

WAITING = ("queued", "frozen")
"""The states of messages that stand on the spool: arrived, and neither completed nor removed. So does one that is
partly delivered while a recipient is put off, until it is completed or removed."""
SHOWN = 50
"""So many message ids are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """Which messages are an attack's. What is empty or None does not restrict."""

    since: datetime
    until: datetime  # the last message has this time
    rule: str = ""  # that holds for each of these messages
    sender_host_addresses: tuple[str, ...] = ()
    authenticators: tuple[str, ...] = ()
    authenticated_ids: tuple[str, ...] = ()  # "": a login without a user name
    local_users: tuple[str, ...] = ()  # who handed in by a program on the host
    envelope_senders: tuple[str, ...] = ()  # lower case
    has_login: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trick:
    """Which refusals show that an attack's way in is closed. What is empty does not restrict."""

    is_login: bool  # a failed login; else a relay attempt
    authenticators: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    is_nameless: bool = False  # a login without a user name
    attackers: tuple[str, ...] = ()  # the addresses that it worked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How much went out."""

    messages: int = 0
    recipients: int = 0
    strangers: int = 0  # different recipients at foreign domains
    delivered: int = 0  # recipients
    deferred: int = 0
    bounced: int = 0
    waiting: int = 0  # messages on the spool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Messages on the spool."""

    total: int = 0
    message_ids: tuple[str, ...] = ()  # the first SHOWN
    envelope_senders: tuple[str, ...] = ()  # of these; "" is the null sender


def waiting_of(shown: Sequence[tuple[str, str | None]], total: int) -> Waiting:
    """Of so many, those that are named: id and envelope sender."""
    senders = dict.fromkeys(sender for _, sender in shown if sender is not None)
    message_ids = tuple(message_id for message_id, _ in shown)
    return Waiting(total=total, message_ids=message_ids, envelope_senders=tuple(senders))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """How often a trick was refused in a time."""

    count: int = 0
    by_attackers: int = 0
    first_at: datetime | None = None
    line: int | None = None  # of the first; of one by an attacker, where there is one


class Traces(Protocol):
    """Where the rows of an attack are read."""

    def sent(self, trail: Trail, host: LogHostFacts) -> Sent:
        """How much went out; strangers are recipients that are not local to ``host``."""

    def waiting(self, trail: Trail) -> Waiting:
        """What of it stands on the spool."""

    def refused(self, trick: Trick, since: datetime, until: datetime) -> Refused:
        """Refusals of the trick after ``since``, up to and with ``until``."""

    def replies(self, message_ids: Sequence[str]) -> tuple[str, ...]:
        """What other servers said where they did not take these messages."""


class FactTraces:
    """Traces in facts that are in memory."""

    def __init__(
        self,
        messages: Sequence[MessageFacts] = (),
        rejections: Sequence[RejectionFacts] = (),
        rules: Mapping[str, Collection[str]] = MappingProxyType({}),
        partly_waiting: Collection[str] = (),
    ) -> None:
        """``rules``: which hold for a message, by id. ``partly_waiting``: those partly delivered, that wait."""
        self._messages = messages
        self._rejections = rejections
        self._rules = rules
        self._partly_waiting = partly_waiting

    def sent(self, trail: Trail, host: LogHostFacts) -> Sent:
        """Counts them."""
        chosen = list(self._of(trail))
        outcomes = [item.outcome for message in chosen for item in message.recipients]
        return Sent(
            messages=len(chosen),
            recipients=sum(
                max(len(message.recipients), len(message.listed_recipients or ())) for message in chosen
            ),
            strangers=len({address for message in chosen for address in strangers(message, host)}),
            delivered=outcomes.count(Outcome.DELIVERED),
            deferred=outcomes.count(Outcome.DEFERRED),
            bounced=outcomes.count(Outcome.BOUNCED),
            waiting=sum(map(self._is_waiting, chosen)),
        )

    def waiting(self, trail: Trail) -> Waiting:
        """Names them."""
        found = [message for message in self._of(trail) if self._is_waiting(message)]
        shown = sorted((message.message_id, message.envelope_sender) for message in found)[:SHOWN]
        return waiting_of(shown, len(found))

    def refused(self, trick: Trick, since: datetime, until: datetime) -> Refused:
        """Counts them."""
        found = [
            rejection
            for rejection in self._rejections
            if since < rejection.logged_at <= until and _is_trick(rejection, trick)
        ]
        own = [rejection for rejection in found if rejection.sender_host_address in trick.attackers]
        first = min(own or found, key=lambda rejection: (rejection.logged_at, rejection.line), default=None)
        return Refused(
            count=len(found),
            by_attackers=len(own),
            first_at=first.logged_at if first else None,
            line=first.line if first else None,
        )

    def replies(self, message_ids: Sequence[str]) -> tuple[str, ...]:
        """In the order of the messages."""
        wanted = set(message_ids)
        texts = (
            item.text
            for message in self._messages
            if message.message_id in wanted
            for item in message.recipients
        )
        return tuple(dict.fromkeys(text for text in texts if text))

    def _is_waiting(self, message: MessageFacts) -> bool:
        return message.status in WAITING or message.message_id in self._partly_waiting

    def _of(self, trail: Trail) -> Iterator[MessageFacts]:
        tests = _tests(trail)
        for message in self._messages:
            at = message.received_at
            if at is None or not trail.since <= at <= trail.until:
                continue
            if trail.rule and trail.rule not in self._rules.get(message.message_id, ()):
                continue
            if all(test(message) for test in tests):
                yield message


def _tests(trail: Trail) -> list[Callable[[MessageFacts], bool]]:
    tests: list[Callable[[MessageFacts], bool]] = []
    if trail.sender_host_addresses:
        tests.append(lambda message: message.sender_host_address in trail.sender_host_addresses)
    if trail.authenticators:
        tests.append(lambda message: message.authenticator in trail.authenticators)
    if trail.authenticated_ids:
        tests.append(lambda message: message.authenticated_id in trail.authenticated_ids)
    if trail.local_users:
        tests.append(
            lambda message: message.local_user in trail.local_users and message.sender_host_address is None
        )
    if trail.envelope_senders:
        tests.append(lambda message: (message.envelope_sender or "").lower() in trail.envelope_senders)
    if trail.has_login is not None:
        tests.append(lambda message: (message.authenticator is not None) is trail.has_login)
    return tests


def _is_trick(rejection: RejectionFacts, trick: Trick) -> bool:
    if not trick.is_login:
        return rejection.stage is Stage.RCPT and says_relay_refused(rejection.text)
    if not rejection.is_failed_login:
        return False
    if trick.authenticators and rejection.authenticator not in trick.authenticators:
        return False
    if trick.is_nameless:
        return not rejection.account
    return not trick.accounts or rejection.account in trick.accounts
