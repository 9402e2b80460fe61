"""Does an authenticator let in strangers? From the log alone it is never more than suspected."""

from dataclasses import replace

import pytest

from ingest.exim.configuration import read
from ingest.rules.configuration import audit
from ingest.rules.definition import Severity
from ingest.rules.facts import Coverage, LoginCounts
from ingest.rules.verdict import Answer
from tests.rules.cases import asked, commands, fact, judged, on_host
from tests.rules.facts import HOST, coverage, failed_login, login, refusal
from tests.rules.seed import AS_FOUND, AS_MENDED, EXIM_BP
from tests.rules.seed_case import SEED_HOST, seed_verdict

NAME = "Broken authenticator"
KNOWS_ACCOUNTS = replace(HOST, known_accounts=frozenset({"alice@example.com"}))


class TestSeed:
    def test_four_lines_alone_make_it_suspected(self) -> None:
        answer = seed_verdict()

        assert answer.broken_authenticator is Answer.SUSPECTED
        assert answer.relaying is Answer.SUSPECTED
        assert (
            answer.headline == "srv1 has probably sent spam for a stranger who logs in without a user name."
        )
        assert "129.137.152.170, which calls itself [127.0.0.1]" in answer.lead
        assert answer.next_steps[0].command == "exim -bP authenticators"
        assert (answer.attack, answer.rule) == ("A01:plain", "A01")

    def test_four_lines_cannot_say_whether_it_is_over(self) -> None:
        answer = seed_verdict()

        assert fact(answer, "Is it over?")[0] == "Cannot tell"
        assert fact(answer, "Has the repair worked?")[0] == "Cannot tell"

    @pytest.mark.parametrize("text", [AS_FOUND, EXIM_BP + AS_FOUND, EXIM_BP + AS_FOUND + AS_MENDED])
    def test_with_the_configuration_it_is_certain(self, text: str) -> None:
        answer = seed_verdict(text)

        assert (answer.broken_authenticator, answer.relaying) == (Answer.YES, Answer.YES)
        assert answer.basis == "Certain: log and configuration agree."
        assert "compares an empty password with the empty result of a lookup" in answer.lead
        assert answer.next_steps[0].fix is not None
        assert "{!eq{$auth3}{}}" in answer.next_steps[0].fix
        assert set(asked(answer, NAME).rules) == {"A01", "X01"}

    def test_the_mended_text_does_not_explain_the_log_and_has_its_own_hole(self) -> None:
        answer = seed_verdict(AS_MENDED)

        assert answer.broken_authenticator is Answer.SUSPECTED
        assert "does not explain" in asked(answer, NAME).because
        assert any(step.fix and "quote_mysql" in step.fix for step in answer.next_steps)

    def test_a_wrong_server_set_id_with_a_sound_check_explains_it(self) -> None:
        sound = AS_MENDED.replace("server_set_id                   = $2", "server_set_id = $auth1").replace(
            "'$2'", "'${quote_mysql:$2}'"
        )

        answer = seed_verdict(sound)

        assert answer.broken_authenticator is Answer.NO
        assert "server_set_id is wrong" in asked(answer, NAME).because


class TestByTheLog:
    def test_a_login_as_nobody_is_certain_where_the_accounts_are_known(self) -> None:
        answer = judged(login(account="nosuchuser"), host=KNOWS_ACCOUNTS)

        assert (answer.broken_authenticator, answer.relaying, answer.rule) == (Answer.YES, Answer.YES, "A03")
        assert answer.compromised_accounts == ()

    def test_together_with_a_login_without_a_name_it_proves_the_hole(self) -> None:
        nameless = login(3, "", envelope_sender="a@b.example")
        answer = judged(login(account="nosuchuser"), nameless, host=KNOWS_ACCOUNTS)

        assert answer.broken_authenticator is Answer.YES
        assert asked(answer, NAME).rules == ("A01", "A03")
        assert answer.rule == "A01"

    def test_many_names_from_one_address_are_suspected(self) -> None:
        answer = judged(*(login(n, f"user{n}") for n in range(9)))

        assert (answer.broken_authenticator, answer.rule) == (Answer.SUSPECTED, "A04")
        assert "log in under many names" in answer.headline or "logs in under many names" in answer.headline

    def test_an_authenticator_that_never_refuses_is_suspected(self) -> None:
        answer = judged(refusal(), on_host=[on_host("A05")])

        assert answer.broken_authenticator is Answer.SUSPECTED

    def test_unrecorded_names_leave_it_open(self) -> None:
        host = replace(HOST, logins={"cram": LoginCounts(unrecorded=7)})
        answer = judged(refusal(), host=host, on_host=[on_host("A02", Severity.MEDIUM)])

        assert answer.broken_authenticator is Answer.UNKNOWN
        assert "exim -bP authenticators" in [gap.command for gap in asked(answer, NAME).untold]

    def test_no_lines_leave_it_open(self) -> None:
        assert judged(host=SEED_HOST, seen=Coverage()).broken_authenticator is Answer.UNKNOWN


