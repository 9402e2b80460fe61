"""What is worth an alert: written once, together with who is to have it; ``alert_deliveries`` hands it on.

An attack goes on for days, and what is found on it is replaced each time that it is judged. It is known again by what
its suspects share (docs/decisions/0024), so that it is told once, and again only after it was quiet for some days or
when it grew to another kind. However many workers look, and however often, the result is the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils.timezone import now

from ingest.classification import bases_of
from ingest.languages import LANGUAGES, reading, say
from ingest.locks import Lock
from ingest.models import UNFINISHED, IngestRun, LogHost, Piece, Reevaluation, Source
from ingest.rules.answers import Answer
from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.rule import RULES
from mailwatch.models import Alert, AlertChoice, AlertDelivery, Incident, SeenAttack, Webhook
from mailwatch.operations.alert_hours import zone_of
from mailwatch.queries.answers import HostAnswer, answers
from mailwatch.queries.attacks import Attack, attacks
from mailwatch.queries.ranges import Range, spans
from mailwatch.queries.suspects import suspects_of

_LONGEST_MARK = 300  # characters; an attacker chooses names
_COUNTED = ("messages", "recipients", "outside", "delivered", "rejections", "failed_logins")

_looked: dict[int, object] = {}  # what this process has looked at, by log host


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """An attack as it stands now, with what is told of it."""

    marks: frozenset[str]
    families: frozenset[str]
    last_at: datetime
    details: dict[str, Any]


def look(*, at: datetime) -> int:
    """Write what is new; returns how many alerts. What was looked at and has not changed is not judged again."""
    hosts = list(LogHost.objects.all())
    stored = spans(hosts)
    recent = at - timedelta(hours=settings.MAILWATCH_ALERT_RECENT)
    made = 0
    for log_host in hosts:
        last_at = stored[log_host.pk].last_at
        if last_at is not None and last_at >= recent and not _is_being_judged(log_host):
            made += _look_at(log_host, last_at, recent, at)
    return made + _look_at_sources(at)


def forget_looked() -> None:
    """Look at everything the next time."""
    _looked.clear()


# ---- attacks


def _is_being_judged(log_host: LogHost) -> bool:
    """Whether findings are just being replaced, so that attacks may look as if they were in parts."""
    running = Reevaluation.objects.filter(log_host=log_host, state=Reevaluation.State.RUNNING)
    unread = Piece.objects.filter(file__log_host=log_host, state__in=UNFINISHED)
    runs = IngestRun.objects.filter(log_host=log_host, state__in=UNFINISHED, started_at__isnull=False)
    return running.exists() or runs.exclude(pk__in=unread.values("file__run_id")).exists()


def _look_at(log_host: LogHost, last_at: datetime, recent: datetime, at: datetime) -> int:
    state = (bases_of(log_host).now, last_at)
    if _looked.get(log_host.pk) == state:
        return 0
    (answer,) = answers(log_host=log_host, asked=Range())
    found = [sighting for sighting in sightings(answer) if sighting.last_at >= recent]
    made = sum(_note(log_host, sighting, at) for sighting in found)
    _looked[log_host.pk] = state
    return made


def sightings(answer: HostAnswer) -> Iterator[Sighting]:
    """What is critical on a log host, and the attack that its verdict rests on."""
    verdict, covered = answer.verdict, False
    suspects = [suspect for suspect in suspects_of([answer]) if suspect.report.is_suspect]
    for attack in attacks(suspects, [answer]):
        is_verdict = verdict.relaying is Answer.YES and any(
            member.report.attack == verdict.attack for member in attack.members
        )
        findings = [
            finding
            for member in attack.members
            for finding in member.report.findings
            if finding.severity is Severity.CRITICAL or (is_verdict and finding.rule == verdict.rule)
        ]
        if findings:
            covered = covered or is_verdict
            yield _of_attack(attack, findings)
    for finding in answer.host_findings:
        is_verdict = not covered and verdict.relaying is Answer.YES and finding.rule == verdict.rule
        if finding.allowed_by is None and (finding.severity is Severity.CRITICAL or is_verdict):
            yield _of_log_host(answer, finding)


def _of_attack(attack: Attack, findings: Sequence[SubjectFinding]) -> Sighting:
    report = attack.worst.report
    return Sighting(
        marks=frozenset(mark[:_LONGEST_MARK] for mark in attack.marks),
        families=frozenset(finding.rule[0] for finding in findings),
        last_at=max(finding.last_at for finding in findings),
        details={
            **_of_findings(findings),
            "subject": {"kind": str(report.kind), "value": report.value},
            "members": {
                "addresses": len(attack.addresses),
                "accounts": len(attack.accounts),
                "local_users": len(attack.local_users),
            },
            "counts": {name: getattr(attack.counts, name) for name in _COUNTED},
            "first_at": attack.first_at.isoformat(),
            "key": attack.key,
        },
    )


def _of_log_host(answer: HostAnswer, finding: SubjectFinding) -> Sighting:
    return Sighting(
        marks=frozenset({f"log host {finding.rule}"}),
        families=frozenset({finding.rule[0]}),
        last_at=finding.last_at,
        details={
            **_of_findings([finding]),
            "subject": {"kind": "log_host", "value": answer.log_host.name},
            "members": {},
            "counts": {"hits": finding.count},
            "first_at": finding.first_at.isoformat(),
            "key": "",
        },
    )


def _of_findings(findings: Sequence[SubjectFinding]) -> dict[str, Any]:
    """Of the worst; the titles are those of the rule, which no log has a word in."""
    rule = min(findings, key=lambda finding: finding.severity.rank).rule
    return {
        "rule": rule,
        "rules": sorted({finding.rule for finding in findings}),
        "titles": _told(RULES[rule].title),
        "last_at": max(finding.last_at for finding in findings).isoformat(),
    }


def _told(sentence: str) -> dict[str, str]:
    told = {}
    for language in LANGUAGES:
        with reading(language):
            told[language] = say(sentence)
    return told


def _note(log_host: LogHost, sighting: Sighting, at: datetime) -> bool:
    """Remember an attack, and alert where it is new, comes back, or is of another kind now."""
    with transaction.atomic():
        _hold(log_host)
        known = list(
            SeenAttack.objects.filter(log_host=log_host, marks__overlap=list(sighting.marks)).order_by("pk")
        )
        attack, *merged = known or [
            SeenAttack(log_host=log_host, marks=[], families=[], last_at=sighting.last_at)
        ]
        for other in merged:  # two that have turned out to be one
            _take(attack, other.marks, other.families, other.last_at)
            other.delete()
        why = _why(attack, sighting)
        if why == "again":
            attack.marks, attack.families = [], []
        _take(attack, sighting.marks, sighting.families, sighting.last_at)
        attack.alerts += bool(why)
        attack.save()
        if not why:
            return False
        key = f"attack {attack.pk} {attack.alerts}"
        details = {**sighting.details, "why": why, "log_host": log_host.name}
        return write(Alert.Kind.ATTACK, key, Severity.CRITICAL, [log_host.pk], details, at) is not None


def _hold(log_host: LogHost) -> None:
    """Of two who look at a log host, the second one sees what the first has written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [Lock.ALERTING, log_host.pk])


