"""One rejection: who was refused what, and why."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from ingest.models import LogHost
from mailwatch import trail
from mailwatch.access import Permission, needs
from mailwatch.queries import rejection as queries


@needs(Permission.READ)
@require_GET
def rejection(request: HttpRequest, log_host: str, key: str) -> HttpResponse:
    host = LogHost.objects.filter(name=log_host).first()
    found = queries.find(host, key) if host else None
    if host is None or found is None:
        raise Http404
    trail.tell(whose=[found.envelope_sender, found.recipient])
    context = {
        "told": queries.told(found, host),
        "rejection": found,
        "nearby": queries.nearby(found, host),
        "zone": host.zone,
        "incident_query": urlencode({"what": "rejection", "log_host": host.name, "key": key}),
    }
    return render(request, "rejection/rejection.html", context)
