"""One day of a log host."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from ingest.exim.reasons import Reason
from ingest.languages import say
from ingest.models import LogHost
from mailwatch import charts, tables
from mailwatch.access import Permission, needs
from mailwatch.operations import daily_mails
from mailwatch.printable import plain, plain_json
from mailwatch.queries import daily as queries
from mailwatch.queries.daily import DailyReport, Listed
from mailwatch.queries.ranges import link_times

_COLUMNS = ("list", "name", "number", "bytes")


@needs(Permission.READ)
@require_safe
def newest(request: HttpRequest, log_host: str) -> HttpResponse:
    host = get_object_or_404(LogHost, name=log_host)
    day = queries.newest_day(host)
    if day is None:
        raise Http404(f"{host.name} has no log yet.")
    return redirect("daily", host.name, day)


@needs(Permission.READ)
@require_safe
def daily(request: HttpRequest, log_host: str, day: str) -> HttpResponse | StreamingHttpResponse:
    host = get_object_or_404(LogHost, name=log_host)
    try:
        report = queries.daily(host, date.fromisoformat(day))
    except (ValueError, OverflowError):
        raise Http404 from None
    kind = request.GET.get("format", "")
    if kind == "json":
        return HttpResponse(plain_json(queries.as_json(report)), content_type="application/json")
    if kind == "csv":
        return _csv(report)
    chart = charts.over_time(report.volumes, zone=host.zone, link=partial(_search, host))
    context = {
        "report": report,
        "zone": host.zone,
        "chart": chart,
        "chart_label": charts.label(chart) if chart else "",
        "lists": [(listed, _links(report, listed)) for listed in report.lists],
        "search_url": _search(host, report.since, report.until),
        "logins_url": _search(host, report.since, report.until, status="rejected", reason=Reason.LOGIN),
        "recipients": host.daily_recipients.all(),
        "can_mail": bool(settings.MAIL_SERVER),
        "last_mail": host.daily_mails.filter(day=report.day).exclude(error="").first(),
    }
    return render(request, "daily/daily.html", context, status=404 if report.is_empty else 200)


@needs(Permission.LOG_HOSTS)
@require_POST
def recipients(request: HttpRequest, log_host: str) -> HttpResponse:
    """Add an address, or take one out (``remove``). Reports name people's mail."""
    host = get_object_or_404(LogHost, name=log_host)
    address = request.POST.get("address", "").strip()
    if "remove" in request.POST:
        if daily_mails.remove_recipient(host, address):
            gone = say(
                "{address} gets no more daily reports of {name}.", address=plain(address), name=host.name
            )
            messages.success(request, gone)
    else:
        try:
            daily_mails.add_recipient(host, address, by=request.user.get_username())
        except ValidationError:
            is_no_address = say("{address} is no mail address.", address=plain(address))
            messages.error(request, is_no_address if address else say("Nothing is no mail address."))
        else:
            gets = say("{address} gets the daily reports of {name}.", address=plain(address), name=host.name)
            messages.success(request, gets)
    day = queries.newest_day(host)
    return redirect("daily", host.name, day) if day else redirect("overview")


def _csv(report: DailyReport) -> StreamingHttpResponse:
    response = StreamingHttpResponse(
        tables.csv_rows(_COLUMNS, queries.as_rows(report)), content_type="text/csv; charset=utf-8"
    )
    name = f"{report.log_host.name}-{report.day.isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _search(host: LogHost, since: datetime, until: datetime, **more: str) -> str:
    return reverse(
        "search", query=link_times(host, since=since, until=until) | {"log_host": host.name} | more
    )


# the page of a row, and which side of an address or a domain
_PAGES = {
    "accounts": ("account", ""),
    "hosts": ("sender", ""),
    "refused": ("sender", ""),
    "senders": ("address", "sender"),
    "sent": ("domain", "recipient"),
    "received": ("domain", "sender"),
    "transports": ("transport", ""),
}


# the search behind the number of a row: of messages those that it sent, of recipients the messages delivered to them
_SEARCHES: Mapping[str, Callable[[str], Mapping[str, str]]] = {
    "senders": lambda name: (
        {"kind": "address", "q": name, "role": "sender"} if "@" in name else {"direction": "bounce"}
    ),
    "accounts": lambda name: {"account": name},
    "hosts": lambda name: {"kind": "network", "q": name},
    "refused": lambda name: {"kind": "network", "q": name, "status": "rejected"},
    "sent": lambda name: {"kind": "domain", "q": name, "role": "recipient", "status": "delivered"},
    "received": lambda name: {"kind": "domain", "q": name, "role": "recipient", "status": "delivered"},
    "transports": lambda name: {"transport": name, "status": "delivered"},
}


def _links(report: DailyReport, listed: Listed) -> list[tuple[queries.Row, str, str]]:
    """Each row with its page, or the search behind it, and the search behind its number; "" where there is none."""
    return [
        (row, _link(report, listed.kind, row.name), _number_link(report, listed.kind, row.name))
        for row in listed.rows
    ]


def _number_link(report: DailyReport, kind: str, name: str) -> str:
    search = _SEARCHES.get(kind)
    has_search = name or kind == "senders"
    if search is None or not has_search or (kind == "senders" and name and "@" not in name):
        return ""
    return _search(report.log_host, report.since, report.until, **search(name))


def _link(report: DailyReport, kind: str, name: str) -> str:
    host = report.log_host
    times = link_times(host, since=report.since, until=report.until) | {"log_host": host.name}
    search = partial(_search, host, report.since, report.until)
    if kind == "reasons":
        is_login = name == "failed login"
        return search(status="rejected", reason=Reason.LOGIN) if is_login else search(reason=name)
    if not name:
        return ""
    page, side = _PAGES[kind]
    return reverse(page, args=[name], query=times | ({"side": side} if side else {}))
