"""One day of a log host, as people read eximstats for: who sent, to whom, how long it took, what was refused.

Everything is counted from rows, by the time of its own line. A delivery of a message that came more than a week before
is not seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from django.db import connection

from ingest.languages import later
from ingest.models import UNFINISHED, HourlyVolume, IngestRun, LogHost
from ingest.stored_facts import id_bound
from mailwatch.queries.ranges import spans
from mailwatch.queries.stored_state import State, stored_state

SHOWN = 20
QUEUE_STEPS = (
    (60, later("under 1 min")),
    (300, later("1 to 5 min")),
    (900, later("5 to 15 min")),
    (1800, later("15 to 30 min")),
    (3600, later("30 to 60 min")),
    (3 * 3600, later("1 to 3 h")),
    (6 * 3600, later("3 to 6 h")),
    (12 * 3600, later("6 to 12 h")),
    (24 * 3600, later("12 to 24 h")),
)
LONGEST_STEP = later("1 day and more")
_BEFORE = timedelta(days=7)
_KEPT = 64

# One pass over the rows for all lists, and of each list only its top.
_TOP = """
SELECT kind, name, number, size, total FROM (
    SELECT kind, name, number, size,
        count(*) OVER (PARTITION BY kind) AS total,
        row_number() OVER (PARTITION BY kind ORDER BY number DESC, size DESC, name COLLATE "C") AS place
    FROM ({grouped}) AS counted
    WHERE name IS NOT NULL
) AS ranked WHERE place <= %(shown)s OR kind = 'reasons' ORDER BY kind, place
"""
_MESSAGES = """
    SELECT CASE grouping(sender, account, host) WHEN 3 THEN 'senders' WHEN 5 THEN 'accounts' WHEN 6 THEN 'hosts'
            ELSE 'all' END AS kind,
        CASE grouping(sender, account, host) WHEN 3 THEN sender WHEN 5 THEN account WHEN 6 THEN host
            ELSE '' END AS name,
        count(*) AS number, coalesce(sum(size), 0)::bigint AS size
    FROM (
        SELECT lower(envelope_sender) AS sender, authenticated_id AS account, host(sender_host_address) AS host, size
        FROM ingest_message
        WHERE log_host_id = %(log_host_id)s AND message_id >= %(first_id)s AND message_id < %(last_id)s
            AND received_at >= %(since)s AND received_at < %(until)s
    ) AS message
    GROUP BY GROUPING SETS ((sender), (account), (host), ())
"""
_DELIVERIES = """
    SELECT CASE grouping(remote, domain, transport, outcome) WHEN 3 THEN CASE WHEN remote THEN 'sent' ELSE 'received'
            END WHEN 13 THEN 'transports' ELSE 'outcomes' END AS kind,
        CASE grouping(remote, domain, transport, outcome) WHEN 3 THEN domain WHEN 13 THEN transport
            ELSE outcome END AS name,
        count(*) AS number, 0::bigint AS size
    FROM (
        SELECT outcome, CASE WHEN outcome = 'delivered' THEN transport END AS transport,
            remote_host_address IS NOT NULL AS remote,
            CASE WHEN outcome = 'delivered' AND transport IS NOT NULL
                THEN lower(substring(
                    CASE WHEN strpos(recipient, '@') > 0 THEN recipient ELSE original_recipient END from '@([^@]+)$'
                )) END AS domain
        FROM ingest_delivery
        WHERE log_host_id = %(log_host_id)s AND message_id >= %(earlier_id)s AND message_id < %(last_id)s
            AND logged_at >= %(since)s AND logged_at < %(until)s AND (is_attempt OR outcome <> 'deferred')
    ) AS delivery
    GROUP BY GROUPING SETS ((remote, domain), (transport), (outcome))
"""
_REJECTIONS = """
    SELECT CASE grouping(reason, host) WHEN 1 THEN 'reasons' WHEN 2 THEN 'refused' ELSE 'rejections' END AS kind,
        CASE grouping(reason, host) WHEN 1 THEN reason WHEN 2 THEN host ELSE '' END AS name,
        count(*) AS number, 0::bigint AS size
    FROM (
        SELECT CASE WHEN is_login THEN 'failed login' ELSE reason END AS reason, host(sender_host_address) AS host
        FROM ingest_rejection
        WHERE log_host_id = %(log_host_id)s AND logged_at >= %(since)s AND logged_at < %(until)s
    ) AS rejection
    GROUP BY GROUPING SETS ((reason), (host))
