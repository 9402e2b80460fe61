"""Tokens of the JSON API, as their page shows them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Q

from ingest.models import LogHost
from mailwatch.access import Permission, may, with_access
from mailwatch.models import ApiToken, Scope
from mailwatch.queries import users

REMEMBERED = timedelta(days=30)  # that a token stays in the list after it has ended
MOST = 500  # tokens of others on one page


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """One token; ``log_hosts``: those of its own that whoever looks may read, where not all."""

    token: ApiToken
    owner: User
    is_open: bool
    log_hosts: Sequence[LogHost]

    @property
    def scopes(self) -> list[str]:
        return [str(Scope(one).label) for one in self.token.scopes]

    @property
    def named(self) -> str:
        return ", ".join(host.name for host in self.log_hosts)

    @property
    def network(self) -> str:
        """From which it was used last; "" where that is not known."""
        token = self.token
        return f"{token.last_network}/{token.last_prefix}" if token.last_network else ""


def own(person: User, *, at: datetime) -> list[TokenView]:
    """Those of somebody; the last made first."""
    return _views(ApiToken.objects.filter(_recent(at), owner=person), {person.pk: person}, at)


def of_others(person: User, *, at: datetime) -> list[TokenView]:
    """Those that hold of everybody else whom an administrator sees."""
    owners = with_access(User.objects.filter(api_tokens__in=_holding(at)).exclude(pk=person.pk).distinct())
    seen = {owner.pk: owner for owner in owners if users.is_seen(person, owner)}
    found = ApiToken.objects.filter(pk__in=_holding(at), owner_id__in=seen).order_by("owner__username", "-pk")
    return _views(found[:MOST], seen, at)


def one(person: User, token_id: int) -> ApiToken | None:
    """A token that somebody may revoke: their own; an administrator's also of those whom they see."""
    token = ApiToken.objects.filter(pk=token_id).first()
    if token is None or token.owner_id == person.pk:
        return token
    if not may(person, Permission.USERS):
        return None
    return token if users.one(person, token.owner_id) else None


def _holding(at: datetime) -> "list[int]":
    return list(ApiToken.objects.filter(revoked_at=None, expires_at__gt=at).values_list("pk", flat=True))


def _recent(at: datetime) -> Q:
    ended = at - REMEMBERED
    return Q(expires_at__gt=ended) & (Q(revoked_at=None) | Q(revoked_at__gt=ended))


def _views(found: Iterable[ApiToken], owners: dict[int, User], at: datetime) -> list[TokenView]:
    tokens = list(found)
    hosts = {host.pk: host for host in LogHost.objects.all()}
    through = ApiToken.log_hosts.through._default_manager.filter(apitoken_id__in=[one.pk for one in tokens])
    reads: dict[int, set[int]] = defaultdict(set)
    for token_id, host_id in through.values_list("apitoken_id", "loghost_id"):
        reads[token_id].add(host_id)
    return [
        TokenView(
            token=one,
            owner=owners[one.owner_id],
            is_open=one.is_open(at),
            log_hosts=[host for pk, host in hosts.items() if pk in reads[one.pk]],
        )
        for one in tokens
    ]
