"""The report on suspicious relays: verdict, attacks, what was checked, what the log cannot tell."""

from collections.abc import Iterator, Sequence

from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.middleware import HtmxDetails

from ingest.models import LogHost
from mailwatch import charts, forms, tables
from mailwatch.access import Permission, needs
from mailwatch.queries import relays as queries
from mailwatch.queries import suspects
from mailwatch.queries.kept_answers import answers
from mailwatch.queries.ranges import link_times

COLUMNS = (
    "log_host",
    "severity",
    "kind",
    "value",
    "rules",
    "attack",
    *suspects.COUNTS,
    "first_at",
    "last_at",
    "message_ids",
    "goes_on",
)


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails


@needs(Permission.READ)
@require_safe
@vary_on_headers("HX-Request", "HX-Boosted")
def relays(request: HtmxHttpRequest) -> HttpResponseBase:
    form = forms.RelaysForm(request.GET)
    if not form.is_valid():
        return render(request, "relays/relays.html", {"form": form})
    if request.GET.get("format") in ("csv", "json"):
        return _export(form, request.GET["format"])
    if request.htmx and not request.htmx.boosted and "row" in request.GET:
        return _one_row(request, form)
    page = queries.relays(
        log_host=form.cleaned_data["log_host"],
        asked=form.chosen_range,
        chosen=form.chosen,
        opened_key=request.GET.get("open"),
        after=form.cleaned_data["after"],
        is_compared=form.cleaned_data["compared"],
    )
    context = {
        "form": form,
        "page": page,
        "share_url": _share_url(request),
        "has_hosts": len(page.answers) > 1,
        "is_compared": page.comparison is not None,
    }
    opened = next((row for row in page.rows if row.opened), None)
    return render(request, "relays/relays.html", context | (_opened(opened) if opened else {}))


def _one_row(request: HtmxHttpRequest, form: forms.RelaysForm) -> HttpResponseBase:
    """The row that htmx replaces, opened or closed."""
    row = queries.one_row(
        asked=form.chosen_range,
        chosen=form.chosen,
        key=request.GET["row"],
        is_open=bool(request.GET.get("open")),
        is_compared=form.cleaned_data["compared"],
    )
    if row is None:
        raise Http404("Nobody of this name was found in this range.")
    number = request.GET.get("number", "")
    context = {
        "row": row,
        "number": int(number) if number.isdecimal() else 0,
        "has_hosts": form.cleaned_data["log_host"] is None and LogHost.objects.count() > 1,
        "is_compared": row.compared is not None,
    }
    return render(request, "relays/attack.html", context | _opened(row))


def _opened(row: queries.Row) -> dict[str, object]:
    """The course of an opened attack, and the query string of its range."""
    log_host = row.attack.log_host
    times = link_times(log_host, since=row.bounds.since, until=row.bounds.until)
    within = times | {"log_host": log_host.name}
    if row.opened is None:
        return {}
    alone = _search_of(row)
    chart = charts.over_time(
        row.opened.activity.hours,
        zone=log_host.zone,
        link=(
            (lambda start, end: _search(alone | within | link_times(log_host, since=start, until=end)))
            if alone
            else None
        ),
    )
    return {
        "chart": chart,
        "chart_label": charts.label(chart) if chart else "",
        "within": urlencode(within),
        "incident_query": urlencode({"what": "attack", "key": row.attack.key} | times),
        "search_url": _search(alone | within) if alone else "",
    }


def _search(query: dict[str, str]) -> str:
    return reverse("search", query=query)


def _search_of(row: queries.Row) -> dict[str, str]:
    """The search that finds the attack's messages; nothing where it takes several."""
    member = row.attack.worst
    if len(row.attack.members) > 1 or not member.report.value:
        return {}
    return {"kind": "network" if member.is_address else "account", "q": member.report.value}


def _share_url(request: HttpRequest) -> str:
    """Where this very report is frozen and handed on."""
    names = ("log_host", "range", "since", "until")
    kept = {name: request.GET[name] for name in names if request.GET.get(name)}
    return reverse("share", query={"kind": "report", **kept})


def _export(form: forms.RelaysForm, kind: str) -> HttpResponseBase:
    """Everybody chosen, not only those on the page; one entry for each."""
    found = answers(log_host=form.cleaned_data["log_host"], asked=form.chosen_range)
    chosen = suspects.all_suspects(found, form.chosen)
    if kind == "json":
        rows, content_type = suspects.json_text(found, chosen), "application/json"
    else:
        rows, content_type = _csv(chosen), "text/csv; charset=utf-8"
    response = StreamingHttpResponse(rows, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="relays.{kind}"'
    return response


def _csv(chosen: Sequence[suspects.Suspect]) -> Iterator[str]:
    return tables.csv_rows(COLUMNS, (_csv_row(suspect) for suspect in chosen))


def _csv_row(suspect: suspects.Suspect) -> list[tables.Cell]:
    report = suspect.report
    row: list[tables.Cell] = [suspect.log_host.name, report.severity, report.kind, report.value]
    row += [" ".join(report.rules), report.attack]
    row += [getattr(report, column) for column in suspects.COUNTS]
    zone = suspect.log_host.zone
    row += [report.first_at.astimezone(zone), report.last_at.astimezone(zone), " ".join(report.message_ids)]
    return [*row, "yes" if suspect.goes_on else "no"]