"""
_QUEUE = """
SELECT step, count(*), max(waited) FROM (
    SELECT width_bucket(extract(epoch FROM completed_at - received_at)::float8, %(steps)s::float8[]) AS step,
        completed_at - received_at AS waited
    FROM ingest_message
    WHERE log_host_id = %(log_host_id)s AND message_id >= %(earlier_id)s AND message_id < %(last_id)s
        AND completed_at >= %(since)s AND completed_at < %(until)s AND received_at IS NOT NULL
) AS message GROUP BY step
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a list; ``size`` is in bytes, where messages are counted."""

    name: str
    number: int
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The top of a list, and how many there are in all."""

    kind: str
    title: str
    column: str  # what one of them is
    unit: str
    rows: Sequence[Row]
    total: int
    has_sizes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Messages that were done after so long on the queue."""

    name: str
    number: int
    share: float  # percent


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyReport:
    """A day in the zone of the log host; ``until`` is the midnight after it."""

    log_host: LogHost
    day: date
    since: datetime
    until: datetime
    is_over: bool  # the log goes on beyond its end
    lines: int  # of the hours that the day touches
    missing_hours: Sequence[datetime]  # without a line
    messages: int
    size: int  # bytes of the messages that arrived
    delivered: int  # recipients
    deferred: int  # attempts
    bounced: int  # recipients
    rejected: int
    failed_logins: int
    lists: Sequence[Listed]
    queue: Sequence[Step]
    longest: timedelta | None
    volumes: Sequence[HourlyVolume]
    previous: date | None  # days that the log has
    next: date | None

    @property
    def is_empty(self) -> bool:
        return self.lines == 0


_LISTS = (
    ("senders", later("Top senders"), later("Sender"), "messages", True),
    ("accounts", later("Accounts"), later("Account"), "messages", True),
    ("hosts", later("Sending hosts"), later("Host"), "messages", True),
    ("sent", later("Domains sent to"), later("Domain"), "recipients", False),
    ("received", later("Domains received for"), later("Domain"), "recipients", False),
    ("transports", later("Transports"), later("Transport"), "recipients", False),
    ("reasons", later("Rejections by reason"), later("Reason"), "rejections", False),
    ("refused", later("Refused hosts"), later("Host"), "rejections", False),
)


def daily(log_host: LogHost, day: date) -> DailyReport:
    """The report of one day; kept by the process until more is stored of it, or of what it waited for."""
    since, until = _midnight(log_host, day), _midnight(log_host, day + timedelta(days=1))
    state = stored_state(log_host, since=since - _BEFORE - timedelta(days=1), until=until)
    first, last = _days(log_host)
    around = (first is not None and first < day, last is not None and day < last)
    return _daily(log_host, day, around, state)


@lru_cache(maxsize=_KEPT)
def _daily(log_host: LogHost, day: date, around: tuple[bool, bool], state: State) -> DailyReport:
    since, until = _midnight(log_host, day), _midnight(log_host, day + timedelta(days=1))
    parameters = {
        "log_host_id": log_host.pk,
        "since": since,
        "until": until,
        "first_id": id_bound(since - timedelta(days=1)),
        "earlier_id": id_bound(since - _BEFORE),
        "last_id": id_bound(until + timedelta(days=1)),
        "shown": SHOWN,
        "steps": [0, *(seconds for seconds, _ in QUEUE_STEPS)],
    }
    found = [row for grouped in (_MESSAGES, _DELIVERIES, _REJECTIONS) for row in _top(grouped, parameters)]
    rows: dict[str, list[Row]] = {}
    totals: dict[str, int] = {}
    for kind, name, number, size, total in found:
        rows.setdefault(kind, []).append(Row(name=name, number=number, size=size))
        totals[kind] = total
    outcomes = {row.name: row.number for row in rows.get("outcomes", ())}
    everything = next(iter(rows.get("all", ())), Row(name="", number=0))
    logins = next((row.number for row in rows.get("reasons", ()) if row.name == "failed login"), 0)
    steps, longest = _queue(parameters)
    volumes = _volumes(log_host, since, until)
    has_previous, has_next = around
    return DailyReport(
        log_host=log_host,
        day=day,
        since=since,
        until=until,
        is_over=has_next,
        lines=sum(row.lines for row in volumes),
        missing_hours=_missing(volumes, since, until, log_host),
        messages=everything.number,
        size=everything.size,
        delivered=outcomes.get("delivered", 0),
        deferred=outcomes.get("deferred", 0),
        bounced=outcomes.get("bounced", 0),
        rejected=sum(row.number for row in rows.get("reasons", ())) - logins,
        failed_logins=logins,
        lists=[
            Listed(
                kind=kind,
                title=title,
                column=column,
                unit=unit,
                rows=rows.get(kind, ()),
                total=totals.get(kind, 0),
                has_sizes=sized,
            )
            for kind, title, column, unit, sized in _LISTS
        ],
        queue=steps,
        longest=longest,
        volumes=volumes,
        previous=day - timedelta(days=1) if has_previous else None,
        next=day + timedelta(days=1) if has_next else None,
    )


def last_whole_day(log_host: LogHost) -> date | None:
    """The last day whose end the log has reached; None where it has reached none, or is being read."""
    if IngestRun.objects.filter(log_host=log_host, state__in=UNFINISHED).exists():
        return None
    first, last = _days(log_host)
    return last - timedelta(days=1) if first and last and first < last else None


def newest_day(log_host: LogHost) -> date | None:
    """The last day whose end the log has reached, or else the one that it ends in; None without a log."""
    first, last = _days(log_host)
    return last - timedelta(days=1) if first and last and first < last else last


def as_rows(report: DailyReport) -> Iterator[tuple[str, str, int, int | None]]:
    """The report as a table: list, name, number, bytes where messages are counted."""
    for name in ("messages", "delivered", "deferred", "bounced", "rejected", "failed_logins", "lines"):
        yield "totals", name, getattr(report, name), report.size if name == "messages" else None
    for step in report.queue:
        yield "queue times", step.name, step.number, None
    for listed in report.lists:
        for row in listed.rows:
            yield listed.title.lower(), row.name, row.number, row.size if listed.has_sizes else None


def as_json(report: DailyReport) -> dict[str, Any]:
    """The report as programs read it; times with the offset of the log host's zone."""
    zone = report.log_host.zone
    totals = ("messages", "size", "delivered", "deferred", "bounced", "rejected", "failed_logins", "lines")
    return {
        "log_host": report.log_host.name,
        "day": report.day.isoformat(),
        "since": report.since.astimezone(zone).isoformat(),
        "until": report.until.astimezone(zone).isoformat(),
        "is_over": report.is_over,
        "missing_hours": [hour.astimezone(zone).isoformat() for hour in report.missing_hours],
        "totals": {name: getattr(report, name) for name in totals},
        "queue_times": [{"time": step.name, "messages": step.number} for step in report.queue],
        "longest_seconds": None if report.longest is None else int(report.longest.total_seconds()),
        "lists": {
            listed.kind: {
                "total": listed.total,
                "rows": [
                    {"name": row.name, listed.unit: row.number}
                    | ({"bytes": row.size} if listed.has_sizes else {})
                    for row in listed.rows
                ],
            }
            for listed in report.lists
        },
    }


