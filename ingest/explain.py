"""Pasted lines and configurations explained, and judged by the same rules as what is stored. Stores nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from ingest import batch_rows, counted_hours, countries
from ingest.assembly import (
    Attempt,
    Conclusion,
    Gathered,
    Status,
    conclude,
    last_attempts,
    local_user_of,
    message_facts,
)
from ingest.batch_rows import Rows
from ingest.exim import configuration as exim_configuration
from ingest.exim import glossary
from ingest.exim.events import Delivery, Event, Note, Topic
from ingest.exim.line import readable
from ingest.exim.masking import mask
from ingest.exim.reasons import Reason
from ingest.known_lines import Copies
from ingest.marks import refused_subjects, subjects_of
from ingest.refusals import rejection_facts
from ingest.rules.configuration import ConfigurationFinding, audit
from ingest.rules.definition import MessageFinding, SubjectFinding
from ingest.rules.facts import (
    Coverage,
    LogHostFacts,
    LoginCounts,
    MessageFacts,
    Network,
    RejectionFacts,
    SubjectKind,
    infer_local_domains,
)
from ingest.rules.host_rules import host_findings
from ingest.rules.limits import Limits
from ingest.rules.messages import message_findings
from ingest.rules.panels import Panel, panel_of
from ingest.rules.relays import SubjectReport, subject_findings
from ingest.rules.traces import FactTraces
from ingest.rules.verdict import Verdict, verdict
from ingest.sources.entries import Entry, entries_of
from ingest.stored_facts import with_origin
from ingest.stored_log_hosts import FEATURES, known_beside, limits_of_all, local_domains

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # of text without a single stamp; it never shows


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """One pasted line, with what each of its parts means."""

    number: int  # from 1
    text: str
    kind: str  # ingest.exim.events.Kind, or "unreadable"
    sentence: str
    tokens: tuple[glossary.Token, ...]
    event: Event | None


@dataclass(frozen=True, slots=True)
class ExplainedMessage:
    """One message of the pasted lines."""

    message_id: str
    gathered: Gathered
    conclusion: Conclusion
    facts: MessageFacts
    findings: tuple[MessageFinding, ...]
    lines: tuple[ExplainedLine, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """Everything that a paste says."""

    lines: tuple[ExplainedLine, ...]
    messages: tuple[ExplainedMessage, ...]
    reports: tuple[SubjectReport, ...]
    on_host: tuple[SubjectFinding, ...]  # on the log host as a whole, worst first
    verdict: Verdict
    configuration: tuple[ConfigurationFinding, ...]
    configuration_text: str  # with passwords masked
    unparsed: int

    def as_json(self) -> dict[str, Any]:
        """The document of ``manage.py explain --json``."""
        return {
            "lines": [
                {
                    "text": line.text,
                    "kind": line.kind,
                    "sentence": line.sentence,
                    "tokens": [{"text": token.text, "meaning": token.meaning} for token in line.tokens],
                }
                for line in self.lines
            ],
            "messages": [_message_json(message) for message in self.messages],
            **self.verdict.as_json(),
            "log_hosts": [{"log_host": None, "findings": list(map(_finding_json, self.on_host))}],
            "configuration": [finding.as_json() for finding in self.configuration],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What somebody knows of the log host and no line says, as ``LogHostFacts`` has it."""

    local_domains: frozenset[str] = frozenset()
    trusted_networks: tuple[Network, ...] = ()
    smarthosts: tuple[Network, ...] = ()
    own_addresses: frozenset[str] = frozenset()
    known_accounts: frozenset[str] = frozenset()


_NOTHING_KNOWN = Known()


def explain(
    text: bytes,
    *,
    configuration: str = "",
    zone: tzinfo = UTC,
    log_host: str = "",
    known: Known = _NOTHING_KNOWN,
) -> Explained:
    """Explain log lines, read in ``zone``, with a configuration and what else is known if there is any."""
    copies = Copies()
    entries = [copies.add(entry) for entry in entries_of(text.split(b"\n"))]
    read = batch_rows.read(entries, zone, fallback=_NO_TIME)
    numbers = list(_line_numbers(entry.entry for entry in read.stamped))
    rows = batch_rows.gather(read, numbers)
    lines = tuple(_explained(read, numbers, zone))
    host = _log_host_facts(rows, configuration, log_host, zone, known)
    by_number = {line.number: line for line in lines}
    messages = tuple(_explained_message(*item, host, by_number) for item in rows.messages.items())
    refusals = _rejections(rows)
    reports = tuple(_reports(rows, refusals, [message.facts for message in messages], host))
    coverage = _coverage(rows, read, host.limits)
    on_host = _on_host(rows, lines, host, coverage)
    is_given = bool(configuration.strip())
    found = audit(exim_configuration.read(configuration), host.limits) if is_given else ()
    return Explained(
        lines=lines,
        messages=messages,
        reports=reports,
        verdict=verdict(
            reports,
            host,
            coverage,
            found,
            host_findings=on_host,
            traces=_traces(messages, refusals),
            panel=_panel(configuration, rows, messages),
        ),
        on_host=on_host,
        configuration=found,
        configuration_text=mask(configuration),
        unparsed=len(read.unparsed),
    )


