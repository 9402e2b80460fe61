"""One message: told in words, its lanes, then line by line."""

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_GET

from ingest.models import LogHost, Message
from mailwatch import trail
from mailwatch.access import Permission, needs
from mailwatch.queries import message as queries
from mailwatch.queries import rejection
from mailwatch.queries.nearby import nearby
from mailwatch.queries.ranges import link_times
from mailwatch.reader import shown_zone

_LONGEST = 320  # characters of an address


@needs(Permission.READ)
@require_GET
def message(request: HttpRequest, log_host: str, message_id: str) -> HttpResponse:
    """``line`` and ``lane`` begin the parts of a long one, ``recipient`` narrows it, ``raw`` leaves the words out."""
    found = _message(log_host, message_id)
    if found is None:
        return _missing(request, log_host, message_id)
    timeline = queries.timeline(
        found,
        first_line=_place(request, "line"),
        first_lane=_place(request, "lane"),
        containing=request.GET.get("recipient", "").strip()[:_LONGEST],
        zone=shown_zone(found.log_host.zone),
    )
    recipients = [lane.recipient.original_recipient for lane in timeline.lanes.lanes]
    trail.tell(whose=[found.envelope_sender, *recipients])
    near = nearby(timeline)
    context = {
        "timeline": timeline,
        "message": found,
        "zone": timeline.log_host.zone,
        "nearby": near,
        "came_with": near.connection
        and link_times(timeline.log_host, since=near.connection.since, until=near.connection.until),
        "lines_shown": queries.LINES_SHOWN,
        "rejections": rejection.of_message(found) if found.rejected_at else (),
        "is_raw": request.GET.get("raw") == "1",
        "links": _links(request, timeline),
        "address": request.build_absolute_uri(request.path),
    }
    return render(request, "message/message.html", context)


def _links(request: HttpRequest, timeline: queries.Timeline) -> dict[str, str]:
    """Query strings of the other parts of the same message."""
    lanes = timeline.lanes
    return {
        "next_lines": _with(request, line=str((timeline.next_line or 0) + 1)),
        "first_lines": _with(request, line=""),
        "next_lanes": _with(request, lane=str((lanes.next or 0) + 1)),
        "first_lanes": _with(request, lane=""),
        "all_recipients": _with(request, recipient="", line="", lane=""),
        "other_view": _with(request, raw="" if request.GET.get("raw") == "1" else "1"),
    }


def _with(request: HttpRequest, **changes: str) -> str:
    """The query string of this page with some parameters changed; those that are empty are left out."""
    asked = {name: request.GET.get(name, "") for name in ("recipient", "lane", "line", "raw")} | changes
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in asked.items() if value})
    return f"?{query.urlencode()}"


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


def _place(request: HttpRequest, name: str) -> int:
    """A number of the URL, counted from 1 there; anything else is the first."""
    text = request.GET.get(name, "1")
    return min(int(text), queries.LINES_READ) - 1 if text.isdecimal() and len(text) < 7 and int(text) else 0
