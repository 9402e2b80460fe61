"""One account: what came in under its name, from where, and who tried to log in as it."""

from django.db.models import Q

from ingest.rules.facts import SubjectKind
from mailwatch.queries import partner_lists
from mailwatch.queries.drilldown import Subject
from mailwatch.queries.subject_rows import Filter
from mailwatch.queries.terms import Term, TermKind

LISTS = (
    partner_lists.SENDER_HOSTS,
    partner_lists.ENVELOPE_SENDERS,
    partner_lists.RECIPIENT_DOMAINS,
    partner_lists.REMOTE_HOSTS,
    partner_lists.REFUSED_HOSTS,
    partner_lists.AUTHENTICATORS,
)


def subject(authenticated_id: str) -> Subject:
    """The subject of an authenticated id, or of a local user of the same name."""
    kinds = (SubjectKind.AUTHENTICATED_ID, SubjectKind.LOCAL_USER)
    return Subject(
        page="account",
        name=authenticated_id,
        which=Filter(
            messages=lambda prefix: _logged_in(prefix, authenticated_id),
            refusals=Q(account=authenticated_id),
        ),
        lists=LISTS,
        search={"q": authenticated_id, "kind": str(TermKind.ACCOUNT)},
        term=Term(TermKind.ACCOUNT, authenticated_id),
        suspected=Q(kind__in=kinds, value=authenticated_id),
        logs_in=True,
    )


def _logged_in(prefix: str, authenticated_id: str) -> Q:
    by_login = Q(**{f"{prefix}authenticated_id": authenticated_id})
    return by_login | Q(**{f"{prefix}local_user": authenticated_id, f"{prefix}sender_host_address": None})
