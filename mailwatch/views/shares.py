"""Links to frozen reports, for those who make them: make one, list them, look at one, withdraw it, switch all off."""

from datetime import UTC
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from ingest import granted
from ingest.languages import say
from ingest.models import Message
from mailwatch.access import Permission, Refused, may, needs
from mailwatch.models import Incident, SharedReport
from mailwatch.operations import sharing
from mailwatch.operations.sharing import Made, SharingStopped, Terms
from mailwatch.queries import shared as queries
from mailwatch.share_forms import ShareForm
from mailwatch.views import frozen
from mailwatch.views.people import person, require

_HIDDEN = (
    "kind",
    "incident",
    "log_host",
    "message_id",
    "range",
    "since",
    "until",
)  # chosen on the page that is frozen
_FILES = (("html", "HTML"), ("json", "JSON"), ("csv", "CSV"))


@needs(Permission.SHARE)
@require_http_methods(["GET", "POST"])
def share(request: HttpRequest) -> HttpResponse:
    """Freeze what a page shows. With GET, or with bad input, the form as a page of its own.

    The answer to the form is the one page that ever shows the link.
    """
    form = ShareForm(request.POST if request.method == "POST" else None, initial=_asked(request))
    if not form.is_valid():
        return _form_page(request, form, HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK)
    try:
        made = _freeze(request, form)
    except SharingStopped:
        form.add_error(None, say("Sharing is switched off. An administrator can switch it on again."))
        return _form_page(request, form, HTTPStatus.CONFLICT)
    url = request.build_absolute_uri(reverse("shared", args=[made.token]))
    page = render(request, "shares/made.html", {"report": made.report, "url": url, "zone": UTC})
    page.headers["Cache-Control"] = "no-store"
    return page


def _form_page(request: HttpRequest, form: ShareForm, status: HTTPStatus) -> HttpResponse:
    context = {
        "form": form,
        "range_label": _label(form),
        "hidden": _HIDDEN,
        "days": settings.MAILWATCH_SHARE_DAYS,
        "most_days": settings.MAILWATCH_SHARE_MOST_DAYS,
    }
    return render(request, "shares/new.html", context, status=status)


def _label(form: ShareForm) -> str:
    """The range that was chosen from the list, in words."""
    words = {str(value): label for value, label in form.fields["range"].choices}  # type: ignore[attr-defined]
    return str(words.get(form["range"].value() or "", "")).lower()


def _asked(request: HttpRequest) -> dict[str, str]:
    """What the link on a page names; a message id means that message."""
    kind = SharedReport.Kind.MESSAGE if request.GET.get("message_id") else SharedReport.Kind.REPORT
    kind = SharedReport.Kind.INCIDENT if request.GET.get("incident") else kind
    return {"redaction": SharedReport.Redaction.MASKED, **request.GET.dict(), "kind": kind}


def _freeze(request: HttpRequest, form: ShareForm) -> Made:
    chosen = form.cleaned_data
    terms = Terms(
        redaction=chosen["redaction"],
        days=chosen["days"],
        made_by=person(request),
        now=now(),
        password=chosen["password"],
        most_views=chosen["most_views"],
    )
    if chosen["kind"] == SharedReport.Kind.REPORT:
        return sharing.freeze_report(log_host=chosen["log_host"], asked=form.chosen_range, terms=terms)
    if chosen["kind"] == SharedReport.Kind.INCIDENT:
        require(request, Permission.INCIDENTS)
        incident = get_object_or_404(Incident, pk=chosen["incident"])
        return sharing.freeze_incident(incident=incident, terms=terms)
    found = Message.objects.select_related("log_host")
    message = get_object_or_404(found, log_host=chosen["log_host"], message_id=chosen["message_id"])
    return sharing.freeze_message(message=message, terms=terms)


@needs(Permission.SHARE)
@require_GET
def shares(request: HttpRequest) -> HttpResponse:
    """All links, newest first."""
    before = request.GET.get("before", "")
    page = queries.listed(before=int(before) if before.isdecimal() and len(before) < 19 else None)
    log_hosts = queries.log_hosts_of(page.rows)
    rows = [
        {
            "report": report,
            "log_hosts": log_hosts[report.pk],
            "state": _state(report),
            "may_revoke": _may_revoke(request, report),
        }
        for report in page.rows
    ]
    context = {
        "rows": rows,
        "older": page.older,
        "zone": UTC,
        "stop": queries.stopped(),
        "may_stop": _may_stop(request),
    }
    return render(request, "shares/shares.html", context)


@needs(Permission.SHARE)
@require_GET
def opened(request: HttpRequest, report_id: int) -> HttpResponse:
    """One link: its terms, and who opened it when."""
    report = get_object_or_404(SharedReport.objects.select_related("made_by", "revoked_by"), pk=report_id)
    openings, total = queries.openings(report)
    context = {
        "report": report,
        "log_hosts": queries.log_hosts_of((report,))[report.pk],
        "state": _state(report),
        "openings": openings,
        "total": total,
        "may_revoke": _may_revoke(request, report),
        "zone": UTC,
        "files": _FILES,
    }
    return render(request, "shares/opened.html", context)


@needs(Permission.SHARE)
@require_GET
@csp_override(frozen.POLICY)
def frozen_copy(request: HttpRequest, report_id: int) -> HttpResponse:
    """What the link shows, for those who are signed in; it is not counted."""
    report = get_object_or_404(SharedReport.objects.exclude(snapshot={}), pk=report_id)
    page = frozen.file(report, request.GET.get("format", "")) or HttpResponse(frozen.html(report))
    page.headers["Cache-Control"] = "no-store"
    return page


def _state(report: SharedReport) -> str:
    """``open``, ``used up``, ``ended`` or ``withdrawn``."""
    if report.revoked_at:
        return "withdrawn"
    if not report.is_open(now()):
        return "ended"
    return "open" if report.has_views_left else "used up"


@needs(Permission.SHARE)
@require_POST
def revoke(request: HttpRequest, report_id: int) -> HttpResponse:
    report = get_object_or_404(SharedReport.objects.defer("snapshot"), pk=report_id)
    if not _may_revoke(request, report):
        raise Refused(Permission.USERS)
    sharing.revoke(report=report, revoked_by=person(request), now=now())
    messages.success(request, say("Withdrawn: {title}. Its link shows nothing any more.", title=report.title))
    return redirect("shares")


@needs(Permission.USERS)
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Close all links of the organisation, or open those again that have not ended."""
    if not _may_stop(request):
        raise Refused(Permission.USERS)
    if request.POST.get("to") == "on":
        sharing.lift(lifted_by=person(request), now=now())
        messages.success(request, say("Sharing is on. Links that have not ended are open again."))
    else:
        sharing.stop(stopped_by=person(request), now=now())
        messages.success(request, say("Sharing is off. No link opens, and none can be made."))
    return redirect("shares")


def _may_stop(request: HttpRequest) -> bool:
    """Administrators who see all log hosts: the links are about any of them."""
    return may(request.user, Permission.USERS) and granted.here().is_all


def _may_revoke(request: HttpRequest, report: SharedReport) -> bool:
    """Whoever made it, and administrators."""
    return report.made_by_id == person(request).pk or may(request.user, Permission.USERS)
