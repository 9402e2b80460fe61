"""One account: what came in under its name, from where, and who tried to log in as it."""

from dataclasses import dataclass

from django.db.models import Q

from ingest.models import LogHost, Suspect
from ingest.rules.facts import SubjectKind
from mailwatch.queries import activity, search, sender
from mailwatch.queries.activity import Activity, Answers, DomainCounts, Subject, Top
from mailwatch.queries.keyset import Page
from mailwatch.queries.ranges import Bounds
from mailwatch.queries.rows import Row
from mailwatch.queries.terms import Term, TermKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An authenticated id, or a local user of the same name."""

    authenticated_id: str
    activity: Activity
    suspects: tuple[Suspect, ...]
    sender_hosts: Top
    authenticators: Top
    envelope_senders: Top
    tried_from: Top  # sender hosts of failed logins
    domains: tuple[DomainCounts, ...]
    total_domains: int
    answers: Answers
    latest: Page[Row]

    @property
    def worst(self) -> str:
        return self.suspects[0].severity if self.suspects else ""


def account(authenticated_id: str, *, log_host: LogHost | None, bounds: Bounds) -> Account:
    """Everything about an account, also where nothing of it is stored."""
    subject = Subject(
        messages=lambda prefix: _logged_in(prefix, authenticated_id),
        rejections=Q(account=authenticated_id),
        log_host=log_host,
        bounds=bounds,
    )
    counted = activity.counted(subject)
    term = Term(TermKind.ACCOUNT, authenticated_id)
    domains, total_domains = activity.domains(counted)
    return Account(
        authenticated_id=authenticated_id,
        activity=activity.activity(counted),
        suspects=_suspects(authenticated_id, log_host),
        sender_hosts=activity.top(counted, "sender_host_address"),
        authenticators=activity.top(counted, "authenticator"),
        envelope_senders=activity.top(counted, "envelope_sender"),
        tried_from=activity.top_rejected(counted, "sender_host_address"),
        domains=domains,
        total_domains=total_domains,
        answers=activity.answers(counted),
        latest=search.page(search.Search(term=term, log_host=log_host, bounds=bounds), rows=sender.LATEST),
    )


def _logged_in(prefix: str, authenticated_id: str) -> Q:
    by_login = Q(**{f"{prefix}authenticated_id": authenticated_id})
    return by_login | Q(**{f"{prefix}local_user": authenticated_id, f"{prefix}sender_host_address": None})


def _suspects(authenticated_id: str, log_host: LogHost | None) -> tuple[Suspect, ...]:
    return (
        *sender.suspects(SubjectKind.AUTHENTICATED_ID, authenticated_id, log_host=log_host),
        *sender.suspects(SubjectKind.LOCAL_USER, authenticated_id, log_host=log_host),
    )
