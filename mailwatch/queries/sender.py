"""One sender host address: who it is, what it did, how it was answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from ipaddress import ip_address, ip_network
from typing import Any

from django.db.models import Q

from ingest import reports
from ingest.models import Finding, LogHost, Suspect
from ingest.rules.facts import SubjectKind
from mailwatch.queries import activity, search, story
from mailwatch.queries.activity import Activity, Answers, DomainCounts, Subject, Top
from mailwatch.queries.keyset import Page
from mailwatch.queries.ranges import Bounds
from mailwatch.queries.rows import Row
from mailwatch.queries.terms import Term, TermKind

LATEST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    address: str
    activity: Activity
    suspects: tuple[Suspect, ...]  # on each log host where rules found something, worst first
    helo_names: Top
    host_names: Top
    accounts: Top  # None: not logged in; "": without a user name
    authenticators: Top
    envelope_senders: Top
    accounts_tried: Top  # in failed logins
    domains: tuple[DomainCounts, ...]
    total_domains: int
    answers: Answers
    refusals: Top
    latest: Page[Row]

    @property
    def worst(self) -> str:
        """The severity of the worst suspect, "" without one."""
        return self.suspects[0].severity if self.suspects else ""


def sender(address: str, *, log_host: LogHost | None = None, bounds: Bounds | None = None) -> Sender:
    """Everything about an IP address. Raises ValueError for a text that is none."""
    plain = str(ip_address(address))
    within = bounds or Bounds()
    subject = Subject(
        messages=lambda prefix: Q(**{f"{prefix}sender_host_address": plain}),
        rejections=Q(sender_host_address=plain),
        log_host=log_host,
        bounds=within,
    )
    counted = activity.counted(subject)
    term = Term(TermKind.NETWORK, plain, ip_network(plain))
    domains, total_domains = activity.domains(counted)
    return Sender(
        address=plain,
        activity=activity.activity(counted),
        suspects=suspects(SubjectKind.SENDER_HOST_ADDRESS, plain, log_host=log_host),
        helo_names=activity.top(counted, "helo_name"),
        host_names=activity.top(counted, "sender_host_name"),
        accounts=activity.top(counted, "authenticated_id"),
        authenticators=activity.top(counted, "authenticator"),
        envelope_senders=activity.top(counted, "envelope_sender"),
        accounts_tried=activity.top_rejected(counted, "account"),
        domains=domains,
        total_domains=total_domains,
        answers=activity.answers(counted),
        refusals=activity.refusals(counted),
        latest=search.page(search.Search(term=term, log_host=log_host, bounds=within), rows=LATEST),
    )


def suspects(kind: SubjectKind, value: str, *, log_host: LogHost | None) -> tuple[Suspect, ...]:
    """What the rules found about a subject over all that is stored, by log host, worst first."""
    rows = (
        Suspect.objects.filter(kind=kind, value=value)
        .select_related("log_host")
        .prefetch_related(reports.WITH_ENTRIES)
    )
    if log_host:
        rows = rows.filter(log_host=log_host)
    return tuple(sorted(rows, key=lambda row: story.SEVERITIES.index(row.severity)))


def as_json(found: Sender, *, zone: tzinfo) -> dict[str, Any]:
    """The document of ``manage.py sender --json``."""
    counts = found.activity
    return {
        "address": found.address,
        "first_at": _iso(counts.first_at, zone),
        "last_at": _iso(counts.last_at, zone),
        "counted_since": _iso(counts.counted_since, zone),
        "messages": counts.messages,
        "recipients": counts.recipients,
        "delivered": counts.delivered,
        "deferred": counts.deferred,
        "bounced": counts.bounced,
        "rejections": counts.rejections,
        "failed_logins": counts.failed_logins,
        "hours": [_hour(row, zone) for row in counts.hours],
        "helo_names": _top(found.helo_names),
        "sender_host_names": _top(found.host_names),
        "authenticators": _top(found.authenticators),
        "authenticated_ids": _top(found.accounts),
        "envelope_senders": _top(found.envelope_senders),
        "accounts_tried": _top(found.accounts_tried),
        "recipient_domains": {
            "total": found.total_domains,
            "values": [{name: getattr(row, name) for name in _DOMAIN_COUNTS} for row in found.domains],
        },
        "answers": [
            {"reason": reason, "outcome": outcome, "lines": number}
            for reason, outcome, number in found.answers.rows
        ],
        "answers_of_newest": found.answers.of_newest,
        "refusals": _top(found.refusals),
        "findings": [finding for suspect in found.suspects for finding in _findings(suspect, zone)],
        "latest": [_row(row) for row in found.latest.rows],
    }


_DOMAIN_COUNTS = ("domain", "recipients", "delivered", "deferred", "bounced")


def _iso(at: datetime | None, zone: tzinfo) -> str | None:
    return at.astimezone(zone).isoformat() if at else None


def _hour(row: activity.HourCounts, zone: tzinfo) -> dict[str, Any]:
    names = ("delivered", "deferred", "bounced", "rejected")
    return {"hour": _iso(row.hour, zone), **{name: getattr(row, name) for name in names}}


def _top(top: Top) -> dict[str, Any]:
    return {"total": top.total, "values": [{"value": value, "count": number} for value, number in top.values]}


def _findings(suspect: Suspect, zone: tzinfo) -> Sequence[dict[str, Any]]:
    return [
        {
            "log_host": suspect.log_host.name,
            "rule": finding.rule,
            "severity": finding.severity,
            "title": finding.title,
            "evidence": finding.evidence,
            "count": finding.count,
            "first_at": _iso(finding.first_at, zone),
            "last_at": _iso(finding.last_at, zone),
            "allowed_by": _allowance(finding),
        }
        for finding in suspect.findings.all()
    ]


def _allowance(finding: Finding) -> dict[str, Any] | None:
    """The entry of the allow-list for which the finding does not count."""
    return reports.allowance(finding.allowed_by).as_json() if finding.allowed_by else None


def _row(row: Row) -> dict[str, Any]:
    return {
        "log_host": row.log_host.name,
        "at": _iso(row.at, row.log_host.zone),
        "message_id": row.message_id,
        "status": row.status,
        "envelope_sender": row.envelope_sender,
        "recipient": row.recipient,
        "happened": row.happened,
    }
