"""One domain."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from mailwatch.access import Permission, needs
from mailwatch.queries import domain as queries
from mailwatch.views import subjects


@needs(Permission.READ)
@require_GET
def domain(request: HttpRequest, domain: str) -> HttpResponse:
    return subjects.page(request, *queries.subjects(subjects.name_or_404(domain)))
