"""The newest messages, recipients and refusals of a subject, read once: all that its page says is counted from them.

A subject may have any number of messages, so at most NEWEST of the newest are read, or COUNTED of a range that somebody
asked for, and ``Counted.since`` says where that ended. They are the newest by their ids, which begin with the time of
arrival.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import takewhile
from operator import itemgetter
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Concat

from ingest.exim.message_id import received_at
from ingest.models import Delivery, LogHost, Message, Rejection
from mailwatch.queries import newest as newest_rows
from mailwatch.queries.matching import (
    Condition,
    attempts_about,
    messages_within,
    one_of,
    rejections_within,
)
from mailwatch.queries.ranges import Bounds, Span
from mailwatch.queries.read_rows import (
    Attempt,
    Key,
    Recipient,
    Refused,
    Sent,
    last_attempts,
    messages_of,
    recipient_of,
)

COUNTED = 5_000  # messages of a range; and refusals
NEWEST = 1_000  # likewise, where no range was asked for
FREQUENT = 60_000  # rows: to sort as many takes as long as to go along time to find 5,000 among all
LINES = 15_000  # delivery lines of these: a message may have thousands of recipients, or be tried for days


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which rows are a subject's: by messages, or, where a recipient or a server makes them its own, by attempts.

    ``messages`` gets the prefix of the fields of messages. How many rows each may have is set by ``weighed``.
    """

    messages: Callable[[str], Condition] | None = None
    attempts: Sequence[Condition] = ()  # any of them; one query each, because OR defeats the indexes
    refusals: Condition | None = None
    expected_messages: int = 0
    expected_attempts: tuple[int, ...] = ()
    expected_refusals: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which part of what is stored: of one log host or of all, in a range. ``log_hosts``: the one, or all of them.

    ``span``: of their logs; without it, the newest rows are looked for among all.
    """

    log_host: LogHost | None
    log_hosts: Sequence[LogHost]
    bounds: Bounds
    span: Span = field(default_factory=Span)

    @property
    def most(self) -> int:
        """How many messages, and how many refusals, are read."""
        return COUNTED if self.bounds.is_set else min(NEWEST, COUNTED)

    def cuts(self, expected: int) -> list[datetime]:
        """Where the range is cut for the newest rows of a subject that may have so many."""
        return newest_rows.cuts(expected, self.most, span=self.span, bounds=self.bounds)

    def first_cuts(self, expected: int) -> list[datetime]:
        """Likewise for the oldest one."""
        return newest_rows.first_cuts(expected, span=self.span, bounds=self.bounds)


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
        expected_messages=0 if messages is None else _expected(Message.objects.filter(Q(messages("")))),
        expected_attempts=tuple(_expected(Delivery.objects.filter(one)) for one in which.attempts),
        expected_refusals=0 if refusals is None else _expected(Rejection.objects.filter(refusals)),
    )


def _expected(rows: QuerySet[Any, Any]) -> int:
    (plan,) = json.loads(rows.order_by().values("log_host_id").explain(format="json"))
    return int(plan["Plan"]["Plan Rows"])


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
        last, answers = last_attempts(attempts)
    else:
        attempts, cut = _own_attempts(which, message_fields, where)
        last, answers = last_attempts(attempts)
        messages, since = messages_of(attempts, last), None
    since = max((at for at in (since, cut, refused_since) if at), default=None)
    recipients = [recipient_of(attempt) for attempt in last.values()]
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
    mail: list[tuple[QuerySet[Any], int]] = [
        *((query, which.expected_messages) for query in _message_queries(which, where)),
        *zip(_attempt_queries(which, where), which.expected_attempts, strict=True),
    ]
    found = [
        newest_rows.oldest(
            query.values_list("message_id", flat=True),
            _by_id(expected),
            by="message_id",
            at=where.first_cuts(expected),
        )
        for query, expected in mail
    ]
    times = [received_at(one) for rows in found for one in rows]
    return min(times + _refused_since(which, where), default=None)


def _refused_since(which: Filter, where: Where) -> list[datetime]:
    if which.refusals is None:
        return []
    rows = _refused_query(which.refusals, where).values_list("logged_at", flat=True)
    order = _by_time(which.expected_refusals)
    at = where.first_cuts(which.expected_refusals)
    return list(newest_rows.oldest(rows, order, by="logged_at", at=at))


def has_any(which: Filter, where: Where) -> bool:
    """Whether there is any message, attempt or refusal."""
    mail: list[QuerySet[Any]] = [
        *_message_queries(which, where),
        *_attempt_queries(which, where),
        *([] if which.refusals is None else [_refused_query(which.refusals, where)]),
    ]
    return any(rows.order_by().exists() for rows in mail)


_MESSAGE = ("log_host_id", "message_id", "first_at", "last_at", "status", "delivered", "deferred", "bounced")
_ATTEMPT = (
    "log_host_id", "message_id", "logged_at", "outcome", "is_attempt", "recipient", "original_recipient",
    "transport", "remote_host_address", "remote_host_name", "text",
)  # fmt: skip
_REFUSED = ("log_host_id", "logged_at", "digest", "copy", "is_login")


def _messages(which: Filter, fields: Sequence[str], where: Where) -> tuple[list[Sent], datetime | None]:
    end, most, cuts = len(_MESSAGE), where.most, where.cuts(which.expected_messages)
    rows = [
        Sent._make((row[:2], *row[2:end], row[end:]))
        for query in _message_queries(which, where)
        for row in newest_rows.newest(
            query.values_list(*_MESSAGE, *fields), F("message_id"), by="message_id", most=most + 1, at=cuts
        )
    ]
    rows.sort(key=lambda row: row.key[1], reverse=True)
    return (rows[:most], rows[most - 1].at) if len(rows) > most else (rows, None)


def _message_queries(which: Filter, where: Where) -> list[QuerySet[Message]]:
    """Of a frequent subject one for each log host: along the primary key, which begins with it."""
    if which.messages is None:
        return []
    rows = Message.objects.filter(Q(which.messages("")), messages_within(where.bounds))
    if which.expected_messages <= FREQUENT:
        return [_on(rows, where.log_host)]
    return [rows.filter(log_host_id=host.pk) for host in where.log_hosts]


def _on[M: (Message, Delivery)](rows: QuerySet[M], log_host: LogHost | None) -> QuerySet[M]:
    """Not as a column of the primary key: PostgreSQL would go along it to have the newest first."""
    if log_host is None:
        return rows
    return rows.alias(on=F("log_host_id") + 0).filter(on=log_host.pk)


def _attempts_of(messages: Sequence[Sent]) -> tuple[list[Attempt], datetime | None]:
    """The delivery lines of messages, and from when on, where there are too many."""
    if not messages:
        return [], None
    times = {row.key: row.at for row in messages}
    ids = [row.key[1] for row in messages]
    lines = Delivery.objects.filter(one_of("message_id", ids), message_id__range=(min(ids), max(ids)))
    hosts = {row.key[0] for row in messages}  # others may have the same ids
    lines = lines.alias(on=F("log_host_id") + 0).filter(on__in=hosts).order_by("-message_id")
    rows = list(lines.values_list(*_ATTEMPT)[: LINES + 1])
    found = [Attempt._make((*row, times[row[:2]], "", ())) for row in rows if row[:2] in times]
    return _whole(found) if len(rows) > LINES and found else (found, None)


def _whole(lines: list[Attempt]) -> tuple[list[Attempt], datetime | None]:
    """Without those of the last message, of which there may be more; and the time of the last that is whole."""
    last = lines[-1].message_id
    whole = list(takewhile(lambda line: line.message_id != last, lines)) or lines
    return whole, whole[-1].at


def _attempt_queries(which: Filter, where: Where) -> list[QuerySet[Delivery]]:
    rows = Delivery.objects.filter(messages_within(where.bounds, prefix="message__"))
    return [_on(rows.filter(condition), where.log_host) for condition in which.attempts]


def _by_id(expected: int) -> F | Concat:
    """The order of ids; of rare rows as an expression, so that PostgreSQL does not go along the index of ids."""
    return F("message_id") if expected > FREQUENT else Concat("message_id", Value(""))


def _own_attempts(
    which: Filter, fields: Sequence[str], where: Where
) -> tuple[list[Attempt], datetime | None]:
    """Attempts first, their messages then: to join all messages of a week takes a third of its page."""
    most = where.most
    newest = _newest_attempts(which, _attempts_about(which, where), where)
    messages = _first_columns([row[2:4] for row in newest], fields, where)
    if len(newest) > most and any(row[2:4] not in messages for row in newest):
        # those of messages out of the range have pushed others out
        newest = _newest_attempts(which, _attempt_queries(which, where), where)
        messages = _first_columns([row[2:4] for row in newest], fields, where)
    rows = [Attempt._make((*row[2:], *messages[row[2:4]])) for row in newest if row[2:4] in messages]
    return _whole(rows) if len(newest) > most and rows else (rows, None)


def _newest_attempts(which: Filter, queries: Sequence[QuerySet[Delivery]], where: Where) -> list[Any]:
    """One more than are read, newest first: (digest, copy, *_ATTEMPT)."""
    most = where.most
    lists: list[Iterable[Any]] = [
        newest_rows.newest(
            query.values_list("digest", "copy", *_ATTEMPT),
            _by_id(expected),
            by="message_id",
            most=most + 1,
            at=where.cuts(expected),
        )
        for query, expected in zip(queries, which.expected_attempts, strict=True)
    ]
    # a line may meet two conditions
    found = lists[0] if len(lists) == 1 else {row[:5]: row for rows in lists for row in rows}.values()
    return sorted(found, key=itemgetter(3), reverse=True)[: most + 1]


def _attempts_about(which: Filter, where: Where) -> list[QuerySet[Delivery]]:
    """Attempts of messages in the range, and of few others."""
    within = attempts_about(where.bounds)
    return [_on(Delivery.objects.filter(condition, within), where.log_host) for condition in which.attempts]


def _first_columns(
    keys: Sequence[Key], fields: Sequence[str], where: Where
) -> dict[Key, tuple[datetime, str, tuple[Any, ...]]]:
    """Of messages in the range their first line, status and ``fields``.

    Not joined: most attempts of a part are not shown.
    """
    if not keys:
        return {}
    ids = {message_id for _, message_id in keys}
    rows = Message.objects.filter(one_of("message_id", ids), message_id__range=(min(ids), max(ids)))
    rows = rows.filter(
        messages_within(where.bounds), log_host_id__in={log_host_id for log_host_id, _ in keys}
    )
    columns = rows.values_list("log_host_id", "message_id", "first_at", "status", *fields)
    return {row[:2]: (row[2], row[3], row[4:]) for row in columns}


def _refused(which: Filter, fields: Sequence[str], where: Where) -> tuple[list[Refused], datetime | None]:
    if which.refusals is None:
        return [], None
    most, expected = where.most, which.expected_refusals
    rows = newest_rows.newest(
        _refused_query(which.refusals, where).values_list(*_REFUSED, *fields),
        _by_time(expected),
        by="logged_at",
        most=most + 1,
        at=where.cuts(expected),
    )
    found = [Refused(row[:4], row[1], row[4], row[5:]) for row in rows]
    return (found[:most], found[most - 1].at) if len(found) > most else (found, None)


def _by_time(expected: int) -> F | CombinedExpression:
    """The order of time; of rare rows one that no index has: PostgreSQL would go along time."""
    return F("logged_at") if expected > FREQUENT else F("logged_at") + timedelta()


def _refused_query(refusals: Condition, where: Where) -> QuerySet[Rejection]:
    rows = Rejection.objects.filter(refusals, rejections_within(where.bounds))
    return rows.filter(log_host_id=where.log_host.pk) if where.log_host else rows


def _from[R: (Sent, Recipient, Refused)](rows: list[R], since: datetime | None) -> list[R]:
    return rows if since is None else [row for row in rows if row.at >= since]


def _is_in(at: datetime, since: datetime, until: datetime | None) -> bool:
    return at >= since and (until is None or at < until)
