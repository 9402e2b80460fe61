"""A configuration in, findings and repaired text out; kept only where a log host is chosen."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.timezone import now
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from ingest.languages import say
from ingest.models import LogHost
from ingest.rules.words import together
from mailwatch import forms
from mailwatch.access import Permission, needs
from mailwatch.operations.configurations import drop_configuration, judge_again, keep_configuration
from mailwatch.queries import configuration as queries
from mailwatch.views.people import may, require


@needs(Permission.READ)
@sensitive_post_parameters("text")
@require_http_methods(["GET", "HEAD", "POST"])
def configuration(request: HttpRequest) -> HttpResponse:
    """GET shows the form, or with ``log_host`` what is kept of it; POST audits a text."""
    if request.method == "POST":
        return _audit(request)
    chosen = forms.ChosenLogHostForm(request.GET)
    log_host = chosen.cleaned_data["log_host"] if chosen.is_valid() else None
    audit = queries.audited_log_host(log_host) if log_host else None
    form = forms.ConfigurationForm(initial={"log_host": log_host.name if log_host else ""})
    may_allow = log_host is not None and may(request, Permission.ALLOW)
    query = urlencode({"what": "configuration", "log_host": log_host.name}) if log_host else ""
    return _page(request, form, audit=audit, log_host=log_host, may_allow=may_allow, incident_query=query)


def _audit(request: HttpRequest) -> HttpResponse:
    form = forms.ConfigurationForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    audit = queries.audited(form.configuration)
    log_host = form.cleaned_data["log_host"]
    if log_host:
        require(request, Permission.CONFIGURATION)
        keep_configuration(
            log_host=log_host,
            name=form.kept_name,
            text=audit.configuration.text,
            replace=form.cleaned_data["replace"],
            now=now(),
        )
        kept = say("Kept for {name}, with passwords masked. Its verdict counts it now.", name=log_host.name)
        _tell(request, log_host, kept)
    return _page(request, form.masked(audit.configuration.text), audit=audit, log_host=log_host)


def _page(
    request: HttpRequest, form: forms.ConfigurationForm, *, status: int = 200, **context: object
) -> HttpResponse:
    context |= {"form": form, "stored": queries.stored(), "may_keep": may(request, Permission.CONFIGURATION)}
    return render(request, "configuration/configuration.html", context, status=status)


@needs(Permission.CONFIGURATION)
@require_POST
def drop(request: HttpRequest, stored_id: int) -> HttpResponse:
    """Give up a kept configuration."""
    log_host = drop_configuration(stored_id=stored_id)
    if log_host is None:
        raise Http404
    _tell(request, log_host, say("No longer kept. The verdict no longer counts it."))
    return redirect("configuration")


def _tell(request: HttpRequest, log_host: LogHost, what_happened: str) -> None:
    """Tell what happened, and whether the findings follow at once."""
    if not judge_again(log_host=log_host):
        follows = say("Suspects are being judged by it now; the report follows in a moment.")
        what_happened = together([what_happened, follows])
    messages.success(request, what_happened)
