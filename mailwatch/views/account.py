"""One account: an authenticated id, or a local user."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from mailwatch.access import Permission, needs
from mailwatch.queries import account as queries
from mailwatch.views import subjects


@needs(Permission.READ)
@require_GET
def account(request: HttpRequest, authenticated_id: str) -> HttpResponse:
    return subjects.page(request, queries.subject(subjects.name_or_404(authenticated_id)))
