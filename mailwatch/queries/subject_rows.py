"""The newest messages, recipients and refusals of a subject, read once: all that its page says is counted from them.

A subject may have any number of messages, so at most COUNTED of the newest are read, and ``Counted.since`` says where
that ended. They are the newest by their ids, which begin with the time of arrival: months are partitions of ids, so a
month is not touched where a newer one has enough.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from operator import itemgetter
from typing import Any, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, F, Func, Min, Q, QuerySet, TextField, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Concat

from ingest.exim.message_id import received_at
from ingest.models import Delivery, LogHost, Message, Outcome, Rejection
from mailwatch.queries.matching import Condition, messages_within, rejections_within
from mailwatch.queries.ranges import Bounds

COUNTED = 5_000  # messages; and refusals
FREQUENT = 60_000  # rows: to sort as many takes as long as to go along time to find 5,000 among all
LINES = 15_000  # delivery lines of these: a message may have thousands of recipients, or be tried for days

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which rows are a subject's: by messages, or, where a recipient or a server makes them its own, by attempts.

    ``messages`` gets the prefix of the fields of messages. The flags are set by ``weighed``.
    """

    messages: Callable[[str], Condition] | None = None
    attempts: Sequence[Condition] = ()  # any of them; one query each, because OR defeats the indexes
    refusals: Condition | None = None
    has_frequent_messages: bool = False
    has_frequent_attempts: tuple[bool, ...] = ()
    has_frequent_refusals: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which part of what is stored: of one log host or of all, in a range. ``log_hosts``: the one, or all of them."""

    log_host: LogHost | None
    log_hosts: Sequence[LogHost]
    bounds: Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was read, newest first. ``since`` is None where that is all of it."""

    messages: Sequence[Sent] = ()
    recipients: Sequence[Recipient] = ()
    refused: Sequence[Refused] = ()
    answers: Sequence[tuple[str, str]] = ()  # (outcome, text) of attempts that did not succeed
    message_fields: tuple[str, ...] = ()
    refused_fields: tuple[str, ...] = ()
    since: datetime | None = None

    def within(self, since: datetime, until: datetime | None) -> "Counted":
        """The part of a shorter period. Answers are not told apart: they belong to the whole."""
        return Counted(
            messages=[row for row in self.messages if _is_in(row.at, since, until)],
            recipients=[row for row in self.recipients if _is_in(row.at, since, until)],
            refused=[row for row in self.refused if _is_in(row.at, since, until)],
            message_fields=self.message_fields,
            refused_fields=self.refused_fields,
        )


def weighed(which: Filter) -> Filter:
    """The filter with what PostgreSQL's statistics say of how frequent its rows are.

    The newest of frequent rows are found soonest by going along time, of others by their own index. The planner would
    choose, too, but for the time that rows are spread evenly over the log: an attack is not.
    """
    messages, refusals = which.messages, which.refusals
    return replace(
        which,
        has_frequent_messages=messages is not None and _is_frequent(Message.objects.filter(Q(messages("")))),
        has_frequent_attempts=tuple(_is_frequent(Delivery.objects.filter(one)) for one in which.attempts),
        has_frequent_refusals=refusals is not None and _is_frequent(Rejection.objects.filter(refusals)),
    )


def _is_frequent(rows: QuerySet[Any, Any]) -> bool:
    (plan,) = json.loads(rows.order_by().values("log_host_id").explain(format="json"))
    return bool(plan["Plan"]["Plan Rows"] > FREQUENT)


def read(
    which: Filter,
    *,
    message_fields: Sequence[str],
    refused_fields: Sequence[str],
    where: Where,
) -> Counted:
    """The newest rows of a subject; in three queries, or two where attempts make the subject."""
    refused_fields = ("reason", *refused_fields)
    refused, refused_since = _refused(which, refused_fields, where)
    if not which.attempts:
        messages, since = _messages(which, message_fields, where)
        attempts, cut = _attempts_of(messages)
        last, answers = _last_attempts(attempts)
    else:
        attempts, cut = _own_attempts(which, message_fields, where)
        last, answers = _last_attempts(attempts)
        messages, since = _messages_of(attempts, last), None
    since = max((at for at in (since, cut, refused_since) if at), default=None)
    recipients = [_recipient(attempt) for attempt in last.values()]
    return Counted(
        messages=_from(messages, since),
        recipients=_from(recipients, since),
        refused=_from(refused, since),
        answers=answers,
        message_fields=tuple(message_fields),
        refused_fields=tuple(refused_fields),
        since=since,
    )


