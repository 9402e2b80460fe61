"""One message: what happened to it, line by line, and what is near it.

The page, ``manage.py timeline`` and a shared timeline all read this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby
from typing import Any

from django.db.models import FETCH_RAISE, QuerySet

from ingest import classification
from ingest.exim.events import Arrival, Bounce, Deferral, Delivery, Event
from ingest.exim.meanings.entry import Entry
from ingest.exim.message_id import is_message_id
from ingest.languages import say
from ingest.models import LogHost, Message, Status
from ingest.pages import read_entries
from ingest.rules import RULES, words
from ingest.rules.allowed import Allowance
from ingest.rules.definition import MessageFinding
from mailwatch.queries import lanes, pauses, relatives, story
from mailwatch.queries.arising import arises_at
from mailwatch.queries.lanes import Lanes
from mailwatch.queries.lines import LoggedLine, TimelineLine, once, read, told
from mailwatch.queries.ranges import Span, spans
from mailwatch.queries.recipients import RecipientOutcome, outcomes
from mailwatch.queries.summary import summary

LINES_SHOWN = 100  # 250 KB of page
LINES_READ = 20_000  # of one message, for its recipients; more are not read for a page


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFinding:
    """A rule that holds for the message."""

    rule: str
    severity: str
    title: str
    evidence: str
    explanation: str
    line: int  # at which it arises, counted from 1
    allowed_by: Allowance | None = None  # the entry by which it does not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a timeline, or several of queue runs that left the message alone for the same reason."""

    lines: tuple[TimelineLine, ...]
    findings: tuple[FoundFinding, ...] = ()  # that arise here
    day: str = ""  # of the first line

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
    """``lines`` are those from ``first_line`` (0 is the first) on; the rest covers the whole message.

    With ``containing``, only recipients whose address contains it have lanes and delivery lines.
    """

    log_host: LogHost
    zone: tzinfo  # of the times in words
    message: Message
    summary: str
    findings: tuple[FoundFinding, ...]
    recipients: tuple[RecipientOutcome, ...]
    lanes: Lanes
    containing: str
    lines: tuple[TimelineLine, ...]
    first_line: int
    total_lines: int  # that could be shown
    missing_lines: int  # of them: their page is gone, or beyond LINES_READ
    last_pause: str  # what it waits for when the log ends; "" where it does not wait
    reports: tuple[str, ...]  # ids of bounces and warnings about it, one more than are listed
    log: Span  # of the whole log host: "now" is its end
    tls: str | None  # version and cipher, as the arrival says

    @property
    def steps(self) -> list["Step"]:
        """The lines, with those put together that say the same again and again."""
        groups = groupby(self.lines, key=lambda line: line.repeats or line.number)
        return [self._step(tuple(group)) for _, group in groups]

    def _step(self, lines: tuple[TimelineLine, ...]) -> "Step":
        numbers = {line.number for line in lines}
        at = lines[0].logged_at
        return Step(
            lines=lines,
            findings=tuple(one for one in self.findings if one.line in numbers),
            day=words.day(at, self.zone) if at else "",
        )

    @property
    def terms(self) -> list[Entry]:
        """The glossary's entries behind the parts of the lines shown, each once, as they come."""
        tokens = (token for line in self.lines for token in line.tokens)
        return list(dict.fromkeys(entry for token in tokens for entry in token.entries))

    @property
    def is_last_part(self) -> bool:
        """The end of the message is among the lines shown."""
        return self.next_line is None

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


def find(message_id: str, *, log_host: LogHost | None = None) -> QuerySet[Message]:
    """The messages of that id: one on each log host that has it."""
    if not is_message_id(message_id):
        return Message.objects.none()
    hosts = [log_host.pk] if log_host else list(LogHost.objects.values_list("pk", flat=True))
    found = Message.objects.filter(log_host_id__in=hosts, message_id=message_id)
    return found.fetch_mode(FETCH_RAISE).select_related("log_host").order_by("log_host__name")


