"""An allow-list on what is stored: it silences whom it names, is told wherever it changes an answer, loses nothing."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest import classification, knowledge, reevaluation
from ingest.models import AllowEntry, Finding, IngestRun, LogHost, Reevaluation, Suspect
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
