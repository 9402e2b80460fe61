"""Messages and rejections in one list, newest first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import Case, Value, When

from ingest.models import Delivery, LogHost, Message, MessageFinding, Rejection, Status
from ingest.pages import read_entries
from mailwatch.queries import keyset, story
from mailwatch.queries.keyset import Key, Page
from mailwatch.queries.matching import (
    delivery_matches,
    findable_rejections,
    message_branches,
    messages_within,
    rejection_branches,
    rejections_within,
)
from mailwatch.queries.ranges import Bounds, Range, Span, spans
from mailwatch.queries.terms import Term, TermKind

ROWS = 50
COUNTED = 10_000
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

    @property
    def wants_rejections(self) -> bool:
        return self.status in ("", Status.REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A message or a rejection (``message_id`` is None)."""

    log_host: LogHost
    at: datetime
    message_id: str | None = None
    outcome: str  # the mark's shape: delivered, deferred, bounced, rejected, queued, completed
    status: str  # the word beside it
    envelope_sender: str | None
    recipient: str | None
    more_recipients: int = 0
    sender_host_address: str | None
    authenticated_id: str | None = None
    local_user: str | None = None
    happened: str
    rules: tuple[str, ...] = ()  # worst first
    line: str = ""  # names the line of a rejection, for ``opened``

    @property
    def day(self) -> str:
        local = self.at.astimezone(self.log_host.zone)
        return f"{local:%a} {local.day} {local:%B %Y}"


@dataclass(frozen=True, slots=True)
class OpenedLine:
    """The raw line of a rejection, to be shown above the list."""

    log_host: LogHost
    raw: bytes


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


def page(search: Search, *, cursor: str = "", rows: int = ROWS) -> Page[Row]:
    """The newest rows, or those behind ``cursor``. Two streams are merged, each with its own key."""
    after = keyset.decode(cursor, shapes=_SHAPES) if cursor else None
    message_after, rejection_after = after or (None, None)
    found: list[Message | Rejection] = [
        *_messages(search, after=message_after, limit=rows + 1),
        *_rejections(search, after=rejection_after, limit=rows + 1),
    ]
    found.sort(key=_time_of, reverse=True)
    shown = found[:rows]
    return Page(
        rows=tuple(_rows(shown, search=search)),
        older=_cursor(shown, message_after, rejection_after) if len(found) > rows else "",
    )


def opened(line: str) -> OpenedLine | None:
    """The line that ``Row.line`` names; None for a mangled name or a line that is no longer kept."""
    name, _, ref = line.rpartition(":")
    host = next((host for host in log_hosts().values() if host.name == name), None) if name else None
    if host is None or not (ref.isascii() and ref.isdecimal() and int(ref) < 2**63):
        return None
    (raw,) = read_entries(host.pk, [int(ref)])
    return OpenedLine(host, raw) if raw else None


def totals(search: Search) -> Totals:
    """Exact up to COUNTED."""
    messages = [rows.values("log_host_id", "message_id") for rows in _message_queries(search)]
    rejections = [rows.values(*_REJECTION_KEY) for rows in _rejection_queries(search)]
    return Totals(messages=counted(messages), rejections=counted(rejections))


def message_query(search: Search) -> QuerySet[Message]:
    """All messages of a search in one condition, for aggregates (a list goes by branches)."""
    branches = [Q(branch) for branch in message_branches(search.term, role=search.role)]
    return Message.objects.filter(_narrowed(search), reduce(or_, branches))


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
    return narrowed


def _message_queries(search: Search) -> list[QuerySet[Message]]:
    narrowed = Message.objects.filter(_narrowed(search))
    return [narrowed.filter(branch) for branch in message_branches(search.term, role=search.role)]


def _rejection_queries(search: Search) -> list[QuerySet[Rejection]]:
    if not search.wants_rejections:
        return []
    narrowed = findable_rejections().filter(rejections_within(search.bounds))
    if search.log_host:
        narrowed = narrowed.filter(log_host_id=search.log_host.pk)
    return [narrowed.filter(branch) for branch in rejection_branches(search.term, role=search.role)]


