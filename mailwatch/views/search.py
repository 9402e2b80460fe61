"""One box that finds messages, rejections and raw lines. The URL is the search."""

from dataclasses import dataclass

from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers
from django_htmx.middleware import HtmxDetails

from ingest.exim.line import readable
from mailwatch import tables
from mailwatch.forms import SearchForm
from mailwatch.queries import free_text, line_terms
from mailwatch.queries import search as queries
from mailwatch.queries.terms import NotUnderstood, TermKind, alternatives

GO_ON_AFTER = 500  # lines on one page; then the reader is asked


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails


@dataclass(frozen=True, slots=True)
class Link:
    """A chip or an alternative: its words and the query string it leads to."""

    text: str
    query: str


@require_GET
@vary_on_headers("HX-Request", "HX-Boosted")
def search(request: HtmxHttpRequest) -> HttpResponseBase:
    form = SearchForm(request.GET)
    context: dict[str, object] = {"form": form}
    template = "search/search.html"
    if request.htmx and not request.htmx.boosted:
        template += "#found"
    if not form.is_valid():
        return render(request, template, context)
    asked = _search(form)
    context |= {
        "search": asked,
        "log_hosts": (hosts := queries.log_hosts()),
        "host_count": 1 if asked.log_host else len(hosts),
        "chips": _chips(request.GET, asked, form),
        "readings": _readings(request.GET, asked),
        "all_log_hosts": with_changes(request.GET, log_host="", after=""),
        "whole_log": with_changes(request.GET, range="", since="", until="", after=""),
    }
    if asked.term.is_scanned:
        return _lines(request, asked, form, context)
    page = queries.page(asked, cursor=form.cleaned_data["after"])
    context |= {
        "page": page,
        "totals": queries.totals(asked),
        "roles": _roles(request.GET, asked),
        "older": with_changes(request.GET, after=page.older) if page.older else "",
    }
    return render(request, template, context)


def _lines(
    request: HtmxHttpRequest, asked: queries.Search, form: SearchForm, context: dict[str, object]
) -> HttpResponseBase:
    """Raw lines: the first slice with the page, each further one where the last has ended."""
    hosts = [asked.log_host] if asked.log_host else list(queries.log_hosts().values())
    try:
        wanted = line_terms.asked(asked.term, [(host, asked.bounds) for host in hosts])
    except NotUnderstood as error:
        form.add_error("q", str(error))
        return render(request, "search/search.html", {"form": form})
    if request.GET.get("format") in ("csv", "json"):
        return _export(wanted, request.GET["format"])
    is_stopped = "stop" in request.GET
    cursor = form.cleaned_data["after"]
    part = (free_text.stopped if is_stopped else free_text.read)(wanted, cursor=cursor)
    further = with_changes(request.GET, after=part.cursor, stop="") if part.cursor else ""
    context |= {
        "part": part,
        "pattern": line_terms.pattern_of(asked.term),
        "further": further,
        "stop": with_changes(request.GET, after=part.cursor, stop="1"),
        "is_stopped": is_stopped,
        "goes_on": bool(further) and not is_stopped and not _is_enough(part),
    }
    template = "search/search.html"
    if request.htmx and not request.htmx.boosted:
        template = "search/lines.html" if cursor else f"{template}#found"
    return render(request, template, context)


def _is_enough(part: free_text.Slice) -> bool:
    """Whether this slice has filled what a page shows before it asks."""
    before = part.hits_so_far - len(part.hits)
    return part.hits_so_far // GO_ON_AFTER > before // GO_ON_AFTER


_LINE_COLUMNS = ("log_host", "logged_at", "kind", "message_id", "line")


def _export(wanted: free_text.Asked, kind: str) -> HttpResponseBase:
    """Every line, read while it is sent."""
    rows = (_line_row(hit) for hit in free_text.every_hit(wanted))
    response: HttpResponseBase
    if kind == "csv":
        response = StreamingHttpResponse(
            tables.csv_rows(_LINE_COLUMNS, rows), content_type="text/csv; charset=utf-8"
        )
    else:
        response = StreamingHttpResponse(
            tables.json_rows("lines", _LINE_COLUMNS, rows), content_type="application/json"
        )
    response["Content-Disposition"] = f'attachment; filename="lines.{kind}"'
    return response


def _line_row(hit: free_text.Hit) -> list[tables.Cell]:
    at = hit.logged_at.astimezone(hit.log_host.zone) if hit.logged_at else None
    return [hit.log_host.name, at, str(hit.kind), hit.message_id, readable(hit.raw)]


def _search(form: SearchForm) -> queries.Search:
    asked = form.cleaned_data
    return queries.Search(
        term=asked["term"],
        role=asked["role"],
        log_host=asked["log_host"],
        bounds=queries.bounds(form.chosen_range, log_host=asked["log_host"]),
        status=asked["status"],
        reason=asked["reason"],
    )


def with_changes(query: QueryDict, **changes: str) -> str:
    """The query string with some parameters changed; those that are empty are left out."""
    changed = query.copy()
    for name, value in changes.items():
        changed[name] = value
    kept = QueryDict(mutable=True)
    for name, values in changed.lists():
        if values[-1]:
            kept[name] = values[-1]
    return kept.urlencode()


def _chips(query: QueryDict, asked: queries.Search, form: SearchForm) -> list[Link]:
    """The filters that are set; each leads to the search without it."""
    chips = []
    if asked.log_host:
        chips.append(Link(f"log host: {asked.log_host.name}", with_changes(query, log_host="", after="")))
    if asked.bounds.since or asked.bounds.until:
        words = _range_words(form, asked)
        chips.append(Link(words, with_changes(query, range="", since="", until="", after="")))
    if asked.status:
        chips.append(Link(f"status: {asked.status}", with_changes(query, status="", after="")))
    if asked.reason:
        chips.append(Link(f"refused: {asked.reason}", with_changes(query, reason="", after="")))
    if asked.role:
        chips.append(Link(f"as {asked.role} only", with_changes(query, role="", after="")))
    return chips


def _range_words(form: SearchForm, asked: queries.Search) -> str:
    """A preset by its name; exact times in the zone that serves all log hosts of the search."""
    if form.cleaned_data["range"] not in ("", "exact"):
        return str(dict(form.fields["range"].choices)[form.cleaned_data["range"]])  # type: ignore[attr-defined]
    hosts = [asked.log_host] if asked.log_host else list(queries.log_hosts().values())
    zone = queries.zone_of(hosts).zone
    since, until = (
        f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at else ""
        for at in (asked.bounds.since, asked.bounds.until)
    )
    return f"{since} – {until}".strip() if since else f"until {until}"


_NAMES = {
    TermKind.ACCOUNT: "account",
    TermKind.HEADER: "Message-ID header",
    TermKind.ADDRESS: "address",
    TermKind.DOMAIN: "domain",
    TermKind.TEXT: "words in the lines",
    TermKind.PATTERN: "regular expression",
    TermKind.SUBJECT: "words in subjects",
    TermKind.PART: "part of an address",
}


def _roles(query: QueryDict, asked: queries.Search) -> list[Link]:
    """An address or a domain on one side only."""
    if asked.role or asked.term.kind not in (TermKind.ADDRESS, TermKind.DOMAIN):
        return []
    return [Link(role, with_changes(query, role=role, after="")) for role in ("sender", "recipient")]


def _readings(query: QueryDict, asked: queries.Search) -> list[Link]:
    """Other ways to read the same text."""
    kinds = alternatives(asked.term)
    return [Link(_NAMES[kind], with_changes(query, kind=kind, role="", after="")) for kind in kinds]
