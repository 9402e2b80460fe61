"""The answer for one log host, with the line that proves it; what overview, report and commands share."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest import classification, signs
from ingest.judged_ranges import Bases
from ingest.kept_traces import KeptTraces
from ingest.models import LogHost, Message
from ingest.pages import read_entries
from ingest.rules.answers import WORST_FIRST
from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.facts import Coverage
from ingest.rules.relays import SubjectReport
from ingest.rules.verdict import Verdict, verdict
from ingest.stored_log_hosts import coverage as coverage_of
from ingest.stored_panels import panel
from mailwatch.queries.ranges import Bounds, Range, Span, spans
from mailwatch.reader import shown_zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A raw line behind a finding, and the message that it belongs to."""

    raw: bytes
    finding: SubjectFinding
    message_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostAnswer:
    """Verdict and suspects of one log host over a range."""

    log_host: LogHost
    span: Span
    bounds: Bounds
    bases: Bases  # that it is given on
    coverage: Coverage
    reports: Sequence[SubjectReport]  # worst first
    host_findings: Sequence[SubjectFinding]  # on the log host as a whole, worst first
    verdict: Verdict

    @property
    def worse_host_findings(self) -> Sequence[SubjectFinding]:
        """Those on the log host as a whole that are more than low, and count."""
        counted = (found for found in self.host_findings if found.allowed_by is None)
        return [found for found in counted if found.severity.rank < Severity.LOW.rank]

    @property
    def is_empty(self) -> bool:
        return self.span.last_at is None

    @property
    def suspects(self) -> int:
        """Without those who were only refused."""
        return sum(report.is_suspect for report in self.reports)

    @property
    def finding(self) -> SubjectFinding | None:
        """The finding that the verdict's first sentence rests on; None where nobody got in."""
        rule, attack = self.verdict.rule, self.verdict.attack
        reports = (report for report in self.reports if rule and report.attack == attack)
        of_reports = (found for report in reports if (found := report.finding(rule or "")))
        of_host = (found for found in self.host_findings if attack and found.rule == rule)
        return next(of_reports, next(of_host, None))

    @property
    def evidence(self) -> "Evidence | None":
        """One line behind that finding."""
        return next(iter(evidence(self.log_host, self.finding)), None) if self.finding else None

    @property
    def refused_line(self) -> bytes | None:
        """The line of a refusal that shows that the repair has worked."""
        after = self.verdict.after
        if after is None or after.repair.line is None:
            return None
        return next(iter(read_entries(self.log_host.pk, [after.repair.line])), None)


def answers(*, log_host: LogHost | None, asked: Range) -> list[HostAnswer]:
    """The answer for one log host, or for each; the one that needs somebody to act first."""
    hosts = [log_host] if log_host else list(LogHost.objects.all())
    return by_need([answer(log_host=host, asked=asked) for host in hosts])


def by_need(found: Sequence[HostAnswer]) -> list[HostAnswer]:
    """The log host that needs somebody to act first."""
    return sorted(found, key=lambda answer: (answer.is_empty, WORST_FIRST.index(answer.verdict.relaying)))


def answer(*, log_host: LogHost, asked: Range) -> HostAnswer:
    """The answer for one log host."""
    span = spans([log_host])[log_host.pk]
    bounds = asked.bounds(log_host, span)
    bases = classification.bases_of(log_host)
    facts = bases.host
    reports = classification.subject_reports(log_host, bounds.since, bounds.until, bases)
    coverage = coverage_of(log_host, since=bounds.since, until=bounds.until)
    configuration = classification.configuration_findings(log_host)
    host_findings = signs.findings(
        log_host, facts, coverage, bounds.since, bounds.until, allowances=bases.allowances
    )
    return HostAnswer(
        log_host=log_host,
        span=span,
        bounds=bounds,
        bases=bases,
        coverage=coverage,
        reports=reports,
        host_findings=host_findings,
        verdict=verdict(
            reports,
            replace(facts, zone=shown_zone(log_host.zone)),
            coverage,
            configuration,
            host_findings=host_findings,
            traces=KeptTraces(bases),
            panel=panel(log_host),
            accepted=classification.accepted_gaps(log_host, coverage, bases.allowances),
        ),
    )


def evidence(log_host: LogHost, finding: SubjectFinding, *, lines: int = 1) -> list[Evidence]:
    """First and last lines behind a finding, ``lines`` at most; of messages, the lines of their arrival."""
    if finding.lines:
        refs = _ends(finding.lines, lines)
        return [
            Evidence(raw=raw, finding=finding, message_id=None) for raw in read_entries(log_host.pk, refs)
        ]
    ids = _ends(finding.message_ids, lines)
    first_lines = dict(
        Message.objects.filter(log_host=log_host, message_id__in=ids).values_list("message_id", "line_refs")
    )
    known = [message_id for message_id in ids if first_lines.get(message_id)]
    raws = read_entries(log_host.pk, [first_lines[message_id][0] for message_id in known])
    return [
        Evidence(raw=raw, finding=finding, message_id=message_id)
        for message_id, raw in zip(known, raws, strict=True)
    ]


def _ends[T](items: Sequence[T], count: int) -> list[T]:
    """The first and the last items, ``count`` at most, in order."""
    if len(items) <= count:
        return list(items)
    head = (count + 1) // 2
    return [*items[:head], *items[len(items) - (count - head) :]]
