"""One host that mail went to."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from mailwatch.access import Permission, needs
from mailwatch.queries import remote_host as queries
from mailwatch.views import subjects


@needs(Permission.READ)
@require_GET
def remote_host(request: HttpRequest, address: str) -> HttpResponse:
    try:
        subject = queries.subject(address)
    except ValueError:
        raise Http404 from None
    return subjects.page(request, subject)
