"""The audit trail: who looked at whose mail, and who changed what."""

from datetime import UTC

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailwatch import tables
from mailwatch.access import Permission, needs
from mailwatch.queries import trail as queries
from mailwatch.tables import Cell
from mailwatch.trail_forms import TrailForm
from mailwatch.views.people import person

_COLUMNS = ("at", "user", "address", "what", "outcome", "page", "about", "whose", "log_hosts", "details")


@needs(Permission.READ)
@require_safe
@never_cache
def trail(request: HttpRequest) -> HttpResponseBase:
    """All entries for administrators, for others their own; ``format`` csv or json: all that is asked for."""
    form = TrailForm(request.GET)
    context: dict[str, object] = {"form": form, "sees_all": queries.sees_all(person(request)), "zone": UTC}
    if not form.is_valid():
        return render(request, "trail/trail.html", context, status=400)
    asked = form.asked(person(request))
    if request.GET.get("format") in ("csv", "json"):
        return _export(asked, request.GET["format"])
    kept = request.GET.copy()
    kept.pop("before", None)
    page = queries.listed(asked, before=request.GET.get("before", ""))
    context |= {"page": page, "asked": kept.urlencode(), "is_filtered": any(kept.values())}
    return render(request, "trail/trail.html", context)


def _export(asked: queries.Asked, kind: str) -> StreamingHttpResponse:
    rows = (_cells(row) for row in queries.every(asked))
    is_csv = kind == "csv"
    text = tables.csv_rows(_COLUMNS, rows) if is_csv else tables.json_rows("trail", _COLUMNS, rows)
    content_type = "text/csv; charset=utf-8" if is_csv else "application/json"
    response = StreamingHttpResponse(text, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="trail.{kind}"'
    return response


def _cells(row: queries.TrailRow) -> list[Cell]:
    entry = row.entry
    details = [f"{name}: {value}" for name, value in row.details]
    details += [f"{name}: {before} → {after}" for name, before, after in row.changes]
    return [
        entry.at, entry.username, entry.address, entry.kind, entry.outcome, entry.page, entry.subject,
        " ".join(entry.whose), row.log_hosts, "; ".join(details),
    ]  # fmt: skip
