"""Messages and rejections in one list, newest first."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db.models import Model, Q, QuerySet, Sum

from ingest.languages import later
from ingest.models import HourlyVolume, LogHost, Message, Rejection, Status
from mailwatch.queries import extent, keyset, stepwise
from mailwatch.queries.counting import Count, Totals, counted, counted_by_lines
from mailwatch.queries.filters import Filters
from mailwatch.queries.keyset import Key, Page
from mailwatch.queries.matching import (
    Condition,
    delivery_lines,
    findable_rejections,
    is_walked,
    message_branches,
    messages_within,
    rejection_branches,
    rejections_within,
    sent_branches,
)
from mailwatch.queries.ranges import Bounds, Range, Span, spans
from mailwatch.queries.rows import Row
from mailwatch.queries.rows import rows as rows_of
from mailwatch.queries.stepwise import Looked
from mailwatch.queries.terms import Term, TermKind

ROWS = 50
_WALKED = 20_000  # messages that may be looked at one by one for a count on a page
_EXPORTED_AT_ONCE = 500
_MESSAGE_KEY = ("first_at", "message_id", "log_host_id")
_REJECTION_KEY = ("logged_at", "digest", "log_host_id", "copy")
SHAPES = ((datetime, str, int), (datetime, int, int, int))


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
            later("status"): self.status, later("reason"): self.reason, later("role"): self.role,
            later("direction"): filters.direction, later("account"): filters.account,
            later("transport"): filters.transport, later("size"): size, later("rule"): filters.rule,
            later("remote host"): filters.remote_host, later("second term"): filters.also,
        }  # fmt: skip
        return [name for name, value in given.items() if value]

    @property
    def is_looked_for(self) -> bool:
        """Whether each message has to be looked at: no index answers all that was asked."""
        return self.filters.need_looking


class Branches(NamedTuple):
    """What a message or a rejection must meet one of; looked up once for the list and its count."""

    messages: Sequence[Condition]
    rejections: Sequence[Condition]


def branches_of(search: Search) -> Branches:
    """The conditions of a search (``matching.message_branches``)."""
    return Branches(
        messages=() if search.reason else message_branches(search.term, role=search.role),
        rejections=rejection_branches(search.term, role=search.role) if search.wants_rejections else (),
    )


def page(
    search: Search,
    *,
    branches: Branches | None = None,
    cursor: str = "",
    rows: int = ROWS,
    seconds: float | None = stepwise.SECONDS,
    hosts: Mapping[int, LogHost] | None = None,
) -> Page[Row]:
    """The newest rows, or those behind ``cursor``. Two streams are merged, each with its own key.

    ``seconds`` bounds the time where no index answers the filters (mailwatch.queries.stepwise); None: all of it.
    """
    after = keyset.decode(cursor, shapes=SHAPES) if cursor else None
    message_after, rejection_after = after or (None, None)
    end = None if seconds is None else time.monotonic() + seconds
    branches = branches or branches_of(search)
    messages = _messages(search, branches, after=message_after, limit=rows + 1, end=end)
    rejections = _rejections(search, branches, after=rejection_after, limit=rows + 1)
    if messages.to is not None:  # behind what was looked back to, messages may still be found
        rejections = [row for row in rejections if (row.logged_at,) >= messages.to[:1]]
    found: list[Message | Rejection] = [*messages.rows, *rejections]
    found.sort(key=_time_of, reverse=True)
    shown = found[:rows]
    is_more = len(found) > rows
    if messages.to is not None and not is_more:
        _, rejection_after = _last_keys(shown, message_after, rejection_after)
        older, looked_back_to = keyset.encode(messages.to, rejection_after), messages.to[0]
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
    cursor, is_more, hosts, branches = "", True, log_hosts(), branches_of(search)
    while is_more:
        part = page(
            search, branches=branches, cursor=cursor, rows=_EXPORTED_AT_ONCE, seconds=None, hosts=hosts
        )
        yield from part.rows
        cursor, is_more = part.older, bool(part.older)


def totals(search: Search, *, branches: Branches | None = None) -> Totals:
    """Exact up to COUNTED. This may look at every message: for a page there is ``totals_soon``."""
    branches = branches or branches_of(search)
    rejections = [rows.values(*_REJECTION_KEY) for rows in _rejection_queries(search, branches)]
    return Totals(messages=_message_count(search, branches), rejections=counted(rejections))


def totals_soon(search: Search, *, branches: Branches | None = None) -> Totals | None:
    """The same where it costs little; None where every message would have to be looked at."""
    branches = branches or branches_of(search)
    is_frequent = any(is_walked(branch) for branch in branches.messages)
    if extent.is_needle(search.term, search.log_host, search.bounds):
        return None
    # of a beginning the index holds a part, so that each line is looked at
    is_costly = is_frequent and (search.term.kind is TermKind.BEGINNING or not _is_all(search))
    if search.is_looked_for or (is_costly and _within(search) > _WALKED):
        return None
    return totals(search, branches=branches)


def _message_count(search: Search, branches: Branches) -> Count:
    if any(is_walked(branch) for branch in branches.messages) and _is_all(search):
        keys = ("log_host_id", "message_id")
        sent = [Message.objects.filter(branch) for branch in sent_branches(search.term, role=search.role)]
        lines = delivery_lines(search.term, role=search.role)
        count = counted_by_lines(
            [rows.values(*keys) for rows in sent], [rows.values(*keys) for rows in lines]
        )
        if count is not None:
            return count
    wanted = search.filters.by_looking()
    queries = _message_queries(search, branches)
    return counted([rows.filter(wanted).values("log_host_id", "message_id") for rows in queries])


def _is_all(search: Search) -> bool:
    """Whether the term alone decides which messages are found."""
    is_narrowed = search.bounds.is_set or search.status or search.filters.are_set
    return not is_narrowed and (search.log_host is None or len(log_hosts()) == 1)


def _within(search: Search) -> int:
    """How many messages arrived in the range."""
    hours = HourlyVolume.objects.all()
    if search.log_host:
        hours = hours.filter(log_host=search.log_host)
    if search.bounds.since:
        hours = hours.filter(hour__gt=search.bounds.since - timedelta(hours=1))
    if search.bounds.until:
        hours = hours.filter(hour__lt=search.bounds.until)
    return int(hours.aggregate(messages=Sum("messages", default=0))["messages"])


def message_query(search: Search) -> QuerySet[Message]:
    """All messages of a search in one condition, for aggregates (a list goes by branches)."""
    branches = [Q(branch) for branch in message_branches(search.term, role=search.role)]
    return Message.objects.filter(_narrowed(search), search.filters.by_looking(), reduce(or_, branches))


def bounds(asked: Range, *, log_host: LogHost | None, hosts: Mapping[int, LogHost] | None = None) -> Bounds:
    """One range for all log hosts of a search: naive times are in their zone, in UTC where zones differ."""
    every = [log_host] if log_host else list((log_hosts() if hosts is None else hosts).values())
    stored = spans(every)
    last_at = max((span.last_at for span in stored.values() if span.last_at), default=None)
    return asked.bounds(zone_of(every), Span(last_at=last_at))


def zone_of(hosts: Sequence[LogHost]) -> LogHost:
    """A log host whose zone serves for all of them."""
    zones = {host.timezone for host in hosts}
    return hosts[0] if len(zones) == 1 else LogHost(timezone="UTC")


def log_hosts() -> dict[int, LogHost]:
    """All log hosts by their key; there are few."""
    return {log_host.pk: log_host for log_host in LogHost.objects.all()}


def _narrowed(search: Search) -> Q:
    narrowed = messages_within(extent.of(search.term, search.log_host, search.bounds))
    if search.log_host:
        narrowed &= Q(log_host_id=search.log_host.pk)
    elif search.term.kind is TermKind.MESSAGE_ID:
        narrowed &= Q(log_host_id__in=list(log_hosts()))  # the primary key begins with the log host
    if search.status:
        narrowed &= Q(status=search.status)
    return narrowed & search.filters.by_index()


def _message_queries(search: Search, branches: Branches) -> list[QuerySet[Message]]:
    narrowed = Message.objects.filter(_narrowed(search))
    return [narrowed.filter(branch) for branch in branches.messages]


def _rejection_queries(search: Search, branches: Branches) -> list[QuerySet[Rejection]]:
    found = (
        Rejection.objects.filter(reason=search.reason) if search.reason else findable_rejections(search.term)
    )
    narrowed = found.filter(rejections_within(extent.of(search.term, search.log_host, search.bounds)))
    if search.log_host:
        narrowed = narrowed.filter(log_host_id=search.log_host.pk)
    narrowed = narrowed.filter(search.filters.of_rejections())
    return [narrowed.filter(branch) for branch in branches.rejections]


def _messages(
    search: Search, branches: Branches, *, after: Key | None, limit: int, end: float | None
) -> Looked[Message]:
    queries = _message_queries(search, branches)
    if not search.is_looked_for:
        lists = [keyset.newest_first(query, fields=_MESSAGE_KEY, after=after)[:limit] for query in queries]
        return Looked(_newest(lists, fields=_MESSAGE_KEY, limit=limit), None)
    wanted = search.filters.by_looking()
    looked = [
        stepwise.look(query, wanted, fields=_MESSAGE_KEY, after=after, limit=limit, end=end)
        for query in queries
    ]
    to = max((branch.to for branch in looked if branch.to is not None), default=None)
    found = _newest([branch.rows for branch in looked], fields=_MESSAGE_KEY, limit=limit)
    return Looked([row for row in found if to is None or _key(row, _MESSAGE_KEY) >= to], to)


def _rejections(search: Search, branches: Branches, *, after: Key | None, limit: int) -> list[Rejection]:
    queries = _rejection_queries(search, branches)
    lists = [keyset.newest_first(query, fields=_REJECTION_KEY, after=after)[:limit] for query in queries]
    return _newest(lists, fields=_REJECTION_KEY, limit=limit)


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
    return keyset.encode(*_last_keys(shown, message_after, rejection_after))


def _last_keys(
    shown: Sequence[Message | Rejection], message_after: Key | None, rejection_after: Key | None
) -> tuple[Key | None, Key | None]:
    for row in shown:
        if isinstance(row, Message):
            message_after = _key(row, _MESSAGE_KEY)
        else:
            rejection_after = _key(row, _REJECTION_KEY)
    return message_after, rejection_after
