"""What the messages and refusals of an attack hold: course, partners, where they went, answers. Read in few passes.

Everything is counted over the newest COUNTED messages and rejections at most; ``Activity.counted_since`` says
where counting stopped.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncHour

from ingest.exim.reasons import reason_of
from ingest.models import LogHost, Message, Rejection, Status
from ingest.sql import statement
from mailwatch.queries.matching import messages_within, rejections_within
from mailwatch.queries.ranges import Bounds

COUNTED = 50_000
LISTED = 10
TEXTS_READ = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose doings are counted, and when; ``expected``: how many messages, and how many refusals, that may be."""

    messages: Q
    rejections: Q
    log_host: LogHost
    bounds: Bounds
    expected: tuple[int, int] = (COUNTED, COUNTED)


@dataclass(frozen=True, slots=True)
class Counted:
    """The messages and rejections that are counted; ``since`` is None where that is all of them."""

    log_host: LogHost
    messages: QuerySet[Message]
    rejections: QuerySet[Rejection]
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Top:
    """The most frequent values of a field, LISTED at most, and how many values there are."""

    values: tuple[tuple[str | None, int], ...] = ()
    total: int = 0

    @property
    def is_cut(self) -> bool:
        return len(self.values) < self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Partners:
    """The most frequent values of each field, None where the log does not say; and all addresses."""

    fields: Mapping[str, Top] = field(default_factory=dict)
    addresses: Mapping[str, int] = field(default_factory=dict)

    def top(self, name: str) -> Top:
        return self.fields.get(name, Top())


@dataclass(frozen=True, slots=True, kw_only=True)
class HourCounts:
    """One hour (UTC, its beginning): recipients by outcome of messages that began then; rejections."""

    hour: datetime
    delivered: int = 0
    deferred: int = 0
    bounced: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCounts:
    """Recipients at one domain by outcome. ``deferred``: neither delivered nor bounced in this log."""

    domain: str
    recipients: int
    delivered: int
    deferred: int
    bounced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """The course; ``counted_since`` is None where everything was counted."""

    queued: int  # messages
    failed_logins: int
    counted_since: datetime | None
    hours: tuple[HourCounts, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """Why recipients were deferred or bounced: (reason, outcome, lines).

    ``of_newest`` is how many lines were read where there are more, None where all were.
    """

    rows: tuple[tuple[str, str, int], ...]
    of_newest: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destinations:
    """Where it went: the busiest domains, LISTED at most, and how many there are; what the other side said."""

    domains: tuple[DomainCounts, ...]
    total_domains: int
    answers: Answers


def counted(subject: Subject) -> Counted:
    """What the functions below count."""
    messages = Message.objects.filter(
        subject.messages, messages_within(subject.bounds), log_host_id=subject.log_host.pk
    )
    rejections = Rejection.objects.filter(
        subject.rejections, rejections_within(subject.bounds), log_host_id=subject.log_host.pk
    )
    limits = (
        _limit(rows, name)
        for rows, name, number in zip(
            (messages, rejections), ("first_at", "logged_at"), subject.expected, strict=True
        )
        if number >= COUNTED
    )
    since = max((at for at in limits if at), default=None)
    if since is None:
        return Counted(subject.log_host, messages, rejections, None)
    newest = messages.filter(first_at__gte=since)
    return Counted(subject.log_host, newest, rejections.filter(logged_at__gte=since), since)


def activity(counted: Counted) -> Activity:
    """The course over time, and what waits."""
    sent = list(
        counted.messages.order_by()
        .annotate(hour=TruncHour("first_at"))
        .values_list("hour")
        .annotate(
            delivered=Sum("delivered"),
            deferred=Sum("deferred"),
            bounced=Sum("bounced"),
            queued=Count("message_id", filter=Q(status__in=(Status.QUEUED, Status.FROZEN))),
        )
    )
    refused = list(
        counted.rejections.order_by()
        .annotate(hour=TruncHour("logged_at"))
        .values_list("hour")
        .annotate(number=Count("*"), logins=Count("digest", filter=Q(is_login=True)))
    )
    outcomes = {hour: numbers for hour, *numbers in sent}
    rejected = {hour: number for hour, number, _ in refused}
    return Activity(
        queued=sum(row[-1] for row in sent),
        failed_logins=sum(row[-1] for row in refused),
        counted_since=counted.since,
        hours=tuple(
            _hour(hour, outcomes.get(hour, (0, 0, 0)), rejected.get(hour, 0))
            for hour in sorted({*outcomes, *rejected})
        ),
    )


def _hour(hour: datetime, outcomes: Sequence[int], rejected: int) -> HourCounts:
    delivered, deferred, bounced, *_ = outcomes
    at = hour.astimezone(UTC)
    return HourCounts(hour=at, delivered=delivered, deferred=deferred, bounced=bounced, rejected=rejected)


def partners(counted: Counted) -> Partners:
    """Of the messages: ``helo_name``, ``authenticated_id``, ``envelope_sender``, and where they came from."""
    names = ("helo_name", "authenticated_id", "envelope_sender", "sender_host_address")
    return _figures("attack_in_figures", counted.messages.order_by().values(*names))


def partners_refused(counted: Counted) -> Partners:
    """Of rejections and failed logins: ``helo_name``, ``account``, and where they came from; what is said."""
    names = ("helo_name", "account", "sender_host_address")
    return _figures("refusals_in_figures", counted.rejections.order_by().values(*names))


def _figures(name: str, rows: QuerySet[Any, Any]) -> Partners:
    try:
        query, parameters = rows.query.sql_with_params()
    except EmptyResultSet:  # nobody is refused of whom only a local user is known
        return Partners()
    found: dict[str, list[tuple[str | None, int]]] = {}
    totals: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement(name).format(rows=query), [*parameters, LISTED])
        for of, value, number, total in cursor.fetchall():
            found.setdefault(of, []).append((value, number))
            totals[of] = total
    addresses = found.pop("sender_host_address", [])
    return Partners(
        fields={of: Top(tuple(values), totals[of]) for of, values in found.items()},
        addresses={value: number for value, number in addresses if value is not None},
    )