def timeline(
    message: Message,
    *,
    first_line: int = 0,
    most_lines: int | None = LINES_SHOWN,
    first_lane: int = 0,
    containing: str = "",
    zone: tzinfo | None = None,
) -> Timeline:
    """Read a message from its lines. ``most_lines`` None: all of them, however many.

    ``zone``: of the times in words; None: that of the log. ``containing``: part of an address; of deliveries, only the
    lines for such recipients are shown.
    """
    log_host = message.log_host
    refs = message.line_refs if most_lines is None else message.line_refs[:LINES_READ]
    entries = read_entries(log_host.pk, refs)
    told_once = once(entries)
    lines = read(told_once, log_host)
    missing_lines = len(message.line_refs) - len(entries) + len(told_once) - len(lines)
    events = [line.event for line in lines]
    recipients = outcomes(lines, message.received_at)
    log = spans([log_host])[log_host.pk]
    ends_at = None if message.completed_at else log.last_at
    shown = _shown(lines, recipients, containing)
    window = slice(first_line, None if most_lines is None else first_line + most_lines)
    reports = relatives.reports(message)
    return Timeline(
        log_host=log_host,
        zone=zone or log_host.zone,
        message=message,
        summary=summary(
            message,
            recipients,
            zone=zone or log_host.zone,
            log=log,
            reports=reports,
            waited_because=pauses.waited_because(events),
            put_off_because=pauses.put_off_because(events),
        ),
        findings=_findings(message, lines),
        recipients=recipients,
        lanes=lanes.lanes(
            lines,
            recipients,
            received_at=message.received_at,
            log_ends_at=ends_at,
            first=first_lane,
            containing=containing,
            elsewhere=_elsewhere(shown, window),
        ),
        containing=containing,
        lines=tuple(told(lines, log_host, shown=shown, window=window)),
        first_line=first_line,
        total_lines=len(shown) + missing_lines,
        missing_lines=missing_lines,
        last_pause=_last_pause(message, [events[number] for number in shown], ends_at),
        reports=tuple(reports),
        log=log,
        tls=next((event.tls for event in events if isinstance(event, Arrival)), None),
    )


def _elsewhere(shown: Sequence[int], window: slice) -> dict[int, int]:
    """By the place of a line that is not in the window: with which line its part begins, counted from 1."""
    if window.stop is None:
        return {}
    here, length = set(shown[window]), window.stop - window.start
    parts = ((number, at // length * length + 1) for at, number in enumerate(shown))
    return {number: begin for number, begin in parts if number not in here}


def _last_pause(message: Message, events: Sequence[Event | None], ends_at: datetime | None) -> str:
    return pauses.last_pause(events, ends_at) if message.status in _STILL_THERE else ""


_STILL_THERE = (Status.QUEUED, Status.PARTLY_DELIVERED, Status.FROZEN)


def _shown(lines: Sequence[LoggedLine], recipients: Sequence[RecipientOutcome], containing: str) -> list[int]:
    """Places of the lines to show: all, or all but the deliveries to other recipients."""
    if not containing:
        return list(range(len(lines)))
    own = {number for one in lanes.those_with(recipients, containing) for number in one.lines}
    return [
        number
        for number, line in enumerate(lines)
        if number in own or not isinstance(line.event, Delivery | Deferral | Bounce)
    ]


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
                "pause": line.pause,
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


def _findings(message: Message, lines: Sequence[LoggedLine]) -> tuple[FoundFinding, ...]:
    found = classification.findings_of(message.log_host, message.message_id)
    events = [line.event for line in lines]
    return tuple(
        _finding(finding, line=arises_at(finding.rule, events) + 1)
        for finding in sorted(found, key=lambda finding: (finding.severity.rank, finding.rule))
    )


def _finding(found: MessageFinding, *, line: int) -> FoundFinding:
    return FoundFinding(
        rule=found.rule,
        severity=found.severity,
        title=say(found.title),
        evidence=found.evidence,
        explanation=say(RULES[found.rule].explanation),
        line=line,
        allowed_by=found.allowed_by,
    )
