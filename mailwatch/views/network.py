"""One network of sender hosts."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from mailwatch.access import Permission, needs
from mailwatch.queries import network as queries
from mailwatch.views import subjects


@needs(Permission.READ)
@require_GET
def network(request: HttpRequest, network: str) -> HttpResponse:
    try:
        subject = queries.subject(network)
    except ValueError:
        raise Http404 from None
    return subjects.page(request, subject)
