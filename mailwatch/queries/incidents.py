"""The list of incidents, and all that the page of one shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Prefetch, Q, QuerySet

from ingest import granted
from ingest.models import LogHost
from mailwatch.access import Permission, given_log_hosts, may, with_access
from mailwatch.models import (
    Incident,
    IncidentEvidence,
    IncidentNote,
    IncidentVerdict,
    ReportOpening,
    SharedReport,
)
from mailwatch.queries import keyset
from mailwatch.queries.incident_history import Told, history

LISTED = 50
CHOICES = 50  # incidents offered where something is added
EVIDENCE_SHOWN = 200
OPENINGS_SHOWN = 20  # of each link
_SHAPES = ((datetime, int),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which incidents are listed. Empty: all."""

    status: str = ""  # a status, or "unsettled": open and watching
    severity: str = ""
    owner: str = ""  # a user name; "nobody" is written as "-"
    log_host: LogHost | None = None
    text: str = ""  # in the title, the notes, the evidence

    @property
    def is_everything(self) -> bool:
        return self == Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One incident of the list."""

    incident: Incident
    log_hosts: str
    evidence: int


def listed(wanted: Wanted, *, cursor: str = "") -> keyset.Page[Row]:
    """Those that may be seen here, the one changed last first."""
    found = _matching(wanted).select_related("owner")
    found = found.annotate(pieces=Count("evidence", filter=Q(evidence__removed_at=None), distinct=True))
    decoded = keyset.decode(cursor, shapes=_SHAPES) if cursor else None
    after = decoded[0] if decoded else None
    page = list(keyset.newest_first(found, fields=("changed_at", "pk"), after=after)[: LISTED + 1])
    shown = page[:LISTED]
    last = shown[-1] if len(page) > LISTED else None
    names = _names({pk for incident in shown for pk in incident.log_host_ids or ()})
    return keyset.Page(
        rows=tuple(Row(incident=one, log_hosts=_named(one, names), evidence=one.pieces) for one in shown),
        older=keyset.encode((last.changed_at, last.pk)) if last else "",
    )


def _matching(wanted: Wanted) -> QuerySet[Incident]:
    found = Incident.objects.all()
    if wanted.status == "unsettled":
        found = found.filter(status__in=(Incident.Status.OPEN, Incident.Status.WATCHING))
    elif wanted.status:
        found = found.filter(status=wanted.status)
    if wanted.severity:
        found = found.filter(severity=wanted.severity)
    if wanted.owner:
        is_nobody = wanted.owner == "-"
        found = found.filter(owner=None) if is_nobody else found.filter(owner__username=wanted.owner)
    if wanted.log_host:
        found = found.filter(Q(log_host_ids__contains=[wanted.log_host.pk]) | Q(log_host_ids=None))
    if wanted.text:
        found = found.filter(_holds(wanted.text))
    return found


def _holds(text: str) -> Q:
    """Looked for in the rows of few tables: there are hundreds of incidents, not millions."""
    evidence = IncidentEvidence.objects.filter(removed_at=None).filter(
        Q(title__icontains=text) | Q(words__icontains=text) | Q(subject__icontains=text)
    )
    notes = IncidentNote.objects.filter(removed_at=None, text__icontains=text)
    ids = (rows.order_by().values("incident_id") for rows in (evidence, notes))
    return Q(title__icontains=text) | Q(pk__in=next(ids)) | Q(pk__in=next(ids))


def _names(ids: set[int]) -> dict[int, str]:
    return dict(LogHost.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def _named(incident: Incident, names: dict[int, str]) -> str:
    """ "" for all log hosts."""
    return ", ".join(sorted(names[pk] for pk in incident.log_host_ids or () if pk in names))


def choices() -> list[Incident]:
    """Incidents that something may be added to: those that are not closed, the one changed last first."""
    found = Incident.objects.exclude(status=Incident.Status.CLOSED)
    return list(found.order_by("-changed_at", "-pk")[:CHOICES])


def find(incident_id: int) -> Incident | None:
    """The incident, if it may be seen here."""
    people = ("owner", "opened_by", "report_changed_by")
    return Incident.objects.filter(pk=incident_id).select_related(*people).first()


def owning() -> list[str]:
    """The user names of those who own an incident that is seen here; of others nothing is told."""
    names = Incident.objects.exclude(owner=None).order_by("owner__username")
    return list(names.values_list("owner__username", flat=True).distinct())


def owners(incident: Incident) -> list[User]:
    """Who may work on an incident: those who see all of its log hosts."""
    people = with_access(User.objects.filter(is_active=True).order_by("username"))
    ids = incident.log_host_ids
    return [
        one
        for one in people
        if may(one, Permission.INCIDENTS)
        and (
            (theirs := given_log_hosts(one)).is_all
            or (ids is not None and all(theirs.holds(pk) for pk in ids))
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link to a frozen copy of its report, and who opened it."""

    report: SharedReport
    openings: Sequence[ReportOpening]  # the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that the page of an incident shows."""

    incident: Incident
    log_hosts: Sequence[LogHost]
    of_all: bool
    evidence: Sequence[IncidentEvidence]  # the worst first, EVIDENCE_SHOWN at most
    total_evidence: int
    removed: Sequence[IncidentEvidence]
    notes: Sequence[IncidentNote]
    removed_notes: Sequence[IncidentNote]
    history: Sequence[Told]
    verdicts: Sequence[IncidentVerdict]  # the newest first
    links: Sequence[Link]

    @property
    def zone(self) -> tzinfo:
        """Of its log host, where it is one; else UTC."""
        return self.log_hosts[0].zone if len(self.log_hosts) == 1 else UTC

    @property
    def timezone(self) -> str:
        return self.log_hosts[0].timezone if len(self.log_hosts) == 1 else "UTC"

    @property
    def newest_verdicts(self) -> list[IncidentVerdict]:
        """The newest of each log host."""
        newest = {verdict.log_host_id: verdict for verdict in reversed(self.verdicts)}
        return sorted(newest.values(), key=lambda verdict: verdict.log_host.name)


