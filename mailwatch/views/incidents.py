"""Incidents: the list, one of them, and what is added to it and done about it."""

from datetime import UTC
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ingest.languages import say, say_of
from mailwatch.access import Permission, needs
from mailwatch.incident_forms import ChangeForm, EvidenceForm, IncidentsForm, NewIncidentForm, NoteForm
from mailwatch.models import Incident, IncidentEvidence, IncidentNote, IncidentStep
from mailwatch.models.granting import ids_of
from mailwatch.operations import incidents as operations
from mailwatch.operations.incident_verdicts import keep_verdicts
from mailwatch.queries import incidents as queries
from mailwatch.stored_words import word
from mailwatch.views.incident_sources import Source, source
from mailwatch.views.people import person
from mailwatch.views.search_links import Link, with_changes

_LAST = "incident"  # in the session: the one that something was added to last


@needs(Permission.INCIDENTS)
@require_safe
def incidents(request: HttpRequest) -> HttpResponse:
    """The list, and the form that opens one without evidence."""
    form = IncidentsForm(request.GET)
    is_asked = form.is_valid()
    page = queries.listed(form.wanted, cursor=form.cleaned_data["after"]) if is_asked else None
    context = {
        "form": form,
        "page": page,
        "chips": _chips(request, form) if is_asked else [],
        "older": with_changes(request.GET, after=page.older) if page and page.older else "",
        "new": NewIncidentForm(),
        "zone": UTC,
    }
    return render(request, "incidents/incidents.html", context, status=200 if is_asked else 400)


def _chips(request: HttpRequest, form: IncidentsForm) -> list[Link]:
    """The filters that are set; each leads to the list without it."""
    wanted = form.wanted
    choices: dict[str, Any] = dict(form.fields["status"].choices)  # type: ignore[attr-defined]
    words = {
        "status": wanted.status and say("status: {status}", status=str(choices[wanted.status])),
        "severity": wanted.severity and say("severity: {severity}", severity=word(wanted.severity)),
        "owner": wanted.owner
        and say("owner: {name}", name=say("nobody") if wanted.owner == "-" else wanted.owner),
        "log_host": wanted.log_host and say("log host: {name}", name=wanted.log_host.name),
        "text": wanted.text and say("words: {text}", text=wanted.text),
    }
    return [
        Link(str(text), with_changes(request.GET, **{name: "", "after": ""}))
        for name, text in words.items()
        if text
    ]


@needs(Permission.INCIDENTS)
@require_POST
def open_incident(request: HttpRequest) -> HttpResponse:
    """Open one without evidence; with bad input the form as a page of its own."""
    form = NewIncidentForm(request.POST)
    if not form.is_valid():
        context = {"form": IncidentsForm({}), "new": form}
        return render(request, "incidents/incidents.html", context, status=HTTPStatus.BAD_REQUEST)
    log_host = form.cleaned_data["log_host"]
    incident = operations.open_incident(
        title=form.cleaned_data["title"],
        severity=form.cleaned_data["severity"],
        log_host_ids=ids_of(log_host.pk if log_host else None),
        opened_by=person(request),
        now=now(),
    )
    keep_verdicts(incident, IncidentStep.What.OPENED, now=now())
    return _to(request, incident.pk)


def _to(request: HttpRequest, incident_id: int, place: str = "") -> HttpResponse:
    request.session[_LAST] = incident_id
    return redirect(reverse("incident", args=[incident_id]) + place)


