"""How programs ask, told to people."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailwatch.access import Permission, needs
from mailwatch.views.api.description import CALLS
from mailwatch.views.api.parameters import MOST


@needs(Permission.READ)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    address = settings.MAILWATCH_URL or request.build_absolute_uri("/").rstrip("/")
    context = {
        "calls": CALLS,
        "address": address,
        "per_minute": settings.MAILWATCH_API_PER_MINUTE,
        "most": MOST,
    }
    return render(request, "api/api.html", context)
