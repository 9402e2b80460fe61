"""The rules applied to what is stored: findings on messages and on subjects, and the verdict.

One evaluation serves ingest, the report, the timeline and ``manage.py reclassify``: facts come from merged rows
(ingest.stored_facts), conclusions from ingest.rules, and only the results are written here.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import batched

from django.db import connection, transaction

from ingest import load
from ingest.assembly import message_facts
from ingest.models import DirtySubject, Finding, IngestRun, LocalDomain, LogHost, Message, Suspect
from ingest.rules.configuration import ConfigurationFinding, audit
from ingest.rules.definition import VERSION, MessageFinding, Severity, SubjectFinding
from ingest.rules.facts import (
    LogHostFacts,
    MessageFacts,
    RejectionFacts,
    SubjectKind,
    infer_local_domains,
)
from ingest.rules.messages import message_findings
from ingest.rules.relays import SubjectReport, subject_findings
from ingest.rules.verdict import Verdict, verdict
from ingest.stored_facts import (
    coverage,
    facts_of,
    log_host_facts,
    may_depend_on_log_host,
    messages_between,
    stored_configuration,
    subject_messages,
    subject_rejections,
)

_MESSAGES_AT_ONCE = 5000
_SUBJECTS_AT_ONCE = 500
_LOCK = 4_820_002

Subject = tuple[SubjectKind, str]


# ---- messages


def classify_merged(log_host_id: int, host: LogHostFacts, merged: Sequence[load.Merged]) -> None:
    """Decide the findings on messages that a batch touched, from their merged facts, and store them."""
    findings = {}
    for message in merged:
        found = message_findings(
            message_facts(message.message_id, message.gathered, message.conclusion), host
        )
        if found:
            findings[message.message_id] = found
    stored = [message.message_id for message in merged if not message.is_new]
    load.replace_findings(log_host_id, findings, stored_ids=stored)


def _classify_again(
    log_host_id: int, host: LogHostFacts, messages: Iterable[MessageFacts]
) -> Iterator[Subject]:
    """Decide findings again, some thousand messages at a time; yields the subjects of the messages."""
    for chunk in batched(messages, _MESSAGES_AT_ONCE, strict=False):
        findings: dict[str, tuple[MessageFinding, ...]] = {}
        for message in chunk:
            findings[message.message_id] = message_findings(message, host)
        with transaction.atomic():
            load.replace_findings(log_host_id, findings, stored_ids=findings)
        for message in chunk:
            yield from subjects_of(message)


def subjects_of(message: MessageFacts) -> Iterator[Subject]:
    """Whose behaviour a message is part of."""
    if message.sender_host_address:
        yield SubjectKind.SENDER_HOST_ADDRESS, message.sender_host_address
    elif message.local_user:
        yield SubjectKind.LOCAL_USER, message.local_user[: load.INDEXED_TEXT]
    if message.authenticated_id:
        yield SubjectKind.AUTHENTICATED_ID, message.authenticated_id[: load.INDEXED_TEXT]


# ---- subjects


def settle(run: IngestRun, *, renew: Callable[[], None]) -> None:
    """Compute the findings that a run's lines touched, from committed rows. ``renew`` is called between steps."""
    log_host = LogHost.objects.get(pk=run.log_host_id)
    marks = DirtySubject.objects.filter(piece__file__run=run)
    again = set(_follow_log_host(log_host, renew))
    host = log_host_facts(log_host)
    dirty = {(SubjectKind(kind), value) for kind, value in marks.values_list("kind", "value")}
    for kind, values in _by_kind(again | dirty):
        for chunk in batched(values, _SUBJECTS_AT_ONCE, strict=False):
            _judge_and_store(log_host, host, kind, chunk)
            renew()
    marks.delete()


def judge_suspects(log_host: LogHost) -> None:
    """Compute the findings of a log host's suspects again, after lines were taken away.

    Whoever had no finding has none without them.
    """
    suspects = Suspect.objects.filter(log_host=log_host).values_list("kind", "value")
    subjects = {(SubjectKind(kind), value) for kind, value in suspects}
    subjects.update(_follow_log_host(log_host, lambda: None))
    host = log_host_facts(log_host)
    for kind, values in _by_kind(subjects):
        for chunk in batched(values, _SUBJECTS_AT_ONCE, strict=False):
            _judge_and_store(log_host, host, kind, chunk)


