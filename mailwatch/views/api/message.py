"""The timeline of one message."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

from mailwatch import trail
from mailwatch.models import Scope
from mailwatch.queries import message as queries
from mailwatch.queries.lines import TimelineLine as LoggedLine
from mailwatch.queries.recipients import RecipientOutcome
from mailwatch.views.api.answers import Problem, answer, maybe, time
from mailwatch.views.api.authentication import endpoint
from mailwatch.views.api.documents import MessageFinding, Recipient, Timeline, TimelineLine
from mailwatch.views.api.parameters import TimelineParameters, read

_FACTS = (
    "envelope_sender", "sender_host_address", "sender_host_name", "helo_name", "protocol", "authenticator",
    "authenticated_id", "local_user", "size", "subject",
)  # fmt: skip
_OF_RECIPIENT = (
    "recipient", "original_recipient", "outcome", "transport", "remote_host_name", "remote_host_address", "text",
    "attempts", "next_message_id",
)  # fmt: skip


@endpoint(Scope.TIMELINE)
def message(request: HttpRequest, log_host: str, message_id: str) -> HttpResponse:
    """Where another log host has a message of that id, its name is told."""
    given = read(TimelineParameters, request).cleaned_data
    every = list(queries.find(message_id))
    found = next((one for one in every if one.log_host.name == log_host), None)
    others = [one.log_host.name for one in every if one is not found]
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, "This log host has no message of this id.", also_on=others)
    trail.tell(whose=[found.envelope_sender, *(found.listed_recipients or ())])
    timeline = queries.timeline(found, first_line=given["lines_after"] or 0, most_lines=given["limit"])
    return answer(_document(timeline, others, given["recipients_after"] or 0, given["limit"]))


def _document(timeline: queries.Timeline, others: list[str], first: int, limit: int) -> Timeline:
    message, zone = timeline.message, timeline.log_host.zone
    facts: dict[str, Any] = {name: getattr(message, name) for name in _FACTS}
    recipients, end = timeline.recipients, first + limit
    return Timeline(
        log_host=timeline.log_host.name,
        message_id=message.message_id,
        also_on=tuple(others),
        summary=timeline.summary,
        status=str(message.status),
        received_at=maybe(message.received_at, zone),
        completed_at=maybe(message.completed_at, zone),
        findings=tuple(_finding(one) for one in timeline.findings),
        recipients=tuple(_recipient(one, zone) for one in recipients[first:end]),
        recipients_total=len(recipients),
        recipients_next=end if end < len(recipients) else None,
        lines=tuple(_line(line, zone) for line in timeline.lines),
        lines_total=timeline.total_lines,
        lines_missing=timeline.missing_lines,
        lines_next=timeline.next_line,
        **facts,
    )


def _finding(found: queries.FoundFinding) -> MessageFinding:
    return MessageFinding(
        rule=found.rule,
        severity=str(found.severity),
        title=found.title,
        evidence=found.evidence,
        is_allowed=found.allowed_by is not None,
    )


def _recipient(one: RecipientOutcome, zone: Any) -> Recipient:
    same: dict[str, Any] = {name: getattr(one, name) for name in _OF_RECIPIENT}
    waited = one.queue_time
    return Recipient(
        at=time(one.logged_at, zone),
        queue_seconds=None if waited is None else waited.total_seconds(),
        **same,
    )


def _line(line: LoggedLine, zone: Any) -> TimelineLine:
    return TimelineLine(
        number=line.number,
        at=maybe(line.logged_at, zone),
        kind=str(line.kind),
        line=line.text,
        explanation=line.explanation,
    )
