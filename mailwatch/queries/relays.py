"""The report on suspicious relays: who sends through a log host and should not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.models import LogHost
from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.facts import SubjectKind
from ingest.rules.relays import SubjectReport
from ingest.rules.verdict import combine
from mailwatch.queries.answers import Evidence, HostAnswer, answers, evidence
from mailwatch.queries.ranges import Range

SHOWN = 100  # suspects on one page
LINES = 2  # raw lines for each finding of an opened suspect: the first and the last


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which suspects are shown. Empty: all. Severity "info" adds those whose attempts were all refused."""

    severity: str = ""  # this one and worse
    rule: str = ""
    kind: str = ""

    def __contains__(self, report: SubjectReport) -> bool:
        return (
            (report.is_suspect or self.severity == Severity.INFO)
            and (not self.kind or report.kind == self.kind)
            and (not self.rule or self.rule in report.rules)
            and (not self.severity or report.severity.rank <= Severity(self.severity).rank)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A finding of an opened suspect with lines behind it."""

    finding: SubjectFinding
    lines: Sequence[Evidence]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What was found on a log host as a whole."""

    log_host: LogHost
    details: Sequence[Detail]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One row of the report; ``details`` is None while it is closed."""

    log_host: LogHost
    report: SubjectReport
    same_as: str = ""  # a worse suspect that takes part in the same attack
    details: Sequence[Detail] | None = None

    @property
    def key(self) -> str:
        return key_of(self.log_host, self.report)

    @property
    def is_address(self) -> bool:
        return self.report.kind == SubjectKind.SENDER_HOST_ADDRESS

    @property
    def is_account(self) -> bool:
        return self.report.kind == SubjectKind.AUTHENTICATED_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    answers: Sequence[HostAnswer]  # the one that needs somebody to act first
    evidence: Evidence | None  # of the first
    hosts: Sequence[Host]  # those that something was found on
    suspects: Sequence[Suspect]  # worst first, SHOWN at most
    before: int  # how many of the chosen ones come before those shown
    chosen: int
    total: int
    rules: Sequence[str]  # codes that some suspect has, for the filter
    after: str  # key of the last suspect shown, where more follow; else ""

    @property
    def first(self) -> HostAnswer:
        return self.answers[0]

    @property
    def is_empty(self) -> bool:
        return all(answer.is_empty for answer in self.answers)

    @property
    def last(self) -> int:
        """The number of the last suspect shown, among the chosen."""
        return self.before + len(self.suspects)

    @property
    def has_gaps(self) -> bool:
        return any(answer.verdict.coverage for answer in self.answers if not answer.is_empty)


def key_of(log_host: LogHost, report: SubjectReport) -> str:
    """Names a suspect in the URL."""
    return f"{log_host.name}/{report.kind}/{report.value}"


def relays(
    *, log_host: LogHost | None, asked: Range, chosen: Chosen, opened: str | None = None, after: str = ""
) -> Report:
    """The report on one log host or on all. ``opened`` is a suspect's key; None: the first, if serious."""
    found = answers(log_host=log_host, asked=asked)
    everybody = _worst_first(found)
    wanted = [suspect for suspect in everybody if suspect.report in chosen]
    start = _place_behind(wanted, after)
    shown = wanted[start : start + SHOWN]
    if opened is None and shown and shown[0].report.severity.rank <= Severity.HIGH.rank:
        opened = shown[0].key
    return Report(
        answers=found,
        evidence=found[0].evidence if found else None,
        hosts=[
            Host(log_host=answer.log_host, details=_details(answer))
            for answer in found
            if answer.host_findings
        ],
        suspects=[_opened(suspect) if suspect.key == opened else suspect for suspect in shown],
        before=start,
        chosen=len(wanted),
        total=sum(suspect.report.is_suspect for suspect in everybody),
        rules=sorted({code for suspect in everybody for code in suspect.report.rules}),
        after=shown[-1].key if start + SHOWN < len(wanted) else "",
    )


def _details(answer: HostAnswer) -> list[Detail]:
    return [
        Detail(finding=finding, lines=evidence(answer.log_host, finding, lines=LINES))
        for finding in answer.host_findings
    ]


def all_suspects(found: Sequence[HostAnswer], chosen: Chosen) -> list[Suspect]:
    """Everybody chosen, for exports."""
    return [suspect for suspect in _worst_first(found) if suspect.report in chosen]


def _worst_first(found: Sequence[HostAnswer]) -> list[Suspect]:
    reports = [(answer.log_host, report) for answer in found for report in answer.reports]
    reports.sort(key=lambda pair: (pair[1].severity.rank, -pair[1].messages))
    leaders: dict[tuple[int, str], str] = {}
    suspects = []
    for log_host, report in reports:
        leader = leaders.setdefault((log_host.pk, report.attack), report.value)
        same_as = leader if leader != report.value else ""
        suspects.append(Suspect(log_host=log_host, report=report, same_as=same_as))
    return suspects


def _place_behind(suspects: Sequence[Suspect], key: str) -> int:
    """Where the page begins that follows the suspect of that key; 0 without one."""
    keys = [suspect.key for suspect in suspects]
    return keys.index(key) + 1 if key in keys else 0


def _opened(suspect: Suspect) -> Suspect:
    details = [
        Detail(finding=finding, lines=evidence(suspect.log_host, finding, lines=LINES))
        for finding in suspect.report.findings
    ]
    return replace(suspect, details=details)


def as_json(found: Sequence[HostAnswer], suspects: Sequence[Suspect]) -> dict[str, object]:
    """What ``relays --json`` and the page's export hold."""
    whole = combine([answer.verdict for answer in found])
    return whole.as_json() | {
        "suspects": [_suspect_json(suspect) for suspect in suspects],
        "log_hosts": [_host_json(answer) for answer in found if not answer.is_empty],
    }


def _host_json(answer: HostAnswer) -> dict[str, object]:
    zone = answer.log_host.zone
    return {
        "log_host": answer.log_host.name,
        "findings": [
            {
                "rule": finding.rule,
                "severity": str(finding.severity),
                "title": finding.title,
                "evidence": finding.evidence,
                "count": finding.count,
                "first_at": finding.first_at.astimezone(zone).isoformat(),
                "last_at": finding.last_at.astimezone(zone).isoformat(),
            }
            for finding in answer.host_findings
        ],
    }


_COUNTS = ("messages", "recipients", "delivered", "deferred", "bounced", "rejections", "failed_logins")


def _suspect_json(suspect: Suspect) -> dict[str, object]:
    report, zone = suspect.report, suspect.log_host.zone
    return {
        "log_host": suspect.log_host.name,
        "kind": str(report.kind),
        "value": report.value,
        "severity": str(report.severity),
        "rules": list(report.rules),
        "attack": report.attack,
        **{name: getattr(report, name) for name in _COUNTS},
        "first_at": report.first_at.astimezone(zone).isoformat(),
        "last_at": report.last_at.astimezone(zone).isoformat(),
        "message_ids": list(report.message_ids),
    }
