"""What a shared report is made of, and how it is read back without a look at the log tables."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Func, QuerySet, TextField, Value
from django.db.models.functions import Lower, TruncHour

from ingest import granted
from ingest.exim.message_id import first_id
from ingest.models import Delivery, LogHost, Message
from ingest.pages import read_entries
from ingest.rules.definition import SubjectFinding
from ingest.rules.facts import SubjectKind
from mailwatch.models import ReportOpening, SharedReport, SharingStop, digest_of
from mailwatch.queries import keyset
from mailwatch.queries.answers import HostAnswer, answers, evidence
from mailwatch.queries.ranges import Bounds, Range
from mailwatch.queries.suspects import Chosen, Suspect, all_suspects

FINDINGS_PROVED = 5  # of the worst suspect, each with lines behind it
LINES_OF_A_MESSAGE = 12  # of the message that proves the first of them
LISTED = 50  # shared reports on one page of the list


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Lines behind one finding; ``message_id`` where they are the lines of one message."""

    finding: SubjectFinding
    message_id: str | None
    lines: Sequence[bytes] = ()
    total_lines: int = 0  # of the message; more than ``lines`` where it has many
    is_shown: bool = False  # the message has proved an earlier finding: its lines are not repeated


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
    attackers: Sequence[Suspect] = ()  # the worst, and those of its kind that came the same way
    proofs: Sequence[Proof] = ()  # against the worst
    hours: Sequence[AttackHour] = ()  # of the attackers
    recipient_domains: int = 0  # of the attackers


def report_source(*, log_host: LogHost | None, asked: Range) -> ReportSource:
    """Read everything that a frozen report shows. ``log_host`` None: all of them."""
    found = answers(log_host=log_host, asked=asked)
    suspects = all_suspects(found, Chosen())
    attackers = _attackers(suspects)
    if not attackers:
        return ReportSource(answers=found, suspects=suspects)
    worst = attackers[0]
    bounds = next(answer.bounds for answer in found if answer.log_host == worst.log_host)
    deliveries = _deliveries(attackers, bounds)
    return ReportSource(
        answers=found,
        suspects=suspects,
        attackers=attackers,
        proofs=_proofs(worst.log_host, worst.report.findings[:FINDINGS_PROVED]),
        hours=_hours(deliveries),
        recipient_domains=_recipient_domains(deliveries),
    )


def _attackers(suspects: Sequence[Suspect]) -> list[Suspect]:
    """Those of one kind only: a message counts for its address and for its account."""
    worst = next((suspect for suspect in suspects if suspect.report.is_suspect), None)
    return [suspect for suspect in suspects if worst and _attack(suspect) == _attack(worst)]


def _attack(suspect: Suspect) -> tuple[int, str, str]:
    return suspect.log_host.pk, suspect.report.kind, suspect.report.attack


def _proofs(log_host: LogHost, findings: Sequence[SubjectFinding]) -> list[Proof]:
    proofs: list[Proof] = []
    for finding in findings:
        shown = {proof.message_id for proof in proofs if proof.message_id}
        repeated = next((message_id for message_id in finding.message_ids if message_id in shown), None)
        if repeated and not finding.lines:
            proofs.append(Proof(finding=finding, message_id=repeated, is_shown=True))
        else:
            proofs.append(_proof(log_host, finding))
    return proofs


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


