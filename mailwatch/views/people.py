"""Who is signed in."""

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


def person(request: HttpRequest) -> User:
    """Pages without the login_not_required mark have somebody. Raises PermissionDenied where nobody is."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def is_administrator(request: HttpRequest) -> bool:
    """Whether whoever is signed in may change what all see."""
    return isinstance(request.user, User) and request.user.is_superuser


def require_administrator(request: HttpRequest) -> None:
    """Raises PermissionDenied for everybody else."""
    if not is_administrator(request):
        raise PermissionDenied
