"""What pages show, copied as evidence: with its lines, in every language, as it is now.

Nothing here is stored yet (``mailwatch.operations.incidents.add_evidence`` does).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ingest.languages import ENGLISH, LANGUAGES, reading, say
from ingest.models import LogHost, Message, Rejection
from ingest.rules.configuration import ConfigurationFinding
from ingest.rules.definition import VERSION, SubjectFinding
from ingest.rules.logins import GUESSING, MANY_IDS
from ingest.rules.relays import SubjectReport
from mailwatch.models import IncidentEvidence, evidence_digest
from mailwatch.queries import rejection as rejections
from mailwatch.queries.activity import Activity, HourCounts
from mailwatch.queries.answers import evidence
from mailwatch.queries.attacks import Attack
from mailwatch.queries.incident_ties import ties
from mailwatch.queries.matching import rejection_key
from mailwatch.queries.message import Timeline, timeline
from mailwatch.queries.suspects import COUNTS

LINES_OF_MESSAGE = 2000
LINES_OF_FINDING = 6
SUSPECTS_WITH_LINES = 30  # of one attack, the worst; the rest are kept without
_COUNT_LOGINS = frozenset({GUESSING.code, MANY_IDS.code})
_Kind = IncidentEvidence.Kind

type Words = tuple[str, str]  # title and sentence


def told(say_it: Callable[[], Words]) -> dict[str, Any]:
    """Title and sentence as the fields of a row: in English, and in each other language."""
    said: dict[str, Words] = {}
    for language in LANGUAGES:
        with reading(language):
            said[language] = say_it()
    title, words = said.pop(ENGLISH)
    return {"title": title, "words": words, "told": {name: list(pair) for name, pair in said.items()}}


def of_message(message: Message) -> IncidentEvidence:
    """A message with all its lines, LINES_OF_MESSAGE at most."""
    read: dict[str, Timeline] = {}

    def words() -> Words:
        found = timeline(message, most_lines=LINES_OF_MESSAGE)
        read.setdefault(ENGLISH, found)
        return message.message_id, found.summary

    said = told(words)
    found = read[ENGLISH]
    worst = min((found_on.severity for found_on in found.findings), key=_rank, default="")
    return IncidentEvidence(
        log_host=message.log_host,
        kind=_Kind.MESSAGE,
        digest=evidence_digest(message.message_id),
        rules_version=VERSION,
        severity=worst,
        message_id=message.message_id,
        first_at=message.first_at,
        last_at=message.last_at,
        lines=[line.raw for line in found.lines],
        total_lines=found.total_lines,
        **said,
    )


def _rank(severity: str) -> int:
    return ("critical", "high", "medium", "low", "info").index(severity)


def of_rejection(rejection: Rejection, log_host: LogHost) -> IncidentEvidence:
    """A refusal: its line, with the headers that a rejectlog has below it."""
    said = rejections.told(rejection, log_host)
    return IncidentEvidence(
        log_host=log_host,
        kind=_Kind.LINE,
        digest=evidence_digest(rejection_key(rejection)),
        rules_version=VERSION,
        message_id=rejection.message_id or "",
        first_at=rejection.logged_at,
        last_at=rejection.logged_at,
        lines=[said.line] if said.line else [],
        total_lines=1,
        **told(lambda: (say("Login refused") if rejection.is_login else say("Rejection"), str(said.summary))),
    )


def of_attack(attack: Attack, activity: Activity | None) -> Iterator[IncidentEvidence]:
    """Its numbers by the hour, and all who take part with what was found on them. Read it in English."""
    yield _numbers_of(attack, activity)
    for place, member in enumerate(attack.members):
        yield from of_suspect(attack.log_host, member.report, has_lines=place < SUSPECTS_WITH_LINES)


def _numbers_of(attack: Attack, activity: Activity | None) -> IncidentEvidence:
    def words() -> Words:
        spoken = [replace(attack.worst, report=attack.worst.report.spoken()), *attack.members[1:]]
        return replace(attack, members=spoken).words, ""

    return numbers(
        attack.log_host,
        name=attack.worst.report.attack,
        counts={name: getattr(attack.counts, name) for name in COUNTS},
        hours=activity.hours if activity else (),
        counted_since=activity.counted_since if activity else None,
        first_at=attack.first_at,
        last_at=attack.last_at,
        severity=str(attack.severity),
        **told(words),
    )


def numbers(
    log_host: LogHost,
    *,
    name: str,
    counts: Mapping[str, int],
    hours: Sequence[HourCounts],
    counted_since: Any,
    subject: tuple[str, str] | None = None,
    **fields: Any,
) -> IncidentEvidence:
    """What a chart shows. ``name``: whose numbers these are; of another range they are others.

    ``subject``: the page of whom they are (its URL name), and how they are called.
    """
    first_at, last_at = fields.get("first_at"), fields.get("last_at")
    return IncidentEvidence(
        log_host=log_host,
        kind=_Kind.NUMBERS,
        digest=evidence_digest(name, str(first_at), str(last_at), *map(str, counts.values())),
        rules_version=VERSION,
        details={
            "counts": dict(counts),
            "hours": [
                [row.hour.isoformat(), row.delivered, row.deferred, row.bounced, row.rejected]
                for row in hours
            ],
            "subject": list(subject) if subject else None,
            "counted_since": counted_since.isoformat() if counted_since else None,
        },
        **fields,
    )


def of_suspect(
    log_host: LogHost, report: SubjectReport, *, has_lines: bool = True
) -> Iterator[IncidentEvidence]:
    """A suspect as it is now, and each finding that counts."""
    first = report.findings[0] if report.findings else None
    yield IncidentEvidence(
        log_host=log_host,
        kind=_Kind.SUSPECT,
        digest=evidence_digest(report.kind, report.value),
        title=report.value,
        words=first.title if first else "",
        told={one.language: [report.value, one.title] for one in first.told} if first else {},
        rule=first.rule if first else "",
        rules_version=VERSION,
        severity=str(report.severity),
        subject_kind=report.kind,
        subject=report.value,
        ties=ties(log_host, report),
        first_at=report.first_at,
        last_at=report.last_at,
        details={
            "counts": {name: getattr(report, name) for name in COUNTS},
            "attack": report.attack,
            "logins": logins(report),
        },
    )
    for finding in report.findings:
        yield of_finding(log_host, report, finding, has_lines=has_lines)


def logins(report: SubjectReport) -> list[str]:
    """Login names that sentences about a suspect quote, without a domain too."""
    tried = (v for one in report.findings if one.rule in _COUNT_LOGINS for v in one.values)
    return list(dict.fromkeys((*report.logins_after_guessing, *tried)))


def of_finding(
    log_host: LogHost, report: SubjectReport, finding: SubjectFinding, *, has_lines: bool = True
) -> IncidentEvidence:
    """What one rule found on a suspect, with lines behind it."""
    found = evidence(log_host, finding, lines=LINES_OF_FINDING) if has_lines else []
    return IncidentEvidence(
        log_host=log_host,
        kind=_Kind.FINDING,
        digest=finding_digest(report, finding.rule),
        title=finding.title,
        words=finding.evidence,
        told={one.language: [one.title, one.evidence] for one in finding.told},
        rule=finding.rule,
        rules_version=VERSION,
        severity=str(finding.severity),
        subject_kind=report.kind,
        subject=report.value,
        message_id=next((each.message_id for each in found if each.message_id), ""),
        first_at=finding.first_at,
        last_at=finding.last_at,
        lines=[each.raw for each in found if each.raw],
        total_lines=finding.count,
        details={"count": finding.count, "attack": report.attack},
    )


def finding_digest(report: SubjectReport, rule: str) -> str:
    """The same however often the suspect is judged again."""
    return evidence_digest(report.kind, report.value, rule)


def of_configuration(log_host: LogHost, finding: ConfigurationFinding) -> IncidentEvidence:
    """What a rule says about the configuration that is kept for a log host."""
    return IncidentEvidence(
        log_host=log_host,
        kind=_Kind.CONFIGURATION,
        digest=evidence_digest(finding.rule, finding.where, finding.evidence),
        title=finding.title,
        words=finding.explanation,
        rule=finding.rule,
        rules_version=VERSION,
        severity=str(finding.severity),
        details={"where": finding.where, "text": finding.evidence, "fix": finding.fix},
    )


def of_hits(
    log_host: LogHost, *, query: str, name: str, lines: Sequence[bytes], total: int, is_cut: bool
) -> IncidentEvidence:
    """What a search found on one log host: the newest lines of it, and how many rows there were on the page."""
    return IncidentEvidence(
        log_host=log_host,
        kind=_Kind.SEARCH,
        digest=evidence_digest(query, *(line.hex() for line in lines[:1]), str(total)),
        rules_version=VERSION,
        lines=list(lines),
        total_lines=total,
        details={"query": query, "is_cut": is_cut},
        **told(lambda: (say("Search for {name}", name=name), "")),
    )
