"""What the verdict was when an incident was opened, changed its status, or something new came to it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ingest.languages import ENGLISH, LANGUAGES, reading
from ingest.models import LogHost
from ingest.rules.definition import VERSION
from mailwatch.models import Incident, IncidentStep, IncidentVerdict
from mailwatch.queries.answers import HostAnswer
from mailwatch.queries.kept_answers import answers
from mailwatch.queries.ranges import Range

MOST_LOG_HOSTS = 20  # whose verdict is kept at one time; an incident of more says so of those


def keep_verdicts(incident: Incident, why: IncidentStep.What, *, now: datetime) -> list[IncidentVerdict]:
    """Keep what is said now of each of its log hosts, in each language."""
    return IncidentVerdict.objects.bulk_create(
        IncidentVerdict(incident=incident, log_host=log_host, at=now, why=why, **said)
        for log_host in _log_hosts(incident)
        if (said := _said(log_host)) is not None
    )


def _log_hosts(incident: Incident) -> list[LogHost]:
    ids = incident.log_host_ids
    if ids is None:
        ids = list(incident.evidence.order_by().values_list("log_host_id", flat=True).distinct())
    return list(LogHost.objects.filter(pk__in=ids).order_by("name")[:MOST_LOG_HOSTS])


def _said(log_host: LogHost) -> dict[str, Any] | None:
    found = dict(_answers(log_host))
    answer = found[ENGLISH]
    if answer.is_empty:
        return None
    return {
        "relaying": str(answer.verdict.relaying),
        "attack": answer.verdict.attack or "",
        "headline": answer.verdict.headline,
        "told": {language: _told(of_language) for language, of_language in found.items()},
        "first_at": answer.span.first_at,
        "last_at": answer.span.last_at,
        "rules_version": VERSION,
    }


def _answers(log_host: LogHost) -> Iterator[tuple[str, HostAnswer]]:
    for language in LANGUAGES:
        with reading(language):
            yield language, answers(log_host=log_host, asked=Range())[0]


def _told(answer: HostAnswer) -> dict[str, Any]:
    verdict = answer.verdict
    return {
        "headline": verdict.headline,
        "lead": verdict.lead,
        "facts": [[fact.question, fact.answer, fact.detail or ""] for fact in verdict.facts],
    }
