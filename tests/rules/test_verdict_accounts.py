"""Does a stranger use somebody's password? One sign may be lawful; two are certain, and so is a guessed password."""

import pytest

from ingest.exim.configuration import read
from ingest.rules.configuration import audit
from ingest.rules.facts import MessageFacts, Outcome, RecipientFacts
from ingest.rules.verdict import Answer
from tests.rules.accounts import from_place
from tests.rules.cases import Fact, asked, judged
from tests.rules.facts import coverage, failed_login, login, recipient, refusal
from tests.rules.seed import AS_FOUND

NAME = "Compromised accounts"
ALICE = "alice@example.com"
HEALTHY = [refusal(n, sender_host_address="198.51.100.77") for n in range(14)]
HOME = "198.51.100.9"


def dead(number: int) -> tuple[RecipientFacts, ...]:
    """Recipients that do not exist."""
    text = "550 5.1.1 user unknown"
    return tuple(recipient(f"d{n}@remote.example", outcome=Outcome.BOUNCED, text=text) for n in range(number))


def spam(number: int = 120, minutes: float = 5, address: str = HOME) -> MessageFacts:
    """A message of the account to a dirty list."""
    return login(minutes, recipients=dead(number), sender_host_address=address)


def places(*countries: str) -> list[MessageFacts]:
    """Logins from one country after the other within a day."""
    return [from_place(n * 60, f"192.0.2.{n}", country) for n, country in enumerate(countries)]


def test_a_hundred_dead_addresses_in_an_hour_are_enough() -> None:
    answer = judged(*HEALTHY, spam(), seen=coverage(6))

    assert answer.compromised_accounts == (ALICE,)
    assert (answer.accounts_answer, answer.relaying, answer.rule) == (Answer.YES, Answer.YES, "C09")
    assert answer.open_relay is Answer.NO
    assert "the account alice@example.com" in answer.headline
    assert "to 120 strangers" in answer.lead


def test_a_list_that_is_only_partly_dead_is_suspected() -> None:
    alive = [recipient(f"a{n}@remote.example") for n in range(16)]
    answer = judged(*HEALTHY, login(5, recipients=(*dead(8), *alive)), seen=coverage(6))

    assert (answer.accounts_answer, answer.compromised_accounts) == (Answer.SUSPECTED, ())
    assert "may have the password" in answer.headline


def test_what_an_account_surely_sent_is_told_before_how_it_was_perhaps_come_by() -> None:
    facts: list[Fact] = [*(failed_login(n / 10) for n in range(10)), login(2)]
    for number in range(8):
        alive = tuple(recipient(f"a{number}x{each}@remote.example") for each in range(10))
        gone = tuple(item._replace(recipient=f"{number}{item.recipient}") for item in dead(5))
        facts.append(
            login(5 + number, sender_host_address=f"198.51.100.{number}", recipients=(*alive, *gone))
        )
    answer = judged(*HEALTHY, *facts, seen=coverage(60))

    assert (answer.accounts_answer, answer.rule) == (Answer.SUSPECTED, "C09")
    assert "C02" in asked(answer, NAME).rules
    assert answer.after is not None
    assert answer.after.sent.messages == 8


def test_one_sign_is_suspected_and_two_are_certain() -> None:
    one = judged(*HEALTHY, *places("NL", "VN", "BR"))
    two = judged(*HEALTHY, *places("NL", "VN", "BR"), login(90, recipients=dead(30)))

    assert (one.accounts_answer, one.compromised_accounts) == (Answer.SUSPECTED, ())
    assert "(C04)" in asked(one, NAME).because
    assert "Somebody who travels" in asked(one, NAME).against[0]
    assert any(gap.command == f"exigrep -l {ALICE} mainlog" for gap in asked(one, NAME).untold)
    assert (two.accounts_answer, two.compromised_accounts) == (Answer.YES, (ALICE,))


@pytest.mark.parametrize(("number", "answer"), [(19, Answer.SUSPECTED), (25, Answer.YES)])
def test_some_dead_addresses_count_beside_another_sign(number: int, answer: Answer) -> None:
    alive = tuple(recipient(f"a{n}@remote.example") for n in range(5 * number))
    mail = login(90, recipients=(*dead(number), *alive))

    assert judged(*HEALTHY, mail).accounts_answer is Answer.NO
    assert judged(*HEALTHY, *places("NL", "VN", "BR"), mail).accounts_answer is answer


class TestBrokenAuthenticatorsComeFirst:
    def test_it_is_not_reported_as_stolen_passwords(self) -> None:
        answer = judged(*(login(n, f"user{n}") for n in range(9)), spam(address="203.0.113.66"))

        assert answer.compromised_accounts == ()
        assert answer.broken_authenticator is Answer.SUSPECTED

    def test_it_comes_first_in_the_story(self) -> None:
        nameless = (login(n, "", envelope_sender="a@b.example") for n in range(3))
        answer = judged(*nameless, spam(), seen=coverage(6), configuration=audit(read(AS_FOUND)))

        assert answer.rule == "A01"
        assert answer.compromised_accounts == (ALICE,)
        assert "not the only way in" in answer.lead
        assert any("password of alice@example.com" in step.text for step in answer.next_steps)


class TestGuessing:
    def test_a_login_after_guessing_at_one_name_is_suspected(self) -> None:
        answer = judged(*(failed_login(n) for n in range(12)), login(20), refusal(30))

        assert (answer.accounts_answer, answer.compromised_accounts) == (Answer.SUSPECTED, ())
        assert "guessed the password of alice@example.com" in answer.headline

    def test_a_guessed_password_is_certain_where_many_names_were_tried(self) -> None:
        guesses = [failed_login(n, f"u{n}") for n in range(6)]
        answer = judged(*HEALTHY, *guesses, login(20, "u3"), refusal(30))

        assert (answer.accounts_answer, answer.compromised_accounts) == (Answer.YES, ("u3",))
        assert answer.rule == "C02"
        assert "has guessed the password of u3" in answer.headline

    def test_a_changed_password_is_no_stolen_one(self) -> None:
        facts: list[Fact] = [
            *HEALTHY,
            login(-30),
            *(failed_login(n) for n in range(9)),
            login(20),
            refusal(30),
        ]

        assert judged(*facts).accounts_answer is Answer.NO

    def test_guessing_in_vain_is_counter_evidence(self) -> None:
        answer = judged(*HEALTHY, *(failed_login(n, f"u{n}") for n in range(12)))

        assert answer.accounts_answer is Answer.NO
        assert "12 failed logins from 1 address" in asked(answer, NAME).because

    def test_others_who_guess_in_vain_speak_against_it(self) -> None:
        vain = (failed_login(n, f"u{n}", sender_host_address="192.0.2.200") for n in range(12))
        answer = judged(*HEALTHY, spam(), *vain)

        assert asked(answer, NAME).against == ("12 other failed logins were not followed by a login.",)
