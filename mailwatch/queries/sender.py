"""One sender host address: who it is, what it did, how it was answered."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from ipaddress import ip_address, ip_network
from typing import Any

from django.db.models import Q

from ingest import reports
from ingest.models import Finding, LogHost, Suspect
from ingest.rules.facts import SubjectKind
from mailwatch.queries import drilldown, partner_lists
from mailwatch.queries.activity import HourCounts
from mailwatch.queries.drilldown import DrillDown, Subject
from mailwatch.queries.partners import Partner, PartnerList
from mailwatch.queries.ranges import Bounds
from mailwatch.queries.rows import Row
from mailwatch.queries.subject_rows import Filter
from mailwatch.queries.terms import Network, Term, TermKind

LISTS = (
    partner_lists.ACCOUNTS,
    partner_lists.ENVELOPE_SENDERS,
    partner_lists.RECIPIENT_DOMAINS,
    partner_lists.REMOTE_HOSTS,
    partner_lists.ACCOUNTS_TRIED,
    partner_lists.HOST_NAMES,
    partner_lists.HELO_NAMES,
    partner_lists.AUTHENTICATORS,
)
_NETWORK_BITS = {4: 24, 6: 48}


def subject(address: str) -> Subject:
    """The subject of an IP address. Raises ValueError for a text that is none."""
    plain = str(ip_address(address))
    return Subject(
        page="sender",
        name=plain,
        which=Filter(
            messages=lambda prefix: Q(**{f"{prefix}sender_host_address": plain}),
            refusals=Q(sender_host_address=plain),
        ),
        lists=LISTS,
        search={"q": plain},
        term=Term(TermKind.NETWORK, plain, ip_network(plain)),
        suspected=Q(kind=SubjectKind.SENDER_HOST_ADDRESS, value=plain),
        logs_in=True,
    )


def network_of(address: str) -> Network:
    """The network that an address is usually given with: a /24, or a /48 of IPv6."""
    plain = ip_address(address)
    return ip_network(f"{plain}/{_NETWORK_BITS[plain.version]}", strict=False)


def sender(address: str, *, log_host: LogHost | None = None, bounds: Bounds | None = None) -> DrillDown:
    """Everything about an IP address. Raises ValueError for a text that is none."""
    return drilldown.drill_down(subject(address), log_host=log_host, bounds=bounds or Bounds())


def as_json(found: DrillDown, *, zone: tzinfo) -> dict[str, Any]:
    """The document of ``manage.py sender --json``."""
    counts = found.counts
    return {
        "address": found.subject.name,
        "first_at": _iso(found.first_at, zone),
        "last_at": _iso(found.last_at, zone),
        "counted_since": _iso(found.counted_since, zone),
        **{name: getattr(counts, name) for name in _COUNTS},
        "hours": [_hour(row, zone) for row in found.hours],
        "helo_names": _top(found, partner_lists.HELO_NAMES),
        "sender_host_names": _top(found, partner_lists.HOST_NAMES),
        "authenticators": _top(found, partner_lists.AUTHENTICATORS),
        "authenticated_ids": _top(found, partner_lists.ACCOUNTS),
        "envelope_senders": _top(found, partner_lists.ENVELOPE_SENDERS),
        "accounts_tried": _top(found, partner_lists.ACCOUNTS_TRIED),
        "recipient_domains": _domains(found),
        "answers": [
            {"reason": reason, "outcome": outcome, "lines": number}
            for reason, outcome, number in found.answers.rows
        ],
        "answers_of_newest": found.answers.of_newest,
        "refusals": _top(found, partner_lists.REASONS),
        "findings": [finding for suspect in found.suspects for finding in _findings(suspect, zone)],
        "latest": [_row(row) for row in found.latest],
    }


_COUNTS = ("messages", "recipients", "delivered", "deferred", "bounced", "rejections", "failed_logins")
_DOMAIN_COUNTS = ("recipients", "delivered", "deferred", "bounced")


def _iso(at: datetime | None, zone: tzinfo) -> str | None:
    return at.astimezone(zone).isoformat() if at else None


def _hour(row: HourCounts, zone: tzinfo) -> dict[str, Any]:
    names = ("delivered", "deferred", "bounced", "rejected")
    return {"hour": _iso(row.hour, zone), **{name: getattr(row, name) for name in names}}


def _top(found: DrillDown, of: PartnerList) -> dict[str, Any]:
    listed = found.list_of(of)
    rows = listed.partners if listed else ()
    return {
        "total": listed.total if listed else 0,
        "values": [{"value": row.value, "count": row.count} for row in rows],
    }


def _domains(found: DrillDown) -> dict[str, Any]:
    listed = found.list_of(partner_lists.RECIPIENT_DOMAINS)
    rows: Sequence[Partner] = listed.partners if listed else ()
    return {
        "total": listed.total if listed else 0,
        "values": [
            {"domain": row.value or "", **{name: getattr(row, name) for name in _DOMAIN_COUNTS}}
            for row in rows
        ],
    }


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
