"""Suspects: who gave the rules a reason, one by one; what exports hold and attacks are made of."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from textwrap import indent

from ingest import countries
from ingest.classification import bases_of, subject_reports
from ingest.judged_ranges import Bases
from ingest.models import LogHost
from ingest.rules.definition import Severity
from ingest.rules.facts import Coverage, SubjectKind
from ingest.rules.relays import SubjectReport
from ingest.rules.verdict import combine
from ingest.stored_log_hosts import coverage, limits_of
from mailwatch.queries.answers import HostAnswer
from mailwatch.queries.ranges import Bounds, Span

COUNTS = (
    "messages",
    "recipients",
    "outside",
    "delivered",
    "deferred",
    "bounced",
    "rejections",
    "failed_logins",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Who was judged on one log host over a range, without the verdict."""

    log_host: LogHost
    span: Span
    bounds: Bounds
    bases: Bases  # that they are judged on
    coverage: Coverage
    reports: Sequence[SubjectReport]  # worst first


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One address, account or local user that a rule found something on."""

    log_host: LogHost
    report: SubjectReport
    same_as: str = ""  # a worse suspect that takes part in the same attack
    goes_on: bool = False  # seen shortly before the log, or the range, ends

    @property
    def key(self) -> str:
        return key_of(self.log_host, self.report)

    @property
    def is_address(self) -> bool:
        return self.report.kind == SubjectKind.SENDER_HOST_ADDRESS

    @property
    def is_account(self) -> bool:
        return self.report.kind == SubjectKind.AUTHENTICATED_ID

    @property
    def addresses(self) -> Sequence[str]:
        """Where it came from, as far as that was kept."""
        return (self.report.value,) if self.is_address else self.report.sender_host_addresses

    @property
    def countries(self) -> frozenset[str]:
        """Where that is; empty where it is not known."""
        found = (countries.origin_of(address).country for address in self.addresses)
        return frozenset(country for country in found if country)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which suspects are shown. Empty: all. Severity "info" adds those whose attempts were all refused."""

    severity: str = ""  # this one and worse
    rule: str = ""
    kind: str = ""
    country: str = ""  # two letters
    going_on: bool = False

    def __contains__(self, suspect: Suspect) -> bool:
        report = suspect.report
        return (
            (report.is_suspect or self.severity == Severity.INFO)
            and (not self.kind or report.kind == self.kind)
            and (not self.rule or self.rule in report.rules)
            and (not self.severity or report.severity.rank <= Severity(self.severity).rank)
            and (not self.going_on or suspect.goes_on)
            and (not self.country or self.country in suspect.countries)
        )

    @property
    def is_everybody(self) -> bool:
        return self == Chosen()


def key_of(log_host: LogHost, report: SubjectReport) -> str:
    """Names a suspect in the URL."""
    return f"{log_host.name}/{report.kind}/{report.value}"


def judged(log_host: LogHost, span: Span, bounds: Bounds) -> Judged:
    """The suspects of a range, where nobody asks for the verdict."""
    bases = bases_of(log_host)
    return Judged(
        log_host=log_host,
        span=span,
        bounds=bounds,
        bases=bases,
        coverage=coverage(log_host, bounds.since, bounds.until),
        reports=subject_reports(log_host, bounds.since, bounds.until, bases),
    )


def suspects_of(found: Sequence[HostAnswer | Judged]) -> list[Suspect]:
    """Everybody, worst first; those that were only refused too, but nobody of whom all is allowed."""
    pairs = [(answer, report) for answer in found for report in answer.reports if report.findings]
    pairs.sort(key=lambda pair: pair[1].harm)
    leaders: dict[tuple[int, str], str] = {}
    quiet = {answer.log_host.pk: limits_of(answer.log_host).over_after for answer in found}
    suspects = []
    for answer, report in pairs:
        leader = leaders.setdefault((answer.log_host.pk, report.attack), report.value)
        suspects.append(
            Suspect(
                log_host=answer.log_host,
                report=report,
                same_as=leader if leader != report.value else "",
                goes_on=_goes_on(answer, report, quiet[answer.log_host.pk]),
            )
        )
    return suspects


def _goes_on(answer: HostAnswer | Judged, report: SubjectReport, quiet: timedelta) -> bool:
    """Whether it was seen so shortly before the end that the end proves nothing; the clock does not matter."""
    first_at, last_at = answer.coverage.first_at, answer.coverage.last_at
    if first_at is None or last_at is None:
        return False
    return last_at - report.last_at < min(quiet, max((last_at - first_at) / 2, timedelta(minutes=1)))


def all_suspects(found: Sequence[HostAnswer], chosen: Chosen) -> list[Suspect]:
    """Everybody chosen, for exports."""
    return [suspect for suspect in suspects_of(found) if suspect in chosen]


def as_json(found: Sequence[HostAnswer], suspects: Sequence[Suspect]) -> dict[str, object]:
    """What ``relays --json`` and the page's export hold."""
    return _around(found) | {"suspects": [suspect_json(suspect) for suspect in suspects]}


def json_text(found: Sequence[HostAnswer], suspects: Iterable[Suspect]) -> Iterator[str]:
    """The same as text, one suspect at a time."""
    around = json.dumps(_around(found), indent=2)
    yield around.removesuffix("\n}") + ',\n  "suspects": ['
    separator = ""
    for suspect in suspects:
        yield f"{separator}\n{indent(json.dumps(suspect_json(suspect), indent=2), '    ')}"
        separator = ","
    yield "\n  ]\n}\n"


def _around(found: Sequence[HostAnswer]) -> dict[str, object]:
    whole = combine([answer.verdict for answer in found])
    return whole.as_json() | {
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
                "allowed": finding.allowed_by.as_json() if finding.allowed_by else None,
            }
            for finding in answer.host_findings
        ],
    }


def suspect_json(suspect: Suspect) -> dict[str, object]:
    """One entry of ``suspects``."""
    report, zone = suspect.report, suspect.log_host.zone
    return {
        "log_host": suspect.log_host.name,
        "kind": str(report.kind),
        "value": report.value,
        "severity": str(report.severity),
        "rules": list(report.rules),
        "attack": report.attack,
        **{name: getattr(report, name) for name in COUNTS},
        "first_at": report.first_at.astimezone(zone).isoformat(),
        "last_at": report.last_at.astimezone(zone).isoformat(),
        "goes_on": suspect.goes_on,
        "message_ids": list(report.message_ids),
    }