def _line_numbers(entries: Iterator[Entry]) -> Iterator[int]:
    number = 1
    for entry in entries:
        yield number
        number += entry.lines


def _explained(read: batch_rows.ReadBatch, numbers: list[int], zone: tzinfo) -> Iterator[ExplainedLine]:
    for (entry, _), number, event in zip(read.stamped, numbers, read.events, strict=True):
        for offset, raw in enumerate(entry.text.split(b"\n")):
            told = glossary.explain(raw, zone=zone)
            kind = "unreadable" if told.kind is None else told.kind.value
            own = event if offset == 0 else None
            yield ExplainedLine(number + offset, readable(raw), kind, told.sentence, told.tokens, own)


def _explained_message(
    message_id: str, gathered: Gathered, host: LogHostFacts, lines: Mapping[int, ExplainedLine]
) -> ExplainedMessage:
    # whichever way the lines came: evidence names recipients in the order in which stored ones are read
    attempts = sorted(gathered.attempts, key=lambda one: (one.logged_at, one.digest, one.copy))
    gathered = replace(gathered, attempts=attempts)
    conclusion = conclude(gathered)
    facts = with_origin(message_facts(message_id, gathered, conclusion))
    own = tuple(lines[number] for number in sorted(gathered.line_refs))
    return ExplainedMessage(message_id, gathered, conclusion, facts, message_findings(facts, host), own)


def _log_host_facts(rows: Rows, configuration: str, name: str, zone: tzinfo, known: Known) -> LogHostFacts:
    """Local domains come from the configuration if nobody told them, else from the lines themselves."""
    limits, read = limits_of_all(), exim_configuration.read(configuration)
    delivered_to = infer_local_domains(rows.counts.local_deliveries.items(), limits.local_domain_deliveries)
    domains, inferred = local_domains(known.local_domains, read, delivered_to)
    return LogHostFacts(
        name=name,
        local_domains=domains,
        local_domains_inferred=inferred,
        trusted_networks=known.trusted_networks + read.trusted_networks(limits.strangers_network),
        own_addresses=known.own_addresses.union(rows.own_addresses),
        smarthosts=known.smarthosts,
        known_accounts=known.known_accounts,
        logins={
            authenticator: LoginCounts(count.named, count.nameless, count.unrecorded)
            for authenticator, count in rows.counts.logins.items()
        },
        zone=zone,
        limits=limits,
        origins=countries.edition(),
    )


def _coverage(rows: Rows, read: batch_rows.ReadBatch, limits: Limits) -> Coverage:
    times = [event.logged_at for event in read.events if event is not None]
    first_at, last_at = min(times, default=None), max(times, default=None)
    return Coverage(
        **{f"has_{feature}": feature in rows.features for feature in FEATURES},
        **known_beside(first_at, last_at, limits),
        first_at=first_at,
        last_at=last_at,
    )


def _on_host(
    rows: Rows, lines: Sequence[ExplainedLine], host: LogHostFacts, coverage: Coverage
) -> tuple[SubjectFinding, ...]:
    """What the rules find on the log host as a whole: the hours are counted here, and not by the database."""
    told = counted_hours.told(
        rows.messages,
        rows.refusals,
        rows.counts.script_runs,
        _lines_of_scripts(lines),
        limits=host.limits,
        zone=host.zone,
    )
    new, known = counted_hours.ids(rows.messages, host, coverage)
    sent = counted_hours.sent(rows.messages, told)
    return host_findings([*told, *new], host, coverage, sent, known_ids=known)


def _lines_of_scripts(lines: Sequence[ExplainedLine]) -> Mapping[tuple[datetime, str], int]:
    """The first line of each hour and directory in which a program handed in a message."""
    found: dict[tuple[datetime, str], int] = {}
    for line in lines:
        event = line.event
        if isinstance(event, Note) and event.topic is Topic.ARGUMENTS and event.directory is not None:
            hour = event.logged_at.replace(minute=0, second=0, microsecond=0)
            found.setdefault((hour, event.directory), line.number)
    return found


def _panel(configuration: str, rows: Rows, messages: Sequence[ExplainedMessage]) -> Panel | None:
    directories = {directory for _, directory in rows.counts.script_runs}
    users = {message.facts.local_user for message in messages if message.facts.local_user}
    return panel_of(configuration, directories, users, rows.counts.logins)


def _rejections(rows: Rows) -> list[RejectionFacts]:
    """In the order in which stored ones are read (ingest.stored_facts.subject_rejections)."""
    refused = [refusal for refusal in rows.refusals if refusal.reason is not Reason.DISCARDED]
    ordered = sorted(refused, key=lambda refusal: (refusal.logged_at, refusal.digest, refusal.copy))
    return list(map(rejection_facts, ordered))


