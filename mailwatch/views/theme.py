"""Light, dark, or as the system says. Kept in a cookie, so that the server renders it and nothing flashes."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from mailwatch.access import open_to_strangers

COOKIE = "theme"
_A_YEAR = 365 * 24 * 3600


@open_to_strangers
@require_POST
@login_not_required
def theme(request: HttpRequest) -> HttpResponse:
    """Set the theme, then go back to the page it was chosen on."""
    choice = request.POST.get("theme")
    if choice not in ("system", "light", "dark"):
        return HttpResponseBadRequest("A theme is system, light or dark.", content_type="text/plain")
    response = HttpResponseRedirect(way_back(request))
    if choice == "system":
        response.delete_cookie(COOKIE)
    else:
        response.set_cookie(COOKIE, choice, max_age=_A_YEAR, samesite="Lax", secure=request.is_secure())
    return response


def way_back(request: HttpRequest) -> str:
    """The page of this site that a form names, else the overview."""
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        return target
    return resolve_url("overview")
