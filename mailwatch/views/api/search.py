"""Search: messages and rejections, or raw lines where no index answers."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse

from ingest.exim.line import readable
from mailwatch.models import Scope
from mailwatch.queries import free_text, keyset, line_terms
from mailwatch.queries import search as queries
from mailwatch.queries.counting import Count
from mailwatch.queries.counting import Totals as Counts
from mailwatch.queries.free_text import Hit
from mailwatch.queries.terms import NotUnderstood, Term, TermKind
from mailwatch.views.api import rows
from mailwatch.views.api.answers import Wrong, answer, maybe, time
from mailwatch.views.api.authentication import endpoint
from mailwatch.views.api.documents import Line, LinesFound, MessagesFound, Number, ReadAs, Totals
from mailwatch.views.api.parameters import SearchParameters, read, refused
from mailwatch.views.search import asked_in


@endpoint(Scope.SEARCH)
def search(request: HttpRequest) -> HttpResponse:
    form = read(SearchParameters, request)
    asked = asked_in(form)
    if not form.cleaned_data["kind"] and queries.is_no_account(asked):
        asked = replace(asked, term=Term(TermKind.TEXT, asked.term.value))
    given = form.cleaned_data
    if asked.term.is_scanned:
        return answer(_lines(asked, cursor=given["after"], limit=given["limit"]))
    return answer(
        _messages(asked, cursor=given["after"], limit=given["limit"], is_counted=bool(given["count"]))
    )


def _messages(asked: queries.Search, *, cursor: str, limit: int, is_counted: bool) -> MessagesFound:
    if cursor and keyset.decode(cursor, shapes=queries.SHAPES) is None:
        raise refused(Wrong("after", "This is no cursor of this search."))
    hosts, branches = queries.log_hosts(), queries.branches_of(asked)
    page = queries.page(asked, branches=branches, cursor=cursor, rows=limit, hosts=hosts)
    count = queries.totals if is_counted else queries.totals_soon
    zone = queries.zone_of(list(hosts.values())).zone if hosts else None
    back_to = page.looked_back_to
    return MessagesFound(
        found="messages",
        read_as=_read_as(asked.term),
        rows=tuple(rows.found(row) for row in page.rows),
        looked_back_to=time(back_to, zone) if back_to and zone else None,
        totals=_totals(count(asked, branches=branches)),
        next=page.older or None,
    )


def _lines(asked: queries.Search, *, cursor: str, limit: int) -> LinesFound:
    if cursor and keyset.decode(cursor, shapes=free_text.SHAPES) is None:
        raise refused(Wrong("after", "This is no cursor of this search."))
    hosts = [asked.log_host] if asked.log_host else list(queries.log_hosts().values())
    try:
        wanted = line_terms.asked(asked.term, [(host, asked.bounds) for host in hosts])
    except NotUnderstood as error:
        raise refused(Wrong("q", str(error))) from error
    part = free_text.read(wanted, cursor=cursor, hits=limit)
    return LinesFound(
        found="lines",
        read_as=_read_as(asked.term),
        rows=tuple(_line(hit) for hit in part.hits),
        lines_read=part.lines_read,
        lines_to_read=part.lines,
        next=part.cursor or None,
    )


def _line(hit: Hit) -> Line:
    return Line(
        log_host=hit.log_host.name,
        at=maybe(hit.logged_at, hit.log_host.zone),
        kind=str(hit.kind),
        message_id=hit.message_id,
        line=readable(hit.raw),
    )


def _read_as(term: Term) -> ReadAs:
    return ReadAs(kind=str(term.kind), value=term.value)


def _totals(found: Counts | None) -> Totals | None:
    if found is None:
        return None
    return Totals(messages=_number(found.messages), rejections=_number(found.rejections))


def _number(count: Count) -> Number:
    return Number(number=count.number, is_more=count.is_more)
