"""Any order of the same lines gives the same findings: logs are rotated, concatenated, and written by several hands."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest
from django.db import transaction

from ingest import classification, partitions
from ingest.explain import Explained, explain
from ingest.models import IngestRun, LogHost
from ingest.rules.definition import SubjectFinding
from ingest.rules.relays import SubjectReport
from tests.ingest.conftest import SAMPLES
from tests.ingest.sign_cases import CASES

type Read = Callable[[Sequence[str]], IngestRun]

CONFIGURATION = "domainlist local_domains = example.com\n"


def attacks() -> Iterator[tuple[str, list[str]]]:
    """Every log just over a limit, and the sample logs of two hosts."""
    for number, (rule, log, _) in enumerate(CASES):
        yield f"{rule}-{number}", list(log.lines)
    for host in ("srv1", "mx2"):
        for path in sorted((SAMPLES / host).glob("mainlog*")):
            if path.suffix not in {".gz", ".xz", ".zst", ".bz2"}:
                yield f"{host}-{path.name}", path.read_text(errors="surrogateescape").splitlines()


LOGS = dict(attacks())


def told(explained: Explained) -> object:
    """All that was found, without the places of the lines, which an order changes."""
    messages = sorted((one.message_id, one.findings) for one in explained.messages)
    reports = sorted(map(_report, explained.reports), key=repr)
    return messages, reports, [_finding(one) for one in explained.on_host], explained.verdict


def _report(report: SubjectReport) -> SubjectReport:
    return replace(report, findings=tuple(map(_finding, report.findings)))


def _finding(finding: SubjectFinding) -> SubjectFinding:
    return replace(finding, lines=())


def read(lines: Sequence[str]) -> Explained:
    text = "\n".join(lines).encode(errors="surrogateescape")
    return explain(text, configuration=CONFIGURATION, log_host="srv1")


@pytest.mark.parametrize("name", LOGS)
def test_pasted_lines_in_any_order(name: str) -> None:
    lines = LOGS[name]
    expected = told(read(lines))
    for seed in range(2):
        shuffled = Random(seed).sample(lines, len(lines))
        assert told(read(shuffled)) == expected


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", ["srv1-mainlog.1", "mx2-mainlog.1"])
def test_stored_lines_in_any_order(srv1: LogHost, read_lines: Read, name: str, seed: int) -> None:
    """Handed in as one file, and then anew as three, with the lines in no order."""
    with transaction.atomic():
        read_lines(LOGS[name])
        expected = found_on(srv1)
        transaction.set_rollback(True)
    partitions.forget()
    assert found_on(srv1) != expected
    shuffled = Random(seed).sample(LOGS[name], len(LOGS[name]))
    for part in range(3):
        read_lines(shuffled[part::3])
    assert found_on(srv1) == expected


def found_on(host: LogHost) -> object:
    host.refresh_from_db()
    reports = classification.subject_reports(host)
    return sorted(map(_report, reports), key=repr), [
        _finding(one) for one in classification.host_findings(host)
    ]