def _follow_log_host(log_host: LogHost, renew: Callable[[], None]) -> Iterator[Subject]:
    """Learn what the log says of its host; where that changes answers, decide the findings on messages again.

    Yields the subjects of those messages.
    """
    host = _learn(log_host)
    digest = _digest(host)
    if digest == log_host.facts_digest:
        return
    waiting = may_depend_on_log_host(log_host.pk)
    for number, subject in enumerate(_classify_again(log_host.pk, host, facts_of(waiting, log_host.pk))):
        yield subject
        if number % _MESSAGES_AT_ONCE == 0:
            renew()
    LogHost.objects.filter(pk=log_host.pk).update(facts_digest=digest)


def _learn(log_host: LogHost) -> LogHostFacts:
    """Infer the local domains from what was delivered; ``log_host`` is brought up to date."""
    with transaction.atomic():
        held = LogHost.objects.select_for_update(no_key=True).get(pk=log_host.pk)  # uploads go on
        counts = LocalDomain.objects.filter(log_host=held).values_list("domain", "deliveries")
        held.inferred_local_domains = sorted(infer_local_domains(counts))
        held.save(update_fields=["inferred_local_domains"])
    log_host.refresh_from_db()
    return log_host_facts(log_host)


def _digest(host: LogHostFacts) -> str:
    """Equal for facts that lead to the same findings."""
    logins = sorted((name, count.named > 0, count.nameless > 0) for name, count in host.logins.items())
    known = (
        VERSION,
        sorted(host.local_domains),
        host.local_domains_inferred,
        sorted(map(str, host.trusted_networks)),
        sorted(host.own_addresses),
        logins,
    )
    return hashlib.blake2b(repr(known).encode(), digest_size=16).hexdigest()


def _by_kind(subjects: Iterable[Subject]) -> Iterator[tuple[SubjectKind, list[str]]]:
    every = set(subjects)
    for kind in SubjectKind:
        values = sorted(value for of_kind, value in every if of_kind is kind)
        if values:
            yield kind, values


