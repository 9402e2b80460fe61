"""Who is signed in, and what they may do."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from mailwatch import access
from mailwatch.access import Permission


def person(request: HttpRequest) -> User:
    """Pages without the login_not_required mark have somebody. Raises PermissionDenied where nobody is."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def may(request: HttpRequest, permission: Permission) -> bool:
    """Whether whoever is signed in may do that."""
    return access.may(request.user, permission)


def require(request: HttpRequest, permission: Permission) -> None:
    """Raises Refused where they may not."""
    access.require(request.user, permission)
