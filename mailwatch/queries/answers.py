"""The answer for one log host, with the line that proves it; what overview, report and commands share."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.rules.verdict import Answer, Verdict, verdict

from ingest import classification
from ingest.models import LogHost, Message
from ingest.pages import read_entries
from ingest.rules.definition import SubjectFinding
from ingest.rules.facts import Coverage
from ingest.rules.relays import SubjectReport
from mailwatch.queries.ranges import Bounds, Range, Span, spans

# What the reader must see first.
_WORST_FIRST = (Answer.YES, Answer.SUSPECTED, Answer.UNKNOWN, Answer.NO)


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
    coverage: Coverage
    reports: Sequence[SubjectReport]  # worst first
    verdict: Verdict

    @property
    def is_empty(self) -> bool:
        return self.span.last_at is None


def answers(*, log_host: LogHost | None, asked: Range) -> list[HostAnswer]:
    """The answer for one log host, or for each; the one that needs somebody to act first."""
    hosts = [log_host] if log_host else list(LogHost.objects.all())
    stored = spans(hosts)
    found = [_answer(host, stored[host.pk], asked) for host in hosts]
    return sorted(found, key=lambda answer: (answer.is_empty, _WORST_FIRST.index(answer.verdict.relaying)))


def _answer(log_host: LogHost, span: Span, asked: Range) -> HostAnswer:
    bounds = asked.bounds(log_host, span)
    reports = classification.subject_reports(log_host, since=bounds.since, until=bounds.until)
    coverage = classification.coverage(log_host, since=bounds.since, until=bounds.until)
    facts = classification.log_host_facts(log_host)
    configuration = classification.configuration_findings(log_host)
    return HostAnswer(
        log_host=log_host,
        span=span,
        bounds=bounds,
        coverage=coverage,
        reports=reports,
        verdict=verdict(reports, facts, coverage, configuration),
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
