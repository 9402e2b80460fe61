"""The zone of a log host's log: what its message ids say of it, and its correction."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from ingest.languages import say
from ingest.models import LogHost
from mailwatch.access import Permission, needs
from mailwatch.forms import ZoneForm
from mailwatch.operations.log_hosts import correct_zone
from mailwatch.queries import zones as queries


@needs(Permission.READ, to_send=Permission.LOG_HOSTS)
@require_http_methods(["GET", "HEAD", "POST"])
def zones(request: HttpRequest, log_host: str) -> HttpResponse:
    host = get_object_or_404(LogHost, name=log_host)
    view = queries.of_log_host(host)
    if request.method != "POST":
        return _page(request, view, ZoneForm(initial={"timezone": view.check.best or host.timezone}))
    form = ZoneForm(request.POST)
    if not form.is_valid():
        return _page(request, view, form, status=422)
    timezone = form.cleaned_data["timezone"]
    if timezone != host.timezone and not view.is_moving:
        is_done = correct_zone(log_host=host, timezone=timezone)
        said = (
            say("What is stored of {name} is read in the zone {timezone}.", name=host, timezone=timezone)
            if is_done
            else say(
                "What is stored of {name} is being read in the zone {timezone}.", name=host, timezone=timezone
            )
        )
        messages.success(request, said)
    return redirect("zones", log_host=host.name)


def _page(request: HttpRequest, view: queries.ZoneView, form: ZoneForm, *, status: int = 200) -> HttpResponse:
    return render(
        request, "zones/zones.html", {"view": view, "form": form, "names": queries.names()}, status=status
    )
