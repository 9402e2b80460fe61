"""One message: told in words, then line by line."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ingest.models import LogHost, Message
from mailwatch.queries import message as queries
from mailwatch.queries import rejection


@require_GET
def message(request: HttpRequest, log_host: str, message_id: str) -> HttpResponse:
    found = _message(log_host, message_id)
    if found is None:
        return _missing(request, log_host, message_id)
    timeline = queries.timeline(found, first_line=_first_line(request))
    context = {
        "timeline": timeline,
        "message": found,
        "zone": timeline.log_host.zone,
        "recipients": timeline.recipients[: queries.RECIPIENTS_SHOWN],
        "nearby": queries.nearby(found, timeline.recipients),
        "lines_shown": queries.LINES_SHOWN,
        "rejections": rejection.of_message(found),
    }
    return render(request, "message/message.html", context)


def _message(log_host: str, message_id: str) -> Message | None:
    host = next((host for host in LogHost.objects.all() if host.name == log_host), None)
    return queries.find(message_id, log_host=host).first() if host else None


def _missing(request: HttpRequest, log_host: str, message_id: str) -> HttpResponse:
    """Not on that log host; maybe on another one."""
    context = {
        "log_host": log_host,
        "message_id": message_id,
        "elsewhere": queries.find(message_id),
        "log_hosts": LogHost.objects.all(),
    }
    return render(request, "message/missing.html", context, status=404)


def _first_line(request: HttpRequest) -> int:
    """The ``line`` of the URL, counted from 1 there; anything else is the first."""
    text = request.GET.get("line", "1")
    return min(int(text), queries.LINES_READ) - 1 if text.isdecimal() and len(text) < 7 and int(text) else 0
