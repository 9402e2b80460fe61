"""Is it over, has the repair worked, how much went out? The end of the log is "now"."""

from dataclasses import replace
from typing import Any

import pytest

from ingest.exim.configuration import read
from ingest.rules.aftermath import Repair
from ingest.rules.configuration import audit
from ingest.rules.facts import LoginCounts, MessageFacts, Outcome
from ingest.rules.verdict import Answer, Verdict
from tests.rules.cases import Fact, fact, judged
from tests.rules.facts import HOST, STRANGER, at, coverage, failed_login, login, message, recipient, refusal
from tests.rules.seed import AS_FOUND
from tests.rules.test_verdict_accounts import spam

OTHER = "192.0.2.44"
NAMES_ARE_LOGGED = replace(HOST, logins={"plain": LoginCounts(named=5, nameless=2)})


def nameless(minutes: float, **changes: Any) -> MessageFacts:
    """A login without a user name."""
    return login(minutes, "", **{"envelope_sender": "a@b.example", **changes})


def repair(answer: Verdict) -> Repair:
    assert answer.after is not None
    return answer.after.repair


class TestIsItOver:
    @pytest.mark.parametrize(
        ("last", "refused", "end", "answer"),
        [
            pytest.param(700, (), 712, "No", id="twelve minutes before the end"),
            pytest.param(60, (), 700, "Probably", id="quiet for long"),
            pytest.param(60, (90,), 700, "Yes", id="quiet for long, and refused since"),
            pytest.param(690, (700,), 712, "Probably", id="refused since, but it is early"),
            pytest.param(3, (), 30, "Cannot tell", id="a few lines"),
            pytest.param(28, (), 30, "No", id="a few lines, until the end"),
        ],
    )
    def test_now_is_the_end_of_the_log(
        self, last: float, refused: tuple[float, ...], end: float, answer: str
    ) -> None:
        facts: list[Fact] = [*(nameless(n) for n in (0, last)), *(failed_login(n, None) for n in refused)]

        told = judged(*facts, seen=coverage(end), configuration=audit(read(AS_FOUND)))

        assert fact(told, "Is it over?")[0] == answer

    def test_past_tense_when_it_is_over(self) -> None:
        told = judged(nameless(0), seen=coverage(60 * 24), configuration=audit(read(AS_FOUND)))

        assert told.headline.startswith("srv1 has sent spam")


