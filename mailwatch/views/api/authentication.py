"""Who calls the API: whoever has a token. Neither cookie nor session is looked at, so no other site can call by one."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.timezone import now

from ingest import granted, languages
from ingest.languages import ENGLISH
from mailwatch import trail
from mailwatch.access import open_to_strangers
from mailwatch.client_address import client_address
from mailwatch.models import Scope
from mailwatch.operations import api_tokens
from mailwatch.operations.api_tokens import Caller
from mailwatch.operations.revealing import GUESSES_REMEMBERED, TooManyGuesses, Visitor
from mailwatch.views.api.answers import Problem, problem

_METHODS = ("GET", "HEAD")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Mailwatch"'}
_LONGEST = 200  # characters of a header that is read

NO_TOKEN = "This takes a token that holds, as Authorization: Bearer mw_…"


def endpoint(scope: Scope | None) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Declare a call of the API: it takes a token with that scope; None: any token. In English, whoever calls."""

    def declared(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @open_to_strangers
        @login_not_required
        @wraps(view)
        def wrapped(request: HttpRequest, **named: object) -> HttpResponse:
            request.user = AnonymousUser()  # whoever is signed in is not asked
            with translation.override(ENGLISH), languages.reading(ENGLISH):
                try:
                    granted.become(_caller(request, scope).granted)
                    return view(request, **named)
                except Problem as found:
                    return problem(found)

        wrapped.scope = scope  # type: ignore[attr-defined]
        return wrapped

    return declared


def _caller(request: HttpRequest, scope: Scope | None) -> Caller:
    """Raises Problem."""
    if request.method not in _METHODS:
        allowed = {"Allow": ", ".join(_METHODS)}
        raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, "The API only reads.", headers=allowed)
    caller = _called(request)
    request.user = caller.user  # whose look it is (mailwatch.trail)
    trail.tell(details={"token": caller.token.name})
    if scope is not None and not caller.has(scope):
        challenge = f'{_CHALLENGE["WWW-Authenticate"]}, error="insufficient_scope", scope="{scope}"'
        headers = {"WWW-Authenticate": challenge}
        detail = f"This token is not for {scope}."
        raise Problem(HTTPStatus.FORBIDDEN, detail, headers=headers, scope=str(scope))
    return caller


def _called(request: HttpRequest) -> Caller:
    text, visitor = _token(request), Visitor.of(client_address(request), request.headers)
    try:
        return api_tokens.called(text, visitor, now=now())
    except api_tokens.NoToken:
        raise Problem(HTTPStatus.UNAUTHORIZED, NO_TOKEN, headers=_CHALLENGE) from None
    except TooManyGuesses:
        detail = "Too many tokens or links from this address were wrong. Wait, then try again."
        raise _too_many(detail, round(GUESSES_REMEMBERED.total_seconds())) from None
    except api_tokens.TooManyCalls as many:
        detail = f"A token may call {settings.MAILWATCH_API_PER_MINUTE} times in a minute."
        raise _too_many(detail, many.seconds) from None
    except api_tokens.NoSecondFactor:
        detail = "Whoever made this token must have a second factor first."
        raise Problem(HTTPStatus.FORBIDDEN, detail) from None


def _token(request: HttpRequest) -> str:
    """Who brings none has not guessed. Raises Problem."""
    scheme, _, token = request.headers.get("Authorization", "")[:_LONGEST].partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(HTTPStatus.UNAUTHORIZED, NO_TOKEN, headers=_CHALLENGE)
    return token.strip()


def _too_many(detail: str, seconds: int) -> Problem:
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers={"Retry-After": str(seconds)})
