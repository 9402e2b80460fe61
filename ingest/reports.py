"""What was found on subjects, as rows: written by COPY, read back as the rules made it."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from django.db import connection
from django.db.models import Prefetch, QuerySet
from psycopg.types.json import Jsonb

from ingest.models import AllowEntry, Finding, LogHost, Suspect
from ingest.rules.allowed import Allowance, AllowedKind
from ingest.rules.definition import VERSION, Severity, SubjectFinding, Translation
from ingest.rules.facts import SubjectKind
from ingest.rules.relays import SubjectReport
from ingest.sql import copying

_REPORT_COLUMNS = tuple(
    field.name for field in fields(SubjectReport) if field.name not in ("findings", "allowed")
)
_SUSPECT_COLUMNS = ("id", "log_host_id", *_REPORT_COLUMNS)
_FINDING_COLUMNS = (
    "suspect_id",
    "version",
    "rule",
    "severity",
    "title",
    "evidence",
    "count",
    "first_at",
    "last_at",
    "message_ids",
    "line_refs",
    "values",
    "peak",
    "allowed_by_id",
    "told",
)


def replace(
    log_host_id: int, kind: SubjectKind, values: Sequence[str], found: Sequence[SubjectReport]
) -> None:
    """Store what was found on some subjects now, in place of what was found before."""
    keys: tuple[Any, ...] = (log_host_id, kind, list(values))
    of_subjects = "log_host_id = %s AND kind = %s AND value = ANY(%s)"
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ingest_finding USING ingest_suspect AS suspect"
            f" WHERE suspect_id = suspect.id AND {of_subjects}",
            keys,
        )
        cursor.execute(f"DELETE FROM ingest_suspect WHERE {of_subjects}", keys)
        if found:
            _add(cursor, log_host_id, found)


def _add(cursor: Any, log_host_id: int, found: Sequence[SubjectReport]) -> None:
    cursor.execute(
        "SELECT nextval(pg_get_serial_sequence('ingest_suspect', 'id')) FROM generate_series(1, %s)",
        [len(found)],
    )
    numbered = [(row[0], report) for row, report in zip(cursor.fetchall(), found, strict=True)]
    _copy("ingest_suspect", _SUSPECT_COLUMNS, (_suspect(log_host_id, *item) for item in numbered))
    rows = (
        _finding(number, finding)
        for number, report in numbered
        for finding in (*report.findings, *report.allowed)
    )
    _copy("ingest_finding", _FINDING_COLUMNS, rows)


def _copy(table: str, columns: Sequence[str], rows: Iterator[tuple[object, ...]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    with copying(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _suspect(log_host_id: int, number: int, report: SubjectReport) -> tuple[object, ...]:
    return (number, log_host_id, *(_plain(getattr(report, name)) for name in _REPORT_COLUMNS))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _finding(suspect_id: int, finding: SubjectFinding) -> tuple[object, ...]:
    return (
        suspect_id,
        VERSION,
        finding.rule,
        finding.severity,
        finding.title,
        finding.evidence,
        finding.count,
        finding.first_at,
        finding.last_at,
        list(finding.message_ids),
        list(finding.lines),
        list(finding.values),
        finding.peak,
        None if finding.allowed_by is None else finding.allowed_by.entry,
        Jsonb({other.language: [other.title, other.evidence] for other in finding.told}),
    )


def stored(log_host: LogHost, newer_than: int = 0) -> list[SubjectReport]:
    """What was found, over all that is stored; of those whose row has a higher id."""
    rows = Suspect.objects.filter(log_host=log_host, id__gt=newer_than)
    return [of_row(row) for row in rows.prefetch_related(with_entries()).order_by("kind", "value")]


def with_entries() -> "Prefetch[str, QuerySet[Finding], str]":
    """The findings of suspects, with what allows them; made where it is used, as there is asked what may be read."""
    return Prefetch("findings", Finding.objects.select_related("allowed_by"))


def of_row(suspect: Suspect) -> SubjectReport:
    """What was found on one suspect, as the rules made it."""
    columns = {name: getattr(suspect, name) for name in _REPORT_COLUMNS}
    rows = sorted(suspect.findings.all(), key=lambda row: row.pk)  # as the rules ordered them
    findings = sorted(map(_subject_finding, rows), key=lambda finding: finding.severity.rank)
    counted = tuple(finding for finding in findings if finding.allowed_by is None)
    allowed = tuple(finding for finding in findings if finding.allowed_by is not None)
    tuples = {name: tuple(value) for name, value in columns.items() if isinstance(value, list)}
    kind, severity = SubjectKind(suspect.kind), Severity(suspect.severity)
    return SubjectReport(
        **(columns | tuples | {"kind": kind, "severity": severity, "findings": counted, "allowed": allowed})
    )


def _subject_finding(row: Finding) -> SubjectFinding:
    return SubjectFinding(
        rule=row.rule,
        severity=Severity(row.severity),
        title=row.title,
        evidence=row.evidence,
        first_at=row.first_at,
        last_at=row.last_at,
        count=row.count,
        message_ids=tuple(row.message_ids),
        lines=tuple(row.line_refs),
        values=tuple(row.values),
        peak=row.peak,
        allowed_by=None if row.allowed_by is None else allowance(row.allowed_by),
        told=tuple(Translation(language, *words) for language, words in row.told.items()),
    )


def allowance(entry: AllowEntry) -> Allowance:
    """An entry of the allow-list as the rules read it."""
    return Allowance(
        entry=entry.pk,
        rule=entry.rule,
        kind=AllowedKind(entry.kind),
        value=entry.value,
        reason=entry.reason,
        author=entry.author,
        until=entry.until,
    )


def allowances(log_host_id: int) -> tuple[Allowance, ...]:
    """What stands on the allow-list of a log host."""
    standing = AllowEntry.objects.filter(log_host_id=log_host_id, withdrawn_at=None)
    return tuple(map(allowance, standing.order_by("pk")))
