"""Runs: what was read, and what is being read."""

from dataclasses import fields
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.timezone import now

from mailwatch.models import Scope
from mailwatch.queries import keyset
from mailwatch.queries import runs as queries
from mailwatch.views.api.answers import Problem, Wrong, answer, maybe, time
from mailwatch.views.api.authentication import endpoint
from mailwatch.views.api.documents import Run, Runs
from mailwatch.views.api.parameters import NoParameters, RunsParameters, read, refused


@endpoint(Scope.RUNS)
def runs(request: HttpRequest) -> HttpResponse:
    given = read(RunsParameters, request).cleaned_data
    if given["after"] and keyset.decode(given["after"], shapes=queries.SHAPES) is None:
        raise refused(Wrong("after", "This is no cursor of the runs."))
    page = queries.newest(now=now(), before=given["after"], rows=given["limit"])
    return answer(Runs(runs=tuple(_run(view) for view in page.rows), next=page.older or None))


@endpoint(Scope.RUNS)
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    read(NoParameters, request)
    found = queries.run(run_id, now=now())
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "There is no run of this number.")
    return answer(_run(found))


def _run(view: queries.RunView) -> Run:
    run, zone = view.run, view.log_host.zone
    counts: dict[str, Any] = {field.name: getattr(view.counts, field.name) for field in fields(view.counts)}
    return Run(
        id=run.pk,
        log_host=view.log_host.name,
        state=str(view.state),
        started_by=run.started_by,
        created_at=time(run.created_at, zone),
        started_at=maybe(run.started_at, zone),
        finished_at=maybe(run.finished_at, zone),
        error=run.error,
        files=view.file_count,
        size=view.progress.size,
        size_read=view.progress.size_read,
        first_at=maybe(view.first_at, zone),
        last_at=maybe(view.last_at, zone),
        **counts,
    )