def first_at(which: Filter, where: Where) -> datetime | None:
    """When a subject of which not all was read was first seen: the time in its smallest id, or its first refusal."""
    mail: list[tuple[QuerySet[Any], bool]] = [
        *((query, which.has_frequent_messages) for query in _message_queries(which, where)),
        *zip(_attempt_queries(which, where), which.has_frequent_attempts, strict=True),
    ]
    found = [query.aggregate(first=Min(_by_id(is_frequent)))["first"] for query, is_frequent in mail]
    refused = _refused_since(which, where)
    times = [received_at(one) for one in found if one] + ([refused] if refused else [])
    return min(times, default=None)


def _refused_since(which: Filter, where: Where) -> datetime | None:
    if which.refusals is None:
        return None
    order = _by_time(which.has_frequent_refusals)
    at = _refused_query(which.refusals, where).aggregate(first=Min(order))["first"]
    return at if isinstance(at, datetime) else None


def has_any(which: Filter, where: Where) -> bool:
    """Whether there is any message, attempt or refusal."""
    mail: list[QuerySet[Any]] = [
        *_message_queries(which, where),
        *_attempt_queries(which, where),
        *([] if which.refusals is None else [_refused_query(which.refusals, where)]),
    ]
    return any(rows.order_by().exists() for rows in mail)


class _OneOf(Func):
    """``field = ANY(values)``: a list of thousands as one parameter."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def one_of(name: str, ids: Sequence[str]) -> Condition:
    """Rows whose ``name`` is one of many message ids."""
    return _OneOf(F(name), Value(list(ids), output_field=ArrayField(TextField())))


class _Attempt(NamedTuple):
    """A delivery line as it is read; behind ``text`` the columns of its message, where they are read with it."""

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


_MESSAGE = ("log_host_id", "message_id", "first_at", "last_at", "status", "delivered", "deferred", "bounced")
_ATTEMPT = (
    "log_host_id", "message_id", "logged_at", "outcome", "is_attempt", "recipient", "original_recipient",
    "transport", "remote_host_address", "remote_host_name", "text",
)  # fmt: skip
_REFUSED = ("log_host_id", "logged_at", "digest", "copy", "is_login")
_RANK = {Outcome.DEFERRED: 0, Outcome.BOUNCED: 1, Outcome.DELIVERED: 1}


def _messages(which: Filter, fields: Sequence[str], where: Where) -> tuple[list[Sent], datetime | None]:
    end = len(_MESSAGE)
    rows = [
        Sent._make((row[:2], *row[2:end], row[end:]))
        for query in _message_queries(which, where)
        for row in query.order_by("-message_id").values_list(*_MESSAGE, *fields)[: COUNTED + 1]
    ]
    rows.sort(key=lambda row: row.key[1], reverse=True)
    return (rows[:COUNTED], rows[COUNTED - 1].at) if len(rows) > COUNTED else (rows, None)


def _message_queries(which: Filter, where: Where) -> list[QuerySet[Message]]:
    """Of a frequent subject one for each log host: along the primary key, which begins with it."""
    if which.messages is None:
        return []
    rows = Message.objects.filter(Q(which.messages("")), messages_within(where.bounds))
    if not which.has_frequent_messages:
        return [_on(rows, where.log_host)]
    return [rows.filter(log_host_id=host.pk) for host in where.log_hosts]


def _on[M: (Message, Delivery)](rows: QuerySet[M], log_host: LogHost | None) -> QuerySet[M]:
    """Not as a column of the primary key: PostgreSQL would go along it to have the newest first."""
    if log_host is None:
        return rows
    return rows.alias(on=F("log_host_id") + 0).filter(on=log_host.pk)


def _attempts_of(messages: Sequence[Sent]) -> tuple[list[_Attempt], datetime | None]:
    """The delivery lines of messages, and from when on, where there are too many."""
    if not messages:
        return [], None
    times = {row.key: row.at for row in messages}
    ids = [row.key[1] for row in messages]
    lines = Delivery.objects.filter(one_of("message_id", ids), message_id__range=(min(ids), max(ids)))
    hosts = {row.key[0] for row in messages}  # others may have the same ids
    lines = lines.alias(on=F("log_host_id") + 0).filter(on__in=hosts).order_by("-message_id")
    rows = list(lines.values_list(*_ATTEMPT)[: LINES + 1])
    found = [_Attempt._make((*row, times[row[:2]], "", ())) for row in rows if row[:2] in times]
    return _whole(found) if len(rows) > LINES and found else (found, None)


def _whole(lines: list[_Attempt]) -> tuple[list[_Attempt], datetime | None]:
    """Without those of the last message, of which there may be more; and the time of the last that is whole."""
    last = lines[-1].message_id
    whole = list(takewhile(lambda line: line.message_id != last, lines)) or lines
    return whole, whole[-1].at


def _attempt_queries(which: Filter, where: Where) -> list[QuerySet[Delivery]]:
    rows = Delivery.objects.filter(messages_within(where.bounds, prefix="message__"))
    return [_on(rows.filter(condition), where.log_host) for condition in which.attempts]


def _by_id(is_frequent: bool) -> F | Concat:
    """The order of ids; of rare rows as an expression, so that PostgreSQL does not go along the index of ids."""
    return F("message_id") if is_frequent else Concat("message_id", Value(""))


def _own_attempts(
    which: Filter, fields: Sequence[str], where: Where
) -> tuple[list[_Attempt], datetime | None]:
    columns = (*_ATTEMPT, "message__first_at", "message__status", *(f"message__{name}" for name in fields))
    end = len(_ATTEMPT) + 2
    lists: list[Iterable[Any]] = [
        query.order_by(_by_id(is_frequent).desc()).values_list("digest", "copy", *columns)[: COUNTED + 1]
        for query, is_frequent in zip(
            _attempt_queries(which, where), which.has_frequent_attempts, strict=True
        )
    ]
    # a line may meet two conditions
    found = lists[0] if len(lists) == 1 else {row[:5]: row for rows in lists for row in rows}.values()
    newest = sorted(found, key=itemgetter(3), reverse=True)[: COUNTED + 1]
    rows = [_Attempt._make((*row[2 : end + 2], row[end + 2 :])) for row in newest]
    return _whole(rows) if len(rows) > COUNTED else (rows, None)


def _last_attempts(
    attempts: Iterable[_Attempt],
) -> tuple[dict[tuple[int, str, str], _Attempt], list[tuple[str, str]]]:
    """The last attempt for each recipient, as ``ingest.assembly`` decides; and what was answered, newest first."""
    last: dict[tuple[int, str, str], _Attempt] = {}
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


def _later(attempt: _Attempt) -> tuple[datetime, int]:
    return attempt.logged_at, _RANK[Outcome(attempt.outcome)]


def _recipient(attempt: _Attempt) -> Recipient:
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


def _messages_of(attempts: Iterable[_Attempt], last: dict[tuple[int, str, str], _Attempt]) -> list[Sent]:
    """The messages of attempts, with those of their recipients that are the subject's."""
    ends: dict[Key, datetime] = {}
    for attempt in attempts:
        key = attempt.log_host_id, attempt.message_id
        ends[key] = max(ends.get(key, attempt.logged_at), attempt.logged_at)
    counts: dict[Key, list[int]] = {}
    rows: dict[Key, _Attempt] = {}
    for attempt in last.values():
        key = attempt.log_host_id, attempt.message_id
        rows[key] = attempt
        of_key = counts.setdefault(key, [0, 0, 0])
        of_key[_PLACE[Outcome(attempt.outcome)]] += 1
    return [
        Sent._make((key, row.at, ends[key], row.status, *counts[key], row.named)) for key, row in rows.items()
    ]


