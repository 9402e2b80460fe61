"""What a sender host, an account or an address did: totals, course over time, partners, answers.

Everything is counted over the newest COUNTED messages and rejections at most; ``Activity.counted_since`` says
where counting stopped.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Func, Max, Min, Q, QuerySet, Sum, TextField, Value
from django.db.models.functions import Coalesce, Concat, Lower, TruncHour

from ingest.exim.reasons import reason_of
from ingest.models import Delivery, LogHost, Message, Outcome, Rejection, Status
from mailwatch.queries.matching import Condition, messages_within, rejections_within
from mailwatch.queries.ranges import Bounds

COUNTED = 50_000
TOP = 20
TEXTS_READ = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose doings are counted, where and when."""

    messages: Callable[[str], Condition]  # the condition on messages, given a prefix for their fields
    rejections: Condition
    log_host: LogHost | None = None
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True)
class Counted:
    """The messages and rejections that are counted; ``since`` is None where that is all of them."""

    subject: Subject
    messages: QuerySet[Message]
    rejections: QuerySet[Rejection]
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Top:
    """The most frequent values of a field, and how many values there are."""

    values: tuple[tuple[str | None, int], ...]
    total: int

    @property
    def is_cut(self) -> bool:
        return len(self.values) < self.total


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
    """Counts; ``counted_since`` is None where everything was counted."""

    messages: int
    recipients: int
    delivered: int
    deferred: int
    bounced: int
    queued: int  # messages
    rejections: int
    failed_logins: int
    first_at: datetime | None
    last_at: datetime | None
    counted_since: datetime | None
    hours: tuple[HourCounts, ...]

    @property
    def is_nothing(self) -> bool:
        return not self.messages and not self.rejections and not self.failed_logins


def counted(subject: Subject) -> Counted:
    """What the functions below count."""
    messages = Message.objects.filter(Q(subject.messages("")), messages_within(subject.bounds))
    rejections = Rejection.objects.filter(subject.rejections, rejections_within(subject.bounds))
    if subject.log_host:
        messages = messages.filter(log_host_id=subject.log_host.pk)
        rejections = rejections.filter(log_host_id=subject.log_host.pk)
    since = max(
        (at for at in (_limit(messages, "first_at"), _limit(rejections, "logged_at")) if at), default=None
    )
    if since is None:
        return Counted(subject, messages, rejections, None)
    newest = messages.filter(first_at__gte=since)
    return Counted(subject, newest, rejections.filter(logged_at__gte=since), since)


def activity(counted: Counted) -> Activity:
    """Totals and the course over time."""
    messages, rejections = counted.messages, counted.rejections
    sums = messages.aggregate(
        number=Count("message_id"),
        first=Min("first_at"),
        last=Max("last_at"),
        delivered=Coalesce(Sum("delivered"), 0),
        deferred=Coalesce(Sum("deferred"), 0),
        bounced=Coalesce(Sum("bounced"), 0),
        queued=Count("message_id", filter=Q(status__in=(Status.QUEUED, Status.FROZEN))),
    )
    refused = rejections.aggregate(
        number=Count("digest", filter=Q(is_login=False)),
        logins=Count("digest", filter=Q(is_login=True)),
        first=Min("logged_at"),
        last=Max("logged_at"),
    )
    return Activity(
        messages=sums["number"],
        recipients=sums["delivered"] + sums["deferred"] + sums["bounced"],
        delivered=sums["delivered"],
        deferred=sums["deferred"],
        bounced=sums["bounced"],
        queued=sums["queued"],
        rejections=refused["number"],
        failed_logins=refused["logins"],
        first_at=min((at for at in (sums["first"], refused["first"]) if at), default=None),
        last_at=max((at for at in (sums["last"], refused["last"]) if at), default=None),
        counted_since=counted.since,
        hours=_hours(messages, rejections),
    )


def top(counted: Counted, name: str) -> Top:
    """The most frequent values of a field of the messages; None: the log does not say."""
    return _top(counted.messages, name)


def top_rejected(counted: Counted, name: str) -> Top:
    """The same for rejections and failed logins."""
    return _top(counted.rejections.exclude(**{name: None}), name)


