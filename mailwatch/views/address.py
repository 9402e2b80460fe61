"""One mail address."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from mailwatch.queries import address as queries
from mailwatch.views import subjects


@require_GET
def address(request: HttpRequest, address: str) -> HttpResponse:
    return subjects.page(request, *queries.subjects(subjects.name_or_404(address)))
