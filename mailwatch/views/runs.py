"""Every run, and one: live while it works, its result afterwards; stopped, gone on with, undone."""

from dataclasses import replace
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from ingest import undo as undoing
from ingest.models import IngestRun
from mailwatch.access import Permission, Refused, needs
from mailwatch.operations import runs as operations
from mailwatch.queries import runs as queries
from mailwatch.queries.answers import HostAnswer
from mailwatch.queries.kept_answers import answers
from mailwatch.queries.ranges import Range
from mailwatch.views.people import may
from mailwatch.views.search import HtmxHttpRequest


@needs(Permission.READ)
@require_GET
def runs(request: HttpRequest) -> HttpResponse:
    """All of them, newest first."""
    page = queries.newest(now=timezone.now(), before=request.GET.get("before", ""))
    return render(request, "runs/runs.html", {"page": page})


@needs(Permission.READ)
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
    is_page = request.GET.get("in") != "list"
    steps = _steps(request, found.run) if is_page else None
    context = {"view": found, "answer": _answer(found), "is_page": is_page, "may": steps}
    return render(request, template, context)


def _steps(request: HttpRequest, run: IngestRun) -> queries.Steps | None:
    """What whoever is signed in can do with a run now."""
    if not operations.may_steer(_person(request), run):
        return None
    steps = queries.steps(run)
    return steps if may(request, Permission.UNDO) else replace(steps, undo=False)


def _answer(found: queries.RunView) -> HostAnswer | None:
    """What the log host's log says now; not before the run's findings are worked out."""
    if not found.is_over or not found.has_lines or found.is_undone:
        return None
    return answers(log_host=found.log_host, asked=Range())[0]


def _person(request: HttpRequest) -> User:
    return cast("User", request.user)


def _steered(request: HttpRequest, run_id: int) -> IngestRun:
    found = get_object_or_404(IngestRun, pk=run_id)
    if not operations.may_steer(_person(request), found):
        raise Refused(Permission.UNDO)
    return found


@needs(Permission.UPLOAD)
@require_POST
def cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    found = _steered(request, run_id)
    if not operations.cancel(found, by=_person(request).get_username()):
        messages.warning(request, gettext("This run is over; there is nothing to cancel."))
    return redirect("run", run_id=run_id)


@needs(Permission.UPLOAD)
@require_POST
def retry(request: HttpRequest, run_id: int) -> HttpResponse:
    found = _steered(request, run_id)
    if not operations.retry(found):
        messages.warning(request, gettext("The files of this run are gone. Hand them in again."))
    return redirect("run", run_id=run_id)


@needs(Permission.UNDO)
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, run_id: int) -> HttpResponse:
    """What will go, to be confirmed; then it goes."""
    found = get_object_or_404(IngestRun, pk=run_id)
    if request.method == "POST":
        if not operations.undo(found, by=_person(request).get_username()):
            messages.warning(request, gettext("This run cannot be undone now."))
        return redirect("run", run_id=run_id)
    view = queries.run(run_id, now=timezone.now())
    if view is None or not undoing.can_undo(found):
        return redirect("run", run_id=run_id)
    return render(request, "runs/undo.html", {"view": view, "loss": undoing.loss(found)})
