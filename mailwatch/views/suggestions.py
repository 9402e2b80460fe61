"""What the search box offers while somebody types."""

from dataclasses import asdict

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from mailwatch.access import Permission, needs
from mailwatch.printable import plain
from mailwatch.queries.suggestions import suggestions as found


@needs(Permission.READ)
@require_GET
def suggestions(request: HttpRequest) -> JsonResponse:
    """``{"suggestions": [{"text", "shown", "noun", "kind", "log_host"}]}``"""
    offered = [asdict(one) | {"shown": plain(one.text)} for one in found(request.GET.get("q", "")[:200])]
    return JsonResponse({"suggestions": offered})