def page(incident: Incident, *, evidence_shown: int | None = EVIDENCE_SHOWN) -> Page:
    """Read it; ``evidence_shown`` None: all of it. Evidence that was removed is listed apart."""
    rows = incident.evidence.select_related("log_host", "added_by", "removed_by")
    standing = sorted(rows.filter(removed_at=None), key=_order)
    notes = list(incident.notes.select_related("written_by", "removed_by"))
    ids = {row.log_host_id for row in standing}.union(incident.log_host_ids or ())
    return Page(
        incident=incident,
        log_hosts=list(LogHost.objects.filter(pk__in=ids).order_by("name")),
        of_all=incident.log_host_ids is None and granted.here().is_all,
        evidence=standing[:evidence_shown],
        total_evidence=len(standing),
        removed=list(rows.exclude(removed_at=None).order_by("-removed_at")[:EVIDENCE_SHOWN]),
        notes=[note for note in notes if note.removed_at is None],
        removed_notes=[note for note in notes if note.removed_at is not None],
        history=history(incident),
        verdicts=list(incident.verdicts.select_related("log_host").order_by("-pk")),
        links=_links(incident),
    )


_KINDS = (
    IncidentEvidence.Kind.NUMBERS,
    IncidentEvidence.Kind.FINDING,
    IncidentEvidence.Kind.CONFIGURATION,
    IncidentEvidence.Kind.MESSAGE,
    IncidentEvidence.Kind.LINE,
    IncidentEvidence.Kind.SEARCH,
    IncidentEvidence.Kind.SUSPECT,
)
_RANKS = {name: rank for rank, name in enumerate(Incident.Severity.values)}


def _order(row: IncidentEvidence) -> tuple[Any, ...]:
    return _KINDS.index(IncidentEvidence.Kind(row.kind)), _RANKS.get(row.severity, len(_RANKS)), row.pk


def _links(incident: Incident) -> list[Link]:
    openings = Prefetch("openings", ReportOpening.objects.order_by("-opened_at", "-pk"), to_attr="newest")
    rows = incident.shared_reports.defer("snapshot").select_related("made_by").prefetch_related(openings)
    return [
        Link(report=report, openings=report.newest[:OPENINGS_SHOWN])  # type: ignore[attr-defined]
        for report in rows.order_by("-pk")
    ]
