"""Users as the page of administrators shows them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User

from ingest.granted import Granted
from ingest.models import LogHost
from mailwatch.access import given_log_hosts, given_role, granted_to, with_access
from mailwatch.models import Invitation, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class UserView:
    """Somebody with their role and log hosts."""

    user: User
    role: Role
    has_all_log_hosts: bool
    log_hosts: Sequence[LogHost]  # where not all

    @property
    def named(self) -> str:
        return ", ".join(host.name for host in self.log_hosts)


def listed(person: User) -> list[UserView]:
    """Those whom an administrator sees: who may read no more than they may. By name, inactive ones last."""
    hosts = {host.pk: host for host in LogHost.objects.all()}
    users = with_access(User.objects.order_by("-is_active", "username"))
    return [view(user, hosts) for user in users if is_seen(person, user)]


def one(person: User, user_id: int) -> UserView | None:
    """One of those; None where there is none."""
    user = with_access(User.objects.filter(pk=user_id)).first()
    if user is None or not is_seen(person, user):
        return None
    return view(user, {host.pk: host for host in LogHost.objects.all()})


def is_seen(person: User, user: User) -> bool:
    """An administrator sees and changes users who may read no more than they may themselves."""
    return granted_to(person).covers(given_log_hosts(user))


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationView:
    """An invitation that nobody has taken yet."""

    invitation: Invitation
    has_all_log_hosts: bool
    log_hosts: Sequence[LogHost]  # where not all

    @property
    def role(self) -> Role:
        return Role(self.invitation.role)

    @property
    def named(self) -> str:
        return ", ".join(host.name for host in self.log_hosts)


def invited(person: User, *, at: datetime) -> list[InvitationView]:
    """Open invitations to no more than an administrator may read; the last made first."""
    hosts = {host.pk: host for host in LogHost.objects.all()}
    rows = Invitation.log_hosts.through._default_manager.values_list("invitation_id", "loghost_id")
    reads: dict[int, set[int]] = defaultdict(set)
    for invitation_id, host_id in rows:
        reads[invitation_id].add(host_id)
    found = Invitation.objects.filter(used_at=None, withdrawn_at=None, expires_at__gt=at)
    return [
        InvitationView(
            invitation=one,
            has_all_log_hosts=one.has_all_log_hosts,
            log_hosts=[host for pk, host in hosts.items() if pk in reads[one.pk]],
        )
        for one in found
        if granted_to(person).covers(Granted(None if one.has_all_log_hosts else frozenset(reads[one.pk])))
    ]


def has_second_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user).exists())


def view(user: User, hosts: dict[int, LogHost]) -> UserView:
    granted = given_log_hosts(user)
    return UserView(
        user=user,
        role=given_role(user),
        has_all_log_hosts=granted.is_all,
        log_hosts=[host for pk, host in hosts.items() if not granted.is_all and granted.holds(pk)],
    )
