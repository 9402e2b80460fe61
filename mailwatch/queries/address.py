"""One mail address: what it sent, and what it got."""

from dataclasses import dataclass

from ingest.models import LogHost
from mailwatch.queries import activity, search, sender
from mailwatch.queries.activity import Activity, Answers, DomainCounts, Subject, Top
from mailwatch.queries.keyset import Page
from mailwatch.queries.matching import address_is
from mailwatch.queries.ranges import Bounds
from mailwatch.queries.rows import Row
from mailwatch.queries.search import Totals
from mailwatch.queries.terms import Term, TermKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """``activity`` and the lists are of what was sent under this address, which anybody can write."""

    address: str
    activity: Activity
    sender_hosts: Top
    accounts: Top
    domains: tuple[DomainCounts, ...]
    total_domains: int
    answers: Answers
    received: Totals  # messages to it, rejections included
    latest: Page[Row]

    @property
    def is_nothing(self) -> bool:
        return self.activity.is_nothing and self.received.is_nothing


def address(address: str, *, log_host: LogHost | None, bounds: Bounds) -> Address:
    """Everything about a mail address, also where nothing of it is stored."""
    subject = Subject(
        messages=lambda prefix: address_is(f"{prefix}envelope_sender", address),
        rejections=address_is("envelope_sender", address),
        log_host=log_host,
        bounds=bounds,
    )
    counted = activity.counted(subject)
    term = Term(TermKind.ADDRESS, address)
    domains, total_domains = activity.domains(counted)
    received = search.Search(term=term, role="recipient", log_host=log_host, bounds=bounds)
    return Address(
        address=address,
        activity=activity.activity(counted),
        sender_hosts=activity.top(counted, "sender_host_address"),
        accounts=activity.top(counted, "authenticated_id"),
        domains=domains,
        total_domains=total_domains,
        answers=activity.answers(counted),
        received=search.totals(received),
        latest=search.page(search.Search(term=term, log_host=log_host, bounds=bounds), rows=sender.LATEST),
    )
