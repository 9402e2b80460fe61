"""Reports that are frozen and handed on: make one, list them, withdraw one, and read one without login."""

import json
from collections.abc import Callable
from datetime import UTC
from functools import wraps
from http import HTTPStatus
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from ingest import languages
from ingest.languages import say
from ingest.models import Message
from ingest.rules import words
from mailwatch import charts, forms
from mailwatch.access import Permission, Refused, may, needs, open_to_strangers
from mailwatch.models import SharedReport
from mailwatch.operations import sharing
from mailwatch.queries import shared as queries


@needs(Permission.SHARE)
@require_http_methods(["GET", "POST"])
def share(request: HttpRequest) -> HttpResponse:
    """Freeze what a page shows. With GET, or with bad input, the form as a page of its own."""
    form = forms.ShareForm(request.POST if request.method == "POST" else None, initial=_asked(request))
    if not form.is_valid():
        status = HTTPStatus.BAD_REQUEST if form.is_bound else HTTPStatus.OK
        return render(request, "shares/new.html", {"form": form, "range_label": _label(form)}, status=status)
    report = _freeze(request, form)
    messages.success(
        request,
        say("Frozen. The link is open until {end} UTC.", end=words.day_and_minute(report.expires_at, UTC)),
    )
    return redirect("shares")


def _label(form: forms.ShareForm) -> str:
    """The range that was chosen from the list, in words."""
    words = {str(value): label for value, label in form.fields["range"].choices}  # type: ignore[attr-defined]
    return str(words.get(form["range"].value() or "", "")).lower()


def _asked(request: HttpRequest) -> dict[str, str]:
    """What the link on a page names; a message id means that message."""
    kind = SharedReport.Kind.MESSAGE if request.GET.get("message_id") else SharedReport.Kind.REPORT
    return {"redaction": SharedReport.Redaction.MASKED, **request.GET.dict(), "kind": kind}


def _freeze(request: HttpRequest, form: forms.ShareForm) -> SharedReport:
    chosen = form.cleaned_data
    terms = {
        "redaction": chosen["redaction"],
        "days": chosen["days"],
        "made_by": _person(request),
        "now": now(),
    }
    if chosen["kind"] == SharedReport.Kind.REPORT:
        return sharing.freeze_report(log_host=chosen["log_host"], asked=form.chosen_range, **terms)
    found = Message.objects.select_related("log_host")
    message = get_object_or_404(found, log_host=chosen["log_host"], message_id=chosen["message_id"])
    return sharing.freeze_message(message=message, **terms)


@needs(Permission.SHARE)
@require_GET
def shares(request: HttpRequest) -> HttpResponse:
    """All links, newest first."""
    before = request.GET.get("before", "")
    page = queries.listed(before=int(before) if before.isdecimal() and len(before) < 19 else None)
    rows = [
        {
            "report": report,
            "url": request.build_absolute_uri(reverse("shared", args=[report.token])),
            "is_open": report.is_open(now()),
            "may_revoke": _may_revoke(request, report),
        }
        for report in page.rows
    ]
    return render(request, "shares/shares.html", {"rows": rows, "older": page.older, "zone": UTC})


@needs(Permission.SHARE)
@require_POST
def revoke(request: HttpRequest, report_id: int) -> HttpResponse:
    report = get_object_or_404(SharedReport.objects.defer("snapshot"), pk=report_id)
    if not _may_revoke(request, report):
        raise Refused(Permission.USERS)
    sharing.revoke(report=report, revoked_by=_person(request), now=now())
    messages.success(request, say("Withdrawn: {title}. Its link shows nothing any more.", title=report.title))
    return redirect("shares")


def _may_revoke(request: HttpRequest, report: SharedReport) -> bool:
    """Whoever made it, and administrators."""
    return report.made_by_id == _person(request).pk or may(request.user, Permission.USERS)


def _person(request: HttpRequest) -> User:
    """Who is signed in; pages without the login_not_required mark have somebody."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def _private(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Keep a page out of search engines, caches and referrers."""

    @wraps(view)
    def wrapped(request: HttpRequest, token: str) -> HttpResponse:
        response = view(request, token)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    return wrapped


@open_to_strangers
@require_safe
@login_not_required
@_private
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """A frozen report for whoever has the link.

    Neither session nor user is looked at: no cookie is set, the page is the same for everyone. A link that
    ended, was withdrawn or never was gives one answer: nobody learns whether there was a report.
    """
    report = queries.open_report(token, now=now())
    if report is None:
        return HttpResponse(render_to_string("shared/closed.html"), status=HTTPStatus.NOT_FOUND)
    if request.GET.get("format") == "json":
        return _download(report)
    if request.method == "GET":
        sharing.count_view(report=report, now=now())
    return HttpResponse(_page(report))


def _page(report: SharedReport) -> str:
    """In the language in which it was made, as everything in it is; those of before had English."""
    language = report.snapshot.get("language", languages.ENGLISH)
    with languages.reading(language), translation.override(languages.language()):
        return render_to_string(f"shared/{report.kind}.html", _context(report))


def _context(report: SharedReport) -> dict[str, object]:
    snapshot = queries.with_times(report.snapshot)
    host = snapshot["hosts"][0] if report.kind == SharedReport.Kind.REPORT else snapshot
    zone = ZoneInfo(host["timezone"])
    hours = [queries.AttackHour(hour=hour.pop("hour_at"), **hour) for hour in snapshot.get("hours", ())]
    return {
        "report": report,
        "snapshot": snapshot,
        "host": host,
        "zone": zone,
        "chart": charts.over_time(hours, zone=zone, outcomes=("delivered", "deferred", "bounced")),
    }


def _download(report: SharedReport) -> HttpResponse:
    whole = _seal(report) | report.snapshot
    response = HttpResponse(json.dumps(whole, indent=2, ensure_ascii=False), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="mailwatch-{report.pk}.json"'
    return response


def _seal(report: SharedReport) -> dict[str, object]:
    return {
        "title": report.title,
        "log_hosts": report.log_hosts.split(", "),
        "frozen_at": report.frozen_at.isoformat(),
        "made_by": report.made_by.get_username() if report.made_by else None,
        "open_until": report.expires_at.isoformat(),
        "redaction": report.redaction,
        "rules_version": report.rules_version,
    }