def _deliveries(suspects: Sequence[Suspect], bounds: Bounds) -> QuerySet[Delivery]:
    """Attempts for the messages of some suspects, all of one kind and one log host, within the range."""
    reports = [suspect.report for suspect in suspects]
    day = timedelta(days=1)  # an id's time and the line's differ by a wrong zone at most
    rows = Delivery.objects.filter(
        log_host=suspects[0].log_host,
        is_attempt=True,
        message_id__gte=first_id(min(report.first_at for report in reports) - day),
        message_id__lt=first_id(max(report.last_at for report in reports) + day),
        **{f"message__{_FIELDS[reports[0].kind]}__in": [report.value for report in reports]},
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


def stopped() -> SharingStop | None:
    """Since when, and by whom, the organisation's links are switched off; None: they are not."""
    return SharingStop.objects.filter(lifted_at=None).select_related("stopped_by").first()


def is_stopped() -> bool:
    """Whether the organisation has switched its links off."""
    return SharingStop.objects.filter(lifted_at=None).exists()


def open_report(token: str, *, now: datetime) -> SharedReport | None:
    """The report behind a link; None where there is none, or where it is closed. Views are not looked at."""
    if is_stopped():
        return None
    with granted.everything():  # it is for whoever has the link
        found = SharedReport.objects.open_at(now).select_related("made_by")
        return found.filter(token_digest=digest_of(token)).first()


def to_be_revealed(token: str, *, now: datetime) -> SharedReport | None:
    """The report behind a link that somebody may still reveal."""
    report = open_report(token, now=now)
    return report if report is not None and report.has_views_left else None


def content(report: SharedReport) -> dict[str, Any]:
    """What is frozen, as ``content_hash`` is made of it."""
    return {
        "title": report.title,
        "log_hosts": report.log_hosts.split(", "),
        "frozen_at": report.frozen_at.astimezone(UTC).isoformat(),
        "redaction": str(report.redaction),
        "rules_version": report.rules_version,
        **report.snapshot,
    }


def listed(*, before: int | None) -> keyset.Page[SharedReport]:
    """Shared reports without their contents, newest first; ``before``: the last one that was shown."""
    rows = SharedReport.objects.select_related("made_by").defer("snapshot")
    found = keyset.newest_first(rows, fields=("pk",), after=None if before is None else (before,))
    page = list(found[: LISTED + 1])
    older = str(page[LISTED - 1].pk) if len(page) > LISTED else ""
    return keyset.Page(rows=tuple(page[:LISTED]), older=older)


def log_hosts_of(reports: Iterable[SharedReport]) -> dict[int, str]:
    """For staff, what the log hosts of each report are called; the row has what outsiders read. By its id."""
    reports = list(reports)
    ids = {pk for report in reports for pk in report.log_host_ids or ()}
    names = dict(LogHost.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
    return {
        report.pk: ", ".join(names[pk] for pk in report.log_host_ids or () if pk in names) or report.log_hosts
        for report in reports
    }


OPENINGS_LISTED = 200


def openings(report: SharedReport) -> tuple[list[ReportOpening], int]:
    """The newest openings of a link, and how many there are."""
    rows = report.openings.all()
    return list(rows[:OPENINGS_LISTED]), rows.count()


def evidence_rows(report: SharedReport) -> Iterator[tuple[str, ...]]:
    """The lines that are frozen: log host, rule, message id, line."""
    snapshot = report.snapshot
    if report.kind == SharedReport.Kind.MESSAGE:
        for line in snapshot["lines"]:
            yield snapshot["log_host"], "", snapshot["message_id"], line["text"]
        return
    if report.kind == SharedReport.Kind.INCIDENT:
        for piece in snapshot["evidence"]:
            for line in piece["lines"]:
                yield piece["log_host"], piece["rule"], piece["message_id"], line["text"]
        return
    for proof in snapshot["evidence"]:  # all against the worst of the suspects
        for line in proof["lines"]:
            yield snapshot["suspects"][0]["log_host"], proof["rule"], proof["message_id"] or "", line["text"]


def with_times(stored: Any) -> Any:
    """A snapshot with the texts under names that end in ``_at`` (and ``since``, ``until``) as datetimes."""
    if isinstance(stored, list):
        return [with_times(item) for item in stored]
    if not isinstance(stored, dict):
        return stored
    return {name: _time(value) if _is_time(name) else with_times(value) for name, value in stored.items()}


def _is_time(name: str) -> bool:
    return name.endswith("_at") or name in ("since", "until", "at")


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
