"""The log host as a whole is judged alike, whether its lines are pasted or stored."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

import pytest

from ingest import classification
from ingest.explain import Explained, explain
from ingest.models import IngestRun, LogHost
from ingest.pages import read_entries
from ingest.rules.definition import SubjectFinding
from tests.ingest.conftest import SAMPLES
from tests.ingest.sign_cases import CASES, Log

type Read = Callable[[Sequence[str]], IngestRun]

CONFIGURATION = "domainlist local_domains = example.com\n"


@pytest.fixture
def host(srv1: LogHost) -> LogHost:
    LogHost.objects.filter(pk=srv1.pk).update(timezone="UTC", local_domains=["example.com"])
    srv1.refresh_from_db()
    return srv1


def pasted(lines: Sequence[str]) -> Explained:
    return explain("\n".join(lines).encode(), configuration=CONFIGURATION, log_host="srv1")


def without_lines(found: Sequence[SubjectFinding]) -> list[SubjectFinding]:
    return [replace(finding, lines=()) for finding in found]


def texts_of_stored(host: LogHost, found: Sequence[SubjectFinding]) -> list[list[str]]:
    return [[line.decode() for line in read_entries(host.pk, finding.lines)] for finding in found]


def texts_of_pasted(lines: Sequence[str], found: Sequence[SubjectFinding]) -> list[list[str]]:
    return [[lines[number - 1] for number in finding.lines] for finding in found]


def assert_both_ways_agree(host: LogHost, lines: Sequence[str]) -> None:
    stored = classification.host_findings(host)
    told = pasted(lines).on_host

    assert without_lines(told) == without_lines(stored)
    assert texts_of_pasted(lines, told) == texts_of_stored(host, stored)


@pytest.mark.parametrize(
    ("rule", "log", "severity"),
    CASES,
    ids=[f"{rule}-{number}-{severity}" for number, (rule, _, severity) in enumerate(CASES)],
)
def test_of_each_rule_just_over_and_just_below(
    host: LogHost, read_lines: Read, rule: str, log: Log, severity: str | None
) -> None:
    read_lines(log.lines)

    found = {finding.rule: finding.severity for finding in pasted(log.lines).on_host}
    assert found.get(rule) == severity
    assert_both_ways_agree(host, log.lines)


@pytest.mark.parametrize("seed", range(4))
def test_of_all_together_in_any_order_with_some_lines_missing(
    host: LogHost, read_lines: Read, seed: int
) -> None:
    random = Random(seed)
    lines = sorted({line for _, log, _ in CASES for line in log.lines if random.random() < 0.97})
    random.shuffle(lines)
    read_lines(lines)

    assert pasted(lines).on_host
    assert_both_ways_agree(host, lines)


@pytest.mark.parametrize("name", ["srv1", "mx2"])
def test_of_a_sample(host: LogHost, read_lines: Read, name: str) -> None:
    lines = (SAMPLES / name / "mainlog").read_text(encoding="utf-8", errors="replace").splitlines()
    read_lines(lines)

    assert_both_ways_agree(host, lines)
