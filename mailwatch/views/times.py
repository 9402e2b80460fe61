"""Times in the reader's zone, or for now those of the log hosts, for whoever has no pointer. Kept in a cookie."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.views.decorators.http import require_POST

from mailwatch.access import Permission, needs
from mailwatch.reader import LOG_TIMES, TIMES
from mailwatch.views.theme import way_back


@needs(Permission.READ)
@require_POST
def times(request: HttpRequest) -> HttpResponse:
    """Choose whose times are shown until the browser is closed, then go back to the page it was chosen on."""
    choice = request.POST.get("times")
    if choice not in ("own", LOG_TIMES):
        return HttpResponseBadRequest("Times are own or log.", content_type="text/plain")
    response = HttpResponseRedirect(way_back(request))
    if choice == "own":
        response.delete_cookie(TIMES)
    else:
        response.set_cookie(TIMES, choice, samesite="Lax", secure=request.is_secure())
    return response
