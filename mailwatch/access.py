"""Who may do what, and read which log hosts: the one place that says so.

A view says what it needs (``needs``); ``AccessMiddleware`` lets nobody through who may not, and nobody at all to a view
that says nothing. What may be read follows from who asks (docs/decisions/0020).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, cast

from django.contrib.auth.models import AnonymousUser, User
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, StreamingHttpResponse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from ingest import granted
from ingest.granted import EVERYTHING, NOTHING, Granted
from mailwatch.models import Access, Role


class Permission(StrEnum):
    """Something that not everybody may do."""

    READ = "read"  # search, timeline, drill-downs, reports; explain and check what is pasted; own preferences
    UPLOAD = "upload"  # hand logs in; cancel and retry what they handed in themselves
    INCIDENTS = "incidents"  # open them, add evidence and notes, close them, write their report
    SHARE = "share"  # freeze a report into a link; withdraw the links that they made
    SOURCES = "sources"  # add, change, pause and remove them
    LOG_HOSTS = (
        "log_hosts"  # what is known of one: zone, domains, networks, thresholds, retention, who gets mails
    )
    ALLOW = "allow"  # allow somebody what a rule looks for
    CONFIGURATION = "configuration"  # keep the configuration of a log host, or give it up
    ALERTS = "alerts"  # which alerts went out and how, and the webhooks that get them
    UNDO = "undo"  # undo runs; cancel and retry those of others
    USERS = "users"  # users, their roles and log hosts; what others have made for all


_MORE: dict[Role, tuple[Permission, ...]] = {
    Role.READER: (Permission.READ,),
    Role.HELPDESK: (Permission.UPLOAD, Permission.INCIDENTS, Permission.SHARE),
    Role.POSTMASTER: (
        Permission.SOURCES,
        Permission.LOG_HOSTS,
        Permission.ALLOW,
        Permission.CONFIGURATION,
        Permission.ALERTS,
        Permission.UNDO,
    ),
    Role.ADMINISTRATOR: (Permission.USERS,),
}


# What a role may, after "to": pages and refusals say it.
WORDS: dict[Permission, Any] = {
    Permission.READ: _("read what the logs say"),
    Permission.UPLOAD: _("hand in logs, have a source looked at, cancel and retry what was handed in"),
    Permission.INCIDENTS: _("open incidents and work on them"),
    Permission.SHARE: _("freeze a report into a link, and see and withdraw these links"),
    Permission.SOURCES: _("add, change and remove sources"),
    Permission.LOG_HOSTS: _("change what is known of a log host, and who gets its daily reports"),
    Permission.ALLOW: _("allow somebody what a rule looks for"),
    Permission.CONFIGURATION: _("keep and remove the configuration of a log host"),
    Permission.ALERTS: _("see which alerts went out, and set up webhooks"),
    Permission.UNDO: _("undo runs, and cancel and retry those of others"),
    Permission.USERS: _("change users, and remove what others have made for all"),
}


def _sums() -> Iterator[tuple[Role, frozenset[Permission]]]:
    """Each role may what the ones before it may."""
    so_far: frozenset[Permission] = frozenset()
    for role, more in _MORE.items():
        so_far |= frozenset(more)
        yield role, so_far


MAY = dict(_sums())

type Person = User | AnonymousUser


def role_of(user: Person) -> Role | None:
    """None: nobody who is signed in."""
    return given_role(user) if isinstance(user, User) and user.is_active else None


def given_role(user: User) -> Role:
    """Of somebody who may be deactivated. A superuser that a command has made is an administrator."""
    kept = _kept(user)
    if kept is not None:
        return Role(kept.role)
    return Role.ADMINISTRATOR if user.is_superuser else Role.READER


def may(user: Person, permission: Permission) -> bool:
    role = role_of(user)
    return role is not None and permission in MAY[role]


def can(request: HttpRequest) -> dict[str, object]:
    """For templates, which offer nobody what they may not do: ``{% if can.upload %}``."""

    def said() -> dict[str, bool]:
        role = role_of(getattr(request, "user", AnonymousUser()))  # refused before anybody was asked for
        return {str(one): role is not None and one in MAY[role] for one in Permission}

    return {"can": SimpleLazyObject(said)}


def roles_that_may(permission: Permission) -> list[Role]:
    return [role for role, permissions in MAY.items() if permission in permissions]


def granted_to(user: Person) -> Granted:
    """The log hosts that somebody may read; none where nobody said."""
    return given_log_hosts(user) if isinstance(user, User) and user.is_active else NOTHING


def given_log_hosts(user: User) -> Granted:
    """Of somebody who may be deactivated."""
    kept = _kept(user)
    if kept is None:
        return EVERYTHING if user.is_superuser else NOTHING
    if kept.has_all_log_hosts:
        return EVERYTHING
    read = getattr(user, "granted_ids", None)  # with_access asked for them together with the user
    ids = _grants().filter(access_id=user.pk).values_list("loghost_id", flat=True) if read is None else read
    return Granted(frozenset(ids))


def with_access(users: QuerySet[User]) -> QuerySet[User]:
    """Users together with all that is asked of them here: one query."""
    grants = _grants().filter(access_id=OuterRef("pk")).values("loghost_id")
    return users.select_related("access").annotate(granted_ids=ArraySubquery(grants))


def _grants() -> QuerySet[Any]:
    return Access.log_hosts.through._default_manager.all()


def _kept(user: User) -> Access | None:
    try:
        return user.access
    except Access.DoesNotExist:
        return None


# ---- what a view needs


class Refused(PermissionDenied):
    """Somebody may not do this; ``permission`` is what they lack."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(permission)
        self.permission = permission


