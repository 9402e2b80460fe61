"""What the hours of a log show of the log host: counted run by run as if everything was counted at once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random

import pytest

from ingest import classification, stored_signs, undo
from ingest.models import HourSign, IngestRun, LogHost
from ingest.pages import read_entries
from ingest.rebuild import rebuild
from ingest.rules.definition import Severity
from ingest.verification import verify
from tests.ingest.content import content
from tests.ingest.sign_cases import CASES, Log

type Read = Callable[[Sequence[str]], IngestRun]


@pytest.fixture
def host(srv1: LogHost) -> LogHost:
    LogHost.objects.filter(pk=srv1.pk).update(timezone="UTC", local_domains=["example.com"])
    srv1.refresh_from_db()
    return srv1


def found(host: LogHost) -> dict[str, Severity]:
    host.refresh_from_db()
    return {finding.rule: finding.severity for finding in classification.host_findings(host)}


def rows(host: LogHost) -> list[tuple[object, ...]]:
    names = ("hour", "sign", "value", "count", "total", "seen", "first_at", "last_at", "message_id")
    return sorted(HourSign.objects.filter(log_host=host).values_list(*names), key=repr)


@pytest.mark.parametrize(
    ("rule", "log", "severity"),
    CASES,
    ids=[f"{rule}-{number}-{severity}" for number, (rule, _, severity) in enumerate(CASES)],
)
def test_from_which_number_on(
    host: LogHost, read_lines: Read, rule: str, log: Log, severity: str | None
) -> None:
    read_lines(log.lines)

    assert found(host).get(rule) == severity


def test_a_script_is_shown_with_a_line(host: LogHost, read_lines: Read) -> None:
    read_lines(next(log for rule, log, severity in CASES if rule == "L01" and severity).lines)

    (finding,) = classification.host_findings(host)
    (line,) = read_entries(host.pk, finding.lines)

    assert b"cwd=/home/shop/public_html/wp-content 3 args: /usr/sbin/sendmail -t -i" in line


def _some_of_all() -> list[str]:
    rules = {"A02", "A05", "R03", "L01", "L03", "B02", "B04", "D01", "Q01"}
    logs = [log for rule, log, _ in CASES if rule in rules][::3]
    return sorted({line for log in logs for line in log.lines})


def test_what_is_stored_is_what_the_lines_say_and_goes_with_them(host: LogHost, read_lines: Read) -> None:
    lines = _some_of_all()
    read_lines(lines[: len(lines) // 2])
    before = content(host)
    run = read_lines([*lines[len(lines) // 4 :], *[f"{lines[-1]} again"] * 3])

    assert [compared for compared in verify(host) if compared.differences] == []
    both = content(host)
    rebuild(host)
    assert content(host) == both
    assert undo.begin(run, by="helen")
    while undo.work(run.pk):
        pass
    assert content(host) == before


def test_each_is_shown_with_lines(host: LogHost, read_lines: Read) -> None:
    rules = {"A07", "B02", "B05", "D01", "D02", "D03", "D04"}
    for rule, log, severity in CASES:
        if rule in rules and severity:
            read_lines(log.lines)

    findings = {finding.rule: finding for finding in classification.host_findings(host)}

    assert rules <= set(findings)
    assert all(findings[rule].lines or findings[rule].message_ids for rule in rules)
    assert findings["B02"].values == ("google.example",)
    assert b"rejected RCPT" in read_entries(host.pk, findings["D01"].lines)[0]


def test_signs_are_the_same_in_any_order_of_runs(host: LogHost, read_lines: Read) -> None:
    logs = [
        log for rule, log, _ in CASES if rule in {"A02", "A05", "R03", "L03", "B02", "B04", "D01", "Q01"}
    ][::3]
    lines = sorted({line for log in logs for line in log.lines})
    Random(7).shuffle(lines)
    for start in range(0, len(lines), len(lines) // 4 + 1):
        read_lines(lines[start : start + len(lines) // 4 + 1])
    before, findings = rows(host), found(host)

    classification.reclassify(host)

    assert before == rows(host)
    assert findings == found(host)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_what_is_kept_of_the_days_before_tells_the_same(host: LogHost, read_lines: Read, zone: str) -> None:
    LogHost.objects.filter(pk=host.pk).update(timezone=zone)
    host.refresh_from_db()
    lines = _some_of_all()
    for part in (lines[::2], lines[1::2]):  # the second also changes days that are kept
        read_lines(part)
        since, until = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
        at_once = stored_signs._read(host.pk, zone, since, until)
        assert at_once
        for _ in range(2):
            told = stored_signs.told(host, since, until)
            assert told == sorted(at_once, key=lambda one: (one.sign, one.value, one.first_at))