_PLACE = {Outcome.DELIVERED: 0, Outcome.DEFERRED: 1, Outcome.BOUNCED: 2}


def _refused(which: Filter, fields: Sequence[str], where: Where) -> tuple[list[Refused], datetime | None]:
    if which.refusals is None:
        return [], None
    order = _by_time(which.has_frequent_refusals)
    rows = _refused_query(which.refusals, where).order_by(order.desc())
    found = [
        Refused(row[:4], row[1], row[4], row[5:])
        for row in rows.values_list(*_REFUSED, *fields)[: COUNTED + 1]
    ]
    return (found[:COUNTED], found[COUNTED - 1].at) if len(found) > COUNTED else (found, None)


def _by_time(is_frequent: bool) -> F | CombinedExpression:
    """The order of time; of rare rows one that no index has: PostgreSQL would go along time."""
    return F("logged_at") if is_frequent else F("logged_at") + timedelta()


def _refused_query(refusals: Condition, where: Where) -> QuerySet[Rejection]:
    rows = Rejection.objects.filter(refusals, rejections_within(where.bounds))
    return rows.filter(log_host_id=where.log_host.pk) if where.log_host else rows


def _from[R: (Sent, Recipient, Refused)](rows: list[R], since: datetime | None) -> list[R]:
    return rows if since is None else [row for row in rows if row.at >= since]


def _is_in(at: datetime, since: datetime, until: datetime | None) -> bool:
    return at >= since and (until is None or at < until)
