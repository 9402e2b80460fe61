"""What is found on the suspects of an incident comes to it by itself, and opens it again where it was settled.

Nothing is remembered of the last time: what there is now is compared with what the incidents have. However often
this runs, in whatever order logs come, and by how many workers, the result is the same. Only what is worse than noted
counts: refused attempts neither join nor reopen.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Sum

from ingest import reports
from ingest.models import LogHost, Suspect
from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.relays import SubjectReport
from mailwatch.models import Incident, IncidentEvidence, IncidentStep
from mailwatch.operations.incident_evidence import SUSPECTS_WITH_LINES, of_finding, of_suspect
from mailwatch.operations.incident_verdicts import keep_verdicts
from mailwatch.operations.incidents import key_of, locked, note_step, summed_up
from mailwatch.queries.incident_ties import ties

LINES_KEPT = 40  # of a finding that goes on
_Kind = IncidentEvidence.Kind
_GROWS = (
    "title", "words", "told", "severity", "first_at", "last_at", "total_lines", "details", "rules_version",
    "lines", "ties", "rule",
)  # fmt: skip

_compared: dict[int, tuple[Any, ...]] = {}  # log hosts of which nothing has changed since this process looked


def attach_findings(*, now: datetime, reopened: Callable[[int], None]) -> int:
    """Attach what was found; returns how many findings are new.

    ``reopened`` is told each incident that opens again, within the transaction that opens it.
    """
    return sum(_attach_of(log_host, now, reopened) for log_host in _log_hosts())


def _log_hosts() -> list[LogHost]:
    ids = IncidentEvidence.objects.filter(kind=_Kind.SUSPECT, removed_at=None).order_by()
    return list(LogHost.objects.filter(pk__in=ids.values("log_host_id")).order_by("pk"))


def _attach_of(log_host: LogHost, now: datetime, reopened: Callable[[int], None]) -> int:
    state = _state(log_host)
    if _compared.get(log_host.pk) == state:
        return 0
    number = 0
    for incident_id, matched in sorted(_matches(log_host).items()):
        number += _attach(incident_id, log_host, matched, now, reopened)
    _compared[log_host.pk] = state if not number else ()
    return number


def _state(log_host: LogHost) -> tuple[Any, ...]:
    """Changes whenever somebody was judged, or an incident's suspects or its status are others."""
    suspects = Suspect.objects.filter(log_host=log_host).aggregate(Count("pk"), Max("pk"), Sum("pk"))
    rows = IncidentEvidence.objects.filter(log_host=log_host, kind__in=(_Kind.SUSPECT, _Kind.FINDING))
    return (*suspects.values(), *rows.order_by("pk").values_list("pk", "removed_at", "incident__status"))


def _matches(log_host: LogHost) -> dict[int, list[SubjectReport]]:
    """The suspects that belong to each incident, also over others that do."""
    known: dict[int, set[str]] = defaultdict(set)
    rows = IncidentEvidence.objects.filter(log_host=log_host, kind=_Kind.SUSPECT, removed_at=None)
    for incident_id, tied in rows.values_list("incident_id", "ties"):
        known[incident_id].update(tied)
    suspects = [(frozenset(ties(log_host, report)), report) for report in _reports(log_host)]
    return {incident_id: _tied(tied, suspects) for incident_id, tied in known.items()}


def _reports(log_host: LogHost) -> Iterator[SubjectReport]:
    rows = Suspect.objects.filter(log_host=log_host).exclude(severity=Severity.INFO)
    for row in rows.prefetch_related(reports.with_entries()).order_by("kind", "value"):
        yield reports.of_row(row)


def _tied(known: set[str], suspects: Sequence[tuple[frozenset[str], SubjectReport]]) -> list[SubjectReport]:
    """Those with a known tie; their ties are known then, too."""
    left = list(suspects)
    found: list[SubjectReport] = []
    while True:
        joined = [pair for pair in left if pair[0] & known]
        if not joined:
            return sorted(found, key=lambda report: report.harm)
        left = [pair for pair in left if not pair[0] & known]
        known = known.union(*(tied for tied, _ in joined))
        found += [report for _, report in joined]


