"""What the hours of a log show of the log host as a whole, counted by the database and kept by the hour.

An hour is counted anew whenever something in it was stored, so the counts do not depend on the order in which lines
come. A message belongs to the hour in which it was received; one whose arrival is not stored belongs to none.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from ingest import pages, reports, stored_signs
from ingest.exim.reasons import Reason
from ingest.locks import Lock
from ingest.marks import Marks, Span, joined
from ingest.models import HourSign, LogHost
from ingest.rules.allowed import Allowance
from ingest.rules.definition import Limits, SubjectFinding
from ingest.rules.facts import Coverage, LogHostFacts
from ingest.rules.host_rules import host_findings
from ingest.rules.relaying import PRIVATE
from ingest.rules.replies import THROTTLED
from ingest.rules.signs import Sign, Told
from ingest.sql import statement
from ingest.stored_ids import ids_of

_LOOPBACK = ["127.0.0.0/8", "::1/128"]
_HOUR = timedelta(hours=1)
_KEPT = 50  # different addresses, ids or names of an hour; more than any rule asks for
_COLUMNS = "log_host_id, hour, sign, value, count, total, seen, first_at, last_at, message_id, line_ref"
_OF_REFUSALS = (
    Sign.FAILED_LOGINS,
    Sign.UNKNOWN_RECIPIENTS,
    Sign.SENDERS_REFUSED,
    Sign.LISTED,
    Sign.PROTOCOL,
    Sign.NOT_ADVERTISED,
    Sign.BOUNCES_REFUSED,
)
_READ = (Reason.UNKNOWN_RECIPIENT, Reason.SENDER, Reason.BLOCKLIST, Reason.PROTOCOL, Reason.LOGIN)
_BEGINNING, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


def count_again(log_host_id: int, marks: Marks, limits: Limits) -> None:
    """Count the signs of all hours that a run touched, from committed rows."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [Lock.SIGNS, log_host_id])
        if marks.messages:
            own = ("signs_of_logins", "signs_of_messages", "signs_of_attempts")
            others = [sign for sign in Sign if sign not in _OF_REFUSALS]
            # a line of a message may stand before its arrival, in the hour before
            _replace(
                log_host_id, _hours(span.widened(_HOUR / 6) for span in marks.messages), own, others, limits
            )
        if marks.refusals:
            _replace(log_host_id, _hours(marks.refusals), ("signs_of_refusals",), _OF_REFUSALS, limits)


def _hours(spans: Iterable[Span]) -> Sequence[Span]:
    """From the beginning of the first hour to the end of the last, which is no longer part of it."""
    whole = []
    for span in spans:
        first = span.first_at.replace(minute=0, second=0, microsecond=0)
        whole.append(Span(first, span.last_at.replace(minute=0, second=0, microsecond=0) + _HOUR))
    return joined(whole)


def _replace(
    log_host_id: int, spans: Sequence[Span], names: Iterable[str], signs: Iterable[Sign], limits: Limits
) -> None:
    parameters: dict[str, Any] = {
        "log_host_id": log_host_id,
        "first_at": [span.first_at for span in spans],
        "last_at": [span.last_at for span in spans],
        "signs": list(signs),
        "loopback": _LOOPBACK,
        "private": [*_LOOPBACK, *map(str, PRIVATE)],
        "kept": _KEPT,
        "throttled": THROTTLED,
        "own_mail": limits.own_mail,
        "backscatter": limits.backscatter,
        "bounces_received": limits.bounces_received,
        "guessed_recipients": limits.guessed_recipients,
        "refusals": limits.refusals,
        "reasons": list(_READ),
        "unknown": Reason.UNKNOWN_RECIPIENT,
        "sender": Reason.SENDER,
        "listed": Reason.BLOCKLIST,
        "protocol": Reason.PROTOCOL,
        "login": Reason.LOGIN,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ingest_hoursign USING"
            " unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)"
            " WHERE log_host_id = %(log_host_id)s AND sign = ANY(%(signs)s)"
            " AND hour >= span.first_at AND hour < span.last_at",
            parameters,
        )
        for name in names:
            cursor.execute(
                f"INSERT INTO ingest_hoursign ({_COLUMNS})"
                " SELECT %(log_host_id)s, hour, sign, value, count, total, coalesce(seen, '{}'), first_at, last_at,"
                f" message_id, line_ref FROM ({statement(name)})"
                " AS found (hour, sign, value, count, total, seen, first_at, last_at, message_id, line_ref)",
                parameters,
            )


# ---- answers


def findings(
    log_host: LogHost,
    host: LogHostFacts,
    coverage: Coverage,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    allowances: Sequence[Allowance] | None = None,
) -> tuple[SubjectFinding, ...]:
    """What the rules find on a log host as a whole, worst first; of a range, by the hours that begin in it.

    ``allowances``: the entries of the log host, where they are at hand.
    """
    told = stored_signs.told(log_host, since or _BEGINNING, until or _END)
    told += _scripts(log_host, host.limits, since or _BEGINNING, until or _END)
    ids = ids_of(log_host, host, coverage, since)
    sent = _sent(log_host, told)
    return host_findings(
        [*told, *ids.new],
        host,
        coverage,
        sent,
        known_ids=ids.known,
        allowances=reports.allowances(log_host.pk) if allowances is None else allowances,
    )


def _scripts(log_host: LogHost, limits: Limits, since: datetime, until: datetime) -> list[Told]:
    """Directories whose programs handed in many messages; of each one line, of its first hour."""
    parameters: dict[str, Any] = {
        "log_host_id": log_host.pk,
        "since": since.replace(minute=0, second=0, microsecond=0),
        "until": until,
        "least": limits.script_runs,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement("script_runs_told"), parameters)
        rows = cursor.fetchall()
    return [
        Told(
            sign=Sign.SCRIPT,
            value=directory,
            count=int(runs),
            peak=peak,
            first_at=first,
            last_at=last + _HOUR,
            lines=_line_of_script(log_host.pk, directory, first),
        )
        for directory, runs, peak, first, last in rows
    ]


def _line_of_script(log_host_id: int, directory: str, hour: datetime) -> tuple[int, ...]:
    told = f"cwd={directory} ".encode()
    for page in pages.overlapping(log_host_id, hour, hour + _HOUR):
        for line_ref, entry in page.entries():
            if told in entry.head:
                return (line_ref,)
    return ()


def _sent(log_host: LogHost, told: Sequence[Told]) -> Mapping[str, int]:
    """How many messages those sent, ever, who got many bounces."""
    names = [item.value for item in told if item.sign is Sign.BOUNCES_IN]
    if not names:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lower(envelope_sender), count(*) FROM ingest_message"
            ' WHERE reverse(lower(envelope_sender)) COLLATE "C" = ANY(%s) AND log_host_id = %s GROUP BY 1',
            [[name[::-1] for name in names], log_host.pk],
        )
        return dict(cursor.fetchall())


def forget(log_host_id: int) -> None:
    """Count every hour again the next time."""
    HourSign.objects.filter(log_host_id=log_host_id).delete()
