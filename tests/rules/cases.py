"""A log host judged by facts: every subject in them gets its report, and the attack its traces."""

from collections.abc import Iterable, Sequence

from ingest.marks import subjects_of
from ingest.rules.configuration import ConfigurationFinding
from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.facts import Coverage, LogHostFacts, MessageFacts, RejectionFacts, SubjectKind
from ingest.rules.messages import message_findings
from ingest.rules.panels import Panel
from ingest.rules.relays import SubjectReport, subject_findings
from ingest.rules.traces import FactTraces
from ingest.rules.verdict import Question, Verdict, verdict
from tests.rules.facts import HOST, START, coverage

type Fact = MessageFacts | RejectionFacts


def judged(
    *facts: Fact,
    host: LogHostFacts = HOST,
    seen: Coverage | None = None,
    configuration: Sequence[ConfigurationFinding] = (),
    on_host: Sequence[SubjectFinding] | None = (),
    panel: Panel | None = None,
) -> Verdict:
    """The verdict on everything in the facts."""
    messages = [fact for fact in facts if isinstance(fact, MessageFacts)]
    rejections = [fact for fact in facts if isinstance(fact, RejectionFacts)]
    rules = {
        message.message_id: [found.rule for found in message_findings(message, host)] for message in messages
    }
    return verdict(
        _reports(messages, rejections, host),
        host,
        seen or coverage(),
        configuration,
        host_findings=on_host,
        traces=FactTraces(messages, rejections, rules),
        panel=panel,
    )


def _reports(
    messages: list[MessageFacts], rejections: list[RejectionFacts], host: LogHostFacts
) -> list[SubjectReport]:
    subjects = {subject for message in messages for subject in subjects_of(message)}
    for rejection in rejections:
        if rejection.sender_host_address:
            subjects.add((SubjectKind.SENDER_HOST_ADDRESS, rejection.sender_host_address))
        if rejection.account:
            subjects.add((SubjectKind.AUTHENTICATED_ID, rejection.account))
    found = [
        subject_findings(kind, value, _of(messages, kind, value), _refused(rejections, kind, value), host)
        for kind, value in sorted(subjects)
    ]
    return sorted(
        (report for report in found if report is not None),
        key=lambda report: (report.severity.rank, -report.messages, report.value),
    )


def _of(messages: Iterable[MessageFacts], kind: SubjectKind, value: str) -> list[MessageFacts]:
    own = [message for message in messages if (kind, value) in subjects_of(message)]
    return sorted(own, key=lambda message: (message.received_at or START, message.message_id))


def _refused(rejections: Iterable[RejectionFacts], kind: SubjectKind, value: str) -> list[RejectionFacts]:
    own = [
        rejection
        for rejection in rejections
        if value
        == (
            rejection.sender_host_address
            if kind is SubjectKind.SENDER_HOST_ADDRESS
            else rejection.account
            if kind is SubjectKind.AUTHENTICATED_ID
            else None
        )
    ]
    return sorted(own, key=lambda rejection: rejection.logged_at)


def asked(answer: Verdict, name: str) -> Question:
    """One question of a verdict."""
    return next(question for question in answer.questions if question.name == name)


def fact(answer: Verdict, question: str) -> tuple[str, str]:
    """Answer and detail of one fact of a verdict."""
    found = next(fact for fact in answer.facts if fact.question == question)
    return found.answer, found.detail


def commands(answer: Verdict) -> list[str]:
    """The commands of its steps, in order."""
    return [step.command for step in answer.next_steps if step.command]


def on_host(rule: str, severity: Severity = Severity.HIGH, **more: object) -> SubjectFinding:
    """A finding on the log host as a whole."""
    return SubjectFinding(
        rule=rule,
        severity=severity,
        title="",
        evidence="Because.",
        first_at=START,
        last_at=START,
        count=1,
        **more,  # type: ignore[arg-type]
    )
