"""``manage.py sender``: what one sender host address did."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingest.rules.words import exact
from mailwatch.management import options
from mailwatch.printable import plain
from mailwatch.queries import search
from mailwatch.queries import sender as queries
from mailwatch.queries.activity import Top


class Command(BaseCommand):
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


def _told(found: queries.Sender, zone: tzinfo) -> Iterator[str]:
    counts = found.activity
    if counts.is_nothing:
        yield f"{found.address}: not in the log."
        return
    yield f"{found.address}: {exact(counts.first_at, zone)} to {exact(counts.last_at, zone)}"
    yield (
        f"  {counts.messages:,} messages, {counts.recipients:,} recipients: {counts.delivered:,} delivered,"
        f" {counts.deferred:,} deferred, {counts.bounced:,} bounced"
    )
    yield f"  {counts.rejections:,} rejections, {counts.failed_logins:,} failed logins"
    if counts.counted_since:
        yield f"  There are more; counted from {exact(counts.counted_since, zone)} on."
    for suspect in found.suspects:
        for finding in suspect.findings.all():
            yield f"  {finding.severity} {finding.rule} on {suspect.log_host.name}: {plain(finding.evidence)}"
            if finding.allowed_by:
                until = exact(finding.allowed_by.until, suspect.log_host.zone)
                yield f"    Allowed until {until}, does not count: {plain(finding.allowed_by.reason)}"
    yield from _list("HELO names", found.helo_names)
    yield from _list("Logged in as", found.accounts)
    yield from _list("Tried to log in as", found.accounts_tried)
    yield from _list("Envelope senders", found.envelope_senders)
    domains = Top(tuple((row.domain, row.recipients) for row in found.domains), found.total_domains)
    yield from _list("Recipient domains", domains)


def _list(name: str, top: Top) -> Iterator[str]:
    if not top.total:
        return
    values = ", ".join(f"{_word(value)} {number:,}" for value, number in top.values)
    more = f" (first {len(top.values)} of {top.total:,})" if top.is_cut else ""
    yield f"  {name}: {values}{more}"


def _word(value: str | None) -> str:
    if value is None:
        return "(none)"
    return plain(value) or "(empty)"