def _why(attack: SeenAttack, sighting: Sighting) -> str:
    """ "new", "again" after a quiet time, "grown" to another kind; "" where it was told."""
    if attack.pk is None:
        return "new"
    if sighting.last_at - attack.last_at > timedelta(days=settings.MAILWATCH_ALERT_QUIET_DAYS):
        return "again"
    return "grown" if sighting.families - set(attack.families) else ""


def _take(attack: SeenAttack, marks: Any, families: Any, last_at: datetime) -> None:
    attack.marks = sorted({*attack.marks, *marks})
    attack.families = sorted({*attack.families, *families})
    attack.last_at = max(attack.last_at, last_at)


# ---- sources


def _look_at_sources(at: datetime) -> int:
    """Those that fail for some time, once; those that were told and work again."""
    made = 0
    for source in Source.objects.filter(is_paused=False, ended_at__isnull=False).select_related("log_host"):
        last = Alert.objects.filter(details__source=source.pk).order_by("-made_at").first()
        is_told = last is not None and last.kind == Alert.Kind.SOURCE_FAILED
        if source.error:
            made += _failed(source, is_told, at)
        elif is_told and last is not None:
            key = f"source {source.pk} works {last.pk}"
            made += _of_source(Alert.Kind.SOURCE_RECOVERED, key, source, at)
    return made


