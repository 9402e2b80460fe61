"""Hand in log files; the runs, newest first."""

from typing import cast

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mailwatch.forms import UploadForm
from mailwatch.operations import uploads as operations
from mailwatch.queries import runs as queries
from mailwatch.queries import search


@require_http_methods(["GET", "HEAD", "POST"])
def uploads(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, UploadForm(initial=_initial()))
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            run = operations.start(
                files=form.chosen_files,
                log_host=form.cleaned_data["log_host"],
                timezone=form.cleaned_data["timezone"] or None,
                started_by=cast("User", request.user).get_username(),
            )
        except ValueError as error:
            form.add_error(None, str(error))
        else:
            return redirect("run", run_id=run.pk)
    return _page(request, form, status=422)


def _page(request: HttpRequest, form: UploadForm, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "log_hosts": search.log_hosts().values(),
        "zones": form.zones,
        "page": queries.newest(now=timezone.now(), before=request.GET.get("before", "")),
    }
    return render(request, "uploads/uploads.html", context, status=status)


def _initial() -> dict[str, str]:
    """The only log host there is, so that nobody has to type it again."""
    hosts = list(search.log_hosts().values())
    return {"log_host": hosts[0].name} if len(hosts) == 1 else {}
