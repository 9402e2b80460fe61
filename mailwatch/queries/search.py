"""Messages and rejections in one list, newest first."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Model, Q, QuerySet

from ingest.models import LogHost, Message, Rejection, Status
from mailwatch.queries import keyset, stepwise
from mailwatch.queries.filters import Filters
from mailwatch.queries.keyset import Key, Page
from mailwatch.queries.matching import (
    findable_rejections,
    message_branches,
    messages_within,
    rejection_branches,
    rejections_within,
)
from mailwatch.queries.ranges import Bounds, Range, Span, spans
from mailwatch.queries.rows import Row
from mailwatch.queries.rows import rows as rows_of
from mailwatch.queries.stepwise import Looked
from mailwatch.queries.terms import Term, TermKind

ROWS = 50
COUNTED = 10_000
_EXPORTED_AT_ONCE = 500
_MESSAGE_KEY = ("first_at", "message_id", "log_host_id")
_REJECTION_KEY = ("logged_at", "digest", "log_host_id", "copy")
_SHAPES = ((datetime, str, int), (datetime, int, int, int))


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Everything that narrows the list; each part has its place in the URL."""

    term: Term = field(default_factory=lambda: Term(TermKind.EVERYTHING, ""))
    role: str = ""  # "sender" or "recipient": for addresses and domains
    log_host: LogHost | None = None
    bounds: Bounds = field(default_factory=Bounds)
    status: str = ""
    reason: str = ""  # of rejections (ingest.exim.reasons.Reason): messages have none
    filters: Filters = field(default_factory=Filters)

    @property
    def wants_rejections(self) -> bool:
        return self.status in ("", Status.REJECTED) and not self.filters.need_messages

    @property
    def ignored_in_lines(self) -> list[str]:
        """What narrows messages and is not looked at where raw lines are read."""
        filters = self.filters
        size = filters.size_from is not None or filters.size_to is not None
        given = {
            "status": self.status, "reason": self.reason, "role": self.role, "direction": filters.direction,
            "account": filters.account, "transport": filters.transport, "size": size, "rule": filters.rule,
        }  # fmt: skip
        return [name for name, value in given.items() if value]

    @property
    def is_looked_for(self) -> bool:
        """Whether each message has to be looked at: no index answers all that was asked."""
        return self.filters.need_messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many there are; ``is_more``: more than that, counting stopped."""

    number: int = 0
    is_more: bool = False

    def __str__(self) -> str:
        return f"{'more than ' if self.is_more else ''}{self.number:,}"

    @property
    def messages(self) -> str:
        """1,386 messages"""
        return f"{self} message{'' if self.number == 1 else 's'}"

    @property
    def rejections(self) -> str:
        """9 rejections"""
        return f"{self} rejection{'' if self.number == 1 else 's'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    messages: Count
    rejections: Count

    def __str__(self) -> str:
        return f"{self.messages.messages}, {self.rejections.rejections}"

    @property
    def is_nothing(self) -> bool:
        return not self.messages.number and not self.rejections.number


def page(
    search: Search,
    *,
    cursor: str = "",
    rows: int = ROWS,
    seconds: float | None = stepwise.SECONDS,
    hosts: Mapping[int, LogHost] | None = None,
) -> Page[Row]:
    """The newest rows, or those behind ``cursor``. Two streams are merged, each with its own key.

    ``seconds`` bounds the time where no index answers the filters (mailwatch.queries.stepwise); None: all of it.
    """
    after = keyset.decode(cursor, shapes=_SHAPES) if cursor else None
    message_after, rejection_after = after or (None, None)
    end = None if seconds is None else time.monotonic() + seconds
    messages = _messages(search, after=message_after, limit=rows + 1, end=end)
    found: list[Message | Rejection] = [
        *messages.rows,
        *_rejections(search, after=rejection_after, limit=rows + 1),
    ]
    found.sort(key=_time_of, reverse=True)
    shown = found[:rows]
    is_more = len(found) > rows
    if messages.to is not None and not is_more:
        message_after = messages.to  # no rejections are in such a list
        older, looked_back_to = keyset.encode(message_after, rejection_after), messages.to[0]
    else:
        older, looked_back_to = _cursor(shown, message_after, rejection_after) if is_more else "", None
    return Page(
        rows=tuple(rows_of(shown, term=search.term, hosts=log_hosts() if hosts is None else hosts)),
        older=older,
        looked_back_to=looked_back_to if isinstance(looked_back_to, datetime) else None,
    )


def is_no_account(search: Search) -> bool:
    """Whether a word was read as an account, and no log host has an account or local user of that name."""
    term = search.term
    if term.kind is not TermKind.ACCOUNT or not term.value or search.ignored_in_lines:
        return False
    messages = (Message.objects.filter(branch) for branch in message_branches(term))
    rejections = (Rejection.objects.filter(branch) for branch in rejection_branches(term))
    return not any(rows.exists() for rows in (*messages, *rejections))


def every_row(search: Search) -> Iterator[Row]:
    """All of them, for exports, a page in memory at a time."""
    cursor, is_more, hosts = "", True, log_hosts()
    while is_more:
        part = page(search, cursor=cursor, rows=_EXPORTED_AT_ONCE, seconds=None, hosts=hosts)
        yield from part.rows
        cursor, is_more = part.older, bool(part.older)


def totals(search: Search) -> Totals:
    """Exact up to COUNTED. Where ``is_looked_for``, this looks at every message: not for a page."""
    wanted = search.filters.by_looking()
    messages = [rows.filter(wanted).values("log_host_id", "message_id") for rows in _message_queries(search)]
    rejections = [rows.values(*_REJECTION_KEY) for rows in _rejection_queries(search)]
    return Totals(messages=counted(messages), rejections=counted(rejections))


def message_query(search: Search) -> QuerySet[Message]:
    """All messages of a search in one condition, for aggregates (a list goes by branches)."""
    branches = [Q(branch) for branch in message_branches(search.term, role=search.role)]
    return Message.objects.filter(_narrowed(search), search.filters.by_looking(), reduce(or_, branches))


def bounds(asked: Range, *, log_host: LogHost | None) -> Bounds:
    """One range for all log hosts of a search: naive times are in their zone, in UTC where zones differ."""
    hosts = [log_host] if log_host else list(log_hosts().values())
    stored = spans(hosts)
    last_at = max((span.last_at for span in stored.values() if span.last_at), default=None)
    return asked.bounds(zone_of(hosts), Span(last_at=last_at))


def zone_of(hosts: Sequence[LogHost]) -> LogHost:
    """A log host whose zone serves for all of them."""
    zones = {host.timezone for host in hosts}
    return hosts[0] if len(zones) == 1 else LogHost(timezone="UTC")


def log_hosts() -> dict[int, LogHost]:
    """All log hosts by their key; there are few."""
    return {log_host.pk: log_host for log_host in LogHost.objects.all()}


def _narrowed(search: Search) -> Q:
    narrowed = messages_within(search.bounds)
    if search.log_host:
        narrowed &= Q(log_host_id=search.log_host.pk)
    elif search.term.kind is TermKind.MESSAGE_ID:
        narrowed &= Q(log_host_id__in=list(log_hosts()))  # the primary key begins with the log host
    if search.status:
        narrowed &= Q(status=search.status)
    return narrowed & search.filters.by_index()


def _message_queries(search: Search) -> list[QuerySet[Message]]:
    if search.reason:
        return []
    narrowed = Message.objects.filter(_narrowed(search))
    return [narrowed.filter(branch) for branch in message_branches(search.term, role=search.role)]


def _rejection_queries(search: Search) -> list[QuerySet[Rejection]]:
    if not search.wants_rejections:
        return []
    found = (
        Rejection.objects.filter(reason=search.reason) if search.reason else findable_rejections(search.term)
    )
    narrowed = found.filter(rejections_within(search.bounds))
    if search.log_host:
        narrowed = narrowed.filter(log_host_id=search.log_host.pk)
    if search.filters.account:
        narrowed = narrowed.filter(account=search.filters.account)
    return [narrowed.filter(branch) for branch in rejection_branches(search.term, role=search.role)]


def _messages(search: Search, *, after: Key | None, limit: int, end: float | None) -> Looked[Message]:
    queries = _message_queries(search)
    if not search.is_looked_for:
        branches = [keyset.newest_first(query, fields=_MESSAGE_KEY, after=after)[:limit] for query in queries]
        return Looked(_newest(branches, fields=_MESSAGE_KEY, limit=limit), None)
    wanted = search.filters.by_looking()
    looked = [
        stepwise.look(query, wanted, fields=_MESSAGE_KEY, after=after, limit=limit, end=end)
        for query in queries
    ]
    to = max((branch.to for branch in looked if branch.to is not None), default=None)
    found = _newest([branch.rows for branch in looked], fields=_MESSAGE_KEY, limit=limit)
    return Looked([row for row in found if to is None or _key(row, _MESSAGE_KEY) >= to], to)


def _rejections(search: Search, *, after: Key | None, limit: int) -> list[Rejection]:
    queries = _rejection_queries(search)
    branches = [keyset.newest_first(query, fields=_REJECTION_KEY, after=after)[:limit] for query in queries]
    return _newest(branches, fields=_REJECTION_KEY, limit=limit)


def _newest[M: Model](branches: Iterable[Iterable[M]], *, fields: Sequence[str], limit: int) -> list[M]:
    """The newest of several lists together, each row once."""
    found = {row.pk: row for rows in branches for row in rows}
    return sorted(found.values(), key=lambda row: _key(row, fields), reverse=True)[:limit]


def _key(row: Model, fields: Sequence[str]) -> Key:
    return tuple(getattr(row, name) for name in fields)


def _time_of(row: Message | Rejection) -> datetime:
    return row.first_at if isinstance(row, Message) else row.logged_at


def _cursor(
    shown: Sequence[Message | Rejection], message_after: Key | None, rejection_after: Key | None
) -> str:
    for row in shown:
        if isinstance(row, Message):
            message_after = _key(row, _MESSAGE_KEY)
        else:
            rejection_after = _key(row, _REJECTION_KEY)
    return keyset.encode(message_after, rejection_after)


def counted(queries: Sequence[QuerySet[Any, Any]]) -> Count:
    """Rows that any of the queries finds, each read up to COUNTED + 1 rows only."""
    if not queries:
        return Count()
    limited = [query.order_by()[: COUNTED + 1] for query in queries]
    number = limited[0].count() if len(limited) == 1 else limited[0].union(*limited[1:]).count()
    return Count(number=min(number, COUNTED), is_more=number > COUNTED)
