"""What a shared report is made of, and how it is read back without a look at the log tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Func, QuerySet, TextField, Value
from django.db.models.functions import Lower, TruncHour

from ingest.exim.message_id import first_id
from ingest.models import Delivery, LogHost, Message
from ingest.pages import read_entries
from ingest.rules.definition import SubjectFinding
from ingest.rules.facts import SubjectKind
from ingest.rules.relays import SubjectReport
from mailwatch.models import SharedReport
from mailwatch.queries import keyset
from mailwatch.queries.answers import HostAnswer, answers, evidence
from mailwatch.queries.ranges import Bounds, Range
from mailwatch.queries.relays import Chosen, Suspect, all_suspects

FINDINGS_PROVED = 5  # of the worst suspect, each with lines behind it
LINES_OF_A_MESSAGE = 12  # of the message that proves the first of them
LISTED = 50  # shared reports on one page of the list


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Lines behind one finding; ``message_id`` where they are the lines of one message."""

    finding: SubjectFinding
    message_id: str | None
    lines: Sequence[bytes]
    total_lines: int  # of the message; more than ``lines`` where it has many


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackHour:
    """Attempts to deliver the suspect's messages in one hour, by outcome."""

    hour: datetime
    delivered: int = 0
    deferred: int = 0
    bounced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSource:
    """The report as its page shows it, and what an outsider needs beside it."""

    answers: Sequence[HostAnswer]  # the one that needs somebody to act first
    suspects: Sequence[Suspect]  # worst first, all of them
    proofs: Sequence[Proof]  # of the worst
    hours: Sequence[AttackHour]  # of the worst
    recipient_domains: int  # of the worst


def report_source(*, log_host: LogHost | None, asked: Range) -> ReportSource:
    """Read everything that a frozen report shows. ``log_host`` None: all of them."""
    found = answers(log_host=log_host, asked=asked)
    suspects = all_suspects(found, Chosen())
    worst = next((suspect for suspect in suspects if suspect.report.is_suspect), None)
    if worst is None:
        return ReportSource(answers=found, suspects=suspects, proofs=(), hours=(), recipient_domains=0)
    bounds = next(answer.bounds for answer in found if answer.log_host == worst.log_host)
    deliveries = _deliveries(worst.log_host, worst.report, bounds)
    return ReportSource(
        answers=found,
        suspects=suspects,
        proofs=[_proof(worst.log_host, finding) for finding in worst.report.findings[:FINDINGS_PROVED]],
        hours=_hours(deliveries),
        recipient_domains=_recipient_domains(deliveries),
    )


def _proof(log_host: LogHost, finding: SubjectFinding) -> Proof:
    """The lines of one message where the finding is about messages; else the lines it names."""
    if finding.lines or not finding.message_ids:
        lines = [found.raw for found in evidence(log_host, finding, lines=2)]
        return Proof(finding=finding, message_id=None, lines=lines, total_lines=len(lines))
    message_id = finding.message_ids[0]
    refs = (
        Message.objects.filter(log_host=log_host, message_id=message_id)
        .values_list("line_refs", flat=True)
        .first()
    ) or []
    lines = [raw for raw in read_entries(log_host.pk, refs[:LINES_OF_A_MESSAGE]) if raw]
    return Proof(finding=finding, message_id=message_id, lines=lines, total_lines=len(refs))


def _deliveries(log_host: LogHost, report: SubjectReport, bounds: Bounds) -> QuerySet[Delivery]:
    """Attempts for the messages of one subject within the range."""
    day = timedelta(days=1)  # an id's time and the line's differ by a wrong zone at most
    rows = Delivery.objects.filter(
        log_host=log_host,
        is_attempt=True,
        message_id__gte=first_id(report.first_at - day),
        message_id__lt=first_id(report.last_at + day),
        **{f"message__{_FIELDS[report.kind]}": report.value},
    )
    if bounds.since:
        rows = rows.filter(logged_at__gte=bounds.since)
    return rows.filter(logged_at__lt=bounds.until) if bounds.until else rows


_FIELDS = {
    SubjectKind.SENDER_HOST_ADDRESS: "sender_host_address",
    SubjectKind.AUTHENTICATED_ID: "authenticated_id",
    SubjectKind.LOCAL_USER: "local_user",
}


def _hours(deliveries: QuerySet[Delivery]) -> list[AttackHour]:
    counts: dict[datetime, dict[str, int]] = {}
    rows = deliveries.values_list(TruncHour("logged_at", tzinfo=UTC), "outcome").annotate(Count("digest"))
    for hour, outcome, count in rows:
        counts.setdefault(hour, {})[outcome] = count
    return [AttackHour(hour=hour, **counts[hour]) for hour in sorted(counts)]


def _recipient_domains(deliveries: QuerySet[Delivery]) -> int:
    domain = Func(F("recipient"), Value("@"), Value(-1), function="split_part", output_field=TextField())
    counted = deliveries.aggregate(domains=Count(Lower(domain), distinct=True))
    return int(counted["domains"])


# -- reading one back


def open_report(token: str, *, now: datetime) -> SharedReport | None:
    """The report behind a link; None where there is none, or where it is closed."""
    return SharedReport.objects.open_at(now).filter(token=token).first()


def listed(*, before: int | None) -> keyset.Page[SharedReport]:
    """Shared reports without their contents, newest first; ``before``: the last one that was shown."""
    rows = SharedReport.objects.select_related("made_by").defer("snapshot")
    found = keyset.newest_first(rows, fields=("pk",), after=None if before is None else (before,))
    page = list(found[: LISTED + 1])
    older = str(page[LISTED - 1].pk) if len(page) > LISTED else ""
    return keyset.Page(rows=tuple(page[:LISTED]), older=older)


def with_times(stored: Any) -> Any:
    """A snapshot with the texts under names that end in ``_at`` (and ``since``, ``until``) as datetimes."""
    if isinstance(stored, list):
        return [with_times(item) for item in stored]
    if not isinstance(stored, dict):
        return stored
    return {name: _time(value) if _is_time(name) else with_times(value) for name, value in stored.items()}


def _is_time(name: str) -> bool:
    return name.endswith("_at") or name in ("since", "until")


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
