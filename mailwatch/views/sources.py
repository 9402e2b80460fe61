"""Directories that are looked at again and again: the list, one of them, and what administrators do with them."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from ingest.languages import say
from ingest.models import Source
from mailwatch.access import Permission, needs
from mailwatch.operations import sources as operations
from mailwatch.queries import search
from mailwatch.queries import sources as queries
from mailwatch.source_forms import SourceForm
from mailwatch.views.people import may
from mailwatch.views.search import HtmxHttpRequest


@needs(Permission.READ, to_send=Permission.SOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
def sources(request: HttpRequest) -> HttpResponse:
    """All of them, and a new one."""
    if request.method != "POST":
        return _list(request, SourceForm())
    form = SourceForm(request.POST)
    source = _save(form)
    if source is None:
        return _list(request, form, status=422)
    _look_at(request, source)
    return redirect("source", source_id=source.pk)


@needs(Permission.READ, to_send=Permission.SOURCES)
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def source(request: HtmxHttpRequest, source_id: int) -> HttpResponse:
    """One of them with its files, and its change."""
    found = get_object_or_404(Source.objects.select_related("log_host"), pk=source_id)
    if request.method != "POST":
        return _page(request, source_id, SourceForm.of(found))
    form = SourceForm(request.POST)
    saved = _save(form, found)
    if saved is None:
        return _page(request, source_id, form, status=422)
    messages.success(request, gettext("Changed."))
    _look_at(request, saved)
    return redirect("source", source_id=source_id)


def _save(form: SourceForm, source: Source | None = None) -> Source | None:
    """None, with the reason in the form, where it cannot be."""
    if form.is_valid():
        try:
            return operations.save(form.wanted, source)
        except ValueError as error:
            form.add_error(None, str(error))
    form.forget_credentials()
    return None


def _look_at(request: HttpRequest, source: Source) -> None:
    """Begin a pass; an SSH server whose host key is not known is asked for it first."""
    if source.url.startswith("sftp:") and not source.host_key:
        _ask_host_key(request, source)
    else:
        operations.sync_now(source)


def _ask_host_key(request: HttpRequest, source: Source) -> None:
    problem = operations.ask_host_key(source)
    if problem:
        messages.error(request, problem)


def _list(request: HttpRequest, form: SourceForm, *, status: int = 200) -> HttpResponse:
    context = {
        "views": queries.listed(now=now()),
        "form": form,
        "log_hosts": search.log_hosts().values(),
        "may_change": may(request, Permission.SOURCES),
    }
    return render(request, "sources/sources.html", context, status=status)


def _page(request: HtmxHttpRequest, source_id: int, form: SourceForm, *, status: int = 200) -> HttpResponse:
    view = queries.one(source_id, now=now())
    if view is None:
        raise Http404
    is_part = request.htmx and not request.htmx.boosted
    context = {
        "view": view,
        "form": form,
        "log_hosts": search.log_hosts().values(),
        "may_change": may(request, Permission.SOURCES),
        "is_page": request.GET.get("in") != "list",
    }
    template = "sources/source.html#live" if is_part else "sources/source.html"
    return render(request, template, context, status=status)


@needs(Permission.UPLOAD)
@require_POST
def sync_source(request: HttpRequest, source_id: int) -> HttpResponse:
    """Sync now."""
    found = get_object_or_404(Source, pk=source_id)
    operations.sync_now(found)
    if request.GET.get("in") == "list":
        return redirect("sources")
    return redirect("source", source_id=found.pk)


def _of_source(
    view: Callable[[HttpRequest, Source], HttpResponse],
) -> Callable[[HttpRequest, int], HttpResponse]:
    @require_POST
    @wraps(view)
    def wrapped(request: HttpRequest, source_id: int) -> HttpResponse:
        return view(request, get_object_or_404(Source, pk=source_id))

    return wrapped


@needs(Permission.SOURCES)
@_of_source
def pause_source(request: HttpRequest, source: Source) -> HttpResponse:
    operations.pause(source, is_paused=request.POST.get("paused") == "yes")
    return redirect("source", source_id=source.pk)


@needs(Permission.SOURCES)
@_of_source
def read_source_again(request: HttpRequest, source: Source) -> HttpResponse:
    operations.read_again(source)
    return redirect("source", source_id=source.pk)


@needs(Permission.SOURCES)
@_of_source
def ask_host_key(request: HttpRequest, source: Source) -> HttpResponse:
    _ask_host_key(request, source)
    return redirect("source", source_id=source.pk)


@needs(Permission.SOURCES)
@_of_source
def confirm_host_key(request: HttpRequest, source: Source) -> HttpResponse:
    if operations.confirm_host_key(source, request.POST.get("fingerprint", "")):
        messages.success(request, gettext("The host key is confirmed; another one is refused from now on."))
    else:
        messages.error(request, gettext("The server showed another key meanwhile. Compare again."))
    return redirect("source", source_id=source.pk)


@needs(Permission.SOURCES)
@_of_source
def remove_source(request: HttpRequest, source: Source) -> HttpResponse:
    operations.remove(source)
    messages.success(
        request, say("{source} is not looked at any more. What was read of it stays.", source=source.url)
    )
    return redirect("sources")
