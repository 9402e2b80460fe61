"""A frozen report as a page, and as files: one HTML file that needs nothing else, JSON, and its lines as CSV."""

import re
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.csp import CSP
from django.utils.safestring import SafeString, mark_safe

from ingest import languages
from mailwatch import charts, tables
from mailwatch.models import SharedReport
from mailwatch.printable import plain_json
from mailwatch.queries import shared as queries

POLICY: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "font-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
}

_EVIDENCE = ("log_host", "rule", "message_id", "line")


def html(report: SharedReport, *, pass_: str = "", is_file: bool = False) -> str:
    """The report as its reader sees it, in the language in which it was made.

    ``pass_``: what its buttons for files come back with.
    """
    context = {"pass": pass_, "is_file": is_file, "styles": _styles() if is_file else ""}
    language = report.snapshot.get("language", languages.ENGLISH)  # those of before had English
    with languages.reading(language), translation.override(languages.language()):
        return render_to_string(f"shared/{report.kind}.html", _context(report) | context)


def file(report: SharedReport, kind: str) -> HttpResponse | None:
    """A download: ``html``, ``json`` or ``csv``; None for any other word."""
    match kind:
        case "html":
            return _download(report, html(report, is_file=True), kind, "text/html; charset=utf-8")
        case "json":
            text = plain_json(_document(report), indent=2)
            return _download(report, text, kind, "application/json")
        case "csv":
            text = "".join(tables.csv_rows(_EVIDENCE, queries.evidence_rows(report)))
            return _download(report, text, kind, "text/csv; charset=utf-8")
    return None


def _download(report: SharedReport, text: str, kind: str, content_type: str) -> HttpResponse:
    response = HttpResponse(text, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="mailwatch-{report.pk}.{kind}"'
    return response


def _document(report: SharedReport) -> dict[str, object]:
    """What the hash is of, and three names beside it."""
    return queries.content(report) | {
        "made_by": _made_by(report) or None,
        "open_until": report.expires_at.isoformat(),
        "content_hash": report.content_hash,
    }


def _made_by(report: SharedReport) -> str:
    """Who froze it. A user name that is an address would tell the domain of the house."""
    name = report.made_by.get_username() if report.made_by else ""
    return name.partition("@")[0] if report.redaction == SharedReport.Redaction.PSEUDONYMS else name


def _context(report: SharedReport) -> dict[str, object]:
    snapshot = queries.with_times(report.snapshot)
    host = snapshot["hosts"][0] if report.kind == SharedReport.Kind.REPORT else snapshot
    zone = ZoneInfo(host["timezone"])
    hours = [queries.AttackHour(hour=hour.pop("hour_at"), **hour) for hour in snapshot.get("hours", ())]
    return {
        "report": report,
        "made_by": _made_by(report),
        "snapshot": snapshot,
        "host": host,
        "zone": zone,
        "chart": charts.over_time(hours, zone=zone, outcomes=("delivered", "deferred", "bounced")),
    }


@cache
def _styles() -> SafeString:
    """The style sheet within a file that lies on somebody's disk: without the fonts, which are files of their own.

    Not in the template, since no page has styles of its own: the policy forbids them.
    """
    text = Path(str(finders.find("css/mailwatch.css"))).read_text()
    rules = re.sub(r"@font-face \{[^}]*\}\n?", "", text)
    return mark_safe(f"<style>{rules}</style>")  # our own file
