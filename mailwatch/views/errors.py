"""What is shown instead of a page. The words stand in the templates; the cause is never echoed."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string

from mailwatch import access
from mailwatch.views.api.answers import Problem, is_call, problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_call(request):
        return problem(Problem(HTTPStatus.BAD_REQUEST, "This cannot be read."))
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Which roles may do what was refused, and which one this is."""
    context: dict[str, object] = {}
    if isinstance(exception, access.Refused):
        role = access.role_of(request.user)
        context = {
            "what": access.WORDS[exception.permission],
            "roles": [one.label for one in access.roles_that_may(exception.permission)],
            "role": role.label if role else "",
        }
    return render(request, "403.html", context, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_call(request):
        return problem(Problem(HTTPStatus.NOT_FOUND, "There is no such address."))
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without request and user, because reading them may be what failed."""
    if is_call(request):
        return problem(
            Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "This went wrong here; the log of Mailwatch says why.")
        )
    return HttpResponse(render_to_string("500.html"), status=500)


def without_nul(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: no page has a NUL in its address, which PostgreSQL would refuse to look for."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path_info:
            raise Http404
        return get_response(request)

    return middleware


def kept_by_nobody(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: pages tell who mails whom; neither a proxy nor the browser keeps one, unless the page says so."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware
