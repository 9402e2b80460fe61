"""One message: what happened to it, line by line, and what is near it.

The page, ``manage.py timeline`` and a shared timeline all read this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db.models import QuerySet

from ingest import classification
from ingest.exim.events import Arrival
from ingest.exim.message_id import is_message_id
from ingest.models import LogFile, LogHost, Message, Suspect
from ingest.pages import LineRef, read_entries
from ingest.rules import RULES
from ingest.rules.allowed import Allowance
from ingest.rules.definition import MessageFinding
from mailwatch.queries import relatives, story
from mailwatch.queries.lines import TimelineLine, once, read, told
from mailwatch.queries.matching import address_is, with_delivery
from mailwatch.queries.ranges import Span, spans
from mailwatch.queries.recipients import RecipientOutcome, outcomes
from mailwatch.queries.relatives import Relative
from mailwatch.queries.search import Count, counted

LINES_SHOWN = 200
LINES_READ = 20_000  # of one message, for its recipients; more are not read for a page
RECIPIENTS_SHOWN = 50
_LISTED = 10  # bounces and files near a message


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFinding:
    """A rule that holds for the message."""

    rule: str
    severity: str
    title: str
    evidence: str
    explanation: str
    allowed_by: Allowance | None = None  # the entry by which it does not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a timeline, or several that say the same: its time to be tried again had not come."""

    lines: tuple[TimelineLine, ...]

    @property
    def first(self) -> TimelineLine:
        return self.lines[0]

    @property
    def last(self) -> TimelineLine:
        return self.lines[-1]

    @property
    def is_folded(self) -> bool:
        return len(self.lines) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """``lines`` are those from ``first_line`` (0 is the first) on; the rest covers the whole message."""

    log_host: LogHost
    message: Message
    summary: str
    findings: tuple[FoundFinding, ...]
    recipients: tuple[RecipientOutcome, ...]
    lines: tuple[TimelineLine, ...]
    first_line: int
    total_lines: int
    missing_lines: int  # their page is gone, or beyond LINES_READ
    log: Span  # of the whole log host: "now" is its end
    tls: str | None  # version and cipher, as the arrival says

    @property
    def steps(self) -> list["Step"]:
        """The lines, with those that only say that it was too early to try again put together."""
        groups = groupby(enumerate(self.lines), key=lambda item: "wait" if item[1].is_wait else item[0])
        return [Step(lines=tuple(line for _, line in group)) for _, group in groups]

    @property
    def next_line(self) -> int | None:
        end = self.first_line + len(self.lines)
        return end if end < self.total_lines - self.missing_lines else None

    @property
    def first_number(self) -> int:
        """Counted from 1, for people."""
        return self.first_line + 1

    @property
    def last_number(self) -> int:
        return self.first_line + len(self.lines)

    @property
    def outcome(self) -> str:
        return story.outcome_of(self.message)

    @property
    def status(self) -> str:
        return story.status_of(self.message)

    @property
    def protocol_words(self) -> str:
        return story.protocol(self.message)

    @property
    def is_bad(self) -> bool:
        """Somebody has to act."""
        return self.worst is not None and self.worst.severity in ("critical", "high")

    @property
    def worst(self) -> FoundFinding | None:
        """Of those that count; None: nothing counts."""
        return next((found for found in self.findings if found.allowed_by is None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearby:
    """What else to look at; a count is None where the message does not say what to count by."""

    sender_host: Count | None
    envelope_sender: Count | None
    recipient: Count | None
    connection: Count | None
    reports: tuple[str, ...]  # ids of bounces and warnings about this message
    parent_is_here: bool
    onward: tuple[Relative, ...]  # what the next servers call it
    origin: Relative | None  # what the server before called it
    suspects: tuple[Suspect, ...]
    files: tuple[str, ...]
    has_more_reports: bool
    has_more_files: bool


def find(message_id: str, *, log_host: LogHost | None = None) -> QuerySet[Message]:
    """The messages of that id: one on each log host that has it."""
    if not is_message_id(message_id):
        return Message.objects.none()
    hosts = [log_host.pk] if log_host else list(LogHost.objects.values_list("pk", flat=True))
    found = Message.objects.filter(log_host_id__in=hosts, message_id=message_id)
    return found.select_related("log_host").order_by("log_host__name")


def timeline(message: Message, *, first_line: int = 0, most_lines: int | None = LINES_SHOWN) -> Timeline:
    """Read a message from its lines. ``most_lines`` None: all of them, however many."""
    log_host = message.log_host
    refs = message.line_refs if most_lines is None else message.line_refs[:LINES_READ]
    entries = read_entries(log_host.pk, refs)
    told_once = once(entries)
    lines = read(told_once, log_host)
    total_lines = len(message.line_refs) - len(entries) + len(told_once)
    end = None if most_lines is None else first_line + most_lines
    shown = lines[first_line:end]
    recipients = outcomes(lines, message.received_at)
    log = spans([log_host])[log_host.pk]
    reports = relatives.reports(message, most=1)
    return Timeline(
        log_host=log_host,
        message=message,
        summary=story.summary(message, recipients, zone=log_host.zone, log=log, reports=reports),
        findings=_findings(message),
        recipients=recipients,
        lines=tuple(told(shown, log_host, before=lines[first_line - 1] if first_line and shown else None)),
        first_line=first_line,
        total_lines=total_lines,
        missing_lines=total_lines - len(lines),
        log=log,
        tls=next((line.event.tls for line in lines if isinstance(line.event, Arrival)), None),
    )


def as_json(timeline: Timeline) -> dict[str, Any]:
    """The document of ``manage.py timeline --json``; times in the log host's zone."""
    message, zone = timeline.message, timeline.log_host.zone
    facts = {name: getattr(message, name) for name in _FACTS}
    return {
        "log_host": timeline.log_host.name,
        "message_id": message.message_id,
        "received_at": _iso(message.received_at, zone),
        "completed_at": _iso(message.completed_at, zone),
        **facts,
        "summary": timeline.summary,
        "recipients": [
            {name: _plain(getattr(recipient, name), zone) for name in _RECIPIENT_FACTS}
            for recipient in timeline.recipients
        ],
        "lines": [
            {
                "logged_at": _iso(line.logged_at, zone),
                "kind": str(line.kind),
                "text": line.text,
                "explanation": line.explanation,
            }
            for line in timeline.lines
        ],
        "findings": [
            {"rule": found.rule, "severity": found.severity, "title": found.title, "evidence": found.evidence}
            for found in timeline.findings
        ],
    }


_FACTS = (
    "envelope_sender", "sender_host_address", "sender_host_name", "helo_name", "protocol", "authenticator",
    "authenticated_id", "size", "subject", "status",
)  # fmt: skip
_RECIPIENT_FACTS = (
    "recipient", "original_recipient", "outcome", "logged_at", "transport", "remote_host_address", "text",
    "attempts", "queue_time", "next_message_id",
)  # fmt: skip


def _iso(at: datetime | None, zone: Any) -> str | None:
    return at.astimezone(zone).isoformat() if at else None


def _plain(value: object, zone: Any) -> object:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return _iso(value, zone) if isinstance(value, datetime) else value


def _findings(message: Message) -> tuple[FoundFinding, ...]:
    found = classification.findings_of(message.log_host, message.message_id)
    return tuple(map(_finding, sorted(found, key=lambda finding: (finding.severity.rank, finding.rule))))


def _finding(found: MessageFinding) -> FoundFinding:
    return FoundFinding(
        rule=found.rule,
        severity=found.severity,
        title=found.title,
        evidence=found.evidence,
        explanation=RULES[found.rule].explanation,
        allowed_by=found.allowed_by,
    )


def nearby(message: Message, recipients: Sequence[RecipientOutcome]) -> Nearby:
    """Counts on the same log host, and the messages that belong to this one."""
    here = Message.objects.filter(log_host_id=message.log_host_id)
    found_reports = relatives.reports(message, most=_LISTED)
    files = _files(message)
    parent = message.parent_message_id
    return Nearby(
        sender_host=_same(here, "sender_host_address", message.sender_host_address),
        envelope_sender=_same_sender(here, message.envelope_sender),
        recipient=_same_recipient(here, recipients),
        connection=_same_connection(here, message),
        reports=tuple(found_reports[:_LISTED]),
        has_more_reports=len(found_reports) > _LISTED,
        onward=relatives.onward(message, (recipient.next_message_id for recipient in recipients)),
        origin=relatives.origin(message),
        parent_is_here=bool(parent) and here.filter(message_id=parent).exists(),
        suspects=_suspects(message),
        files=files[:_LISTED],
        has_more_files=len(files) > _LISTED,
    )


def _same(here: QuerySet[Message], field: str, value: object) -> Count | None:
    return counted([here.filter(**{field: value}).values("message_id")]) if value is not None else None


def _same_sender(here: QuerySet[Message], address: str | None) -> Count | None:
    return (
        counted([here.filter(address_is("envelope_sender", address)).values("message_id")])
        if address
        else None
    )


def _same_recipient(here: QuerySet[Message], recipients: Sequence[RecipientOutcome]) -> Count | None:
    """Only where there is one recipient: otherwise "the same" has no meaning."""
    if len(recipients) != 1:
        return None
    address = recipients[0].original_recipient
    branches = [with_delivery(address_is(field, address)) for field in ("recipient", "original_recipient")]
    return counted([here.filter(branch).values("message_id") for branch in branches])


def _same_connection(here: QuerySet[Message], message: Message) -> Count | None:
    """By address and port, within an hour: the port is used again later."""
    if message.sender_host_port is None:
        return None
    hour = timedelta(hours=1)
    return counted(
        [
            here.filter(
                sender_host_address=message.sender_host_address,
                sender_host_port=message.sender_host_port,
                first_at__range=(message.first_at - hour, message.first_at + hour),
            ).values("message_id")
        ]
    )


def _suspects(message: Message) -> tuple[Suspect, ...]:
    """The subjects of this message that have findings of their own."""
    subjects = [
        ("sender_host_address", message.sender_host_address),
        ("authenticated_id", message.authenticated_id),
        ("local_user", None if message.sender_host_address else message.local_user),
    ]
    known = {kind: value for kind, value in subjects if value}
    rows = Suspect.objects.filter(log_host_id=message.log_host_id, value__in=known.values())
    return tuple(row for row in rows.prefetch_related("findings") if known.get(row.kind) == row.value)


def _files(message: Message) -> tuple[str, ...]:
    """Names of the files that hold its lines."""
    pages = {LineRef.unpack(ref).page_id for ref in message.line_refs[:LINES_READ]}
    files = LogFile.objects.filter(shares__log_host_id=message.log_host_id, shares__page_id__in=pages)
    return tuple(files.order_by("first_at", "pk").values_list("name", flat=True).distinct()[: _LISTED + 1])
