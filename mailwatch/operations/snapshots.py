"""The contents of a shared report as one JSON document.

Everything that names a person passes the redactor on its way in: what it hides is nowhere in the document.
Times are ISO 8601 with the offset of the log host's zone; names of fields are those of ``--json``. Keys are
added, never renamed; ``format`` rises when one has to be.
"""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any

from ingest import languages
from ingest.rules.allowed import Allowance, AllowedKind
from ingest.rules.facts import SubjectKind
from ingest.rules.logins import GUESSING, MANY_IDS
from ingest.rules.relays import SubjectReport
from ingest.rules.verdict import Allowed, Verdict
from mailwatch.queries.answers import HostAnswer
from mailwatch.queries.lines import TimelineLine
from mailwatch.queries.message import Timeline
from mailwatch.queries.recipients import RecipientOutcome
from mailwatch.queries.shared import AttackHour, Proof, ReportSource
from mailwatch.queries.suspects import Suspect
from mailwatch.redaction import Redactor, Role

FORMAT = 1
SUSPECTS = 20
RECIPIENTS = 500
type Json = dict[str, Any]


def report_snapshot(source: ReportSource, redactor: Redactor) -> Json:
    """The relays report: the verdict of each log host, the suspects, and the proof against the worst."""
    _learn_report(source, redactor)
    zone = source.answers[0].log_host.zone if source.answers else None
    return {
        "format": FORMAT,
        "language": languages.language(),
        "kind": "report",
        "hosts": [_host(answer, redactor) for answer in source.answers],
        "suspects": [_suspect(suspect, redactor) for suspect in source.suspects[:SUSPECTS]],
        "total_suspects": len(source.suspects),
        "attack": _attack(source),
        "evidence": [_proof(proof, redactor) for proof in source.proofs],
        "hours": [_hour(hour, zone) for hour in source.hours],
    }


def _attack(source: ReportSource) -> Json | None:
    """Totals over all who came the same way as the worst."""
    if not source.attackers:
        return None
    reports = [attacker.report for attacker in source.attackers]
    return {
        "attackers": len(reports),
        **{name: sum(getattr(report, name) for report in reports) for name in _COUNTS},
        "recipient_domains": source.recipient_domains,
    }


def _learn_report(source: ReportSource, redactor: Redactor) -> None:
    """Suspects first, so that accounts are called accounts; then everyone on the lines.

    All suspects, also those that are not shown: sentences of the verdict may name them.
    """
    for suspect in source.suspects:
        _learn_suspect(suspect.report, redactor)
    for answer in source.answers:
        redactor.learn_log_host(answer.log_host.name)
        for report in answer.reports:
            if report.allowed:
                _learn_suspect(report, redactor)
    for proof in source.proofs:
        for raw in proof.lines:
            redactor.learn_line(raw)


def _learn_suspect(report: SubjectReport, redactor: Redactor) -> None:
    """Itself, and the login names that sentences about it quote without a domain."""
    if role := ROLES.get(report.kind):
        redactor.learn(report.value, role)
    tried = (
        value
        for finding in (*report.findings, *report.allowed)
        if finding.rule in _COUNT_LOGINS
        for value in finding.values
    )
    for login in (*report.logins_after_guessing, *tried):
        redactor.learn(login, Role.ACCOUNT)


_COUNT_LOGINS = frozenset({GUESSING.code, MANY_IDS.code})
ROLES = {SubjectKind.AUTHENTICATED_ID: Role.ACCOUNT, SubjectKind.LOCAL_USER: Role.LOCAL_USER}


def _host(answer: HostAnswer, redactor: Redactor) -> Json:
    zone = answer.log_host.zone
    return {
        "log_host": redactor.log_host(answer.log_host.name),
        "timezone": answer.log_host.timezone,
        "since": iso(answer.bounds.since, zone),
        "until": iso(answer.bounds.until, zone),
        "first_at": iso(answer.span.first_at, zone),
        "last_at": iso(answer.span.last_at, zone),
        "verdict": _verdict(answer.verdict, redactor),
    }


