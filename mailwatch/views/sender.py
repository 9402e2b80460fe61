"""One sender host address."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from mailwatch.access import Permission, needs
from mailwatch.queries import sender as queries
from mailwatch.views import subjects


@needs(Permission.READ)
@require_GET
def sender(request: HttpRequest, address: str) -> HttpResponse:
    try:
        subject = queries.subject(address)
    except ValueError:
        raise Http404 from None
    return subjects.page(request, subject, network=str(queries.network_of(address)))
