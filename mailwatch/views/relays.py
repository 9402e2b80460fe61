"""The report on suspicious relays: verdict, suspects, what was checked, what the log cannot tell."""

from collections.abc import Iterator, Sequence

from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.middleware import HtmxDetails

from mailwatch import forms, tables
from mailwatch.queries import relays as queries
from mailwatch.queries.answers import answers

COLUMNS = (
    "log_host",
    "severity",
    "kind",
    "value",
    "rules",
    "attack",
    "messages",
    "recipients",
    "delivered",
    "deferred",
    "bounced",
    "rejections",
    "failed_logins",
    "first_at",
    "last_at",
    "message_ids",
)


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails


@require_safe
@vary_on_headers("HX-Request", "HX-Boosted")
def relays(request: HtmxHttpRequest) -> HttpResponseBase:
    form = forms.RelaysForm(request.GET)
    if not form.is_valid():
        return render(request, "relays/relays.html", {"form": form})
    if request.GET.get("format") in ("csv", "json"):
        return _export(form, request.GET["format"])
    page = queries.relays(
        log_host=form.cleaned_data["log_host"],
        asked=form.chosen_range,
        chosen=form.chosen,
        opened=request.GET.get("open"),
        after=form.cleaned_data["after"],
    )
    context = {"form": form, "page": page, "share_url": _share_url(request)}
    if request.htmx and not request.htmx.boosted and "row" in request.GET:
        return render(request, "relays/relays.html#suspect", context | _row(request))
    return render(request, "relays/relays.html", context)


def _row(request: HttpRequest) -> dict[str, object]:
    """Which row htmx replaces: the suspect's key, and its number on the page."""
    number = request.GET.get("number", "")
    return {"row": request.GET["row"], "row_number": int(number) if number.isdecimal() else 0}


def _share_url(request: HttpRequest) -> str:
    """Where this very report is frozen and handed on."""
    names = ("log_host", "range", "since", "until")
    kept = {name: request.GET[name] for name in names if request.GET.get(name)}
    return reverse("share", query={"kind": "report", **kept})


def _export(form: forms.RelaysForm, kind: str) -> HttpResponseBase:
    """Everybody chosen, not only those on the page."""
    found = answers(log_host=form.cleaned_data["log_host"], asked=form.chosen_range)
    suspects = queries.all_suspects(found, form.chosen)
    response: HttpResponseBase
    if kind == "json":
        response = JsonResponse(queries.as_json(found, suspects), json_dumps_params={"indent": 2})
    else:
        response = StreamingHttpResponse(_csv(suspects), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="relays.{kind}"'
    return response


def _csv(suspects: Sequence[queries.Suspect]) -> Iterator[str]:
    return tables.csv_rows(COLUMNS, (_csv_row(suspect) for suspect in suspects))


def _csv_row(suspect: queries.Suspect) -> list[tables.Cell]:
    report = suspect.report
    row: list[tables.Cell] = [suspect.log_host.name, report.severity, report.kind, report.value]
    row += [" ".join(report.rules), report.attack]
    row += [getattr(report, column) for column in COLUMNS[6:13]]
    zone = suspect.log_host.zone
    row += [report.first_at.astimezone(zone), report.last_at.astimezone(zone), " ".join(report.message_ids)]
    return row