def _traces(messages: Sequence[ExplainedMessage], refusals: Sequence[RejectionFacts]) -> FactTraces:
    rules = {message.message_id: [found.rule for found in message.findings] for message in messages}
    partly_waiting = {message.message_id for message in messages if _is_partly_waiting(message)}
    return FactTraces([message.facts for message in messages], refusals, rules, partly_waiting)


def _is_partly_waiting(message: ExplainedMessage) -> bool:
    is_open = message.gathered.completed_at is None and message.gathered.removed_at is None
    is_partly = message.conclusion.status is Status.PARTLY_DELIVERED
    return is_partly and message.conclusion.deferred > 0 and is_open


def _reports(
    rows: Rows, refusals: list[RejectionFacts], messages: list[MessageFacts], host: LogHostFacts
) -> Iterator[SubjectReport]:
    refused = [refusal for refusal in rows.refusals if refusal.reason is not Reason.DISCARDED]
    ordered = sorted(messages, key=lambda message: (message.received_at or _NO_TIME, message.message_id))
    found = []
    subjects = {subject for message in messages for subject in subjects_of(message)}
    subjects.update(subject for refusal in refused for subject in refused_subjects(refusal))
    for kind, value in sorted(subjects):
        report = subject_findings(
            kind,
            value,
            [message for message in ordered if _message_value(message, kind) == value],
            [refusal for refusal in refusals if _refusal_value(refusal, kind) == value],
            host,
        )
        if report is not None:
            found.append(report.spoken())
    yield from sorted(found, key=lambda report: (report.harm, report.value))


def _message_value(message: MessageFacts, kind: SubjectKind) -> str | None:
    if kind is SubjectKind.SENDER_HOST_ADDRESS:
        return message.sender_host_address
    return message.authenticated_id if kind is SubjectKind.AUTHENTICATED_ID else message.local_user


def _refusal_value(refusal: RejectionFacts, kind: SubjectKind) -> str | None:
    if kind is SubjectKind.SENDER_HOST_ADDRESS:
        return refusal.sender_host_address
    return refusal.account if kind is SubjectKind.AUTHENTICATED_ID else None


# ---- JSON


def _message_json(message: ExplainedMessage) -> dict[str, Any]:
    """One message in the shape of ``manage.py timeline --json``."""
    gathered = message.gathered
    answers = {line.number: line.event.text for line in message.lines if isinstance(line.event, Delivery)}
    return {
        "log_host": None,
        "message_id": message.message_id,
        **_arrival_json(gathered),
        "completed_at": _time(gathered.completed_at),
        "status": message.conclusion.status.value,
        "recipients": [
            _recipient_json(attempt, answers) for attempt in last_attempts(gathered.attempts).values()
        ],
        "lines": [_line_json(line) for line in message.lines],
        "findings": [
            {
                "rule": finding.rule,
                "severity": finding.severity.value,
                "title": finding.title,
                "evidence": finding.evidence,
            }
            for finding in message.findings
        ],
    }


def _finding_json(finding: SubjectFinding) -> dict[str, Any]:
    """One finding on the log host as a whole, in the shape of ``manage.py relays --json``."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "title": finding.title,
        "evidence": finding.evidence,
        "count": finding.count,
        "first_at": _time(finding.first_at),
        "last_at": _time(finding.last_at),
    }


def _arrival_json(gathered: Gathered) -> dict[str, Any]:
    arrival = gathered.arrival
    client = arrival.client if arrival else None
    return {
        "received_at": _time(arrival.logged_at if arrival else None),
        "envelope_sender": arrival and arrival.envelope_sender,
        "sender_host_address": client and client.sender_host_address,
        "sender_host_name": client and client.sender_host_name,
        "helo_name": client and client.helo_name,
        "protocol": arrival and arrival.protocol,
        "authenticator": arrival and arrival.authenticator,
        "authenticated_id": arrival and arrival.authenticated_id,
        "local_user": arrival and local_user_of(arrival),
        "size": arrival and arrival.size,
        "subject": arrival and arrival.subject,
    }


def _line_json(line: ExplainedLine) -> dict[str, Any]:
    logged_at = _time(line.event.logged_at if line.event else None)
    return {"logged_at": logged_at, "kind": line.kind, "text": line.text, "explanation": line.sentence}


def _recipient_json(attempt: Attempt, answers: Mapping[int, str | None]) -> dict[str, Any]:
    """``answers``: what the remote servers said on acceptance, by line."""
    return {
        "recipient": attempt.recipient,
        "original_recipient": attempt.original_recipient or attempt.recipient,
        "outcome": attempt.outcome.value,
        "logged_at": _time(attempt.logged_at),
        "transport": attempt.transport,
        "remote_host_address": attempt.remote_host_address,
        "text": answers.get(attempt.line_ref, attempt.text),
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
