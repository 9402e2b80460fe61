"""Open an incident, change it, write notes. Whatever is done leaves a step in its history, in the same transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from mailwatch.access import Permission, given_log_hosts, may
from mailwatch.models import Incident, IncidentEvidence, IncidentNote, IncidentStep
from mailwatch.operations.incident_verdicts import keep_verdicts

MOST_NOTE = 20_000  # characters of one note, or of one section of the report


class NotForThem(ValueError):
    """Somebody is to be the owner who may not see the incident, or not work on it."""


def open_incident(
    *, title: str, severity: str, log_host_ids: Iterable[int] | None, opened_by: User, now: datetime
) -> Incident:
    """``log_host_ids``: of whom it is; None: of all there are and will be."""
    with transaction.atomic():
        incident = Incident.objects.create(
            title=title,
            severity=severity,
            log_host_ids=None if log_host_ids is None else sorted(set(log_host_ids)),
            owner=opened_by,
            opened_at=now,
            opened_by=opened_by,
            changed_at=now,
        )
        note_step(incident, IncidentStep.What.OPENED, by=opened_by, now=now, title=title)
    return incident


def locked(incident_id: int) -> Incident:
    """The incident, for whoever is about to change it; others wait. Raises Incident.DoesNotExist."""
    return Incident.objects.select_for_update().get(pk=incident_id)


def note_step(
    incident: Incident, what: IncidentStep.What, *, by: User | None, now: datetime, **details: Any
) -> IncidentStep:
    """Add to the history, and say when the incident was changed."""
    Incident.objects.filter(pk=incident.pk).update(changed_at=now)
    return IncidentStep.objects.create(incident=incident, at=now, by=by, what=what, details=details)


def change(incident_id: int, *, to: Mapping[str, Any], by: User, now: datetime) -> list[IncidentStep]:
    """Set some of title, severity, owner and status; a step for each that is another than before.

    Raises NotForThem for an owner who may not see it.
    """
    with transaction.atomic():
        incident = locked(incident_id)
        changed = [name for name in to if getattr(incident, name) != to[name]]
        if "owner" in changed and to["owner"] is not None:
            _check_owner(incident, to["owner"])
        steps = [_set(incident, name, to[name], by, now) for name in changed]
        incident.save(update_fields=[*changed, "settled_at"])
    if "status" in changed:
        keep_verdicts(incident, IncidentStep.What.STATUS, now=now)
    return steps


def _check_owner(incident: Incident, owner: User) -> None:
    theirs = given_log_hosts(owner)
    of_all = incident.log_host_ids is None
    sees = theirs.is_all if of_all else all(theirs.holds(pk) for pk in incident.log_host_ids or ())
    if not sees or not may(owner, Permission.INCIDENTS):
        raise NotForThem


def _set(incident: Incident, name: str, value: Any, by: User, now: datetime) -> IncidentStep:
    before = getattr(incident, name)
    setattr(incident, name, value)
    if name == "status":
        incident.settled_at = now if incident.is_settled else None
    words = {"before": _word(before), "after": _word(value)}
    return note_step(incident, IncidentStep.What(name), by=by, now=now, **words)


def _word(value: Any) -> str:
    return value.get_username() if isinstance(value, User) else str(value or "")


# ---- evidence


@transaction.atomic
def add_evidence(
    incident_id: int, copies: Iterable[IncidentEvidence], *, by: User, now: datetime
) -> list[IncidentEvidence]:
    """Add what was copied; what is there already stays as it is, what was removed is put back.

    Returns what is new. An incident becomes one of the log hosts of its evidence.
    """
    incident = locked(incident_id)
    new, back = _sorted_out(incident, copies)
    for row in new:
        row.incident, row.added_by, row.added_at = incident, by, now
    IncidentEvidence.objects.bulk_create(new, batch_size=500)
    if back:
        IncidentEvidence.objects.filter(pk__in=[row.pk for row in back]).update(
            removed_at=None, removed_by=None
        )
    _be_about(incident, {row.log_host_id for row in new})
    if new:
        note_step(incident, IncidentStep.What.ADDED, by=by, now=now, **summed_up(new))
    if back:
        note_step(incident, IncidentStep.What.PUT_BACK, by=by, now=now, **summed_up(back))
    return [*new, *back]


def _sorted_out(
    incident: Incident, copies: Iterable[IncidentEvidence]
) -> tuple[list[IncidentEvidence], list[IncidentEvidence]]:
    """What is new, and what was removed before."""
    there = {key_of(row): row for row in incident.evidence.all()}
    wanted = {key_of(row): row for row in copies}
    new = [row for key, row in wanted.items() if key not in there]
    back = [there[key] for key in wanted if key in there and there[key].removed_at is not None]
    return new, back


def key_of(row: IncidentEvidence) -> tuple[int, str, str]:
    """What tells it from the other evidence of its incident."""
    return row.log_host_id, row.kind, row.digest


def _be_about(incident: Incident, log_host_ids: set[int]) -> None:
    if incident.log_host_ids is not None and not log_host_ids <= set(incident.log_host_ids):
        incident.log_host_ids = sorted(log_host_ids.union(incident.log_host_ids))
        incident.save(update_fields=["log_host_ids"])


SUMMED_UP = 5  # titles in one step of the history


def summed_up(rows: Iterable[IncidentEvidence]) -> dict[str, Any]:
    """What a step tells of evidence: the first of it, and how many there are."""
    rows = list(rows)
    named = [{"kind": row.kind, "title": row.title, "told": row.told} for row in rows[:SUMMED_UP]]
    return {"evidence": named, "number": len(rows)}


def remove_evidence(incident_id: int, evidence_id: int, *, by: User, now: datetime) -> IncidentEvidence:
    """Take a piece away; it can be put back. Raises IncidentEvidence.DoesNotExist."""
    return _move_evidence(incident_id, evidence_id, IncidentStep.What.REMOVED, by=by, now=now)


def put_back_evidence(incident_id: int, evidence_id: int, *, by: User, now: datetime) -> IncidentEvidence:
    """Undo the removal. Raises IncidentEvidence.DoesNotExist."""
    return _move_evidence(incident_id, evidence_id, IncidentStep.What.PUT_BACK, by=by, now=now)


@transaction.atomic
def _move_evidence(
    incident_id: int, evidence_id: int, what: IncidentStep.What, *, by: User, now: datetime
) -> IncidentEvidence:
    incident = locked(incident_id)
    row = incident.evidence.get(pk=evidence_id)
    is_removed = what == IncidentStep.What.REMOVED
    if is_removed != (row.removed_at is not None):
        row.removed_at, row.removed_by = (now, by) if is_removed else (None, None)
        row.save(update_fields=["removed_at", "removed_by"])
        note_step(incident, what, by=by, now=now, **summed_up([row]))
    return row


# ---- notes


@transaction.atomic
def write_note(incident_id: int, text: str, *, by: User, now: datetime) -> IncidentNote:
    incident = locked(incident_id)
    note = IncidentNote.objects.create(incident=incident, text=text, written_by=by, written_at=now)
    note_step(incident, IncidentStep.What.NOTE, by=by, now=now, note=note.pk)
    return note


@transaction.atomic
def remove_note(
    incident_id: int, note_id: int, *, by: User, now: datetime, put_back: bool = False
) -> IncidentNote:
    """Take a note away, or put it back. Raises IncidentNote.DoesNotExist."""
    incident = locked(incident_id)
    note = incident.notes.get(pk=note_id)
    if put_back == (note.removed_at is not None):
        note.removed_at, note.removed_by = (None, None) if put_back else (now, by)
        note.save(update_fields=["removed_at", "removed_by"])
        what = IncidentStep.What.NOTE_PUT_BACK if put_back else IncidentStep.What.NOTE_REMOVED
        note_step(incident, what, by=by, now=now, note=note.pk)
    return note
