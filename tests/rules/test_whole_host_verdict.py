"""What the rules on the log host as a whole, on scripts and on accounts that do not exist do to the verdict."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ingest.rules.coverage import gaps
from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.facts import LogHostFacts, SubjectKind
from ingest.rules.relays import subject_findings
from ingest.rules.verdict import Answer, Verdict, verdict
from tests.rules.facts import HOST, START, address_report, coverage, login, message, recipient, refusal


def on_host(rule: str, severity: Severity) -> SubjectFinding:
    return SubjectFinding(
        rule=rule, severity=severity, title="", evidence="Because.", first_at=START, last_at=START, count=1
    )


def judged(*found: SubjectFinding) -> Verdict:
    refused = address_report(refusal())
    assert refused is not None
    return verdict([refused], HOST, coverage(has_local_arrivals=False), host_findings=found)


def test_without_any_it_is_no() -> None:
    answer = judged()

    assert (answer.open_relay, answer.broken_authenticator, answer.local_scripts_answer) == ("no", "no", "no")


@pytest.mark.parametrize(
    ("severity", "answer"), [(Severity.CRITICAL, Answer.YES), (Severity.HIGH, Answer.SUSPECTED)]
)
def test_a_gateway_that_hides_the_world_is_an_open_relay(severity: Severity, answer: Answer) -> None:
    assert judged(on_host("R03", severity)).open_relay is answer


def test_an_authenticator_that_never_refuses_is_only_suspected() -> None:
    assert judged(on_host("A05", Severity.HIGH)).broken_authenticator is Answer.SUSPECTED


@pytest.mark.parametrize(
    ("severity", "answer"), [(Severity.HIGH, Answer.SUSPECTED), (Severity.MEDIUM, Answer.NO)]
)
def test_mail_of_the_host_itself_under_foreign_senders_is_suspected(
    severity: Severity, answer: Answer
) -> None:
    assert judged(on_host("L03", severity)).local_scripts_answer is answer


@pytest.mark.parametrize("rule", ["A02", "A06", "B02", "B04", "B05", "D01", "Q02"])
def test_others_change_no_answer(rule: str) -> None:
    assert judged(on_host(rule, Severity.MEDIUM)).relaying is judged().relaying


def test_a_login_as_nobody_is_yes_where_the_accounts_are_known() -> None:
    host = replace(HOST, known_accounts=frozenset({"alice@example.com"}))
    report = address_report(login(account="nosuchuser"), host=host)
    assert report is not None

    assert verdict([report], host, coverage()).broken_authenticator is Answer.YES


def test_a_percent_hack_that_was_sent_on_is_yes() -> None:
    hack = recipient("z@remote.example", original="z%remote.example@example.com")
    report = address_report(message(recipients=(hack,)))
    assert report is not None

    assert verdict([report], HOST, coverage()).open_relay is Answer.YES


@pytest.mark.parametrize(("user", "answer"), [("www-data", Answer.SUSPECTED), ("shop", Answer.NO)])
def test_a_script_of_the_web_server_that_sends_much_is_told_as_the_attack(user: str, answer: Answer) -> None:
    sent = [
        message(
            n / 60,
            sender_host_address=None,
            local_user=user,
            envelope_sender="win@prize.example",
            recipients=(recipient(f"z{n}@remote.example"),),
        )
        for n in range(150)
    ]
    report = subject_findings(SubjectKind.LOCAL_USER, user, sent, (), HOST)
    assert report is not None

    told = verdict([report], HOST, coverage(has_local_arrivals=True, has_arguments=True))

    assert told.local_scripts_answer is answer
    assert told.local_scripts == (("www-data",) if user == "www-data" else ())
    if answer is Answer.SUSPECTED:
        assert told.rule == "L02"
        assert "a program of the user www-data" in told.headline
        scripts = next(question for question in told.questions if question.name == "Local scripts")
        assert scripts.rules == ("L02", "L04")


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
