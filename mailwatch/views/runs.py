"""One run: live while it works, its result afterwards."""

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from mailwatch.queries import runs as queries
from mailwatch.queries.answers import HostAnswer, answers
from mailwatch.queries.ranges import Range
from mailwatch.views.search import HtmxHttpRequest


@require_GET
@vary_on_headers("HX-Request", "HX-Boosted", "Accept")
def run(request: HtmxHttpRequest, run_id: int) -> HttpResponse:
    found = queries.run(run_id, now=timezone.now())
    if found is None:
        raise Http404
    if (
        request.GET.get("format") == "json"
        or request.get_preferred_type(["text/html", "application/json"]) == "application/json"
    ):
        return JsonResponse(queries.as_json(found))
    template = "runs/run.html"
    if request.htmx and not request.htmx.boosted:
        template += "#live"
    return render(
        request,
        template,
        {"view": found, "answer": _answer(found), "is_page": request.GET.get("in") != "list"},
    )


def _answer(found: queries.RunView) -> HostAnswer | None:
    """What the log host's log says now; not before the run's findings are worked out."""
    if not found.is_over or not found.has_lines:
        return None
    return answers(log_host=found.log_host, asked=Range())[0]