class TestHasTheRepairWorked:
    def test_the_attacker_is_refused(self) -> None:
        told = judged(nameless(0), failed_login(90, None), seen=coverage(700))

        assert (repair(told).answer, repair(told).refused, repair(told).line) == (Answer.YES, 1, 90)
        assert fact(told, "Has the repair worked?")[0] == "Yes"
        assert "1 attempt of the same kind was refused" in repair(told).because

    def test_anybody_is_refused_who_tries_the_same(self) -> None:
        proof = failed_login(90, None, sender_host_address=OTHER)
        told = judged(nameless(0), proof, host=NAMES_ARE_LOGGED, seen=coverage(700))

        assert repair(told).answer is Answer.YES

    def test_a_wrong_password_is_not_the_same_trick(self) -> None:
        other = failed_login(90, "bob@example.com", sender_host_address=OTHER)
        told = judged(nameless(0), other, host=NAMES_ARE_LOGGED, seen=coverage(700))

        assert (repair(told).answer, repair(told).refused) == (Answer.UNKNOWN, 0)

    def test_nor_a_failed_login_where_names_are_never_logged(self) -> None:
        told = judged(nameless(0), failed_login(90, None, sender_host_address=OTHER), seen=coverage(700))

        assert repair(told).answer is Answer.UNKNOWN
        assert "plain logs no names at all" in repair(told).because

    def test_nor_the_same_through_another_authenticator(self) -> None:
        other = failed_login(90, None, authenticator="login")
        told = judged(nameless(0), other, host=NAMES_ARE_LOGGED, seen=coverage(700))

        assert repair(told).answer is Answer.UNKNOWN

    def test_nor_where_others_were_refused_while_it_worked(self) -> None:
        facts: list[Fact] = [nameless(0), nameless(20)]
        facts += [failed_login(n, None, sender_host_address=OTHER) for n in (10, 90)]
        told = judged(*facts, host=NAMES_ARE_LOGGED, seen=coverage(700))

        assert repair(told).answer is Answer.UNKNOWN
        assert "even while it worked" in repair(told).because
        assert repair(told).refused == 1

    def test_nor_where_others_were_refused_before_it_began(self) -> None:
        facts = [message(n, recipients=(recipient(f"z@d{n}.example"),)) for n in range(30, 33)]
        refusals = [refusal(n, sender_host_address=OTHER) for n in (5, 60)]
        told = judged(*facts, *refusals, seen=coverage(700))

        assert (told.open_relay, repair(told).answer) == (Answer.YES, Answer.UNKNOWN)
        assert "refused before it began" in repair(told).because

    @pytest.mark.parametrize(("end", "answer"), [(100, Answer.UNKNOWN), (700, Answer.YES)])
    def test_who_is_refused_now_and_then_must_also_stay_away(self, end: float, answer: Answer) -> None:
        facts: list[Fact] = [nameless(n) for n in (0, 50)]
        facts += [failed_login(n, None) for n in (20, 60)]
        told = judged(*facts, host=NAMES_ARE_LOGGED, seen=coverage(end))

        assert repair(told).answer is answer

    def test_what_was_refused_before_the_last_success_proves_nothing(self) -> None:
        told = judged(nameless(0), failed_login(5, None), nameless(20), seen=coverage(700))

        assert (repair(told).answer, repair(told).refused) == (Answer.UNKNOWN, 0)

    def test_no_where_it_goes_on(self) -> None:
        told = judged(*(nameless(n) for n in (0, 700)), seen=coverage(712))

        assert repair(told).answer is Answer.NO

    def test_the_relay_is_closed_for_anybody(self) -> None:
        facts = [message(n, recipients=(recipient(f"z@d{n}.example"),)) for n in range(3)]
        told = judged(*facts, refusal(60, sender_host_address=OTHER), seen=coverage(700))

        assert (told.open_relay, repair(told).answer) == (Answer.YES, Answer.YES)

    @pytest.mark.parametrize(
        ("account", "answer"), [("alice@example.com", Answer.YES), ("bob@example.com", Answer.UNKNOWN)]
    )
    def test_the_old_password_is_refused(self, account: str, answer: Answer) -> None:
        told = judged(spam(), failed_login(60, account, sender_host_address=OTHER), seen=coverage(700))

        assert (told.rule, repair(told).answer) == ("C09", answer)

    def test_a_program_is_never_refused(self) -> None:
        text = "550 5.1.1 user unknown"
        dead = tuple(recipient(f"d{n}@d.example", outcome=Outcome.BOUNCED, text=text) for n in range(120))
        mail = message(5, sender_host_address=None, local_user="www-data", recipients=dead)
        told = judged(mail, refusal(60), seen=coverage(700))

        assert repair(told).answer is Answer.UNKNOWN


class TestHowMuch:
    def test_recipients_elsewhere_are_strangers(self) -> None:
        mixed = (
            recipient("a@one.example"),
            recipient("b@two.example", outcome=Outcome.DEFERRED, text="later"),
            recipient("bob@example.com", is_remote=False),
        )
        facts = [nameless(n, recipients=mixed, status="queued") for n in range(2)]
        told = judged(*facts, login(3), seen=coverage(4))

        assert told.after is not None
        assert told.after.sent.messages == 2  # not what somebody with a name sent
        assert (told.after.sent.recipients, told.after.sent.strangers) == (6, 2)
        assert fact(told, "How much went out?") == (
            "2 messages to 2 strangers",
            "4 delivered, 2 put off by the other server, 0 bounced, 2 messages still on this server.",
        )

    def test_what_an_account_sent_last_waits_and_gives_no_sign_yet(self) -> None:
        later = login(30, message_id="1wvZ99-00000000009-0001", status="queued", recipients=(recipient(),))
        told = judged(spam(), later, seen=coverage(700))

        assert told.after is not None
        assert (told.after.sent.messages, told.after.waiting.message_ids) == (1, (later.message_id,))

    def test_the_document_for_programs_has_it_all(self) -> None:
        told = judged(nameless(0, status="queued"), failed_login(90, None), seen=coverage(700)).as_json()

        assert told["verdict"]["sent"] == {
            "messages": 1, "recipients": 1, "strangers": 1, "delivered": 1, "deferred": 0, "bounced": 0,
            "waiting": 1,
        }  # fmt: skip
        assert told["verdict"]["waiting"]["total"] == 1
        assert told["verdict"]["is_over"] == "yes"
        assert (told["verdict"]["first_at"], told["verdict"]["last_at"]) == (at(0).isoformat(),) * 2
        assert told["verdict"]["repaired"]["answer"] == "yes"
        assert told["verdict"]["repaired"]["refused_at"] == at(90).isoformat()

    def test_nobody_got_in(self) -> None:
        told = judged(refusal()).as_json()["verdict"]

        assert (told["sent"], told["waiting"], told["is_over"], told["repaired"]) == (None,) * 4


def test_the_address_is_named() -> None:
    assert STRANGER in fact(judged(nameless(0)), "Who got in?")[0]