class TestHealthyEvidence:
    def test_it_says_which_user_names_were_looked_for(self) -> None:
        answer = judged(login(1, "user1"), host=replace(HOST, logins={"plain": LoginCounts(named=70)}))

        assert answer.broken_authenticator is Answer.NO
        assert asked(answer, NAME).because == (
            "All 70 logins carry a user name, and no address went through user names as if any were accepted: "
            "5 or more within 24 h that it did not come back to, with no failed login or a new name at nearly "
            "every login."
        )

    def test_an_office_of_many_users_is_named(self) -> None:
        users = (login(n, f"user{n}", envelope_sender=f"user{n}@example.com") for n in range(9))
        answer = judged(*users, host=replace(HOST, logins={"plain": LoginCounts(named=9)}))

        assert answer.broken_authenticator is Answer.NO
        assert "each user wrote as itself: " in asked(answer, NAME).because

    def test_wrong_passwords_that_are_refused_speak_against_it(self) -> None:
        host = replace(HOST, logins={"plain": LoginCounts(named=40, nameless=1)})
        guesses = (failed_login(n, f"u{n}", sender_host_address="192.0.2.9") for n in range(12))
        answer = judged(login(30, "", envelope_sender="a@b.example"), *guesses, host=host)

        assert answer.broken_authenticator is Answer.SUSPECTED
        assert asked(answer, NAME).against == (
            "40 logins were logged with a user name.",
            "12 logins with a wrong password were refused: passwords are checked.",
        )

    def test_what_the_log_cannot_tell_comes_with_the_command_that_tells(self) -> None:
        untold = asked(judged(refusal()), NAME).untold

        assert untold[0].command == "exim -bP authenticators"


class TestByTheConfiguration:
    def test_a_hole_that_nobody_was_seen_to_use(self) -> None:
        answer = judged(refusal(), configuration=audit(read(AS_FOUND)))

        assert (answer.broken_authenticator, answer.relaying) == (Answer.YES, Answer.UNKNOWN)
        assert answer.headline == "Anyone can log in to srv1 without a password."

    def test_a_hole_without_any_log(self) -> None:
        answer = judged(host=SEED_HOST, seen=Coverage(), configuration=audit(read(AS_FOUND)))

        assert answer.broken_authenticator is Answer.YES

    def test_a_hole_of_another_authenticator_does_not_explain_the_log(self) -> None:
        other = AS_FOUND.replace("plain:", "other:", 1)
        answer = judged(
            login(0, "", envelope_sender="a@b.example"), seen=coverage(4), configuration=audit(read(other))
        )

        assert answer.broken_authenticator is Answer.YES  # the other one is open to everybody
        assert answer.basis != "Certain: log and configuration agree."
        assert answer.relaying is Answer.SUSPECTED

    @pytest.mark.parametrize("condition", ["true", "1", "${if eq{x}{x}}"])
    def test_one_that_says_yes_to_everybody_is_a_hole(self, condition: str) -> None:
        text = f"plain:\n  driver = plaintext\n  public_name = PLAIN\n  server_condition = {condition}\n"
        answer = judged(refusal(), configuration=audit(read(text)))

        assert (answer.broken_authenticator, asked(answer, NAME).rules) == (Answer.YES, ("X02",))

    def test_an_injection_is_suspicious_by_itself(self) -> None:
        answer = judged(refusal(), configuration=audit(read(AS_MENDED)))

        assert answer.broken_authenticator is Answer.SUSPECTED

    def test_a_password_that_everybody_has_is_a_hole(self) -> None:
        check = "${if eq{$auth3}{${lookup{$auth2}lsearch{/etc/p}{$value}{*}}}}"
        text = f"plain:\n  driver = plaintext\n  public_name = PLAIN\n  server_condition = {check}\n"
        answer = judged(refusal(), configuration=audit(read(text)))

        assert answer.broken_authenticator is Answer.YES
        assert "{$value}fail}" in (answer.next_steps[0].fix or "")
        assert commands(answer)[0] == "systemctl reload exim4"
