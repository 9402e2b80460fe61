"""One sender host, network, account, address, domain, transport or remote host: what it did and what changed.

All seven are the same: a name, a filter over messages or attempts and over refusals, and the lists of partners that
make sense. Everything is counted from rows that are read once (``mailwatch.queries.subject_rows``).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from heapq import nlargest
from operator import attrgetter, or_
from typing import Any

from django.db import models
from django.db.models import Case, Count, Q, When

from ingest import reports
from ingest.models import LogHost, Message, MessageFinding, Rejection, Status, Suspect
from mailwatch.queries import before, partner_lists, partners, search, story, subject_rows
from mailwatch.queries.activity import Answers, HourCounts
from mailwatch.queries.activity import answers as answers_of
from mailwatch.queries.matching import one_of
from mailwatch.queries.partners import Changes, Listed, Of, PartnerList, Tallies
from mailwatch.queries.ranges import Bounds, Span, spans
from mailwatch.queries.rows import Row
from mailwatch.queries.rows import rows as rows_of
from mailwatch.queries.subject_rows import Counted, Filter, Where
from mailwatch.queries.terms import Term, TermKind

LATEST = 20
DAY = timedelta(days=1)
SUSPECTS = 5  # of a network there may be any number
SENDER, RECIPIENT = "sender", "recipient"  # the sides of an address or a domain, as searches call them


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a page is about. ``search`` is the query of the search that finds its messages."""

    page: str  # the URL name
    name: str
    which: Filter
    lists: Sequence[PartnerList]
    search: Mapping[str, str]
    term: Term = field(default_factory=lambda: Term(TermKind.EVERYTHING, ""))
    side: str = ""  # SENDER or RECIPIENT, where it may be either
    suspected: Q | None = None  # the suspects that it is, or that belong to it
    holds_suspects: bool = False  # there may be any number: the worst SUSPECTS are shown
    logs_in: bool = False  # whether failed logins may be its

    @property
    def can_be_refused(self) -> bool:
        return self.which.refusals is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """``recipients``: of its messages, by the outcome of their last attempt. ``queued``: messages."""

    messages: int = 0
    delivered: int = 0
    deferred: int = 0
    bounced: int = 0
    queued: int = 0
    rejections: int = 0
    failed_logins: int = 0

    @property
    def recipients(self) -> int:
        return self.delivered + self.deferred + self.bounced

    @property
    def is_nothing(self) -> bool:
        return not self.messages and not self.rejections and not self.failed_logins


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCount:
    """How many of the messages a rule was found on."""

    rule: str
    severity: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A period against one of the same length before. ``before_is_cut``: of the latter not all was counted."""

    period: Bounds
    before: Bounds
    counts: Counts
    counts_before: Counts
    changes: Changes
    before_is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillDown:
    subject: Subject
    counts: Counts
    first_at: datetime | None  # None too where a range holds more than is counted
    last_at: datetime | None
    counted_since: datetime | None  # None: all was counted
    most_counted: int  # messages, and refusals
    hours: Sequence[HourCounts]
    lists: Sequence[Listed]
    suspects: Sequence[Suspect]  # on each log host where rules found something, worst first
    total_suspects: int
    answers: Answers
    rules: Sequence[RuleCount]  # worst first
    comparison: Comparison | None
    latest: Sequence[Row]

    @property
    def is_nothing(self) -> bool:
        return self.counts.is_nothing

    @property
    def worst(self) -> str:
        """The severity of the worst suspect, "" without one."""
        return self.suspects[0].severity if self.suspects else ""

    def list_of(self, of: PartnerList) -> Listed | None:
        """A list of partners; None where it has none, or the page has no such list."""
        return next((one for one in self.lists if one.of == of), None)


def drill_down(
    subject: Subject,
    *,
    log_host: LogHost | None,
    bounds: Bounds,
    hosts: Mapping[int, LogHost] | None = None,
) -> DrillDown:
    """Everything about a subject in a range, also where nothing of it is stored; ``hosts``: all, where at hand."""
    hosts = search.log_hosts() if hosts is None else hosts
    where = _where(log_host, hosts, bounds)
    where = replace(where, span=_span(where.log_hosts))
    subject = replace(subject, which=subject_rows.weighed(subject.which))
    counted = _read(subject, where)
    lists = (*subject.lists, *((partner_lists.REASONS,) if subject.can_be_refused else ()))
    now = [(of, partners.tallies(of, counted)) for of in lists]
    comparison, then = _compared(subject, counted, now, where)
    suspects, total_suspects = _suspects(subject, log_host)
    return DrillDown(
        subject=subject,
        counts=counts(counted),
        first_at=_first_at(subject, counted, where),
        last_at=max(
            (*(row.last_at for row in counted.messages), *(row.at for row in counted.refused)), default=None
        ),
        counted_since=counted.since,
        most_counted=where.most,
        hours=_hours(counted),
        lists=[partners.listed(of, tallies, then.get(of.name)) for of, tallies in now if tallies],
        suspects=suspects,
        total_suspects=total_suspects,
        answers=answers_of(counted.answers),
        rules=_rules(counted),
        comparison=comparison,
        latest=_latest(counted, subject.term, hosts),
    )


def has_mail(subject: Subject, *, log_host: LogHost | None, hosts: Mapping[int, LogHost]) -> bool:
    """Whether anything of a subject is stored, whatever the range."""
    return subject_rows.has_any(subject.which, _where(log_host, hosts, Bounds()))


def _where(log_host: LogHost | None, hosts: Mapping[int, LogHost], bounds: Bounds) -> Where:
    return Where(log_host=log_host, log_hosts=[log_host] if log_host else list(hosts.values()), bounds=bounds)


def _span(hosts: Sequence[LogHost]) -> Span:
    """From the beginning of the log of any of them to the end of the last."""
    found = spans(hosts).values()
    begins = [span.first_at for span in found if span.first_at]
    ends = [span.last_at for span in found if span.last_at]
    return Span(first_at=min(begins, default=None), last_at=max(ends, default=None))


def _suspects(subject: Subject, log_host: LogHost | None) -> tuple[Sequence[Suspect], int]:
    """The worst first, and how many there are."""
    if subject.suspected is None:
        return (), 0
    found = Suspect.objects.filter(subject.suspected)
    found = found.filter(log_host=log_host) if log_host else found
    ranks = (When(severity=severity, then=rank) for rank, severity in enumerate(story.SEVERITIES))
    worst = (
        found.order_by(Case(*ranks), "-last_at", "pk")
        .select_related("log_host")
        .prefetch_related(reports.with_entries())
    )
    return list(worst[:SUSPECTS] if subject.holds_suspects else worst), found.count()


def counts(counted: Counted) -> Counts:
    logins = sum(row.is_login for row in counted.refused)
    return Counts(
        messages=len(counted.messages),
        delivered=sum(row.delivered for row in counted.messages),
        deferred=sum(row.deferred for row in counted.messages),
        bounced=sum(row.bounced for row in counted.messages),
        queued=sum(row.status in (Status.QUEUED, Status.FROZEN) for row in counted.messages),
        rejections=len(counted.refused) - logins,
        failed_logins=logins,
    )


def _read(subject: Subject, where: Where) -> Counted:
    of_refusals = {Of.REFUSALS, Of.REJECTIONS, Of.LOGINS}
    return subject_rows.read(
        subject.which,
        message_fields=_fields(of.field for of in subject.lists if of.of is Of.MESSAGES),
        refused_fields=_fields(of.field for of in subject.lists if of.of in of_refusals),
        where=where,
    )


def _fields(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _compared(
    subject: Subject,
    counted: Counted,
    now: Sequence[tuple[PartnerList, Tallies]],
    where: Where,
) -> tuple[Comparison | None, Mapping[str, Tallies]]:
    """Against as long a period before: of a range that begins somewhere, else of the last day of the log.

    The second are the tallies of the period before, by list, where they are of the whole page.
    """
    bounds, span = where.bounds, where.span
    if bounds.since is None:
        return _last_day(subject, counted, bounds, span), {}
    earlier = before.before(bounds, span)
    if earlier is None or counted.since is not None:
        return None, {}
    then = _read(subject, replace(where, bounds=earlier))
    pairs = [(of, tallies, partners.tallies(of, then)) for of, tallies in now]
    comparison = Comparison(
        period=Bounds(since=bounds.since, until=bounds.until),
        before=earlier,
        counts=counts(counted),
        counts_before=counts(then),
        changes=partners.changes(pairs),
        before_is_cut=then.since is not None,
    )
    return comparison, {of.name: tallies for of, _, tallies in pairs}


def _last_day(subject: Subject, counted: Counted, bounds: Bounds, span: Span) -> Comparison | None:
    """The last day of the log against the day before it, from what is counted anyway; None: not all of it is."""
    end = bounds.until or (span.last_at and span.last_at + timedelta(seconds=1))
    if end is None or (counted.since is not None and counted.since > end - 2 * DAY):
        return None
    period, earlier = Bounds(since=end - DAY, until=end), Bounds(since=end - 2 * DAY, until=end - DAY)
    now, then = counted.within(end - DAY, end), counted.within(end - 2 * DAY, end - DAY)
    pairs = [(of, partners.tallies(of, now), partners.tallies(of, then)) for of in subject.lists]
    return Comparison(
        period=period,
        before=earlier,
        counts=counts(now),
        counts_before=counts(then),
        changes=partners.changes(pairs),
        before_is_cut=False,
    )


def _first_at(subject: Subject, counted: Counted, where: Where) -> datetime | None:
    if counted.since is not None and where.bounds.since is not None:
        return None
    if counted.since is not None:
        return subject_rows.first_at(subject.which, where) or counted.since
    return min((*(row.at for row in counted.messages), *(row.at for row in counted.refused)), default=None)


def _hours(counted: Counted) -> list[HourCounts]:
    found: dict[int, list[int]] = {}
    sent = Counter((_hour(row.at), row.delivered, row.deferred, row.bounced) for row in counted.messages)
    for (at, delivered, deferred, bounced), number in sent.items():
        hour = found.setdefault(at, [0, 0, 0, 0])
        hour[0] += delivered * number
        hour[1] += deferred * number
        hour[2] += bounced * number
    for at, number in Counter(_hour(row.at) for row in counted.refused).items():
        found.setdefault(at, [0, 0, 0, 0])[3] += number
    return [
        HourCounts(
            hour=datetime.fromtimestamp(at * 3600, UTC),
            delivered=n[0],
            deferred=n[1],
            bounced=n[2],
            rejected=n[3],
        )
        for at, n in sorted(found.items())
    ]


def _hour(at: datetime) -> int:
    """Hours since 1970."""
    return int(at.timestamp() // 3600)


def _rules(counted: Counted) -> list[RuleCount]:
    """What was found on the messages, one by one."""
    ids: dict[int, list[str]] = {}
    for row in counted.messages:
        ids.setdefault(row.key[0], []).append(row.key[1])
    if not ids:
        return []
    of_messages = [
        Q(one_of("message_id", known), log_host_id=host, message_id__range=(min(known), max(known)))
        for host, known in ids.items()
    ]
    rows = MessageFinding.objects.filter(reduce(or_, of_messages)).values_list("rule", "severity")
    found = [
        RuleCount(rule=rule, severity=severity, count=number)
        for rule, severity, number in rows.annotate(number=Count("*"))
    ]
    return sorted(found, key=lambda row: (story.SEVERITIES.index(row.severity), row.rule))


def _latest(counted: Counted, term: Term, hosts: Mapping[int, LogHost]) -> list[Row]:
    """The newest messages and refusals, as a list of a search shows them."""
    newest: list[tuple[datetime, Any, type]] = [
        *(
            (row.at, row.key, Message)
            for row in nlargest(LATEST, counted.messages, key=attrgetter("at", "key"))
        ),
        *(
            (row.at, row.key, Rejection)
            for row in nlargest(LATEST, counted.refused, key=attrgetter("at", "key"))
        ),
    ]
    newest.sort(key=lambda row: (row[0], row[2].__name__, row[1]), reverse=True)
    shown = newest[:LATEST]
    found: list[Message | Rejection] = [
        *_of_keys(Message, [key for _, key, kind in shown if kind is Message]),
        *_of_keys(Rejection, [key for _, key, kind in shown if kind is Rejection]),
    ]
    place = {(kind, key): number for number, (_, key, kind) in enumerate(shown)}
    found.sort(key=lambda row: place[type(row), row.pk])
    return rows_of(found, term=term, hosts=hosts)


def _of_keys[M: (Message, Rejection)](kind: type[M], keys: Sequence[Any]) -> list[M]:
    if not keys:
        return []
    return list(kind.objects.filter(pk__in=keys).fetch_mode(models.FETCH_RAISE))
