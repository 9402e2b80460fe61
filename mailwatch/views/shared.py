"""Reports that are frozen and handed on, as whoever has the link reads them: without login, cookie or script of others.

The page of a link has one button. Only what it posts reveals the report and counts, so that the preview of a chat
program neither reads the report nor uses a view up.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.timezone import now
from django.views.decorators.csp import csp_override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from mailwatch.access import open_to_strangers
from mailwatch.client_address import client_address
from mailwatch.models import SharedReport
from mailwatch.operations import revealing
from mailwatch.operations.revealing import NotOpen, Revealed, TooManyGuesses, Visitor, WrongPassword
from mailwatch.views import frozen


def _private(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep a page out of search engines, caches and referrers."""

    @wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        response = view(request, token)
        response.headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    return wrapped


@open_to_strangers
@csrf_exempt  # there is no cookie that another site could make use of: who posts has the link
@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
@csp_override(frozen.POLICY)
@_private
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The button, and what it reveals.

    Neither session nor user is looked at: no cookie is set, the page is the same for everyone. A link that
    ended, was withdrawn, has been used up or never was gives one answer: nobody learns whether there was a report.
    """
    visitor = Visitor.of(client_address(request), request.headers)
    try:
        return _answer(request, token, visitor)
    except NotOpen:
        return _page("closed", HTTPStatus.NOT_FOUND)
    except TooManyGuesses:
        return _page("throttled", HTTPStatus.TOO_MANY_REQUESTS)


def _answer(request: HttpRequest, token: str, visitor: Visitor) -> HttpResponse:
    at = now()
    if request.method != "POST":
        return _door(revealing.look(token, visitor, now=at))
    if pass_ := request.POST.get("pass"):
        revealed = revealing.again(token, pass_, visitor, now=at)
        return frozen.file(revealed.report, request.POST.get("format", "")) or _report(revealed)
    try:
        password = request.POST.get("password", "")
        return _report(revealing.reveal(token, visitor, password=password, now=at))
    except WrongPassword:
        return _door(revealing.look(token, visitor, now=at), is_wrong=True)


def _door(report: SharedReport, *, is_wrong: bool = False) -> HttpResponse:
    status = HTTPStatus.FORBIDDEN if is_wrong else HTTPStatus.OK
    return _page("door", status, needs_password=bool(report.password), is_wrong=is_wrong)


def _report(revealed: Revealed) -> HttpResponse:
    return HttpResponse(frozen.html(revealed.report, pass_=revealed.pass_))


def _page(name: str, status: HTTPStatus, **context: object) -> HttpResponse:
    return HttpResponse(render_to_string(f"shared/{name}.html", context), status=status)
