"""The verdict as a whole: the order of its questions, several log hosts, and its document."""

from dataclasses import replace

from ingest.rules.verdict import Answer, combine
from tests.rules.cases import judged
from tests.rules.facts import HOST, address_report, refusal
from tests.rules.seed import AS_FOUND
from tests.rules.seed_case import SEED, SEED_ADDRESS, SEED_HOST, seed_verdict

HEALTHY = [refusal(n) for n in range(14)]


def test_the_questions_in_their_order() -> None:
    names = [question.name for question in judged(*HEALTHY).questions]

    assert names == [
        "Open relay",
        "Broken authenticator",
        "Compromised accounts",
        "Local scripts",
        "Only our addresses forged",
        "On a blocklist",
    ]


class TestSeveralLogHosts:
    def test_the_worst_answers_of_all(self) -> None:
        fine = judged(*HEALTHY, host=replace(HOST, name="mx2"))

        both = combine([fine, seed_verdict(AS_FOUND)])

        assert (both.relaying, both.broken_authenticator) == (Answer.YES, Answer.YES)
        assert both.open_relay is Answer.UNKNOWN
        assert both.headline == "srv1 has sent spam for a stranger who logs in without a user name."
        assert both.questions[0].because.startswith("mx2: ")
        assert both.after is not None

    def test_all_fine(self) -> None:
        fine = judged(*HEALTHY)

        assert combine([fine, fine]).relaying is Answer.NO

    def test_none(self) -> None:
        assert combine([]).relaying is Answer.UNKNOWN


def test_the_shape_of_the_json() -> None:
    document = seed_verdict(AS_FOUND).as_json()

    assert set(document) == {"verdict", "coverage", "coverage_allowed", "allowed"}
    assert {
        "open_relay",
        "broken_authenticator",
        "compromised_accounts",
        "local_scripts",
        "summary",
        "next_steps",
        "forged_addresses",
        "repaired",
    } <= set(document["verdict"])
    assert document["verdict"]["broken_authenticator"] == "yes"
    assert all({"rule", "why"} <= set(gap) for gap in document["coverage"])
    assert all(
        {"name", "answer", "against", "untold"} <= set(item) for item in document["verdict"]["questions"]
    )


def test_the_shape_of_a_suspect() -> None:
    report = address_report(SEED, host=SEED_HOST, address=SEED_ADDRESS)

    assert report is not None
    entry = report.as_json()
    assert entry["kind"] == "sender_host_address"
    assert entry["value"] == SEED_ADDRESS
    assert entry["rules"] == ["A01", "C12", "H01"]
    assert (entry["severity"], entry["attack"]) == ("critical", "A01:plain")
    assert (entry["messages"], entry["recipients"], entry["delivered"]) == (1, 1, 1)
    assert entry["message_ids"] == ["1adXzZ-0007sb-Pz"]
    assert entry["first_at"] == "2026-03-09T06:00:00+00:00"
