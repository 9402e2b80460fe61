"""Freeze a report or a message into a link, close the link again, and close all links of the organisation."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import transaction

from ingest import granted
from ingest.languages import say
from ingest.models import LogHost, Message
from ingest.rules.definition import VERSION
from mailwatch import trail
from mailwatch.models import (
    Incident,
    IncidentStep,
    SharedReport,
    SharingStop,
    digest_of,
    new_token,
)
from mailwatch.operations.incident_snapshots import incident_snapshot, learn_texts
from mailwatch.operations.incidents import note_step
from mailwatch.operations.snapshots import Json, message_snapshot, report_snapshot
from mailwatch.printable import plain
from mailwatch.queries.incident_story import sections
from mailwatch.queries.incidents import page as page_of
from mailwatch.queries.message import timeline
from mailwatch.queries.ranges import Range
from mailwatch.queries.shared import content, is_stopped, report_source
from mailwatch.redaction import Level, Redactor

LINES_FROZEN = 2000  # of one message


class SharingStopped(Exception):
    """No link is made while sharing is switched off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a copy is frozen, and for whom."""

    redaction: str
    days: int
    made_by: User
    now: datetime
    password: str = ""  # "": whoever has the link may read
    most_views: int | None = None  # None: as often as wanted


@dataclass(frozen=True, slots=True)
class Made:
    """A link that was made. The token is known now and never again."""

    report: SharedReport
    token: str


def freeze_report(*, log_host: LogHost | None, asked: Range, terms: Terms) -> Made:
    """Freeze the relays report over a range. ``log_host`` None: of all log hosts."""
    source, redactor = report_source(log_host=log_host, asked=asked), Redactor(Level(terms.redaction))
    return _freeze(
        kind=SharedReport.Kind.REPORT,
        snapshot=report_snapshot(source, redactor),
        title=_title(log_host, redactor),
        log_hosts=[answer.log_host for answer in source.answers],
        redactor=redactor,
        terms=terms,
    )


def freeze_message(*, message: Message, terms: Terms) -> Made:
    """Freeze one message's timeline."""
    redactor = Redactor(Level(terms.redaction))
    return _freeze(
        kind=SharedReport.Kind.MESSAGE,
        snapshot=message_snapshot(timeline(message, most_lines=LINES_FROZEN), redactor),
        title=say("Message {message_id}", message_id=message.message_id),
        log_hosts=[message.log_host],
        redactor=redactor,
        terms=terms,
    )


def freeze_incident(*, incident: Incident, terms: Terms) -> Made:
    """Freeze the report of an incident as it stands."""
    page, redactor = page_of(incident, evidence_shown=None), Redactor(Level(terms.redaction))
    told = sections(page)
    learn_texts((section.text for section in told), redactor)
    with transaction.atomic():
        made = _freeze(
            kind=SharedReport.Kind.INCIDENT,
            snapshot=incident_snapshot(page, told, redactor),
            title=plain(redactor.written(incident.title))[:200],
            log_hosts=list(page.log_hosts),
            redactor=redactor,
            terms=terms,
            incident=incident,
        )
        details = {"share": made.report.pk, "redaction": terms.redaction}
        note_step(incident, IncidentStep.What.SHARED, by=terms.made_by, now=terms.now, **details)
    return made


def _title(log_host: LogHost | None, redactor: Redactor) -> str:
    if log_host is not None:
        return say("Relays of {log_host}", log_host=redactor.log_host(log_host.name))
    return say("Relays of all log hosts") if granted.here().is_all else say("Relays of several log hosts")


@transaction.atomic
def _freeze(
    *,
    kind: SharedReport.Kind,
    title: str,
    log_hosts: list[LogHost],
    snapshot: Json,
    redactor: Redactor,
    terms: Terms,
    incident: Incident | None = None,
) -> Made:
    """Raises ValueError for more days than a link may be open, SharingStopped while none may be made."""
    if not 1 <= terms.days <= settings.MAILWATCH_SHARE_MOST_DAYS:
        raise ValueError(say("A link is open for 1 to {days} days.", days=settings.MAILWATCH_SHARE_MOST_DAYS))
    if is_stopped():
        raise SharingStopped
    empty_closed(now=terms.now)
    token = new_token()
    report = SharedReport(
        token_digest=digest_of(token),
        kind=kind,
        title=title,
        log_hosts=", ".join(redactor.log_host(log_host.name) for log_host in log_hosts),
        log_host_ids=[log_host.pk for log_host in log_hosts] if incident is None else incident.log_host_ids,
        incident=incident,
        redaction=terms.redaction,
        rules_version=VERSION,
        snapshot=snapshot,
        made_by=terms.made_by,
        frozen_at=terms.now,
        expires_at=terms.now + timedelta(days=terms.days),
        password=make_password(terms.password) if terms.password else "",
        most_views=terms.most_views,
    )
    report.content_hash = content_hash(report)
    report.save()
    trail.tell(subject=title)
    trail.tell_log_hosts(report.log_host_ids)
    return Made(report, token)


def content_hash(report: SharedReport) -> str:
    """SHA-256 of what is frozen, in hexadecimal: of its JSON in UTF-8 with sorted keys and no spaces."""
    text = json.dumps(content(report), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def revoke(*, report: SharedReport, revoked_by: User, now: datetime) -> None:
    """Close a link for good. Its contents go at once; that it was there, stays."""
    is_now = SharedReport.objects.filter(pk=report.pk, revoked_at=None).update(
        revoked_at=now, revoked_by=revoked_by, snapshot={}
    )
    if is_now and report.incident is not None:
        note_step(report.incident, IncidentStep.What.WITHDRAWN, by=revoked_by, now=now, share=report.pk)


def empty_closed(*, now: datetime) -> int:
    """Take the contents out of links that have ended: log text must not outlive its purpose.

    Returns how many were emptied.
    """
    with granted.everything():
        return SharedReport.objects.closed_at(now).exclude(snapshot={}).update(snapshot={})


def stop(*, stopped_by: User, now: datetime) -> None:
    """Close every link and make no more, until this is lifted. Nothing is lost: contents stay."""
    SharingStop.objects.get_or_create(lifted_at=None, defaults={"stopped_at": now, "stopped_by": stopped_by})


def lift(*, lifted_by: User, now: datetime) -> None:
    """Links that have not ended meanwhile are open again."""
    SharingStop.objects.filter(lifted_at=None).update(lifted_at=now, lifted_by=lifted_by)
