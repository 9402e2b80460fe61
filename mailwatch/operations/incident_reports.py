"""The report of an incident as people edit it: nothing is lost where two do so at once."""

from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from mailwatch.models import Incident, IncidentStep
from mailwatch.operations.incidents import locked, note_step


class EditedMeanwhile(Exception):
    """Somebody else has kept the report since it was opened; ``incident`` is what it is now."""

    def __init__(self, incident: Incident) -> None:
        super().__init__(incident.pk)
        self.incident = incident


@transaction.atomic
def keep_report(
    incident_id: int, own: Mapping[str, str], *, version: int, by: User, now: datetime
) -> Incident:
    """Keep the sections that somebody wrote; the others follow the evidence again. Raises EditedMeanwhile."""
    incident = locked(incident_id)
    if incident.report_version != version:
        raise EditedMeanwhile(incident)
    if dict(own) == incident.report:
        return incident
    incident.report = dict(own)
    incident.report_version += 1
    incident.report_changed_at, incident.report_changed_by = now, by
    incident.save(update_fields=["report", "report_version", "report_changed_at", "report_changed_by"])
    note_step(incident, IncidentStep.What.REPORT, by=by, now=now)
    return incident
