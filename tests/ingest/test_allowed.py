"""An allow-list on what is stored: it silences whom it names, is told wherever it changes an answer, loses nothing."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest import classification, knowledge, reevaluation
from ingest.models import (
    AllowEntry,
    Finding,
    IngestRun,
    LogHost,
    Reevaluation,
    StoredConfiguration,
    Suspect,
)
from ingest.rules.answers import Answer
from tests.ingest.content import content
from tests.ingest.test_classification import START, Log, same, utc  # noqa: F401
from tests.ingest.test_knowledge import judged, relayed

type Read = Callable[[Sequence[str]], IngestRun]

pytestmark = pytest.mark.django_db

RELAY, GUESSER = "203.0.113.66", "203.0.113.7"
TODAY = datetime(2026, 4, 1, tzinfo=UTC)


def attacked(read_lines: Read) -> None:
    log = Log()
    relayed(log, RELAY)
    for number in range(6):
        log.guess(START + timedelta(seconds=number), GUESSER, f"u{number}")
    read_lines(log.lines)


def allowed(host: LogHost, value: str, **changes: Any) -> AllowEntry:
    fields: dict[str, Any] = {
        "rule": "",
        "kind": "sender_host_address",
        "reason": "our gateway",
        "author": "ada",
        "until": START + timedelta(days=30),
        "now": TODAY,
    }
    return knowledge.allow(host, value=value, **(fields | changes))


@pytest.fixture
def host(utc: LogHost, read_lines: Read) -> LogHost:  # noqa: F811
    knowledge.change(utc, local_domains=["example.com"])
    attacked(read_lines)
    judged(utc)
    return utc


def severities() -> dict[str, str]:
    return dict(Suspect.objects.values_list("value", "severity"))


def test_what_is_allowed_stays_and_counts_no_more(host: LogHost) -> None:
    assert severities() == {RELAY: "critical", GUESSER: "low"}
    entry = allowed(host, RELAY)
    judged(host)
    assert severities() == {RELAY: "info", GUESSER: "low"}
    assert set(Finding.objects.filter(suspect__value=RELAY).values_list("allowed_by", flat=True)) == {
        entry.pk
    }
    assert not Finding.objects.filter(suspect__value=GUESSER, allowed_by__isnull=False).exists()
    same(host)


def test_the_answer_says_what_was_allowed_and_what_it_would_be_without(host: LogHost) -> None:
    assert classification.verdict_for(host).open_relay is Answer.YES
    entry = allowed(host, "203.0.113.64/28", kind="network", rule="R01")
    judged(host)
    told = classification.verdict_for(host)
    assert told.open_relay is not Answer.YES
    assert told.without_allowed is not None
    assert told.without_allowed.relaying is Answer.YES
    (item,) = told.as_json()["allowed"]
    assert (item["rule"], item["value"], item["entry"], item["author"]) == ("R01", RELAY, entry.pk, "ada")
    ranged = classification.verdict_for(host, START - timedelta(hours=1), START + timedelta(days=2))
    assert [found.value for found in ranged.allowed] == [RELAY]


def test_a_withdrawn_entry_leaves_everything_as_it_was(host: LogHost) -> None:
    before = content(host)
    entry = allowed(host, RELAY)
    judged(host)
    assert content(host) != before
    assert knowledge.withdraw(entry, author="bob", now=TODAY)
    judged(host)
    assert content(host) == before
    assert not knowledge.withdraw(entry, author="bob", now=TODAY)
    assert knowledge.restore(entry)
    judged(host)
    assert severities()[RELAY] == "info"


def test_what_goes_on_after_the_end_is_told_again(host: LogHost, read_lines: Read) -> None:
    allowed(host, GUESSER, until=START + timedelta(days=1))
    judged(host)
    assert severities()[GUESSER] == "info"
    log = Log()
    for number in range(6):
        log.guess(START + timedelta(days=2, seconds=number), GUESSER, f"u{number}")
    read_lines(log.lines)
    assert severities()[GUESSER] == "low"
    same(host)


def test_a_run_that_comes_later_keeps_to_it(host: LogHost, read_lines: Read) -> None:
    allowed(host, GUESSER)
    judged(host)
    log = Log()
    log.guess(START + timedelta(days=2), GUESSER, "u9")
    read_lines(log.lines)
    assert severities()[GUESSER] == "info"
    same(host)


def test_the_timeline_marks_what_is_allowed(host: LogHost) -> None:
    (name,) = Suspect.objects.filter(value=RELAY).values_list("message_ids", flat=True)
    assert {found.allowed_by for found in classification.findings_of(host, name[0])} == {None}
    entry = allowed(host, RELAY)
    for found in classification.findings_of(host, name[0]):
        assert found.allowed_by is not None
        assert found.allowed_by.entry == entry.pk


def test_only_whom_it_names_is_touched(host: LogHost, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = dict(Suspect.objects.values_list("value", "pk"))
    monkeypatch.setattr(classification, "reclassify", None)  # not called
    allowed(host, RELAY)
    judged(host)
    assert dict(Suspect.objects.values_list("value", "pk"))[GUESSER] == rows[GUESSER]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"value": "mx.example"}, "mx.example is no address"),
        ({"kind": "network", "value": "x/8"}, "x/8 is no address and no network"),
        ({"kind": "authenticated_id", "value": " "}, "Write whom"),
        ({"kind": "country"}, "country is neither"),
        ({"rule": "Z99"}, "There is no rule Z99"),
        ({"reason": "  "}, "Write the reason"),
        ({"author": ""}, "needs its author"),
    ],
)
def test_a_wrong_entry_is_told_and_not_made(
    utc: LogHost,  # noqa: F811
    wrong: dict[str, str],
    sentence: str,
) -> None:
    fields: dict[str, Any] = {"value": RELAY} | wrong
    with pytest.raises(ValueError, match=sentence):
        allowed(utc, **fields)
    assert (AllowEntry.objects.count(), Reevaluation.objects.count()) == (0, 0)


def test_an_entry_that_nothing_asks_for_changes_nothing(host: LogHost) -> None:
    before = content(host)
    allowed(host, "198.51.100.1")
    asked = Reevaluation.objects.latest("pk")
    reevaluation.work(asked.pk)
    assert content(host) == before


# ---- the log host as a whole, and its configuration


def of_log_host(host: LogHost, rule: str, **changes: Any) -> AllowEntry:
    return allowed(host, "", kind="log_host", rule=rule, **changes)


def kept(host: LogHost, text: str) -> None:
    StoredConfiguration.objects.create(log_host=host, name="configure", text=text, stored_at=TODAY)


OPEN = "hostlist relay_from_hosts = 0.0.0.0/0\nacl_smtp_rcpt = acl_check_rcpt\n"


def test_what_a_configuration_says_is_allowed_until_the_log_goes_on_beyond_the_end(host: LogHost) -> None:
    kept(host, OPEN)
    entry = of_log_host(host, "X09")
    (found,) = [item for item in classification.configuration_findings(host) if item.rule == "X09"]
    assert found.allowed_by is not None
    assert (found.allowed_by.entry, found.allowed_by.reason) == (entry.pk, "our gateway")
    told = classification.verdict_for(host)
    assert [(item.kind, item.value, item.finding.rule) for item in told.allowed] == [("log_host", "", "X09")]
    assert told.as_json()["allowed"][0]["author"] == "ada"
    assert all("X09" not in question.rules for question in told.questions)
    knowledge.withdraw(entry, author="ada", now=TODAY)
    of_log_host(host, "X09", until=START)
    assert classification.verdict_for(host).allowed == ()


def test_the_answer_says_what_it_would_be_without_what_is_allowed_of_the_log_host(
    utc: LogHost,  # noqa: F811
    read_lines: Read,
) -> None:
    log = Log()
    for number in range(120):
        at = START + timedelta(seconds=number)
        log.say(at, f"cwd=/var/www/shop 4 args: /usr/sbin/sendmail -t -i n{number}")
    read_lines(log.lines)
    before = classification.verdict_for(utc)
    assert (before.rule, before.relaying) == ("L01", Answer.SUSPECTED)
    of_log_host(utc, "L01", reason="the shop's newsletter")
    told = classification.verdict_for(utc)
    assert told.local_scripts_answer is not Answer.SUSPECTED
    assert told.without_allowed is not None
    assert told.without_allowed.headline == before.headline
    (found,) = classification.host_findings(utc)
    assert found.allowed_by is not None


def test_what_a_log_cannot_tell_is_accepted(host: LogHost) -> None:
    assert classification.verdict_for(host).accepted is None
    of_log_host(host, "S01", reason="no disk for more")
    told = classification.verdict_for(host)
    assert told.coverage
    assert told.accepted is not None
    assert told.as_json()["coverage_allowed"]["reason"] == "no disk for more"


@pytest.mark.parametrize(
    ("kind", "value", "rule", "reason"),
    [
        ("log_host", "", "", "say which rule"),
        ("log_host", "", "C06", "C06 does not judge the log host as a whole"),
        ("sender_host_address", RELAY, "X09", "X09 judges the log host as a whole"),
    ],
)
def test_an_entry_is_for_what_its_rule_judges(
    host: LogHost, kind: str, value: str, rule: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        allowed(host, value, kind=kind, rule=rule)
    assert not AllowEntry.objects.exists()
