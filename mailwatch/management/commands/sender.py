"""``manage.py sender``: what one sender host address did."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ingest.rules.words import exact
from mailwatch.management import options
from mailwatch.printable import plain
from mailwatch.queries import partner_lists, search
from mailwatch.queries import sender as queries
from mailwatch.queries.drilldown import DrillDown
from mailwatch.queries.partners import PartnerList


class Command(options.ReadingCommand):
    help = "Tell what a sender host did: messages, recipients, logins, refusals, findings."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", metavar="ADDRESS", help="an IP address")
        options.add_log_host(parser)
        options.add_range(parser)
        options.add_json(parser)

    def handle(self, *, address: str, log_host: str | None, json: bool, **given: Any) -> None:
        host = options.log_host(log_host)
        asked = options.range_of(since=given["since"], until=given["until"])
        bounds = search.bounds(asked, log_host=host)
        try:
            found = queries.sender(address, log_host=host, bounds=bounds)
        except ValueError:
            raise CommandError(f"{plain(address)} is no IP address.") from None
        zone = (host or search.zone_of(list(search.log_hosts().values()))).zone
        if json:
            options.write_json(self.stdout, queries.as_json(found, zone=zone))
            return
        for line in _told(found, zone):
            self.stdout.write(line)


def _told(found: DrillDown, zone: tzinfo) -> Iterator[str]:
    counts, address = found.counts, found.subject.name
    if counts.is_nothing:
        yield f"{address}: not in the log."
        return
    first = exact(found.first_at, zone) or f"before {exact(found.counted_since, zone)}"
    yield f"{address}: {first} to {exact(found.last_at, zone)}"
    yield (
        f"  {counts.messages:,} messages, {counts.recipients:,} recipients: {counts.delivered:,} delivered,"
        f" {counts.deferred:,} deferred, {counts.bounced:,} bounced"
    )
    yield f"  {counts.rejections:,} rejections, {counts.failed_logins:,} failed logins"
    if found.counted_since:
        yield f"  There are more; counted from {exact(found.counted_since, zone)} on."
    for suspect in found.suspects:
        for finding in suspect.findings.all():
            yield f"  {finding.severity} {finding.rule} on {suspect.log_host.name}: {plain(finding.evidence)}"
            if finding.allowed_by:
                until = exact(finding.allowed_by.until, suspect.log_host.zone)
                yield f"    Allowed until {until}, does not count: {plain(finding.allowed_by.reason)}"
    for name, of in _LISTS:
        yield from _list(name, found, of)


_LISTS = (
    ("HELO names", partner_lists.HELO_NAMES),
    ("Logged in as", partner_lists.ACCOUNTS),
    ("Tried to log in as", partner_lists.ACCOUNTS_TRIED),
    ("Envelope senders", partner_lists.ENVELOPE_SENDERS),
    ("Recipient domains", partner_lists.RECIPIENT_DOMAINS),
)


def _list(name: str, found: DrillDown, of: PartnerList) -> Iterator[str]:
    listed = found.list_of(of)
    if listed is None:
        return
    values = ", ".join(f"{_word(row.value)} {row.count:,}" for row in listed.partners)
    more = f" (first {len(listed.partners)} of {listed.total:,})" if listed.is_cut else ""
    yield f"  {name}: {values}{more}"


def _word(value: str | None) -> str:
    if value is None:
        return "(none)"
    return plain(value) or "(empty)"
