"""Hand in log files, whole or in pieces; the runs, newest first."""

from http import HTTPStatus
from typing import cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from mailwatch.access import Permission, needs
from mailwatch.forms import AnnouncedForm, UploadForm
from mailwatch.models import Upload
from mailwatch.operations import uploads as operations
from mailwatch.queries import runs as queries
from mailwatch.queries import search
from mailwatch.queries import uploads as waiting

_REFUSED = HTTPStatus.UNPROCESSABLE_ENTITY


@needs(Permission.UPLOAD)
@require_http_methods(["GET", "HEAD", "POST"])
def uploads(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, UploadForm(initial=_initial(_person(request))))
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            run = operations.start(
                files=form.chosen_files,
                log_host=form.cleaned_data["log_host"],
                timezone=form.cleaned_data["timezone"] or None,
                started_by=_person(request).get_username(),
            )
        except ValueError as error:
            form.add_error(None, str(error))
        else:
            return redirect("run", run_id=run.pk)
    return _page(request, form, status=_REFUSED)


def _person(request: HttpRequest) -> User:
    return cast("User", request.user)


def _page(request: HttpRequest, form: UploadForm, *, status: int = HTTPStatus.OK) -> HttpResponse:
    context = {
        "form": form,
        "log_hosts": search.log_hosts().values(),
        "zones": form.zones,
        "page": queries.newest(now=timezone.now()),
        "unfinished": waiting.unfinished(_person(request)),
        "expires": operations.expiry(),
    }
    return render(request, "uploads/uploads.html", context, status=status)


def _initial(person: User) -> dict[str, str]:
    """What an unfinished upload said, or the only log host there is, so that nobody has to type it again."""
    newest = waiting.unfinished(person).last()
    if newest is not None:
        return {"log_host": newest.log_host, "timezone": newest.timezone}
    hosts = list(search.log_hosts().values())
    return {"log_host": hosts[0].name} if len(hosts) == 1 else {}


# ---- in pieces: for static/js/upload.js


@needs(Permission.UPLOAD)
@require_POST
def begin(request: HttpRequest) -> JsonResponse:
    """Announce a file; where its next piece begins, which is not 0 where it was begun before."""
    form = AnnouncedForm(request.POST)
    if not form.is_valid():
        return _refused(next(str(sentence) for sentences in form.errors.values() for sentence in sentences))
    try:
        upload = operations.begin(operations.Announced(**form.cleaned_data), owner=_person(request))
    except ValueError as error:
        return _refused(str(error))
    return JsonResponse(
        {
            "id": upload.pk,
            "arrived": upload.arrived,
            "url": reverse("upload_piece", args=[upload.pk]),
            "discard_url": reverse("discard_upload", args=[upload.pk]),
            "piece_size": settings.MAILWATCH_UPLOAD_PIECE,
        }
    )


def _refused(sentence: str) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=_REFUSED)


@needs(Permission.UPLOAD)
@require_http_methods(["GET", "PUT"])
def piece(request: HttpRequest, upload_id: UUID) -> JsonResponse:
    """One piece, at ``?offset=``: the answer says where the next one begins, with 409 where this one did not.

    GET asks where it begins.
    """
    upload = get_object_or_404(Upload, pk=upload_id, owner=_person(request), run=None)
    if request.method == "GET":
        return JsonResponse({"arrived": upload.arrived})
    offset, length = request.GET.get("offset", ""), request.headers.get("Content-Length", "")
    if not _is_count(offset) or not _is_count(length):
        return JsonResponse(
            {"error": gettext("A piece has a length, and an offset in its address.")}, status=400
        )
    if int(length) > settings.MAILWATCH_UPLOAD_PIECE:
        return JsonResponse(
            {"error": gettext("The piece is too large.")}, status=HTTPStatus.CONTENT_TOO_LARGE
        )
    content = request.read(int(length))
    if len(content) != int(length):
        return JsonResponse({"error": gettext("The piece was cut off.")}, status=400)
    try:
        arrived = operations.receive(upload, offset=int(offset), piece=content, at=timezone.now())
    except operations.OutOfPlace as error:
        return JsonResponse({"arrived": error.arrived}, status=HTTPStatus.CONFLICT)
    return JsonResponse({"arrived": arrived})


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


@needs(Permission.UPLOAD)
@require_POST
def finish(request: HttpRequest) -> HttpResponse:
    """Hand whole uploads (``id``, several) over as one run: to a script its address, to a form the page itself."""
    is_form = request.POST.get("from") == "form"
    try:
        ids = [UUID(text) for text in request.POST.getlist("id")]
        run = operations.hand_over(ids, owner=_person(request))
    except ValueError as error:
        if not is_form:
            return _refused(str(error))
        messages.error(request, str(error))
        return redirect("uploads")
    return redirect("run", run_id=run.pk) if is_form else JsonResponse({"run": reverse("run", args=[run.pk])})


@needs(Permission.UPLOAD)
@require_POST
def discard(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    upload = Upload.objects.filter(pk=upload_id, owner=_person(request)).first()
    if upload is not None:
        operations.discard(upload)
    return redirect("uploads")