def _failed(source: Source, is_told: bool, at: datetime) -> bool:
    since = source.succeeded_at or source.created_at
    if is_told or at - since < timedelta(minutes=settings.MAILWATCH_ALERT_SOURCE_MINUTES):
        return False
    return _of_source(
        Alert.Kind.SOURCE_FAILED, f"source {source.pk} failed {since.isoformat()}", source, at, since=since
    )


def _of_source(
    kind: Alert.Kind, key: str, source: Source, at: datetime, *, since: datetime | None = None
) -> bool:
    severity = Severity.HIGH if kind == Alert.Kind.SOURCE_FAILED else Severity.INFO
    details = {
        "source": source.pk,
        "url": source.url,
        "error": source.error[:500],
        "since": since.isoformat() if since else None,
        "log_host": source.log_host.name,
    }
    return write(kind, key, severity, [source.log_host_id], details, at) is not None


# ---- incidents


def incident_reopened(incident_id: int) -> None:
    """Tell that an incident opened again. Called in the transaction that opens it."""
    incident = Incident.objects.get(pk=incident_id)
    at = now()
    details = {"incident": incident.pk, "title": incident.title}
    key = f"incident {incident.pk} {at.isoformat()}"
    write(Alert.Kind.INCIDENT_REOPENED, key, incident.severity, incident.log_host_ids, details, at)


# ---- written once


def write(
    kind: Alert.Kind,
    key: str,
    severity: str,
    log_host_ids: list[int] | None,
    details: dict[str, Any],
    at: datetime,
) -> Alert | None:
    """Write an alert and its deliveries in one transaction; None where the key is written already."""
    with transaction.atomic():
        alert, is_new = Alert.objects.get_or_create(
            key=key,
            defaults={
                "kind": kind,
                "severity": severity,
                "log_host_ids": log_host_ids,
                "details": details,
                "made_at": at,
            },
        )
        if not is_new:
            return None
        AlertDelivery.objects.bulk_create([*_to_webhooks(alert, at), *_to_people(alert, at)])
    return alert


def _to_webhooks(alert: Alert, at: datetime) -> Iterator[AlertDelivery]:
    for webhook in Webhook.objects.filter(is_on=True, kinds__contains=[alert.kind]):
        if covers(webhook.log_host_ids, alert.log_host_ids):
            yield AlertDelivery(alert=alert, webhook=webhook, due_at=at)


def covers(wanted: Sequence[int] | None, about: Sequence[int] | None) -> bool:
    """Whether something about these log hosts belongs to who wants those; None: all."""
    return wanted is None or (about is not None and set(about) <= set(wanted))


def _to_people(alert: Alert, at: datetime) -> Iterator[AlertDelivery]:
    """Whether they may have it is asked when it is sent."""
    if not settings.MAIL_SERVER:
        return
    chosen = AlertChoice.objects.exclude(mode=AlertChoice.Mode.OFF).filter(user__is_active=True)
    for choice in chosen.select_related("user__preferences"):
        due_at = choice.due(alert.severity, at, zone_of(choice.user))
        yield AlertDelivery(alert=alert, user=choice.user, due_at=due_at)


def of_user(user: User) -> AlertChoice:
    """How somebody wants to be told; of one who never chose, a row that is not stored."""
    return AlertChoice.objects.filter(user=user).first() or AlertChoice(user=user)
