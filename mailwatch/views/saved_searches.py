"""Searches kept under a name: save one, take it away, have it back."""

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_POST

from ingest.languages import say
from mailwatch.access import Permission, Refused, needs
from mailwatch.models import SavedSearch
from mailwatch.operations import saved_searches
from mailwatch.printable import plain
from mailwatch.queries import saved_searches as queries
from mailwatch.search_forms import USUAL_COLUMNS, ColumnsForm, SavedSearchForm
from mailwatch.views.people import person


@needs(Permission.READ)
@require_GET
def saved(request: HttpRequest) -> HttpResponse:
    """All that the reader may use; the one that was removed last can be had back."""
    removed = request.GET.get("removed", "")
    gone = None
    if removed.isdecimal() and len(removed) < 19:
        gone = SavedSearch.objects.exclude(removed_at=None).filter(pk=int(removed)).first()
        gone = gone if gone and queries.may_remove(gone, person(request)) else None
    return render(request, "search/saved.html", {"saved": queries.of(person(request)), "removed": gone})


@needs(Permission.READ)
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    form = SavedSearchForm(request.POST)
    back = _back(request)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)))
        return redirect(back)
    try:
        kept = saved_searches.save(owner=person(request), now=now(), **form.cleaned_data)
    except saved_searches.NotSaved as error:
        messages.error(request, str(error))
    else:
        messages.success(request, say("Saved as {name}.", name=plain(kept.name)))
    return redirect(back)


@needs(Permission.READ)
@require_POST
def remove(request: HttpRequest, saved_id: int) -> HttpResponse:
    """With ``undo``: have it back."""
    is_theirs_to_see = Q(owner=person(request)) | Q(is_shared=True)
    row = get_object_or_404(SavedSearch.objects.filter(is_theirs_to_see), pk=saved_id)
    if not queries.may_remove(row, person(request)):
        raise Refused(Permission.USERS)
    if "undo" not in request.POST:
        saved_searches.remove(row, now=now())
        return redirect(f"{reverse('saved_searches')}?removed={row.pk}")
    try:
        saved_searches.restore(row)
    except saved_searches.NotSaved as error:
        messages.error(request, plain(str(error)))
    return redirect("saved_searches")


@needs(Permission.READ)
@require_POST
def columns(request: HttpRequest) -> HttpResponse:
    """Remember for this person's session what lists of messages show."""
    form = ColumnsForm(request.POST)
    if form.is_valid():
        request.session["columns"] = form.cleaned_data["columns"] or list(USUAL_COLUMNS)
    else:
        messages.error(request, say("There is no such column."))
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    return f"{reverse('search')}?{request.POST.get('query', '')[:4000]}"
