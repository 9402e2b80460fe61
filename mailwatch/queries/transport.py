"""One transport: what was handed to it, for whom, and with what outcome."""

from django.db.models import Q

from mailwatch.queries import partner_lists
from mailwatch.queries.drilldown import Subject
from mailwatch.queries.subject_rows import Filter

LISTS = (
    partner_lists.RECIPIENT_DOMAINS,
    partner_lists.REMOTE_HOSTS,
    partner_lists.ACCOUNTS,
    partner_lists.SENDER_DOMAINS,
    partner_lists.SENDER_HOSTS,
)


def subject(transport: str) -> Subject:
    """The subject of a transport's name, as the configuration of Exim has it."""
    return Subject(
        page="transport",
        name=transport,
        which=Filter(attempts=(Q(transport=transport),)),
        lists=LISTS,
        search={"transport": transport},
    )
