"""Entries are for whom they name, cover what their rule found before their end, and lose nothing."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.rules.allowed import Allowance, AllowedKind, allowances_of_message, covering
from ingest.rules.answers import Answer
from ingest.rules.definition import Severity
from ingest.rules.facts import Coverage, Outcome, SubjectKind
from ingest.rules.relays import SubjectReport, subject_findings
from ingest.rules.verdict import Verdict, verdict
from tests.rules.facts import HOST, STRANGER, at, message, recipient, refusal

ADDRESS, ACCOUNT = SubjectKind.SENDER_HOST_ADDRESS, SubjectKind.AUTHENTICATED_ID
LATER = at(100_000)


def entry(kind: str = "sender_host_address", value: str = STRANGER, **changes: object) -> Allowance:
    fields = {"entry": 1, "rule": "", "reason": "our gateway", "author": "ada", "until": LATER} | changes
    return Allowance(kind=AllowedKind(kind), value=value, **fields)  # type: ignore[arg-type]


def relay() -> SubjectReport:
    """An address that relays."""
    report = subject_findings(
        ADDRESS, STRANGER, [message(0), message(5, recipients=(recipient("a@other.example"),))], [], HOST
    )
    assert report is not None
    return report


@pytest.mark.parametrize(
    ("kind", "value", "subject", "whose", "is_for"),
    [
        ("sender_host_address", "203.0.113.66", ADDRESS, "203.0.113.66", True),
        ("sender_host_address", "203.0.113.66", ADDRESS, "203.0.113.67", False),
        ("sender_host_address", "2001:db8::1", ADDRESS, "2001:0db8:0:0::1", True),
        ("sender_host_address", "203.0.113.66", ADDRESS, "::ffff:203.0.113.66", True),
        ("sender_host_address", "203.0.113.66", ACCOUNT, "203.0.113.66", False),
        ("network", "203.0.113.0/24", ADDRESS, "203.0.113.66", True),
        ("network", "203.0.112.0/24", ADDRESS, "203.0.113.66", False),
        ("network", "0.0.0.0/0", ADDRESS, "2001:db8::1", False),
        ("network", "::ffff:203.0.113.0/120", ADDRESS, "203.0.113.66", True),
        ("network", "203.0.113.0/24", ADDRESS, "no address", False),
        ("authenticated_id", "Alice", ACCOUNT, "alice", True),
        ("authenticated_id", "alice", SubjectKind.LOCAL_USER, "alice", False),
        ("local_user", "www-data", SubjectKind.LOCAL_USER, "www-data", True),
        ("local_user", "www-data", SubjectKind.LOCAL_USER, "WWW-DATA", False),
    ],
)
def test_an_entry_is_for_whom_it_names(
    kind: str, value: str, subject: SubjectKind, whose: str, is_for: bool
) -> None:
    assert entry(kind, value).is_for(subject, whose) is is_for


def test_it_covers_its_rule_or_all_until_its_end() -> None:
    assert entry(rule="R01").covers("R01", at(0))
    assert entry().covers("R01", at(0))
    assert not entry(rule="R02").covers("R01", at(0))
    assert not entry(until=at(5)).covers("R01", at(5))
    assert not entry().covers("R01", None)  # when it was is not known


def test_what_is_allowed_is_kept_but_counts_no_more() -> None:
    report = relay()
    allowed = report.allowing([entry(rule="R01")])
    assert "R01" in report.rules
    assert "R01" not in allowed.rules
    assert [finding.rule for finding in allowed.allowed] == ["R01"]
    assert allowed.severity.rank > report.severity.rank
    assert report.attack != allowed.attack


def test_a_subject_of_which_all_is_allowed_is_no_suspect() -> None:
    allowed = relay().allowing([entry()])
    assert (allowed.severity, allowed.findings, allowed.is_suspect) == (Severity.INFO, (), False)
    assert allowed.messages == 2
    assert {item["reason"] for item in allowed.as_json()["allowed"]} == {"our gateway"}


def test_what_goes_on_after_the_end_is_told_again() -> None:
    report = relay()
    assert report.allowing([entry(until=report.last_at + timedelta(seconds=1))]).findings == ()
    assert report.allowing([entry(until=report.last_at)]) == report


def told(*allowances: Allowance) -> Verdict:
    return verdict([relay().allowing(allowances)], HOST, Coverage(has_arrivals=True, has_deliveries=True))


def test_the_verdict_says_what_it_would_be_without() -> None:
    plain, allowed = told(), told(entry())
    assert plain.open_relay is Answer.YES
    assert allowed.relaying is not Answer.YES
    assert allowed.without_allowed is not None
    assert (allowed.without_allowed.relaying, allowed.without_allowed.headline) == (
        plain.relaying,
        plain.headline,
    )
    assert {item["rule"] for item in allowed.as_json()["allowed"]} >= {"R01"}
    assert (plain.allowed, plain.without_allowed) == ((), None)
    assert any("With what is allowed here: 2 messages" in text for text in allowed.questions[0].against)


def test_what_is_allowed_is_not_denied() -> None:
    text = "550 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org"
    refused = recipient("z@a.example", outcome=Outcome.BOUNCED, text=text)
    report = subject_findings(ADDRESS, STRANGER, [message(0, recipients=(refused,))], [], HOST)
    assert report is not None
    assert "B01" in report.rules
    answer = verdict([report.allowing([entry(rule="B01")])], HOST, Coverage(has_deliveries=True))
    question = next(item for item in answer.questions if item.name == "On a blocklist")
    assert question.answer is Answer.NO
    assert question.because == (
        "Apart from what is allowed here: No server said that it refuses mail because of a blocklist."
    )
    assert "on a blocklist (1 message)" in question.against[-1]


def test_a_refusal_stays_a_proof_whoever_is_allowed_everything() -> None:
    report = subject_findings(ADDRESS, STRANGER, [], [refusal(5)], HOST)
    assert report is not None
    assert report.allowing([entry()]).rules == ("R04",)
    assert report.allowing([entry(rule="R04")]).rules == ()


def test_a_message_is_allowed_by_any_that_it_came_from() -> None:
    by_account = message(authenticated_id="alice", authenticator="plain")
    entries = [entry("authenticated_id", "alice", entry=2), entry("network", "203.0.113.0/24")]
    assert [found.entry for found in allowances_of_message(entries, by_account)] == [1, 2]
    assert allowances_of_message([entry("local_user", "bob")], by_account) == ()


_ENTRIES = st.lists(
    st.builds(
        entry,
        st.sampled_from(["sender_host_address", "network"]),
        st.sampled_from([STRANGER, "203.0.113.0/24", "198.51.100.7"]),
        entry=st.integers(1, 9),
        rule=st.sampled_from(["", "R01", "R02", "H01"]),
        until=st.integers(-10, 20).map(at),
    ).filter(lambda item: item.kind == "network" or "/" not in item.value),
    max_size=6,
    unique_by=lambda item: item.entry,
)


@given(_ENTRIES, _ENTRIES)
def test_nothing_is_lost_and_only_the_last_list_counts(first: list[Allowance], then: list[Allowance]) -> None:
    report = relay()
    again = report.allowing(first).allowing(then)
    assert again == report.allowing(then)
    assert again == report.allowing(list(reversed(then)))
    assert report.allowing(first).allowing(()) == report
    assert sorted((*again.rules, *(finding.rule for finding in again.allowed))) == sorted(report.rules)
    for finding in again.allowed:
        assert finding.allowed_by == covering(
            sorted((item for item in then if item.is_for(ADDRESS, STRANGER)), key=lambda item: item.entry),
            finding.rule,
            finding.last_at,
        )
