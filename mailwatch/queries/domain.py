"""One domain: what was sent to it, or what came with it in the envelope sender."""

from mailwatch.queries import partner_lists
from mailwatch.queries.drilldown import RECIPIENT, SENDER, Subject
from mailwatch.queries.matching import domain_is
from mailwatch.queries.subject_rows import Filter
from mailwatch.queries.terms import Term, TermKind

SENT = (
    partner_lists.ENVELOPE_SENDERS,
    partner_lists.SENDER_HOSTS,
    partner_lists.ACCOUNTS,
    partner_lists.RECIPIENT_DOMAINS,
    partner_lists.REFUSED_HOSTS,
)
RECEIVED = (
    partner_lists.RECIPIENTS,
    partner_lists.ENVELOPE_SENDERS,
    partner_lists.ACCOUNTS,
    partner_lists.SENDER_HOSTS,
    partner_lists.REMOTE_HOSTS,
    partner_lists.TRANSPORTS,
    partner_lists.REFUSED_HOSTS,
)


def subjects(domain: str) -> tuple[Subject, Subject]:
    """What was sent to the domain; and what came in its name, which anybody can write."""
    plain = domain.lower()
    received = Filter(
        attempts=(domain_is("recipient", plain), domain_is("original_recipient", plain)),
        refusals=domain_is("recipient", plain),
    )
    sent = Filter(
        messages=lambda prefix: domain_is(f"{prefix}envelope_sender", plain),
        refusals=domain_is("envelope_sender", plain),
    )
    return _subject(plain, RECIPIENT, received), _subject(plain, SENDER, sent)


def _subject(domain: str, side: str, which: Filter) -> Subject:
    return Subject(
        page="domain",
        name=domain,
        side=side,
        which=which,
        lists=SENT if side == SENDER else RECEIVED,
        search={"q": domain, "kind": str(TermKind.DOMAIN), "role": side},
        term=Term(TermKind.DOMAIN, domain),
    )
