"""What this log cannot tell: gaps that somebody, or another setting, must close."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ingest.rules.coverage import gaps
from ingest.rules.facts import LogHostFacts
from tests.rules.facts import HOST, START, coverage


@pytest.mark.parametrize(
    ("host", "rules"),
    [
        (LogHostFacts(name="x"), ["R01", "A03"]),
        (LogHostFacts(name="x", local_domains=frozenset({"example.com"})), ["R01", "A03"]),
        (HOST, ["A03"]),
        (replace(HOST, known_accounts=frozenset({"alice"})), []),
    ],
)
def test_what_somebody_must_say_since_no_log_does(host: LogHostFacts, rules: list[str]) -> None:
    everything = coverage(has_listed_recipients=True, has_ports=True, has_arguments=True)

    assert [gap.rule for gap in gaps(everything, host)] == rules


def test_hours_without_lines_are_told() -> None:
    everything = coverage(has_listed_recipients=True, has_ports=True, has_arguments=True)
    with_gaps = replace(everything, has_gaps=True, last_at=START + timedelta(days=2))

    assert [gap.rule for gap in gaps(with_gaps)] == ["S01"]
    assert "hours without a single line" in gaps(with_gaps)[0].why