@needs(Permission.INCIDENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_evidence(request: HttpRequest) -> HttpResponse:
    """What a page shows into an incident: GET asks into which, POST does it."""
    form = EvidenceForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        context = {"form": form}
        return render(request, "incidents/add.html", context, status=HTTPStatus.BAD_REQUEST)
    found = source(form)
    if request.method != "POST":
        return _ask(request, form, found, NewIncidentForm(initial=_suggested(found)))
    if request.POST.get("incident"):
        return _add(request, found, incident_or_404(request.POST["incident"]))
    new = NewIncidentForm(request.POST)
    del new.fields["log_host"]  # its evidence says of which it is
    if not new.is_valid():
        return _ask(request, form, found, new, status=HTTPStatus.BAD_REQUEST)
    incident = operations.open_incident(
        title=new.cleaned_data["title"],
        severity=new.cleaned_data["severity"],
        log_host_ids=[log_host.pk for log_host in found.log_hosts],
        opened_by=person(request),
        now=now(),
    )
    return _add(request, found, incident, is_new=True)


def _suggested(found: Source) -> dict[str, str]:
    return {"title": found.title[:200], "severity": found.severity}


def _ask(
    request: HttpRequest, form: EvidenceForm, found: Source, new: NewIncidentForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "source": found,
        "new": new,
        "incidents": queries.choices(),
        "last": request.session.get(_LAST),
    }
    return render(request, "incidents/add.html", context, status=status)


def _add(request: HttpRequest, found: Source, incident: Incident, *, is_new: bool = False) -> HttpResponse:
    added = operations.add_evidence(incident.pk, found.copies(), by=person(request), now=now())
    if is_new:
        keep_verdicts(queries.find(incident.pk) or incident, IncidentStep.What.OPENED, now=now())
        messages.success(request, say("Incident {number} is open.", number=incident.pk))
    elif added:
        messages.success(
            request,
            say_of(len(added), "{number} piece of evidence added.", "{number} pieces of evidence added."),
        )
    else:
        messages.info(request, say("All of it was there already."))
    return _to(request, incident.pk, "#evidence")


def incident_or_404(named: object) -> Incident:
    """One that may be seen here. Raises Http404."""
    text = str(named)
    found = queries.find(int(text)) if text.isascii() and text.isdecimal() and len(text) < 19 else None
    if found is None:
        raise Http404
    return found


@needs(Permission.INCIDENTS)
@require_safe
def incident(request: HttpRequest, incident_id: int) -> HttpResponse:
    return _page(request, incident_or_404(incident_id))


def _page(
    request: HttpRequest,
    incident: Incident,
    *,
    change: ChangeForm | None = None,
    note: NoteForm | None = None,
    status: int = 200,
) -> HttpResponse:
    page = queries.page(incident, evidence_shown=None) if "all" in request.GET else queries.page(incident)
    context = {
        "incident": incident,
        "page": page,
        "zone": page.zone,
        "change": change or ChangeForm(incident, initial=_standing(incident)),
        "note": note or NoteForm(),
        "removed_just_now": request.GET.get("removed", ""),
    }
    return render(request, "incidents/incident.html", context, status=status)


def _standing(incident: Incident) -> dict[str, str]:
    return {
        "title": incident.title,
        "status": incident.status,
        "severity": incident.severity,
        "owner": incident.owner.get_username() if incident.owner else "",
    }


@needs(Permission.INCIDENTS)
@require_POST
def change_incident(request: HttpRequest, incident_id: int) -> HttpResponse:
    """Title, status, severity, owner: those that the form names."""
    found = incident_or_404(incident_id)
    form = ChangeForm(found, {**_standing(found), **request.POST.dict()})
    if not form.is_valid():
        return _page(request, found, change=form, status=HTTPStatus.BAD_REQUEST)
    try:
        steps = operations.change(found.pk, to=form.cleaned_data, by=person(request), now=now())
    except operations.NotForThem:
        form.add_error("owner", say("This user may not see the incident."))
        return _page(request, found, change=form, status=HTTPStatus.BAD_REQUEST)
    if steps:
        messages.success(request, say("Changed."))
    return _to(request, found.pk)


@needs(Permission.INCIDENTS)
@require_POST
def write_note(request: HttpRequest, incident_id: int) -> HttpResponse:
    found = incident_or_404(incident_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, found, note=form, status=HTTPStatus.BAD_REQUEST)
    operations.write_note(found.pk, form.cleaned_data["text"], by=person(request), now=now())
    return _to(request, found.pk, "#notes")


@needs(Permission.INCIDENTS)
@require_POST
def remove_note(request: HttpRequest, incident_id: int, note_id: int) -> HttpResponse:
    """Take a note away; with ``put_back``, have it back."""
    found = incident_or_404(incident_id)
    try:
        operations.remove_note(
            found.pk, note_id, by=person(request), now=now(), put_back="put_back" in request.POST
        )
    except IncidentNote.DoesNotExist:
        raise Http404 from None
    return _to(request, found.pk, "#notes")


@needs(Permission.INCIDENTS)
@require_POST
def remove_evidence(request: HttpRequest, incident_id: int, evidence_id: int) -> HttpResponse:
    """Take a piece away; with ``put_back``, have it back."""
    found, is_undo = incident_or_404(incident_id), "put_back" in request.POST
    move = operations.put_back_evidence if is_undo else operations.remove_evidence
    try:
        move(found.pk, evidence_id, by=person(request), now=now())
    except IncidentEvidence.DoesNotExist:
        raise Http404 from None
    return _to(request, found.pk, "#evidence" if is_undo else f"?removed={evidence_id}#evidence")
