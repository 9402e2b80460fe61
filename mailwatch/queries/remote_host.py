"""One host that mail was delivered to, or was tried to be."""

from ipaddress import ip_address

from django.db.models import Q

from mailwatch.queries import partner_lists
from mailwatch.queries.drilldown import Subject
from mailwatch.queries.subject_rows import Filter

LISTS = (
    partner_lists.REMOTE_HOST_NAMES,
    partner_lists.RECIPIENT_DOMAINS,
    partner_lists.ACCOUNTS,
    partner_lists.SENDER_DOMAINS,
    partner_lists.TRANSPORTS,
    partner_lists.SENDER_HOSTS,
)


def subject(address: str) -> Subject:
    """The subject of an IP address. Raises ValueError for a text that is none."""
    plain = str(ip_address(address))
    return Subject(
        page="remote_host",
        name=plain,
        which=Filter(attempts=(Q(remote_host_address=plain),)),
        lists=LISTS,
        search={"remote_host": plain},
    )