@dataclass(slots=True)
class _Change:
    """What becomes of the evidence of one incident."""

    new: list[IncidentEvidence] = field(default_factory=list)
    grown: list[IncidentEvidence] = field(default_factory=list)

    @property
    def findings(self) -> list[IncidentEvidence]:
        return [row for row in self.new if row.kind == _Kind.FINDING]

    def reopening(self, incident: Incident) -> list[IncidentEvidence]:
        """What was found on a time after the incident was settled."""
        if not incident.is_settled or incident.settled_at is None:
            return []
        found = (row for row in (*self.new, *self.grown) if row.kind == _Kind.FINDING)
        return [row for row in found if row.last_at and row.last_at > incident.settled_at]


def _attach(
    incident_id: int,
    log_host: LogHost,
    matched: Sequence[SubjectReport],
    now: datetime,
    reopened: Callable[[int], None],
) -> int:
    with transaction.atomic():
        incident = locked(incident_id)
        there = {key_of(row): row for row in incident.evidence.filter(log_host=log_host)}
        change = _Change()
        for place, report in enumerate(matched):
            _compare(log_host, report, there, change, has_lines=place < SUSPECTS_WITH_LINES)
        if not change.new and not change.grown:
            return 0
        for row in change.new:
            row.incident, row.added_at = incident, now
        IncidentEvidence.objects.bulk_create(change.new, batch_size=500)
        IncidentEvidence.objects.bulk_update(change.grown, _GROWS, batch_size=200)
        _tell(incident, change, now, reopened)
    return len(change.findings)


def _compare(
    log_host: LogHost,
    report: SubjectReport,
    there: dict[tuple[int, str, str], IncidentEvidence],
    change: _Change,
    *,
    has_lines: bool,
) -> None:
    """A suspect that somebody has removed stays away, with all that is found on it; so does a removed finding."""
    suspect, *_ = of_suspect(log_host, report, has_lines=False)
    before = there.get(key_of(suspect))
    if before is not None and before.removed_at is not None:
        return
    _take(suspect, before, change)
    for finding in report.findings:
        if finding.severity is not Severity.INFO:
            _take_finding(log_host, report, finding, there, change, has_lines=has_lines)


def _take_finding(
    log_host: LogHost,
    report: SubjectReport,
    finding: SubjectFinding,
    there: dict[tuple[int, str, str], IncidentEvidence],
    change: _Change,
    *,
    has_lines: bool,
) -> None:
    row = of_finding(log_host, report, finding, has_lines=False)
    before = there.get(key_of(row))
    if before is not None and (before.removed_at is not None or before.last_at == row.last_at):
        return
    if has_lines:  # they are read only now
        row = of_finding(log_host, report, finding)
    _take(row, before, change)


def _take(row: IncidentEvidence, before: IncidentEvidence | None, change: _Change) -> None:
    """What goes on is one piece of evidence, with the lines that it had and those that came."""
    if before is None:
        change.new.append(row)
        return
    if before.last_at == row.last_at or (before.last_at and row.last_at and before.last_at > row.last_at):
        return
    lines = [bytes(line) for line in before.lines]
    row.lines = [*lines, *(line for line in row.lines if line not in lines)][:LINES_KEPT]
    for name in _GROWS:
        setattr(before, name, getattr(row, name))
    change.grown.append(before)


def _tell(incident: Incident, change: _Change, now: datetime, reopened: Callable[[int], None]) -> None:
    """The history, the verdict, and whoever wants to know that it opens again."""
    what = None
    if change.findings:
        what = IncidentStep.What.ATTACHED
        note_step(incident, what, by=None, now=now, **summed_up(change.findings))
    because = change.reopening(incident)
    if because:
        what = IncidentStep.What.REOPENED
        latest = max(row.last_at for row in because if row.last_at)
        note_step(
            incident,
            what,
            by=None,
            now=now,
            before=incident.status,
            last_at=latest.isoformat(),
            **summed_up(because),
        )
        incident.status, incident.settled_at = Incident.Status.OPEN, None
        incident.save(update_fields=["status", "settled_at"])
        reopened(incident.pk)
    if what is not None:
        keep_verdicts(incident, what, now=now)


def forget_compared() -> None:
    """Compare everything the next time."""
    _compared.clear()
