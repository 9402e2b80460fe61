"""Does a program on the host itself send spam?"""

from dataclasses import replace

import pytest

from ingest.rules.definition import Severity
from ingest.rules.facts import Coverage, MessageFacts, Outcome
from ingest.rules.verdict import Answer
from tests.rules.cases import asked, commands, judged, on_host
from tests.rules.facts import HOST, coverage, message, recipient, refusal

NAME = "Local scripts"
SEEN = coverage(has_local_arrivals=True, has_arguments=True)


def sent(user: str, sender: str, number: int = 150) -> list[MessageFacts]:
    """Messages that a program of a user handed in within some minutes."""
    return [
        message(
            n / 60,
            message_id=f"1wvZ00-{n:011d}-0001",
            sender_host_address=None,
            local_user=user,
            envelope_sender=sender,
            recipients=(recipient(f"z{n}@remote.example"),),
        )
        for n in range(number)
    ]


@pytest.mark.parametrize(
    ("seen", "answer"),
    [
        (coverage(has_local_arrivals=False), Answer.NO),
        (coverage(has_local_arrivals=True), Answer.UNKNOWN),
        (coverage(has_local_arrivals=True, has_arguments=True), Answer.NO),
        (coverage(), Answer.UNKNOWN),
        (Coverage(), Answer.UNKNOWN),
    ],
)
def test_what_can_be_said_without_a_sign(seen: Coverage, answer: Answer) -> None:
    told = judged(refusal(), seen=seen)

    assert told.local_scripts_answer is answer
    if answer is Answer.UNKNOWN:
        assert "exim -bP log_selector" in [gap.command for gap in asked(told, NAME).untold]


def test_a_script_that_sends_to_dead_addresses_is_certain() -> None:
    text = "550 5.1.1 user unknown"
    dead = tuple(recipient(f"d{n}@remote.example", outcome=Outcome.BOUNCED, text=text) for n in range(120))
    mail = message(5, sender_host_address=None, local_user="www-data", recipients=dead)

    answer = judged(mail, seen=coverage(6))

    assert (answer.local_scripts, answer.local_scripts_answer) == (("www-data",), Answer.YES)
    assert answer.headline == "srv1 is sending spam: a program of the user www-data does it."
    assert "to 120 strangers" in answer.lead


@pytest.mark.parametrize(
    ("user", "sender", "answer"),
    [
        ("www-data", "shop@example.com", Answer.SUSPECTED),
        ("www-data", "win@prize.example", Answer.SUSPECTED),
        ("shop", "win@prize.example", Answer.SUSPECTED),
        ("shop", "news@example.com", Answer.NO),
    ],
)
def test_much_of_a_web_server_or_much_under_foreign_senders(user: str, sender: str, answer: Answer) -> None:
    told = judged(*sent(user, sender), seen=SEEN)

    assert (told.local_scripts_answer, told.local_scripts) == (answer, (user,) if answer != "no" else ())
    if answer is Answer.SUSPECTED:
        assert (told.rule, told.relaying) == ("L02", Answer.SUSPECTED)
        assert f"a program of the user {user}" in told.headline
        assert asked(told, NAME).rules == (("L02", "L04") if "prize" in sender else ("L02",))
    else:
        assert asked(told, NAME).against == ("shop sends much (L02), as list software and contact forms do.",)


@pytest.mark.parametrize(
    ("to", "inferred", "answer"),
    [
        ("z{}@remote.example", False, Answer.SUSPECTED),
        ("z{}@remote.example", True, Answer.NO),
        ("owner{}@example.com", False, Answer.NO),
    ],
    ids=["to strangers", "who is local is only inferred", "a contact form to its owner"],
)
def test_foreign_senders_alone(to: str, inferred: bool, answer: Answer) -> None:
    mail = [
        one._replace(recipients=(recipient(to.format(number)),))
        for number, one in enumerate(sent("shop", "win@prize.example", 12))
    ]
    told = judged(*mail, host=replace(HOST, local_domains_inferred=inferred), seen=SEEN)

    assert told.local_scripts_answer is answer
    assert (told.relaying is Answer.SUSPECTED) is (answer is Answer.SUSPECTED)
    question = asked(told, NAME)
    if answer is Answer.SUSPECTED:
        assert (told.local_scripts, told.rule, question.rules) == (("shop",), "L04", ("L04",))
        assert (
            "Programs of shop write to strangers under senders that are not ours: 12 messages"
            in question.because
        )
        assert "a program of the user shop" in told.headline
        assert not question.against
    else:
        assert question.against == (
            "shop writes under foreign senders (L04), as list software and contact forms do.",
        )


def test_the_directory_in_which_a_users_program_ran_is_where_to_look_first() -> None:
    told = judged(
        refusal(),
        *sent("www-data", "www-data@example.com"),
        on_host=[on_host("L01", values=("/var/www/shop",))],
    )

    assert commands(told)[:2] == [
        "find /var/www/shop -type f -mtime -14 -name '*.php' -ls",
        "ps -f -u www-data",
    ]


def test_a_directory_makes_the_headline() -> None:
    told = judged(refusal(), on_host=[on_host("L01", values=("/var/www/shop; rm -rf /",))])

    assert (told.local_scripts_answer, told.relaying, told.rule) == ("suspected", "suspected", "L01")
    assert "a program in /var/www/shop; rm -rf / does it" in told.headline
    assert commands(told)[0].startswith("find '/var/www/shop; rm -rf /' ")


@pytest.mark.parametrize(
    ("severity", "answer"), [(Severity.HIGH, Answer.SUSPECTED), (Severity.MEDIUM, Answer.NO)]
)
def test_mail_of_the_host_itself_under_foreign_senders(severity: Severity, answer: Answer) -> None:
    own = message(0, sender_host_address="127.0.0.1", envelope_sender="win@prize.example")
    told = judged(
        refusal(), own, seen=SEEN, on_host=[on_host("L03", severity, values=("win@prize.example",))]
    )

    assert (told.local_scripts_answer, told.relaying) == (answer, answer)
    if answer is Answer.SUSPECTED:
        assert told.rule == "L03"
        assert "a program on the server itself does it, as win@prize.example" in told.headline
        assert told.after is not None
        assert told.after.sent.strangers == 1


def test_local_domains_decide_who_is_a_stranger() -> None:
    local = message(
        5,
        sender_host_address=None,
        local_user="www-data",
        recipients=(
            *(recipient(f"z{n}@remote.example") for n in range(30)),
            recipient("bob@example.com", is_remote=False),
        ),
    )
    told = judged(local, host=HOST, seen=coverage(6))

    assert told.after is not None
    assert (told.after.sent.strangers, told.after.sent.recipients) == (30, 31)