def require(user: Person, permission: Permission) -> None:
    """Raises Refused."""
    if not may(user, permission):
        raise Refused(permission)


@dataclass(frozen=True, slots=True)
class Needs:
    """What one must be allowed to look at a page, and to send something to it; None: nothing, strangers may too."""

    look: Permission | None
    send: Permission | None

    def of(self, method: str | None) -> Permission | None:
        return self.look if method in ("GET", "HEAD", "OPTIONS") else self.send


def needs[**P, Answer: HttpResponseBase](
    look: Permission, *, to_send: Permission | None = None
) -> Callable[[Callable[P, Answer]], Callable[P, Answer]]:
    """Declare what a view needs: ``look``, and ``to_send`` for other methods than GET where that is more."""

    def declared(view: Callable[P, Answer]) -> Callable[P, Answer]:
        return _declared(view, Needs(look, to_send or look))

    return declared


def open_to_strangers[**P, Answer: HttpResponseBase](view: Callable[P, Answer]) -> Callable[P, Answer]:
    """Declare that a view needs nothing. No log host can be read in it."""
    return _declared(view, Needs(None, None))


def _declared[**P, Answer: HttpResponseBase](view: Callable[P, Answer], needed: Needs) -> Callable[P, Answer]:
    @wraps(view)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> Answer:
        return view(*args, **kwargs)

    wrapped.needs = needed  # type: ignore[attr-defined]
    return wrapped


def needed_by(view: Callable[..., object]) -> Needs:
    """Raises ImproperlyConfigured where a view does not say."""
    said = getattr(view, "needs", None)
    if not isinstance(said, Needs):
        raise ImproperlyConfigured(f"{view!r} does not declare what it needs (mailwatch.access.needs).")
    return said


class AccessMiddleware:
    """Nothing may be read, until a page says what it needs and somebody comes who has it. Behind the login."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with granted.only(NOTHING):
            response = self._answer(request)
            here = granted.here()
        if isinstance(response, StreamingHttpResponse) and not response.is_async:
            response.streaming_content = _streamed(here, cast("Iterable[bytes]", response.streaming_content))
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., object], *_: object) -> None:
        permission = needed_by(view).of(request.method)
        if permission is not None:
            require(request.user, permission)
            granted.become(granted_to(request.user))


def _streamed(here: Granted, parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts are made after the request was answered: as it was then."""
    parts = iter(parts)
    while True:
        with granted.only(here):
            part = next(parts, None)
        if part is None:
            return
        yield part
