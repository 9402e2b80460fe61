"""One sender host."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse

from ingest.models import Suspect
from mailwatch.models import Scope
from mailwatch.queries import partner_lists, search
from mailwatch.queries import sender as queries
from mailwatch.queries.drilldown import DrillDown
from mailwatch.queries.partners import PartnerList
from mailwatch.views.api import rows
from mailwatch.views.api.answers import Wrong, answer, maybe, time
from mailwatch.views.api.authentication import endpoint
from mailwatch.views.api.documents import Answered, Counted, Finding, Partners, Sender
from mailwatch.views.api.parameters import SenderParameters, read, refused

_LISTS = {
    "helo_names": partner_lists.HELO_NAMES,
    "sender_host_names": partner_lists.HOST_NAMES,
    "authenticators": partner_lists.AUTHENTICATORS,
    "authenticated_ids": partner_lists.ACCOUNTS,
    "envelope_senders": partner_lists.ENVELOPE_SENDERS,
    "accounts_tried": partner_lists.ACCOUNTS_TRIED,
    "recipient_domains": partner_lists.RECIPIENT_DOMAINS,
    "refusals": partner_lists.REASONS,
}
_COUNTS = (
    "messages", "recipients", "delivered", "deferred", "bounced", "queued", "rejections", "failed_logins",
)  # fmt: skip


@endpoint(Scope.SENDER)
def sender(request: HttpRequest, address: str) -> HttpResponse:
    form = read(SenderParameters, request)
    log_host, hosts = form.cleaned_data["log_host"], search.log_hosts()
    bounds = search.bounds(form.chosen_range, log_host=log_host, hosts=hosts)
    try:
        found = queries.sender(address, log_host=log_host, bounds=bounds)
    except ValueError:
        raise refused(Wrong("address", "This is no IP address.")) from None
    zone = (log_host or search.zone_of(list(hosts.values()))).zone if hosts else None
    return answer(_document(found, zone))


def _document(found: DrillDown, zone: Any) -> Sender:
    lists: dict[str, Any] = {name: _partners(found, of) for name, of in _LISTS.items()}
    counts: dict[str, Any] = {name: getattr(found.counts, name) for name in _COUNTS}
    return Sender(
        address=found.subject.name,
        first_at=maybe(found.first_at, zone),
        last_at=maybe(found.last_at, zone),
        counted_since=maybe(found.counted_since, zone),
        answers=tuple(
            Answered(reason=str(reason), outcome=str(outcome), lines=lines)
            for reason, outcome, lines in found.answers.rows
        ),
        findings=tuple(finding for suspect in found.suspects for finding in _findings(suspect)),
        latest=tuple(rows.found(row) for row in found.latest),
        **counts,
        **lists,
    )


def _partners(found: DrillDown, of: PartnerList) -> Partners:
    listed = found.list_of(of)
    values = tuple(Counted(value=row.value, count=row.count) for row in listed.partners) if listed else ()
    return Partners(total=listed.total if listed else 0, values=values)


def _findings(suspect: Suspect) -> Iterator[Finding]:
    zone = suspect.log_host.zone
    for one in suspect.findings.all():
        yield Finding(
            log_host=suspect.log_host.name,
            rule=one.rule,
            severity=str(one.severity),
            title=one.title,
            evidence=one.evidence,
            count=one.count,
            first_at=time(one.first_at, zone),
            last_at=time(one.last_at, zone),
            is_allowed=one.allowed_by is not None,
        )