def destinations(counted: Counted) -> Destinations:
    """Of the deliveries."""
    ids, parameters = counted.messages.order_by().values("message_id").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            statement("destinations_of_messages").format(messages=ids),
            [counted.log_host.pk, *parameters, LISTED, TEXTS_READ + 1],
        )
        rows = cursor.fetchall()
    domains = [row[1:] for row in rows if row[0] == "domain"]
    texts = [(outcome, text) for what, text, outcome, *_ in rows if what == "reply"]
    return Destinations(
        domains=tuple(_domain(*row) for row in domains),
        total_domains=domains[0][-1] if domains else 0,
        answers=answers(texts),
    )


def answers(texts: Sequence[tuple[str, str]]) -> Answers:
    """Of (outcome, text). Reasons are classes of a free text, so texts are read one by one, TEXTS_READ at most."""
    found = Counter((str(reason_of(text)), outcome) for outcome, text in texts[:TEXTS_READ])
    rows = tuple((reason, outcome, number) for (reason, outcome), number in found.most_common())
    return Answers(rows, TEXTS_READ if len(texts) > TEXTS_READ else None)


def _domain(
    domain: str, _: None, recipients: int, delivered: int, deferred: int, bounced: int, total: int
) -> DomainCounts:
    return DomainCounts(
        domain=domain, recipients=recipients, delivered=delivered, deferred=deferred, bounced=bounced
    )


def _limit(rows: QuerySet[Any], name: str) -> datetime | None:
    """The time of the COUNTEDth newest row; None where there are fewer."""
    newest = rows.order_by(f"-{name}").values(name)[:COUNTED]
    found = newest.aggregate(first=Min(name), number=Count(name))
    return found["first"] if found["number"] == COUNTED else None