def _verdict(verdict: Verdict, redactor: Redactor) -> Json:
    return {
        "relaying": str(verdict.relaying),
        "headline": redactor.text(verdict.headline),
        "lead": redactor.text(verdict.lead),
        "basis": redactor.text(verdict.basis),
        "facts": [
            {
                "question": fact.question,
                "answer": redactor.text(fact.answer),
                "detail": redactor.text(fact.detail or ""),
                "state": str(fact.state or ""),
            }
            for fact in verdict.facts
        ],
        "questions": [
            {
                "name": question.name,
                "answer": str(question.answer),
                "because": redactor.text(question.because),
                "rules": list(question.rules),
                "state": str(question.state),
                "against": [redactor.text(text) for text in question.against],
            }
            for question in verdict.questions
        ],
        "coverage": [
            {"rule": gap.rule, "why": redactor.text(gap.why), "remedy": redactor.text(gap.remedy)}
            for gap in verdict.coverage
        ],
        "allowed": [_allowed(allowed, redactor) for allowed in verdict.allowed[:SUSPECTS]],
        "total_allowed": len(verdict.allowed),
    }


def _allowed(allowed: Allowed, redactor: Redactor) -> Json:
    """What was found and does not count. Who allowed it stays inside."""
    finding = allowed.finding
    return {
        "kind": str(allowed.kind),
        "value": _value(allowed.kind, allowed.value, redactor),
        "rule": finding.rule,
        "title": finding.title,
        "evidence": redactor.text(finding.evidence),
        **_entry(finding.allowed_by, redactor),
    }


def _entry(entry: Allowance | None, redactor: Redactor) -> Json:
    if entry is None:
        return {}
    return {"reason": redactor.text(entry.reason), "allowed_until": entry.until.date().isoformat()}


def _suspect(suspect: Suspect, redactor: Redactor) -> Json:
    report, zone = suspect.report, suspect.log_host.zone
    return {
        "log_host": redactor.log_host(suspect.log_host.name),
        "kind": str(report.kind),
        "value": _value(report.kind, report.value, redactor),
        "severity": str(report.severity),
        "findings": [
            {
                "rule": finding.rule,
                "severity": str(finding.severity),
                "title": finding.title,
                "evidence": redactor.text(finding.evidence),
            }
            for finding in report.findings
        ],
        **{name: getattr(report, name) for name in _COUNTS},
        "first_at": iso(report.first_at, zone),
        "last_at": iso(report.last_at, zone),
        "helo_names": [redactor.host(name) for name in report.helo_names],
    }


def _value(kind: SubjectKind | AllowedKind, value: str, redactor: Redactor) -> str:
    """An IP address stays; whoever has a name gets another."""
    role = ROLES.get(kind) if isinstance(kind, SubjectKind) else None
    return redactor.account(value, role) if role else value


_COUNTS = ("messages", "recipients", "delivered", "deferred", "bounced", "rejections", "failed_logins")


def _proof(proof: Proof, redactor: Redactor) -> Json:
    return {
        "rule": proof.finding.rule,
        "title": proof.finding.title,
        "evidence": redactor.text(proof.finding.evidence),
        "count": proof.finding.count,
        "message_id": proof.message_id,
        "lines": [line_json(raw, redactor) for raw in proof.lines],
        "total_lines": proof.total_lines,
        "is_shown": proof.is_shown,
    }


def _hour(hour: AttackHour, zone: tzinfo | None) -> Json:
    return {
        "hour_at": iso(hour.hour, zone),
        "delivered": hour.delivered,
        "deferred": hour.deferred,
        "bounced": hour.bounced,
    }