def _messages(search: Search, *, after: Key | None, limit: int) -> list[Message]:
    return _newest(_message_queries(search), fields=_MESSAGE_KEY, after=after, limit=limit)


def _rejections(search: Search, *, after: Key | None, limit: int) -> list[Rejection]:
    return _newest(_rejection_queries(search), fields=_REJECTION_KEY, after=after, limit=limit)


def _newest[M: Model](
    queries: Iterable[QuerySet[M]], *, fields: Sequence[str], after: Key | None, limit: int
) -> list[M]:
    """The newest of several queries together, each row once."""
    found = {
        row.pk: row
        for query in queries
        for row in keyset.newest_first(query, fields=fields, after=after)[:limit]
    }
    newest = sorted(found.values(), key=lambda row: _key(row, fields), reverse=True)
    return newest[:limit]


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


def _rows(found: Sequence[Message | Rejection], *, search: Search) -> list[Row]:
    hosts = log_hosts()
    messages = [row for row in found if isinstance(row, Message)]
    last = _last_deliveries(messages, search.term)
    rules = _rules_of(messages)
    return [
        _message_row(row, hosts[row.log_host_id], last.get(row.pk), rules.get(row.pk, ()))
        if isinstance(row, Message)
        else _rejection_row(row, hosts[row.log_host_id])
        for row in found
        if row.log_host_id in hosts
    ]


def _of_messages(messages: Sequence[Message]) -> Q:
    """Rows that belong to messages; spelled out by log host, so that primary keys and partitions serve."""
    ids: dict[int, list[str]] = {}
    for message in messages:
        ids.setdefault(message.log_host_id, []).append(message.message_id)
    return reduce(or_, (Q(log_host_id=host, message_id__in=sorted(known)) for host, known in ids.items()))


def _last_deliveries(messages: Sequence[Message], term: Term) -> dict[tuple[int, str], Delivery]:
    """One delivery line of each message: the latest, of a recipient that was looked for where one was."""
    if not messages:
        return {}
    lines = Delivery.objects.filter(_of_messages(messages))
    order = ["-logged_at"]
    wanted = delivery_matches(term)
    if wanted is not None:
        lines = lines.alias(is_other=Case(When(wanted, then=Value(0)), default=Value(1)))
        order = ["is_other", *order]
    lines = lines.order_by("log_host_id", "message_id", *order).distinct("log_host_id", "message_id")
    return {(line.log_host_id, line.message_id): line for line in lines}


def _rules_of(messages: Sequence[Message]) -> dict[tuple[int, str], tuple[str, ...]]:
    if not messages:
        return {}
    rules: dict[tuple[int, str], tuple[str, ...]] = {}
    found = MessageFinding.objects.filter(_of_messages(messages))
    for row in sorted(found, key=lambda row: (story.SEVERITIES.index(row.severity), row.rule)):
        key = row.log_host_id, row.message_id
        rules[key] = (*rules.get(key, ()), row.rule)
    return rules


def _message_row(message: Message, log_host: LogHost, line: Delivery | None, rules: tuple[str, ...]) -> Row:
    recipient, more = story.recipient_of(message, line)
    return Row(
        log_host=log_host,
        at=message.first_at,
        message_id=message.message_id,
        outcome=story.outcome_of(message),
        status=story.status_of(message),
        envelope_sender=message.envelope_sender,
        recipient=recipient,
        more_recipients=more,
        sender_host_address=message.sender_host_address,
        authenticated_id=message.authenticated_id,
        local_user=message.local_user,
        happened=story.happened(message, line),
        rules=rules,
    )


def _rejection_row(rejection: Rejection, log_host: LogHost) -> Row:
    return Row(
        log_host=log_host,
        at=rejection.logged_at,
        outcome="rejected",
        status="rejected",
        envelope_sender=rejection.envelope_sender,
        recipient=rejection.recipient,
        sender_host_address=rejection.sender_host_address,
        authenticated_id=rejection.account,
        happened=story.refused(rejection),
        line=f"{log_host.name}:{rejection.line_ref}",
    )
