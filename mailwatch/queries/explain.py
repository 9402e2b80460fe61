"""Pasted lines, explained. Reads no table."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo

from ingest.exim.configuration import read
from ingest.exim.events import Arrival
from ingest.exim.message_id import received_at
from ingest.exim.parse import parse
from ingest.explain import Explained, ExplainedLine, explain
from ingest.rules.definition import SubjectFinding
from mailwatch.queries.answers import Evidence
from mailwatch.queries.configuration import Audit

MOST_LINES = 200  # explained part by part on one page; the verdict counts them all
_QUARTER = timedelta(minutes=15)  # offsets of zones are multiples of it
_SLOWEST = timedelta(minutes=5)  # from the first byte of a message to its arrival line


@dataclass(frozen=True, slots=True, kw_only=True)
class Paste:
    """What a pasted text says."""

    explained: Explained
    zone: tzinfo
    audit: Audit | None  # of the configuration, where one was pasted

    @property
    def lines(self) -> tuple[ExplainedLine, ...]:
        """Those that are shown part by part."""
        return self.explained.lines[:MOST_LINES]

    @property
    def evidence(self) -> Evidence | None:
        """One line behind the finding that the verdict's first sentence rests on."""
        told = self.explained
        verdict = told.verdict
        reports = [report for report in told.reports if verdict.rule and report.attack == verdict.attack]
        found = [finding for report in reports if (finding := report.finding(verdict.rule or ""))]
        found += [finding for finding in told.on_host if verdict.attack and finding.rule == verdict.rule]
        lines = [line for finding in found[:1] for line in self.lines_behind(finding)]
        return Evidence(raw=lines[0].text.encode(), finding=found[0], message_id=None) if lines else None

    @property
    def refused(self) -> bytes | None:
        """The line of a refusal that shows that the repair has worked."""
        after = self.explained.verdict.after
        if after is None or after.repair.line is None:
            return None
        return next((line.text.encode() for line in self._numbered([after.repair.line])), None)

    def lines_behind(self, finding: SubjectFinding) -> list[ExplainedLine]:
        """Its lines; of messages, the first of each."""
        if finding.lines:
            return self._numbered(finding.lines)
        own = {message.message_id: message.lines for message in self.explained.messages}
        return [own[message_id][0] for message_id in finding.message_ids if own.get(message_id)]

    def _numbered(self, numbers: Iterable[int]) -> list[ExplainedLine]:
        wanted = set(numbers)
        return [line for line in self.explained.lines if line.number in wanted]

    @property
    def is_short(self) -> bool:
        """A screen or two: nobody needs to unfold anything."""
        return len(self.explained.lines) <= 8

    @property
    def is_zone_known(self) -> bool:
        return self.zone is not UTC


def explained(text: bytes, *, configuration: str) -> Paste:
    """Explain lines and configuration together; nothing is stored."""
    zone = zone_of(text)
    found = explain(text, configuration=configuration, zone=zone)
    audit = Audit(configuration=read(found.configuration_text), findings=found.configuration)
    return Paste(explained=found, zone=zone, audit=audit if configuration.strip() else None)


def zone_of(text: bytes) -> tzinfo:
    """The offset at which the lines were written, from arrivals: a message id holds the time in UTC.

    UTC where no arrival tells, or where they disagree.
    """
    offsets = {
        _offset(event) for raw in text.split(b"\n") if isinstance(event := parse(raw, zone=UTC), Arrival)
    }
    known = offsets - {None}
    offset = known.pop() if len(known) == 1 else None
    return timezone(offset) if offset else UTC


def _offset(arrival: Arrival) -> timedelta | None:
    """How far the stamp of an arrival is ahead of its id; None where they tell no zone."""
    try:
        ahead = arrival.logged_at - received_at(arrival.message_id)
    except ValueError:
        return None
    offset = ahead // _QUARTER * _QUARTER
    is_zone = ahead - offset <= _SLOWEST and timedelta(hours=-12) <= offset <= timedelta(hours=14)
    return offset if is_zone else None