def _midnight(log_host: LogHost, day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=log_host.zone)


def _days(log_host: LogHost) -> tuple[date | None, date | None]:
    """The first and the last day of the log."""
    span = spans([log_host])[log_host.pk]
    first, last = (
        at.astimezone(log_host.zone).date() if at else None for at in (span.first_at, span.last_at)
    )
    return first, last


def _top(grouped: str, parameters: Mapping[str, Any]) -> list[tuple[str, str, int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_TOP.format(grouped=grouped), parameters)
        rows: list[tuple[str, str, int, int, int]] = cursor.fetchall()
    return rows


def _queue(parameters: Mapping[str, Any]) -> tuple[list[Step], timedelta | None]:
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, parameters)
        found = {max(step, 1): (number, longest) for step, number, longest in sorted(cursor.fetchall())}
    whole = sum(number for number, _ in found.values())
    names = [*(name for _, name in QUEUE_STEPS), LONGEST_STEP]
    steps = [
        Step(name=name, number=number, share=100 * number / whole if whole else 0)
        for place, name in enumerate(names, start=1)
        for number in [found.get(place, (0, None))[0]]
    ]
    return steps, max((longest for _, longest in found.values()), default=None)


def _volumes(log_host: LogHost, since: datetime, until: datetime) -> list[HourlyVolume]:
    hours = HourlyVolume.objects.filter(
        log_host=log_host, hour__gt=since - timedelta(hours=1), hour__lt=until
    )
    return list(hours.order_by("hour"))


def _missing(
    volumes: Sequence[HourlyVolume], since: datetime, until: datetime, log_host: LogHost
) -> list[datetime]:
    """Hours of the day without a line, up to the end of the log."""
    span = spans([log_host])[log_host.pk]
    if span.last_at is None:
        return []
    known = {row.hour for row in volumes if row.lines}
    start = datetime.fromtimestamp(since.timestamp() // 3600 * 3600, tz=since.tzinfo)
    hours = int((until.timestamp() - start.timestamp()) // 3600)
    every = [datetime.fromtimestamp(start.timestamp() + 3600 * i, tz=since.tzinfo) for i in range(hours)]
    return [hour for hour in every if hour not in known and hour <= span.last_at]
