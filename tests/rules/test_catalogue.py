"""Every rule is complete, and the document is made from them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from ingest.rules import RULES
from ingest.rules.coverage import gaps
from ingest.rules.definition import SEVERITIES, Rule, Severity, worst
from ingest.rules.document import document
from ingest.rules.facts import Coverage, LogHostFacts, infer_local_domains
from ingest.rules.words import count, duration, listing, shell


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_a_rule_says_everything_and_judges_something(rule: Rule) -> None:
    assert rule.title
    assert rule.explanation.endswith(".")
    assert rule.guards
    assert rule.next_steps
    assert any(
        (rule.message, rule.watch, rule.log_host, rule.coverage, rule.authenticator, rule.configuration)
    )
    assert bool(rule.watch) == bool(rule.kinds)
    assert f"## {rule.code} {rule.title}" in document()


def test_the_rules_are_known_by_their_codes() -> None:
    assert set(RULES) >= {"R01", "R04", "A01", "A04", "C01", "C09", "C12", "H01", "B01", "S01"}
    assert set(RULES) >= {"L01", "R03", "A02", "A05", "A06", "A07", "A08", "L03", "B02", "B04", "B05"}
    assert set(RULES) >= {"D01", "D02", "D03", "D04", "Q01", "Q02", "Q03"}
    assert set(RULES) >= {"A03", "R05", "H02", "H03", "B03", "L02", "L04"}
    assert {code for code in RULES if code.startswith("X")} == {f"X{number:02}" for number in range(1, 21)}
    assert all(code == rule.code for code, rule in RULES.items())


def test_the_document_in_the_repository_is_up_to_date() -> None:
    call_command("document_rules", check=True)


def test_an_old_document_is_refused(tmp_path: Path, settings: Settings) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs").mkdir()

    with pytest.raises(CommandError, match="document_rules"):
        call_command("document_rules", check=True)
    call_command("document_rules", stdout=StringIO())
    call_command("document_rules", check=True)


def test_severities_are_ordered() -> None:
    assert [severity.rank for severity in SEVERITIES] == [0, 1, 2, 3, 4]
    assert worst([Severity.LOW, Severity.HIGH, Severity.INFO]) is Severity.HIGH
    assert worst([]) is Severity.INFO
    assert Severity.CRITICAL.milder is Severity.HIGH
    assert Severity.INFO.milder is Severity.INFO


def test_local_domains_are_inferred_from_deliveries_on_this_machine() -> None:
    pairs = [("example.com", 2), ("Example.com", 1), ("typo.example", 1), ("", 50)]

    assert infer_local_domains(pairs) == {"example.com"}


@pytest.mark.parametrize(
    ("address", "is_local"),
    [
        ("alice@example.com", True),
        ("alice@EXAMPLE.com.", True),
        ('"odd name"@example.com', True),
        ("root", True),
        ("alice@victim.example", False),
        ("[email protected]", False),
        ("", False),
        (None, False),
    ],
)
def test_which_addresses_are_local(address: str | None, is_local: bool) -> None:
    assert LogHostFacts(name="x", local_domains=frozenset({"example.com"})).is_local(address) is is_local


def test_what_a_log_cannot_tell_names_the_setting() -> None:
    now = datetime(2026, 3, 9, tzinfo=UTC)
    everything = Coverage(
        has_arrivals=True, has_deliveries=True, has_listed_recipients=True, has_ports=True,
        has_arguments=True, has_rejections=True, first_at=now, last_at=now,
    )  # fmt: skip
    nothing = Coverage(first_at=now, last_at=now)

    assert gaps(everything) == ()
    assert [gap.selector for gap in gaps(nothing) if gap.selector] == [
        "+received_recipients", "+incoming_port", "+arguments",
    ]  # fmt: skip
    assert all(gap.rule in RULES and gap.why and gap.remedy for gap in gaps(nothing))
    assert gaps(Coverage()) == ()
    beside = replace(everything, has_countries=False, has_networks=False, has_history=False)
    assert [gap.rule for gap in gaps(beside)] == ["C07", "C04", "C04"]


def test_words() -> None:
    assert (count(1, "message"), count(1386, "message")) == ("1 message", "1,386 messages")
    assert listing(("a",)) == "a"
    assert listing(("a", "b", "c")) == "a, b and c"
    assert listing(tuple("abcdef")) == "a, b, c and 3 more"
    assert [duration(timedelta(seconds=s)) for s in (-5, 119, 120, 7199, 7200, 200000)] == [
        "0 s", "119 s", "2 min", "119 min", "2 h", "2 days",
    ]  # fmt: skip
    assert shell("a'b\n\u202ec") == "'a'\"'\"'bc'"
