"""Rows of a subject as they are read, and what the attempts for a recipient have come to."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from ingest.models import Outcome

type Key = tuple[int, str]  # log host, message id


class Sent(NamedTuple):
    """A message, its recipients by the outcome of their last attempt; ``named``: the fields that were asked for."""

    key: Key
    at: datetime  # its first line
    last_at: datetime
    status: str
    delivered: int
    deferred: int
    bounced: int
    named: tuple[Any, ...]


class Recipient(NamedTuple):
    """One recipient of a message by their last attempt; of the three counts one is 1."""

    key: Key
    at: datetime  # of the message's first line
    delivered: int
    deferred: int
    bounced: int
    recipient: str
    transport: str | None
    remote_host: str | None
    remote_host_name: str | None


class Refused(NamedTuple):
    """A refusal or a failed login."""

    key: tuple[int, datetime, int, int]
    at: datetime
    is_login: bool
    named: tuple[Any, ...]


class Attempt(NamedTuple):
    """A delivery line as it is read; behind ``text`` the columns of its message, where they are read too."""

    log_host_id: int
    message_id: str
    logged_at: datetime
    outcome: str
    is_attempt: bool
    recipient: str
    original_recipient: str | None
    transport: str | None
    remote_host: str | None
    remote_host_name: str | None
    text: str | None
    at: datetime  # the first line of its message
    status: str
    named: tuple[Any, ...]


_RANK: Mapping[str, int] = {Outcome.DEFERRED: 0, Outcome.BOUNCED: 1, Outcome.DELIVERED: 1}


def last_attempts(
    attempts: Iterable[Attempt],
) -> tuple[dict[tuple[int, str, str], Attempt], list[tuple[str, str]]]:
    """The last attempt for each recipient, as ``ingest.assembly`` decides; and what was answered, newest first."""
    last: dict[tuple[int, str, str], Attempt] = {}
    answered: list[tuple[datetime, str, str]] = []
    for attempt in attempts:
        if attempt.text and attempt.is_attempt:
            answered.append((attempt.logged_at, attempt.outcome, attempt.text))
        name = attempt.log_host_id, attempt.message_id, attempt.original_recipient or attempt.recipient
        held = last.get(name)
        if held is None or _later(attempt) > _later(held):
            last[name] = attempt
    answered.sort(reverse=True)
    return last, [(outcome, text) for _, outcome, text in answered]


def _later(attempt: Attempt) -> tuple[datetime, int]:
    return attempt.logged_at, _RANK[attempt.outcome]


def recipient_of(attempt: Attempt) -> Recipient:
    return Recipient(
        (attempt.log_host_id, attempt.message_id),
        attempt.at,
        int(attempt.outcome == Outcome.DELIVERED),
        int(attempt.outcome == Outcome.DEFERRED),
        int(attempt.outcome == Outcome.BOUNCED),
        attempt.original_recipient or attempt.recipient,
        attempt.transport,
        attempt.remote_host,
        attempt.remote_host_name,
    )


def messages_of(attempts: Iterable[Attempt], last: dict[tuple[int, str, str], Attempt]) -> list[Sent]:
    """The messages of attempts, with those of their recipients that are the subject's."""
    ends: dict[Key, datetime] = {}
    for attempt in attempts:
        key = attempt.log_host_id, attempt.message_id
        ends[key] = max(ends.get(key, attempt.logged_at), attempt.logged_at)
    counts: dict[Key, list[int]] = {}
    rows: dict[Key, Attempt] = {}
    for attempt in last.values():
        key = attempt.log_host_id, attempt.message_id
        rows[key] = attempt
        of_key = counts.setdefault(key, [0, 0, 0])
        of_key[_PLACE[attempt.outcome]] += 1
    return [
        Sent._make((key, row.at, ends[key], row.status, *counts[key], row.named)) for key, row in rows.items()
    ]


_PLACE: Mapping[str, int] = {Outcome.DELIVERED: 0, Outcome.DEFERRED: 1, Outcome.BOUNCED: 2}