def message_snapshot(timeline: Timeline, redactor: Redactor) -> Json:
    """One message: its story, its facts, every line read, what became of each recipient."""
    message, zone = timeline.message, timeline.log_host.zone
    redactor.learn_log_host(timeline.log_host.name)
    for line in timeline.lines:
        redactor.learn_line(line.raw)
    return {
        "format": FORMAT,
        "language": languages.language(),
        "kind": "message",
        "log_host": redactor.log_host(timeline.log_host.name),
        "timezone": timeline.log_host.timezone,
        "message_id": message.message_id,
        "status": message.status,
        "summary": redactor.text(timeline.summary),
        "received_at": iso(message.received_at, zone),
        "completed_at": iso(message.completed_at, zone),
        **_facts(timeline, redactor),
        "findings": [
            {
                "rule": found.rule,
                "severity": found.severity,
                "title": found.title,
                "evidence": redactor.text(found.evidence),
                "explanation": found.explanation,
                **_entry(found.allowed_by, redactor),
            }
            for found in timeline.findings
        ],
        "recipients": _recipients(timeline.recipients, redactor, zone),
        "total_recipients": len(timeline.recipients),
        "lines": [_told(line, redactor, zone) for line in timeline.lines],
        "total_lines": timeline.total_lines,
    }


def _facts(timeline: Timeline, redactor: Redactor) -> Json:
    message = timeline.message
    hidden = {"subject": "subject", "header_message_id": "id"}
    plain = ("sender_host_address", "protocol", "size")
    return {
        "envelope_sender": _if_said(message.envelope_sender, redactor.address),
        "authenticated_id": _if_said(message.authenticated_id, redactor.account),
        "local_user": _if_said(message.local_user, lambda user: redactor.account(user, Role.LOCAL_USER)),
        **{
            name: _if_said(
                getattr(message, name), lambda text, stand_in=shown: redactor.hidden(text, stand_in)
            )
            for name, shown in hidden.items()
        },
        **{name: getattr(message, name) for name in plain},
        "tls": timeline.tls,
        "authenticator": _if_said(message.authenticator, redactor.word),
        "sender_host_name": _if_said(message.sender_host_name, redactor.host),
        "helo_name": _if_said(message.helo_name, redactor.host),
    }


def _if_said(text: str | None, redacted: Any) -> str | None:
    return None if text is None else str(redacted(text))


def _recipients(recipients: Iterable[RecipientOutcome], redactor: Redactor, zone: tzinfo) -> list[Json]:
    return [
        {
            "recipient": redactor.recipient(outcome.recipient),
            "original_recipient": redactor.recipient(outcome.original_recipient),
            "outcome": outcome.outcome,
            "logged_at": iso(outcome.logged_at, zone),
            "transport": _if_said(outcome.transport, redactor.word),
            "remote_host_name": _if_said(outcome.remote_host_name, redactor.host),
            "remote_host_address": outcome.remote_host_address,
            "text": _if_said(outcome.text, redactor.answer),
        }
        for outcome in list(recipients)[:RECIPIENTS]
    ]


def _told(line: TimelineLine, redactor: Redactor, zone: tzinfo) -> Json:
    return {
        "logged_at": iso(line.logged_at, zone),
        "kind": str(line.kind),
        "title": redactor.text(line.title),
        "explanation": redactor.text(line.explanation),
        "mark": line.mark,
        "pause": redactor.text(line.pause),
        **line_json(line.raw, redactor),
    }


def line_json(raw: bytes, redactor: Redactor) -> Json:
    """A line as one text, and in parts: what is masked, and what matters."""
    parts = redactor.line(raw)
    return {
        "text": "".join(part.text for part in parts),
        "parts": [{"text": part.text, "masked": part.masked, "matters": part.matters} for part in parts],
    }


def iso(at: datetime | None, zone: tzinfo | None) -> str | None:
    """A time in a zone, as the document has it."""
    return at.astimezone(zone).isoformat() if at else None
