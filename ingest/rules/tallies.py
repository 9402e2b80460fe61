"""A rule that judges one fact at a time, summed up over a subject."""

from collections.abc import Callable
from datetime import datetime

from ingest.languages import say
from ingest.rules.definition import Evidence, Limits, Rule, Severity, SubjectFinding, worst
from ingest.rules.facts import LogHostFacts, MessageFacts, RejectionFacts
from ingest.rules.windows import Distinct, Sample, Span


class Tally:
    """How often, when and on what a rule found something: what remains of many facts."""

    __slots__ = ("envelope_senders", "lines", "message_ids", "span", "values", "worst")

    def __init__(self, limits: Limits) -> None:
        self.span = Span()
        self.worst = Severity.INFO
        self.values = Distinct(limits.kept_values)
        self.envelope_senders = Distinct(limits.kept_values)
        self.message_ids: Sample[str] = Sample()  # not Sample[str](), which costs 2 us
        self.lines: Sample[int] = Sample()

    def message(self, message: MessageFacts, evidence: Evidence) -> None:
        """Counts a finding on a message. A message whose arrival was not seen has no time and is left out."""
        if message.received_at is None:
            return
        self._count(message.received_at, evidence)
        self.message_ids.add(message.message_id)
        if message.envelope_sender is not None:
            self.envelope_senders.add(message.envelope_sender.lower())

    def rejection(self, rejection: RejectionFacts, evidence: Evidence) -> None:
        """Counts a finding on a refusal."""
        self._count(rejection.logged_at, evidence)
        self.lines.add(rejection.line)

    def _count(self, at: datetime, evidence: Evidence) -> None:
        self.span.add(at)
        if evidence.severity is not self.worst:
            self.worst = worst((self.worst, evidence.severity))
        for value in evidence.values:
            self.values.add(value)

    @property
    def count(self) -> int:
        """How often something was found."""
        return self.span.count

    def finding(self, rule: Rule, evidence: Evidence, peak: int = 0) -> SubjectFinding | None:
        """The finding of the rule that counted, in the words of ``evidence``; None without a count."""
        if self.span.first_at is None or self.span.last_at is None:
            return None
        return SubjectFinding(
            rule=rule.code,
            severity=evidence.severity,
            title=evidence.title or say(rule.title),
            evidence=evidence.text,
            first_at=self.span.first_at,
            last_at=self.span.last_at,
            count=self.span.count,
            message_ids=self.message_ids.items(),
            lines=self.lines.items(),
            values=self.values.most(),
            peak=peak,
        )


RejectionEvidence = Callable[[RejectionFacts, LogHostFacts, Limits], Evidence | None]
Summary = Callable[[Tally, LogHostFacts, Limits], Evidence]


class TallyWatch:
    """Applies evidence functions of one fact to all facts of a subject, and sums up in one sentence."""

    def __init__(
        self,
        rule: Rule,
        summary: Summary,
        host: LogHostFacts,
        limits: Limits,
        rejection_evidence: RejectionEvidence | None = None,
    ) -> None:
        self._rule = rule
        self._summary = summary
        self._host = host
        self._limits = limits
        self._rejection_evidence = rejection_evidence
        self._tally = Tally(limits)

    def message(self, message: MessageFacts) -> None:
        """Applies the rule to one message."""
        if self._rule.message is not None:
            evidence = self._rule.message(message, self._host, self._limits)
            if evidence is not None:
                self._tally.message(message, evidence)

    def rejection(self, rejection: RejectionFacts) -> None:
        """Applies the rule to one refusal."""
        if self._rejection_evidence is not None:
            evidence = self._rejection_evidence(rejection, self._host, self._limits)
            if evidence is not None:
                self._tally.rejection(rejection, evidence)

    def finding(self) -> SubjectFinding | None:
        """The sum."""
        if not self._tally.count:
            return None
        return self._tally.finding(self._rule, self._summary(self._tally, self._host, self._limits))
