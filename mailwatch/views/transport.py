"""One transport."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from mailwatch.access import Permission, needs
from mailwatch.queries import transport as queries
from mailwatch.views import subjects


@needs(Permission.READ)
@require_GET
def transport(request: HttpRequest, transport_name: str) -> HttpResponse:
    return subjects.page(request, queries.subject(subjects.name_or_404(transport_name)))
