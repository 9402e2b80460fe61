"""Who reads a page: in which language and in which zone, by their preferences, else as the browser asks.

A request is answered inside ``ReaderMiddleware``; commands, tasks and mail have no reader: English, the log's zone.
Exports are in English too, as programs read them.
"""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.userkit import filter_users_by_email, get_user_by_username
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from ingest import languages
from ingest.languages import ENGLISH
from mailwatch.access import with_access
from mailwatch.models import Preferences

_EXPORTED = ("csv", "json")
# a cookie with this value: whoever has a zone reads the times of the log hosts for now
TIMES, LOG_TIMES = "times", "log"

_zone: ContextVar[tzinfo | None] = ContextVar("zone", default=None)


def shown_zone(zone: tzinfo) -> tzinfo:
    """The zone in which times are shown: the reader's, or ``zone`` where they chose none."""
    return _zone.get() or zone


def has_zone() -> bool:
    """Whether the reader chose a zone, and reads in it now."""
    return _zone.get() is not None


class ReaderMiddleware:
    """Answers each request in the reader's language and zone. Behind the session and the login.

    A page that strangers may open asks neither session nor preferences: it is in the browser's language.
    """

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = ENGLISH if _is_export(request) else translation.get_language_from_request(request)
        before = _zone.get()
        try:
            with translation.override(asked), languages.reading(asked):
                response = self._answer(request)
                response.headers.setdefault("Content-Language", languages.language())
        finally:
            _zone.set(before)
        patch_vary_headers(response, ["Accept-Language"])
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., object], *_: object) -> None:
        """Whoever may see this page only signed in is somebody, with preferences."""
        if not getattr(view, "login_required", True) or not isinstance(request.user, User):
            return
        chosen = preferences(request.user)
        language, zone = chosen.language, chosen.timezone
        is_own = zone and request.COOKIES.get(TIMES) != LOG_TIMES
        _zone.set(ZoneInfo(zone) if is_own else None)
        if language and not _is_export(request):
            translation.activate(language)
            languages.read(language)


def _is_export(request: HttpRequest) -> bool:
    """What programs read on is in English, whoever asks."""
    return request.GET.get("format") in _EXPORTED


def preferences(user: User) -> Preferences:
    """Those of somebody; of one who never chose, a row that is not stored."""
    try:
        return user.preferences
    except Preferences.DoesNotExist:
        return Preferences(user=user)


def keep(chosen: Preferences) -> None:
    """Store what somebody chose; the last of two who save at once counts."""
    values = {"language": chosen.language, "timezone": chosen.timezone}
    Preferences.objects.update_or_create(user=chosen.user, defaults=values)


class PeopleWithPreferences(AuthenticationBackend):  # type: ignore[misc]
    """People by name or mail address, and password.

    Reads who is signed in together with their preferences and their access: one query, as without them.
    """

    def _authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """One password is hashed, whoever is named: how long the answer takes tells nothing.

        A mail address that several have signs none of them in; their names do.
        """
        typed = credentials.get("username") or credentials.get("email") or ""
        found = [get_user_by_username(typed)] if typed else []
        if not any(found):
            found = filter_users_by_email(typed, for_login=True)
        known: User | None = self._check_password(
            found[0] if len(found) == 1 else None, credentials["password"]
        )
        return known

    def get_user(self, user_id: int) -> User | None:
        user = with_access(User.objects.select_related("preferences")).filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
