"""One box that finds messages, rejections and raw lines. The URL is the search."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers
from django_htmx.middleware import HtmxDetails

from mailwatch.access import Permission, needs
from mailwatch.queries import free_text, line_terms, saved_searches
from mailwatch.queries import search as queries
from mailwatch.queries.terms import NotUnderstood, Term, TermKind
from mailwatch.search_forms import COLUMNS, USUAL_COLUMNS, SavedSearchForm, SearchForm
from mailwatch.views import search_exports
from mailwatch.views.people import person
from mailwatch.views.search_links import chips, readings, roles, with_changes

GO_ON_AFTER = 500  # lines on one page; then the reader is asked


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails


@needs(Permission.READ)
@require_GET
@vary_on_headers("HX-Request", "HX-Boosted")
def search(request: HtmxHttpRequest) -> HttpResponseBase:
    form = SearchForm(request.GET)
    if not form.is_valid():
        return render(request, _template(request), {"form": form, "saved": _saved(request)})
    asked, query = asked_in(form), request.GET.copy()
    is_no_account = not form.cleaned_data["kind"] and queries.is_no_account(asked)
    if is_no_account:
        asked = replace(asked, term=Term(TermKind.TEXT, asked.term.value))
        query["kind"] = str(TermKind.TEXT)
    context: dict[str, object] = {
        "form": form,
        "search": asked,
        "is_no_account": is_no_account,
        "log_hosts": (hosts := queries.log_hosts()),
        "host_count": 1 if asked.log_host else len(hosts),
        "lists_zone": queries.zone_of([asked.log_host] if asked.log_host else list(hosts.values())).zone,
        "chips": chips(request.GET, asked, form),
        "readings": readings(request.GET, asked),
        "all_log_hosts": with_changes(request.GET, log_host="", after=""),
        "whole_log": with_changes(request.GET, range="", since="", until="", after=""),
        "exports": {kind: with_changes(query, format=kind, after="") for kind in search_exports.FORMATS},
        "incident_query": urlencode({"what": "search", "query": with_changes(query, after="", stop="")}),
        "saved": _saved(request),
        "save_form": SavedSearchForm(initial={"query": with_changes(query, after="", stop="")}),
    }
    if asked.term.is_scanned:
        return _lines(request, asked, query, context)
    if request.GET.get("format") in search_exports.FORMATS:
        return search_exports.messages(asked, request.GET["format"])
    branches = queries.branches_of(asked)
    if "count" in request.GET and request.htmx and not request.htmx.boosted:
        return HttpResponse(str(queries.totals(asked, branches=branches)), content_type="text/plain")
    count = queries.totals if "count" in request.GET else queries.totals_soon
    page = queries.page(asked, branches=branches, cursor=form.cleaned_data["after"], hosts=hosts)
    totals = count(asked, branches=branches)
    context |= {
        "page": page,
        "column_choices": COLUMNS,
        "columns": request.session.get("columns", USUAL_COLUMNS),
        "are_usual": set(request.session.get("columns", USUAL_COLUMNS)) == set(USUAL_COLUMNS),
        "totals": totals,
        "count": with_changes(request.GET, count="1") if totals is None else "",
        "roles": roles(request.GET, asked),
        "older": with_changes(request.GET, after=page.older) if page.older else "",
    }
    return render(request, _template(request), context)


def _template(request: HtmxHttpRequest) -> str:
    return "search/search.html" + ("#found" if request.htmx and not request.htmx.boosted else "")


def _saved(request: HttpRequest) -> list[saved_searches.Saved]:
    return saved_searches.of(person(request))


def _lines(
    request: HtmxHttpRequest, asked: queries.Search, query: QueryDict, context: dict[str, object]
) -> HttpResponseBase:
    """Raw lines: the first slice with the page, each further one where the last has ended."""
    hosts = [asked.log_host] if asked.log_host else list(queries.log_hosts().values())
    try:
        wanted = line_terms.asked(asked.term, [(host, asked.bounds) for host in hosts])
    except NotUnderstood as error:
        form = context["form"]
        assert isinstance(form, SearchForm)
        form.add_error("q", str(error))
        return render(request, _template(request), {"form": form, "saved": context["saved"]})
    if (kind := query.get("format", "")) in search_exports.FORMATS:
        return search_exports.lines(wanted, str(kind))
    is_stopped, cursor = "stop" in query, str(query.get("after", ""))
    part = (free_text.stopped if is_stopped else free_text.read)(wanted, cursor=cursor)
    further = with_changes(query, after=part.cursor, stop="") if part.cursor else ""
    context |= {
        "part": part,
        "pattern": line_terms.pattern_of(asked.term),
        "further": further,
        "stop": with_changes(query, after=part.cursor, stop="1"),
        "is_stopped": is_stopped,
        "goes_on": bool(further) and not is_stopped and not _is_enough(part),
    }
    is_next = cursor and request.htmx and not request.htmx.boosted
    return render(request, "search/lines.html" if is_next else _template(request), context)


def _is_enough(part: free_text.Slice) -> bool:
    """Whether this slice has filled what a page shows before it asks."""
    before = part.hits_so_far - len(part.hits)
    return part.hits_so_far // GO_ON_AFTER > before // GO_ON_AFTER


def asked_in(form: SearchForm) -> queries.Search:
    """What a valid form asks for."""
    asked = form.cleaned_data
    return queries.Search(
        term=asked["term"],
        role=asked["role"],
        log_host=asked["log_host"],
        bounds=queries.bounds(form.chosen_range, log_host=asked["log_host"]),
        status=asked["status"],
        reason=asked["reason"],
        filters=form.filters,
    )
