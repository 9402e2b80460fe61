"""One mail address: what came with it as envelope sender, or what was sent to it."""

from mailwatch.queries import partner_lists
from mailwatch.queries.drilldown import RECIPIENT, SENDER, Subject
from mailwatch.queries.matching import address_is
from mailwatch.queries.subject_rows import Filter
from mailwatch.queries.terms import Term, TermKind

SENT = (
    partner_lists.SENDER_HOSTS,
    partner_lists.ACCOUNTS,
    partner_lists.RECIPIENT_DOMAINS,
    partner_lists.REMOTE_HOSTS,
    partner_lists.REFUSED_HOSTS,
)
RECEIVED = (
    partner_lists.ENVELOPE_SENDERS,
    partner_lists.SENDER_DOMAINS,
    partner_lists.SENDER_HOSTS,
    partner_lists.REMOTE_HOSTS,
    partner_lists.TRANSPORTS,
    partner_lists.REFUSED_HOSTS,
)


def subjects(address: str) -> tuple[Subject, Subject]:
    """What the address sent, a name that anybody can write; and what it got."""
    sent = Filter(
        messages=lambda prefix: address_is(f"{prefix}envelope_sender", address),
        refusals=address_is("envelope_sender", address),
    )
    received = Filter(
        attempts=(address_is("recipient", address), address_is("original_recipient", address)),
        refusals=address_is("recipient", address),
    )
    return _subject(address, SENDER, sent), _subject(address, RECIPIENT, received)


def _subject(address: str, side: str, which: Filter) -> Subject:
    return Subject(
        page="address",
        name=address,
        side=side,
        which=which,
        lists=SENT if side == SENDER else RECEIVED,
        search={"q": address, "kind": str(TermKind.ADDRESS), "role": side},
        term=Term(TermKind.ADDRESS, address),
    )
