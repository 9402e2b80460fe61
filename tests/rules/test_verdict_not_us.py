"""Or is it not us? Forged addresses, our own bounces, and what blocklists say."""

import pytest

from ingest.rules.blocklists import known_lists, other_lists
from ingest.rules.definition import Severity
from ingest.rules.facts import MessageFacts, Outcome
from ingest.rules.verdict import Answer
from tests.rules.cases import asked, judged, on_host
from tests.rules.facts import coverage, message, recipient, refusal

FORGED, LISTED = "Only our addresses forged", "On a blocklist"


class TestForgedAddresses:
    def test_bounces_for_mail_that_was_not_sent_here_are_good_news(self) -> None:
        told = judged(refusal(), on_host=[on_host("B05", Severity.INFO)])
        question = asked(told, FORGED)

        assert (question.answer, question.state, question.rules) == (Answer.YES, Answer.NO, ("B05",))
        assert told.relaying is Answer.NO
        assert "did not come from here" in told.lead
        assert any("SPF" in step.text for step in told.next_steps)

    def test_without_any_it_is_no(self) -> None:
        question = asked(judged(refusal()), FORGED)

        assert (question.answer, question.untold[0].command) == ("no", "exigrep 'RECIPIENT@DOMAIN' mainlog")

    def test_without_arrivals_it_cannot_be_told(self) -> None:
        question = asked(judged(refusal(), seen=coverage(has_arrivals=False)), FORGED)

        assert question.answer is Answer.UNKNOWN

    def test_some_pasted_lines_do_not_tell(self) -> None:
        question = asked(judged(refusal(), on_host=None), FORGED)

        assert question.answer is Answer.UNKNOWN

    def test_minutes_do_not_tell_either(self) -> None:
        short, long_enough = (judged(refusal(), seen=coverage(minutes)) for minutes in (59, 60))

        assert (asked(short, FORGED).answer, asked(long_enough, FORGED).answer) == (Answer.UNKNOWN, Answer.NO)

    def test_our_own_bounces_are_told_beside_it(self) -> None:
        told = judged(refusal(), on_host=[on_host("B04", Severity.MEDIUM)])

        assert asked(told, FORGED).answer is Answer.NO
        assert "sends bounces to people who sent nothing" in asked(told, FORGED).against[0]
        assert "answers spam with bounces" in told.lead
        assert any("verify = recipient" in step.text for step in told.next_steps)

    def test_it_does_not_acquit(self) -> None:
        facts = [message(n, recipients=(recipient(f"z@d{n}.example"),)) for n in range(3)]
        told = judged(*facts, on_host=[on_host("B05", Severity.INFO)])

        assert told.relaying is Answer.YES
        assert "does not prove" in asked(told, FORGED).against[0]


@pytest.mark.parametrize("rule", ["A02", "A06", "B02", "B04", "B05", "D01", "Q02"])
def test_other_findings_on_the_log_host_change_no_answer(rule: str) -> None:
    told = judged(refusal(), on_host=[on_host(rule, Severity.MEDIUM)])

    assert told.relaying is judged(refusal()).relaying


class TestBlocklists:
    SPAMHAUS = "550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"

    def refused_by(self, *domains: str, text: str = SPAMHAUS) -> list[MessageFacts]:
        return [
            message(
                n,
                sender_host_address=f"198.51.100.{n + 1}",
                authenticator="plain",
                authenticated_id=f"user{n}@example.com",
                envelope_sender=f"user{n}@example.com",
                recipients=(recipient(f"z@{domain}", outcome=Outcome.BOUNCED, text=text),),
            )
            for n, domain in enumerate(domains)
        ]

    def test_all_providers_together(self) -> None:
        told = judged(refusal(), *self.refused_by("a.example", "b.example", "c.example"))

        assert asked(told, LISTED).answer is Answer.YES
        assert "(3 messages)" in asked(told, LISTED).because
        assert told.relaying is Answer.NO
        assert "Others refuse its mail all the same" in told.lead
        assert told.next_steps[-1].urls == ("https://check.spamhaus.org/",)

    def test_a_single_one_may_be_a_mistake(self) -> None:
        told = judged(refusal(), *self.refused_by("a.example"))

        assert "1 provider only" in asked(told, LISTED).against[0]
        assert "Others refuse" not in told.lead

    @pytest.mark.parametrize(
        ("reply", "name"),
        [
            (SPAMHAUS, "Spamhaus"),
            ("550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. ... block list (S3150).", "Microsoft"),
            ("554 Service unavailable; blocked using b.barracudacentral.org", "Barracuda"),
            ("553 blocked using bl.spamcop.net", "SpamCop"),
            ("550 5.7.1 blocked using dnsbl-1.uceprotect.net", "UCEPROTECT"),
            ("550 blocked using dnsbl.sorbs.net", "SORBS"),
        ],
    )  # fmt: skip
    def test_who_takes_off_the_list(self, reply: str, name: str) -> None:
        found = known_lists([reply])

        assert [item.name for item in found] == [name]
        assert found[0].url.startswith("https://") or name == "SORBS"

    def test_one_that_is_not_known_is_named(self) -> None:
        assert other_lists(["554 blocked using rbl.unknown.example"]) == ("rbl.unknown.example",)

    def test_a_refusal_for_another_reason_names_none(self) -> None:
        assert known_lists(["550 user unknown at gmail"]) == ()
