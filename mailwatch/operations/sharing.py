"""Freeze a report or a message into a link, and close the link again."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from ingest import granted
from ingest.languages import say
from ingest.models import LogHost, Message
from ingest.rules.definition import VERSION
from mailwatch.models import LONGEST_DAYS, SharedReport
from mailwatch.operations.snapshots import Json, message_snapshot, report_snapshot
from mailwatch.queries.message import timeline
from mailwatch.queries.ranges import Range
from mailwatch.queries.shared import report_source
from mailwatch.redaction import Redactor, Unredacted

LINES_FROZEN = 2000  # of one message


def freeze_report(
    *,
    log_host: LogHost | None,
    asked: Range,
    redaction: str,
    days: int,
    made_by: User,
    now: datetime,
) -> SharedReport:
    """Freeze the relays report over a range. ``log_host`` None: of all log hosts."""
    source = report_source(log_host=log_host, asked=asked)
    return _freeze(
        kind=SharedReport.Kind.REPORT,
        title=say("Relays of {log_host}", log_host=log_host.name)
        if log_host
        else say("Relays of all log hosts"),
        log_hosts=[answer.log_host for answer in source.answers],
        snapshot=report_snapshot(source, _redactor(redaction)),
        redaction=redaction,
        days=days,
        made_by=made_by,
        now=now,
    )


def freeze_message(
    *, message: Message, redaction: str, days: int, made_by: User, now: datetime
) -> SharedReport:
    """Freeze one message's timeline."""
    return _freeze(
        kind=SharedReport.Kind.MESSAGE,
        title=say("Message {message_id}", message_id=message.message_id),
        log_hosts=[message.log_host],
        snapshot=message_snapshot(timeline(message, most_lines=LINES_FROZEN), _redactor(redaction)),
        redaction=redaction,
        days=days,
        made_by=made_by,
        now=now,
    )


def _redactor(redaction: str) -> Unredacted:
    return Unredacted() if redaction == SharedReport.Redaction.FULL else Redactor()


@transaction.atomic
def _freeze(
    *,
    kind: SharedReport.Kind,
    title: str,
    log_hosts: list[LogHost],
    snapshot: Json,
    redaction: str,
    days: int,
    made_by: User,
    now: datetime,
) -> SharedReport:
    """Raises ValueError for more days than a link may be open."""
    if not 1 <= days <= LONGEST_DAYS:
        raise ValueError(say("A link is open for 1 to {days} days.", days=LONGEST_DAYS))
    empty_closed(now=now)
    return SharedReport.objects.create(
        kind=kind,
        title=title,
        log_hosts=", ".join(host.name for host in log_hosts),
        log_host_ids=[host.pk for host in log_hosts],
        redaction=redaction,
        rules_version=VERSION,
        snapshot=snapshot,
        made_by=made_by,
        frozen_at=now,
        expires_at=now + timedelta(days=days),
    )


def revoke(*, report: SharedReport, revoked_by: User, now: datetime) -> None:
    """Close a link for good. Its contents go at once; that it was there, stays."""
    SharedReport.objects.filter(pk=report.pk, revoked_at=None).update(
        revoked_at=now, revoked_by=revoked_by, snapshot={}
    )


def empty_closed(*, now: datetime) -> int:
    """Take the contents out of links that have ended: log text must not outlive its purpose.

    Returns how many were emptied.
    """
    with granted.everything():
        return SharedReport.objects.closed_at(now).exclude(snapshot={}).update(snapshot={})


def count_view(*, report: SharedReport, now: datetime) -> None:
    with granted.everything():  # whoever has the link is granted nothing else
        SharedReport.objects.filter(pk=report.pk).update(views=F("views") + 1, last_viewed_at=now)