def domains(counted: Counted) -> tuple[tuple[DomainCounts, ...], int]:
    """Where the recipients are: the busiest domains, and how many domains there are."""
    lines = _deliveries(counted)
    recipient = Coalesce("original_recipient", "recipient")
    domain = Func(recipient, Value("@"), Value(-1), function="split_part", output_field=TextField())
    of_message = Concat("message_id", Value(" "), recipient, output_field=TextField())
    groups = (
        lines.annotate(domain=Lower(domain))
        .values("domain")
        .annotate(
            recipients=Count(of_message, distinct=True),
            delivered=Count("digest", filter=Q(outcome=Outcome.DELIVERED)),
            bounced=Count("digest", filter=Q(outcome=Outcome.BOUNCED)),
        )
        .order_by("-recipients", "domain")
    )
    found = tuple(_domain(row) for row in groups[:TOP])
    return found, len(found) if len(found) < TOP else groups.count()


@dataclass(frozen=True, slots=True)
class Answers:
    """Why recipients were deferred or bounced: (reason, outcome, lines).

    ``of_newest`` is how many lines were read where there are more, None where all were.
    """

    rows: tuple[tuple[str, str, int], ...]
    of_newest: int | None


def answers(counted: Counted) -> Answers:
    """Reasons are classes of a free text, so texts are read one by one, TEXTS_READ at most."""
    lines = _deliveries(counted).filter(is_attempt=True).exclude(text=None).order_by("-logged_at")
    texts = list(lines.values_list("outcome", "text")[: TEXTS_READ + 1])
    counts = Counter((str(reason_of(text or "")), outcome) for outcome, text in texts[:TEXTS_READ])
    rows = tuple((reason, outcome, number) for (reason, outcome), number in counts.most_common())
    return Answers(rows, TEXTS_READ if len(texts) > TEXTS_READ else None)


def refusals(counted: Counted) -> Top:
    """Why the subject itself was refused."""
    return _top(counted.rejections.filter(is_login=False), "reason")


def _domain(row: Mapping[str, Any]) -> DomainCounts:
    waiting = max(row["recipients"] - row["delivered"] - row["bounced"], 0)
    return DomainCounts(
        domain=row["domain"],
        recipients=row["recipients"],
        delivered=row["delivered"],
        deferred=waiting,
        bounced=row["bounced"],
    )


def _top(rows: QuerySet[Any], name: str) -> Top:
    groups = rows.order_by().values_list(name).annotate(number=Count("*")).order_by("-number", name)
    found = tuple((value, number) for value, number in groups[:TOP])
    return Top(found, len(found) if len(found) < TOP else groups.count())


def _limit(rows: QuerySet[Any], name: str) -> datetime | None:
    """The time of the COUNTEDth newest row; None where there are fewer."""
    newest = rows.order_by(f"-{name}").values(name)[:COUNTED]
    found = newest.aggregate(first=Min(name), number=Count(name))
    return found["first"] if found["number"] == COUNTED else None


def _deliveries(counted: Counted) -> QuerySet[Delivery]:
    """The delivery lines of the counted messages."""
    subject, bounds = counted.subject, counted.subject.bounds
    lines = Delivery.objects.filter(subject.messages("message__"))
    if since := counted.since or bounds.since:
        lines = lines.filter(message__first_at__gte=since)
    if bounds.until:
        lines = lines.filter(message__first_at__lt=bounds.until)
    return lines.filter(log_host_id=subject.log_host.pk) if subject.log_host else lines


def _hours(messages: QuerySet[Message], rejections: QuerySet[Rejection]) -> tuple[HourCounts, ...]:
    sums = messages.order_by().values(hour=TruncHour("first_at")).annotate(
        delivered=Sum("delivered"), deferred=Sum("deferred"), bounced=Sum("bounced")
    )  # fmt: skip
    refused = dict(
        rejections.order_by()
        .annotate(hour=TruncHour("logged_at"))
        .values_list("hour")
        .annotate(number=Count("*"))
    )
    found = {row["hour"]: row for row in sums}
    return tuple(
        HourCounts(rejected=refused.get(hour, 0), **{**found.get(hour, {}), "hour": hour})
        for hour in sorted({*found, *refused})
    )
