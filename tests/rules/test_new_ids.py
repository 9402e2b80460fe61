"""A name that nobody knows, where no list of the accounts was given."""

from dataclasses import replace

import pytest

from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.facts import LogHostFacts
from ingest.rules.host_rules import host_findings
from ingest.rules.new_ids import may_be_nobody
from ingest.rules.signs import Sign, Told
from ingest.rules.verdict import Answer
from tests.rules.cases import asked, judged, on_host
from tests.rules.facts import HOST, START, coverage, login

PEOPLE = frozenset(f"person{n}@example.com" for n in range(19)) | {"EXAMPLE\\Anna"}


def new(*names: str) -> list[Told]:
    known = {"sign": Sign.NEW_IDS, "count": 3, "peak": 3, "seen": frozenset({"plain"})}
    return [
        Told(value=name, first_at=START, last_at=START, **known)  # type: ignore[arg-type]
        for name in names
    ]


def found(*names: str, known: frozenset[str] = PEOPLE, host: LogHostFacts = HOST) -> SubjectFinding | None:
    findings = host_findings(new(*names), host, coverage(), {}, known_ids=known)
    return next((finding for finding in findings if finding.rule == "A03"), None)


def test_a_new_name_of_no_domain_of_ours_is_told() -> None:
    finding = found("x@elsewhere.example")

    assert finding is not None
    assert (finding.severity, finding.values, finding.count) == (Severity.HIGH, ("x@elsewhere.example",), 3)
    assert "through plain under 1 id that the weeks before do not know" in finding.evidence


def test_with_domains_that_are_only_inferred_it_is_milder_and_says_so() -> None:
    finding = found("x@elsewhere.example", host=replace(HOST, local_domains_inferred=True))

    assert finding is not None
    assert finding.severity is Severity.MEDIUM
    assert "only inferred" in finding.evidence


@pytest.mark.parametrize(
    "name", ["anna", "ANNA", "OTHER\\anna", "Person3@example.com", "person3@alias.example"]
)
def test_another_spelling_of_somebody_is_not(name: str) -> None:
    assert found(name) is None


@pytest.mark.parametrize(
    ("bare", "is_found"), [(1, True), (2, False)], ids=["19 of 20 are addresses", "18 of 20 are addresses"]
)
def test_a_name_without_a_domain_is_odd_only_where_nearly_all_have_one(bare: int, is_found: bool) -> None:
    known = {f"person{n}@example.com" for n in range(20 - bare)} | {f"user{n}" for n in range(bare)}

    assert (found("stranger", known=frozenset(known)) is not None) is is_found


def test_with_a_list_of_accounts_it_is_not_asked() -> None:
    host = replace(HOST, known_accounts=frozenset({"alice"}))

    assert may_be_nobody("x@elsewhere.example", HOST)
    assert not may_be_nobody("x@elsewhere.example", host)


def test_the_answer_is_suspected_and_no_more() -> None:
    told = judged(login(), on_host=[on_host("A03", Severity.HIGH)])
    milder = judged(login(), on_host=[on_host("A03", Severity.MEDIUM)])

    assert asked(told, "Broken authenticator").answer is Answer.SUSPECTED
    assert asked(told, "Broken authenticator").rules == ("A03",)
    assert asked(milder, "Broken authenticator").answer is Answer.NO


@pytest.mark.parametrize(
    ("limits", "is_found"),
    [
        ({}, True),
        ({"new_ids_known": 21}, False),
        ({"new_ids_addresses": 0.9}, True),
    ],
)
def test_its_thresholds_can_be_changed(limits: dict[str, float], is_found: bool) -> None:
    host = replace(HOST, limits=HOST.limits.changed(limits))
    assert (found("x@elsewhere.example", host=host) is not None) is is_found


def test_a_share_that_is_lower_finds_names_without_a_domain() -> None:
    known = {f"person{n}@example.com" for n in range(18)} | {"user1", "user2"}
    assert found("stranger", known=frozenset(known)) is None
    host = replace(HOST, limits=HOST.limits.changed({"new_ids_addresses": 0.9}))
    assert found("stranger", known=frozenset(known), host=host) is not None
