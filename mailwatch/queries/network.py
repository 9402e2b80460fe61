"""One network: the sender hosts in it, together."""

from ipaddress import ip_network

from django.db.models import Case, GenericIPAddressField, Q, Value, When
from django.db.models.functions import Cast
from django.db.models.lookups import Range

from ingest.rules.facts import SubjectKind
from mailwatch.queries import partner_lists
from mailwatch.queries.drilldown import Subject
from mailwatch.queries.matching import host_in
from mailwatch.queries.subject_rows import Filter
from mailwatch.queries.terms import Network, Term, TermKind

LISTS = (
    partner_lists.SENDER_HOSTS,
    partner_lists.ACCOUNTS,
    partner_lists.ENVELOPE_SENDERS,
    partner_lists.RECIPIENT_DOMAINS,
    partner_lists.REFUSED_HOSTS,
    partner_lists.ACCOUNTS_TRIED,
    partner_lists.HELO_NAMES,
    partner_lists.AUTHENTICATORS,
)


def subject(network: str) -> Subject:
    """The subject of a network; of an address inside it, the network. Raises ValueError for a text that is none."""
    plain = ip_network(network, strict=False)
    return Subject(
        page="network",
        name=str(plain),
        which=Filter(
            messages=lambda prefix: host_in(f"{prefix}sender_host_address", plain),
            refusals=host_in("sender_host_address", plain),
        ),
        lists=LISTS,
        search={"q": str(plain)},
        term=Term(TermKind.NETWORK, str(plain), plain),
        suspected=_suspected(plain),
        holds_suspects=True,
        logs_in=True,
    )


def _suspected(network: Network) -> Q:
    """Only of hosts is a suspect's name an address, and only those are read as one."""
    is_host = When(kind=SubjectKind.SENDER_HOST_ADDRESS, then=Cast("value", GenericIPAddressField()))
    host = Case(is_host, output_field=GenericIPAddressField())
    inside = Range(host, (Value(str(network[0])), Value(str(network[-1]))))
    return Q(kind=SubjectKind.SENDER_HOST_ADDRESS) & Q(inside)
