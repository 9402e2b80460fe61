"""The report of an incident: read, edited, and on its way to be frozen."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods

from ingest.languages import say
from mailwatch import markdown
from mailwatch.access import Permission, needs
from mailwatch.incident_forms import ReportForm
from mailwatch.models import Incident
from mailwatch.operations.incident_reports import EditedMeanwhile, keep_report
from mailwatch.queries import incidents as queries
from mailwatch.queries.incident_story import Section, sections
from mailwatch.views.incidents import incident_or_404
from mailwatch.views.people import person


@needs(Permission.INCIDENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def incident_report(request: HttpRequest, incident_id: int) -> HttpResponse:
    """What it says now, and below it the text of each section."""
    incident = incident_or_404(incident_id)
    told = _sections(incident)
    if request.method != "POST":
        return _page(request, incident, told, ReportForm(told, incident.report_version))
    form = ReportForm(told, incident.report_version, request.POST)
    if not form.is_valid():
        return _page(request, incident, told, form, status=HTTPStatus.BAD_REQUEST)
    try:
        keep_report(incident.pk, form.own, version=form.version, by=person(request), now=now())
    except EditedMeanwhile as error:
        return _both(request, error.incident, form)
    messages.success(request, say("Kept."))
    return redirect("incident_report", incident.pk)


def _sections(incident: Incident) -> list[Section]:
    return sections(queries.page(incident, evidence_shown=None))


def _both(request: HttpRequest, incident: Incident, form: ReportForm) -> HttpResponse:
    """Somebody was faster. Nothing is kept and nothing lost: the form has what was sent, the page what is kept."""
    incident = incident_or_404(incident.pk)
    told = _sections(incident)
    texts = {section.key: form.cleaned_data[section.key] for section in told}
    again = ReportForm(told, incident.report_version, initial=texts)
    return _page(request, incident, told, again, is_late=True, status=HTTPStatus.CONFLICT)


def _page(
    request: HttpRequest,
    incident: Incident,
    told: list[Section],
    form: ReportForm,
    *,
    is_late: bool = False,
    status: int = 200,
) -> HttpResponse:
    page = queries.page(incident)
    context = {
        "incident": incident,
        "page": page,
        "zone": page.zone,
        "form": form,
        "sections": [
            {"section": section, "html": markdown.html(section.text), "field": form[section.key]}
            for section in told
        ],
        "is_late": is_late,
    }
    return render(request, "incidents/report.html", context, status=status)
