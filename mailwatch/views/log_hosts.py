"""Log hosts: the list, what is known of each and where it came from, and what postmasters change."""

from collections.abc import Callable
from functools import wraps
from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from ingest.languages import say, say_of
from ingest.models import AllowEntry, LogHost
from mailwatch.access import Permission, needs
from mailwatch.log_host_forms import AccountsForm, AllowForm, KnowledgeForm, LimitsForm
from mailwatch.operations import log_hosts as operations
from mailwatch.printable import plain
from mailwatch.queries import log_hosts as queries
from mailwatch.views.people import may
from mailwatch.views.search import HtmxHttpRequest


@needs(Permission.READ)
@require_safe
def log_hosts(request: HttpRequest) -> HttpResponse:
    return render(request, "log_hosts/log_hosts.html", {"rows": queries.listed()})


@needs(Permission.READ, to_send=Permission.LOG_HOSTS)
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
def log_host(request: HtmxHttpRequest, name: str) -> HttpResponse:
    """One of them; a part of the page that looks again while findings are decided again; its change."""
    host = get_object_or_404(LogHost, name=name)
    if request.method != "POST":
        if request.htmx and not request.htmx.boosted:
            again = queries.latest(host)
            return (
                render(request, "log_hosts/again.html#live", {"again": again})
                if again
                else HttpResponse(status=204)
            )
        return _page(request, host)
    form = KnowledgeForm(request.POST)
    if not form.is_valid():
        return _page(request, host, knowledge=form)
    known = dict(form.cleaned_data)
    operations.keep_for(log_host=host, days=known.pop("retention_days"))
    operations.change_knowledge(log_host=host, **known)
    return _changed(request, host, say("Saved."))


def _changed(request: HttpRequest, host: LogHost, what: str) -> HttpResponse:
    messages.success(request, what)
    return redirect("log_host", name=host.name)


def _page(
    request: HttpRequest,
    host: LogHost,
    *,
    knowledge: KnowledgeForm | None = None,
    accounts: AccountsForm | None = None,
    limits: LimitsForm | None = None,
    allow: AllowForm | None = None,
) -> HttpResponse:
    """The page; a form that was not taken stands on it as it was typed."""
    view = queries.one(host, account=request.GET.get("account", ""))
    context = {
        "view": view,
        "again": queries.latest(host),
        "knowledge": knowledge or KnowledgeForm.of(host),
        "accounts": accounts or AccountsForm(),
        "limits": limits or LimitsForm(families=view.limits),
        "allow": allow or _offered(request),
        "withdrawn": view.allowed.withdrawn_just(request.GET.get("withdrawn", "")),
        "may_change": may(request, Permission.LOG_HOSTS),
        "may_allow": may(request, Permission.ALLOW),
    }
    is_refused = any((knowledge, accounts, limits, allow))
    return render(request, "log_hosts/log_host.html", context, status=422 if is_refused else 200)


def _offered(request: HttpRequest) -> AllowForm:
    """A new entry, as the link that led here says."""
    given = {name: request.GET[name] for name in ("rule", "kind", "value") if name in request.GET}
    return AllowForm(today=now().date(), initial=given)


def _of_log_host(
    view: Callable[[HttpRequest, LogHost], HttpResponse],
) -> Callable[[HttpRequest, str], HttpResponse]:
    @require_POST
    @wraps(view)
    def wrapped(request: HttpRequest, name: str) -> HttpResponse:
        return view(request, get_object_or_404(LogHost, name=name))

    return wrapped


@needs(Permission.LOG_HOSTS)
@_of_log_host
def known_accounts(request: HttpRequest, host: LogHost) -> HttpResponse:
    """A list of accounts, added to those that are known or instead of them."""
    form = AccountsForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            count = operations.take_accounts(
                log_host=host, text=form.accounts, replace=form.cleaned_data["replace"]
            )
        except ValueError as error:
            form.add_error(None, str(error))
        else:
            return _changed(request, host, _names(count))
    return _page(request, host, accounts=form)


@needs(Permission.LOG_HOSTS)
@_of_log_host
def forget_accounts(request: HttpRequest, host: LogHost) -> HttpResponse:
    operations.forget_accounts(log_host=host)
    return _changed(request, host, say("No account is known any more."))


@needs(Permission.LOG_HOSTS)
@_of_log_host
def limits(request: HttpRequest, host: LogHost) -> HttpResponse:
    """Thresholds changed; ``reset`` names one that takes the default again, or all."""
    typed = request.POST.copy()
    reset = typed.get("reset", "")
    if reset == "all":
        operations.change_limits(log_host=host, limits=dict.fromkeys(host.limits, ""))
        return _changed(request, host, say("All thresholds are those of all log hosts again."))
    if reset:
        typed[reset] = ""
    form = LimitsForm(typed, families=queries.limits(host))
    if not form.is_valid():
        return _page(request, host, limits=form)
    operations.change_limits(log_host=host, limits=form.cleaned_data)
    return _changed(request, host, say("Thresholds saved."))


@needs(Permission.ALLOW)
@_of_log_host
def allow(request: HttpRequest, host: LogHost) -> HttpResponse:
    """A new entry of the allow-list."""
    form = AllowForm(request.POST, today=now().astimezone(host.zone).date())
    if not form.is_valid():
        return _page(request, host, allow=form)
    entry = operations.allow(log_host=host, **form.wanted(host.zone), author=_name_of(request), now=now())
    return _changed(request, host, say("{whom} is allowed.", whom=_whom(entry)))


@needs(Permission.ALLOW)
@require_POST
def withdraw(request: HttpRequest, name: str, entry_id: int) -> HttpResponse:
    """An entry ends as if it had never been; with ``undo`` it holds again."""
    entry = get_object_or_404(AllowEntry.objects.select_related("log_host"), pk=entry_id, log_host__name=name)
    if request.POST.get("undo") == "yes":
        operations.restore(entry=entry)
        return _changed(request, entry.log_host, say("{whom} is allowed again.", whom=_whom(entry)))
    operations.withdraw(entry=entry, author=_name_of(request), now=now())
    here = reverse("log_host", args=[name])
    return redirect(f"{here}?withdrawn={entry.pk}#allowed")


def _names(count: int) -> str:
    return say_of(count, "The list names {number:,} account.", "The list names {number:,} accounts.")


def _whom(entry: AllowEntry) -> str:
    if entry.value:
        return plain(entry.value)
    if entry.rule:
        return say("{rule} for the log host as a whole", rule=entry.rule)
    return say("all rules for the log host as a whole")


def _name_of(request: HttpRequest) -> str:
    return cast("User", request.user).get_username()
