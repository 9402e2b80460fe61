"""Users: added, given a role and log hosts, deactivated. Each change keeps an administrator who can undo it."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext

from ingest.granted import Granted
from ingest.models import LogHost
from mailwatch import trail
from mailwatch.access import given_log_hosts, given_role
from mailwatch.models import Access, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody may do, and read: all log hosts, or those named."""

    role: Role
    has_all_log_hosts: bool
    log_hosts: Iterable[LogHost] = ()


class NotChanged(ValueError):
    """Why a user could not be changed; one sentence for the reader."""


@transaction.atomic
def add(*, username: str, email: str, wanted: Wanted, giver: Granted) -> tuple[User, str]:
    """A new user, and the password, which is kept nowhere in clear. Raises NotChanged."""
    if User.objects.filter(username__iexact=username).exists():
        raise NotChanged(gettext("There is a user of this name already."))
    password = new_password()
    user = User.objects.create_user(username, email, password)
    change(user, wanted=wanted, giver=giver)
    return user, password


@transaction.atomic
def change(user: User, *, wanted: Wanted, giver: Granted) -> None:
    """Give a role and log hosts. ``giver``: what may be read by whoever gives them. Raises NotChanged."""
    check_granted(wanted, giver)
    before = _told(user)
    kept_as = {"role": wanted.role, "has_all_log_hosts": wanted.has_all_log_hosts}
    with _somebody_stays_in_charge():
        access, _ = Access.objects.update_or_create(user=user, defaults=kept_as)
        access.log_hosts.set(() if wanted.has_all_log_hosts else wanted.log_hosts)
        # commands of Django's own go by these
        user.is_superuser = user.is_staff = wanted.role == Role.ADMINISTRATOR
        user.save(update_fields=["is_superuser", "is_staff"])
    user.access = access
    trail.tell(subject=user.get_username())
    trail.tell_change(before, _told(user))


def _told(user: User) -> dict[str, object]:
    """What somebody may do and read, for the audit trail."""
    given = given_log_hosts(user)
    names = sorted(LogHost.objects.filter(pk__in=given.log_hosts or ()).values_list("name", flat=True))
    return {"role": str(given_role(user)), "log hosts": "all" if given.is_all else names}


@transaction.atomic
def activate(user: User, *, is_active: bool) -> None:
    """Let somebody sign in, or not any more: open sessions end with the next page. Raises NotChanged."""
    with _somebody_stays_in_charge():
        user.is_active = is_active
        user.save(update_fields=["is_active"])
    trail.tell(subject=user.get_username())


def reset_password(user: User) -> str:
    """A new password, which is kept nowhere in clear; sessions of the user end."""
    password = new_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    trail.tell(subject=user.get_username())
    return password


@transaction.atomic
def remove_second_factors(user: User) -> None:
    """Apps, passkeys and recovery codes of somebody who has lost them; sessions of the user end."""
    Authenticator.objects.filter(user=user).delete()
    for session in UserSession.objects.filter(user=user):
        session.end()
    trail.tell(subject=user.get_username())


def new_password() -> str:
    """96 bits that nobody can guess."""
    return secrets.token_urlsafe(12)


def check_granted(wanted: Wanted, giver: Granted) -> None:
    """Raises NotChanged where somebody gives what they may not read themselves."""
    given_all = wanted.has_all_log_hosts and not giver.is_all
    if given_all or not all(giver.holds(host.pk) for host in wanted.log_hosts):
        raise NotChanged(gettext("You can grant only log hosts that you may read yourself."))


def _administrators() -> Q:
    by_command = Q(access=None, is_superuser=True)
    return Q(is_active=True) & (Q(access__role=Role.ADMINISTRATOR) | by_command)


@contextmanager
def _somebody_stays_in_charge() -> Iterator[None]:
    """Raises NotChanged where what is done inside takes the last administrator for all log hosts away.

    Two who take the role from each other at once wait for each other.
    """
    administrators = User.objects.filter(_administrators())
    list(administrators.select_for_update(of=("self",)).values_list("pk").order_by("pk"))
    for_all = administrators.filter(Q(access=None) | Q(access__has_all_log_hosts=True))
    was_there = for_all.exists()
    yield
    if was_there and not for_all.all().exists():
        raise NotChanged(
            gettext("This is the last administrator for all log hosts. Make somebody else one first.")
        )
