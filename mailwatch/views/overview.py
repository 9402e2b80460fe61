"""The answer in one sentence, and what stands behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from ingest.exim.reasons import Reason
from ingest.models import LogHost
from mailwatch import charts, forms
from mailwatch.access import Permission, needs
from mailwatch.queries import overview as queries
from mailwatch.queries.movers import Moved, Mover, Movers
from mailwatch.queries.ranges import link_times
from mailwatch.views.search import HtmxHttpRequest
from mailwatch.views.search_links import with_changes


@dataclass(frozen=True, slots=True)
class Figure:
    """A total, and the search behind it; "" where no search means exactly that."""

    count: int
    name: str
    note: str
    url: str
    outcome: str = ""


@needs(Permission.READ)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    form = forms.ContextForm(request.GET)
    if not form.is_valid():
        return render(request, "overview/overview.html", {"form": form})
    log_host = form.cleaned_data["log_host"]
    page = queries.overview(
        log_host=log_host, asked=form.chosen_range, has_time=request.GET.get("movers") == "counted"
    )
    counted = with_changes(request.GET, movers="counted")
    context: dict[str, object] = {"form": form, "page": page, "counted": counted}
    if not page.is_empty:
        context |= _parts(page, log_host or page.only_log_host)
    return render(request, "overview/overview.html", context)


@needs(Permission.READ)
@require_safe
def movers(request: HtmxHttpRequest) -> HttpResponse:
    """Who sent more or less, where the overview did not wait for it; by itself it is no page."""
    if not request.htmx:
        return redirect(f"{reverse('overview')}?{with_changes(request.GET, movers='counted')}")
    form = forms.ContextForm(request.GET)
    log_host = form.cleaned_data["log_host"] if form.is_valid() else None
    found = queries.movers_of(log_host=log_host, asked=form.chosen_range) if log_host else None
    if found is None or log_host is None:
        raise Http404("no lines of this log host")
    context = {"found": found, "movers": _movers(found, log_host), "zone": log_host.zone}
    return render(request, "overview/movers.html", context)


def _parts(page: queries.Overview, log_host: LogHost | None) -> dict[str, object]:
    """Chart and figures, with the addresses behind them."""
    since, until = page.first.bounds.since, page.first.bounds.until
    chart = charts.over_time(
        page.volumes,
        zone=page.first.log_host.zone,
        mark_at=page.attack_at,
        mark_text=gettext("first of it in this range")
        if page.first.bounds.is_set
        else gettext("attack begins"),
        link=_bars(log_host),
    )
    queue = charts.over_time(
        page.queue,
        zone=page.first.log_host.zone,
        outcomes=["deferred"],
        is_level=True,
        words=gettext("Waiting"),
        link=_bars(log_host, status="queued"),
    )
    return {
        "queue_chart": queue if queue and any(row.deferred for row in page.queue) else None,
        "waiting": page.queue[-1].deferred if page.queue else None,
        "most_waiting": max((row.deferred for row in page.queue), default=0),
        "queue_url": _link("search", log_host, since, until, status="queued"),
        "providers": [
            (row, _link("search", log_host, since, until, q=row.reason, kind="host"))
            for row in page.providers
        ],
        "movers": _movers(page.movers, log_host),
        "movers_url": _link("movers", log_host, since, until),
        "chart": chart,
        "chart_label": charts.outcomes_label(chart, page.totals) if chart else "",
        "figures": _figures(page.totals, log_host, since, until),
        "is_partial": any(at and (at.minute or at.second) for at in (since, until)),
        "report_url": _link("relays", page.first.log_host, since, until),
    }


def _bars(log_host: LogHost | None, **more: str) -> Callable[[datetime, datetime], str]:
    """The search behind each bar of a chart. There are hundreds: what all have in common is written once."""
    common = _link("search", log_host, None, None, **more)
    begins = f"{common}{'&' if '?' in common else '?'}"
    return lambda start, end: begins + urlencode(link_times(log_host, since=start, until=end))


def _movers(found: Movers | None, log_host: LogHost | None) -> list[tuple[Moved, list[tuple[Mover, str]]]]:
    """Each group with its movers, and the page or the search behind each."""
    if found is None or found.groups is None or log_host is None:
        return []

    def link(kind: str, name: str) -> str:
        if not name:
            return _link("search", log_host, found.since, found.until)
        page = {"account": "account", "sender": "address", "domain": "domain"}[kind]
        query = link_times(log_host, since=found.since, until=found.until) | {"log_host": log_host.name}
        side = {} if kind == "account" else {"side": "sender" if kind == "sender" else "recipient"}
        return reverse(page, args=[name], query=query | side)

    return [(group, [(one, link(group.kind, one.name)) for one in group.movers]) for group in found.groups]


def _figures(
    totals: dict[str, int], log_host: LogHost | None, since: datetime | None, until: datetime | None
) -> list[Figure]:
    def figure(counted: str, name: str, note: str, outcome: str = "", status: str = "") -> Figure:
        reason = str(Reason.LOGIN) if counted == "failed_logins" else ""
        # no search finds attempts that were put off: most messages of them have arrived since
        has_search = counted != "deferred"
        url = _link("search", log_host, since, until, status=status, reason=reason) if has_search else ""
        return Figure(totals[counted], name, note, url, outcome)

    return [
        figure("messages", gettext("messages"), gettext("arrived")),
        figure("delivered", gettext("delivered"), gettext("recipients"), "delivered", "delivered"),
        figure("deferred", gettext("deferred"), gettext("attempts"), "deferred"),
        figure("bounced", gettext("bounced"), gettext("recipients"), "bounced", "bounced"),
        figure("rejected", gettext("rejected"), gettext("never accepted"), "rejected", "rejected"),
        figure(
            "failed_logins", gettext("failed logins"), gettext("wrong or unknown password"), status="rejected"
        ),
    ]


def _link(
    page: str, log_host: LogHost | None, since: datetime | None, until: datetime | None, **more: str
) -> str:
    query = link_times(log_host, since=since, until=until)
    query |= {name: value for name, value in more.items() if value}
    if log_host:
        query["log_host"] = log_host.name
    return reverse(page, query=query or None)