def _judge_and_store(log_host: LogHost, host: LogHostFacts, kind: SubjectKind, values: Sequence[str]) -> None:
    """Under a lock for the log host: of two who judge one subject, the later one sees all that was committed."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, log_host.pk])
        reports = list(_judged(log_host.pk, host, kind, values, None, None))
        stored = Suspect.objects.filter(log_host=log_host, kind=kind, value__in=values)
        Finding.objects.filter(suspect__in=stored).delete()
        stored.delete()
        _store_reports(log_host, reports)


def _judged(
    log_host_id: int,
    host: LogHostFacts,
    kind: SubjectKind,
    values: Sequence[str],
    since: datetime | None,
    until: datetime | None,
) -> Iterator[SubjectReport]:
    rows = messages_between(log_host_id, since, until)
    messages = _Shared(
        (_value_of(facts, kind), facts) for facts in subject_messages(rows, log_host_id, kind, values)
    )
    rejections = _Shared(subject_rejections(log_host_id, kind, values, since, until))
    for value in sorted(values):
        report = subject_findings(kind, value, messages.of(value), rejections.of(value), host)
        if report is not None:
            yield report


def _value_of(message: MessageFacts, kind: SubjectKind) -> str:
    values = {
        SubjectKind.SENDER_HOST_ADDRESS: message.sender_host_address,
        SubjectKind.AUTHENTICATED_ID: message.authenticated_id,
        SubjectKind.LOCAL_USER: message.local_user,
    }
    return values[kind] or ""


class _Shared[Fact: (MessageFacts, RejectionFacts)]:
    """A stream ordered by subject, handed out subject by subject without holding more than one fact."""

    def __init__(self, facts: Iterable[tuple[str, Fact]]) -> None:
        self._facts: Iterator[tuple[str, Fact]] = iter(facts)
        self._next: tuple[str, Fact] | None = next(self._facts, None)

    def of(self, value: str) -> Iterator[Fact]:
        while self._next is not None and self._next[0] <= value:
            if self._next[0] == value:
                yield self._next[1]
            self._next = next(self._facts, None)


_REPORT_COLUMNS = tuple(field.name for field in fields(SubjectReport) if field.name != "findings")


def _store_reports(log_host: LogHost, reports: Sequence[SubjectReport]) -> None:
    suspects = Suspect.objects.bulk_create(
        Suspect(log_host=log_host, **{name: _plain(getattr(report, name)) for name in _REPORT_COLUMNS})
        for report in reports
    )
    Finding.objects.bulk_create(
        _finding_row(suspect, finding)
        for suspect, report in zip(suspects, reports, strict=True)
        for finding in report.findings
    )


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _finding_row(suspect: Suspect, finding: SubjectFinding) -> Finding:
    return Finding(
        suspect=suspect,
        rule=finding.rule,
        version=VERSION,
        severity=finding.severity,
        title=finding.title,
        evidence=finding.evidence,
        count=finding.count,
        first_at=finding.first_at,
        last_at=finding.last_at,
        message_ids=list(finding.message_ids),
        line_refs=list(finding.lines),
        values=list(finding.values),
        peak=finding.peak,
    )


def _stored_report(suspect: Suspect) -> SubjectReport:
    columns = {name: getattr(suspect, name) for name in _REPORT_COLUMNS}
    rows = sorted(suspect.findings.all(), key=lambda row: row.pk)  # as the rules ordered them
    findings = sorted(map(_stored_finding, rows), key=lambda finding: finding.severity.rank)
    tuples = {name: tuple(value) for name, value in columns.items() if isinstance(value, list)}
    kind, severity = SubjectKind(suspect.kind), Severity(suspect.severity)
    return SubjectReport(
        **(columns | tuples | {"kind": kind, "severity": severity, "findings": tuple(findings)})
    )


def _stored_finding(row: Finding) -> SubjectFinding:
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
    )


# ---- answers


def subject_reports(
    log_host: LogHost, since: datetime | None = None, until: datetime | None = None
) -> list[SubjectReport]:
    """The subjects that rules found something on, worst first; in a range, judged again by what lies in it.

    Whoever has no finding over all that is stored has none in a part of it.
    """
    suspects = (
        Suspect.objects.filter(log_host=log_host).prefetch_related("findings").order_by("kind", "value")
    )
    if since is None and until is None:
        reports = [_stored_report(suspect) for suspect in suspects]
    else:
        host = log_host_facts(log_host)
        candidates = [(SubjectKind(suspect.kind), suspect.value) for suspect in suspects]
        reports = []
        for kind, values in _by_kind(candidates):
            reports.extend(_judged(log_host.pk, host, kind, values, since, until))
    return sorted(reports, key=lambda report: (report.severity.rank, -report.messages, report.value))


def configuration_findings(log_host: LogHost) -> tuple[ConfigurationFinding, ...]:
    """What the stored configuration of a log host shows; nothing where none is stored."""
    return audit(stored_configuration(log_host)) if log_host.configurations.exists() else ()


def verdict_for(log_host: LogHost, since: datetime | None = None, until: datetime | None = None) -> Verdict:
    """The answer for one log host, over all that is stored or over a range."""
    return verdict(
        subject_reports(log_host, since, until),
        log_host_facts(log_host),
        coverage(log_host, since, until),
        configuration_findings(log_host),
    )


def reclassify(log_host: LogHost, *, progress: Callable[[int], None] = lambda done: None) -> int:
    """Decide every finding of a log host again from its stored rows; returns the number of messages."""
    host = _learn(log_host)
    every = Message.objects.filter(log_host_id=log_host.pk).order_by("message_id")
    subjects: set[Subject] = set()
    done = 0

    def counted(messages: Iterator[MessageFacts]) -> Iterator[MessageFacts]:
        nonlocal done
        for message in messages:
            done += 1
            if done % 1000 == 0:
                progress(done)
            yield message

    subjects.update(_classify_again(log_host.pk, host, counted(facts_of(every, log_host.pk))))
    subjects.update(_refused_subjects(log_host))
    for kind, values in _by_kind(subjects):
        for chunk in batched(values, _SUBJECTS_AT_ONCE, strict=False):
            _judge_and_store(log_host, host, kind, chunk)
    LogHost.objects.filter(pk=log_host.pk).update(facts_digest=_digest(host))
    return done


def _refused_subjects(log_host: LogHost) -> Iterator[Subject]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT host(sender_host_address) FROM ingest_rejection"
            " WHERE log_host_id = %s AND sender_host_address IS NOT NULL",
            [log_host.pk],
        )
        yield from ((SubjectKind.SENDER_HOST_ADDRESS, row[0]) for row in cursor.fetchall())
        cursor.execute(
            "SELECT DISTINCT account FROM ingest_rejection WHERE log_host_id = %s AND account <> ''",
            [log_host.pk],
        )
        yield from ((SubjectKind.AUTHENTICATED_ID, row[0]) for row in cursor.fetchall())
