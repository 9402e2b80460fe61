"""C06, C07, C08, C13: how much one account sends."""

from typing import Any

import pytest

from ingest.rules.facts import MessageFacts, Outcome
from ingest.rules.messages import message_findings
from tests.rules.accounts import DAY, account_report, sent, severity_of
from tests.rules.facts import HOST, address_report, login, message, recipient, refusal

WEEK = 7 * DAY
HOME = "192.0.2.1"  # what follows comes from elsewhere, as a thief does
DAILY = [sent(-day * DAY, 2, prefix="known", sender_host_address=HOME) for day in range(28, 0, -1)]


class TestVolume:
    @pytest.mark.parametrize(
        ("facts", "severity"),
        [
            pytest.param([sent(0, 101)], "medium", id="101"),
            pytest.param([sent(0, 100)], None, id="100"),
            pytest.param([sent(0, 51), sent(59, 50)], "medium", id="within an hour"),
            pytest.param([sent(0, 51), sent(60, 50)], None, id="an hour apart"),
            pytest.param(
                [sent(0, 1, listed_recipients=tuple(f"r{n}@d.example" for n in range(101)))],
                "medium",
                id="most of them not tried yet",
            ),
        ],
    )
    def test_in_an_hour(self, facts: list[MessageFacts], severity: str | None) -> None:
        assert severity_of(account_report(*facts), "C06") == severity


class TestHabits:
    @pytest.mark.parametrize(
        ("facts", "severity"),
        [
            pytest.param([*DAILY, sent(0, 51)], "high", id="51, where two are usual"),
            pytest.param([*DAILY, sent(0, 50)], None, id="50 are never unusual"),
            pytest.param([*DAILY[-13:], sent(0, 500)], None, id="the account is known for 13 days only"),
            pytest.param(
                [*DAILY, *(sent(-week * WEEK, 300) for week in range(1, 5)), sent(0, 310)],
                None,
                id="a weekly newsletter",
            ),
            pytest.param([*DAILY, sent(-20 * DAY, 300), sent(0, 310)], None, id="one of other days"),
            pytest.param([*DAILY, sent(-20 * DAY, 300), sent(0, 605)], "high", id="twice as many as ever"),
            pytest.param([*DAILY, sent(0, 25), sent(1, 26)], "high", id="in two messages"),
            pytest.param([*DAILY, sent(0, 25), sent(60, 26)], None, id="in two hours"),
            pytest.param([*DAILY, sent(0, 51), sent(DAY, 2)], "high", id="and the day after as ever"),
        ],
    )
    def test_against_the_weeks_before(self, facts: list[MessageFacts], severity: str | None) -> None:
        report = account_report(*facts)

        assert severity_of(report, "C07") == severity


class TestOwnNetworks:
    HABITS = tuple(sent(-day * DAY, 2, prefix="known") for day in range(28, 0, -1))

    @pytest.mark.parametrize("rule", ["C07", "C08"])
    def test_a_first_newsletter_from_where_the_account_is_at_home_is_medium(self, rule: str) -> None:
        at_home = account_report(*self.HABITS, sent(0, 60, domains=40))
        report = account_report(
            *self.HABITS,
            *(sent(n, 60, domains=40, prefix=f"x{n}", sender_host_address="192.0.2.1") for n in range(2)),
        )

        assert (severity_of(at_home, rule), severity_of(report, rule)) == ("medium", "high")

    @pytest.mark.parametrize("rule", ["C07", "C08"])
    def test_mail_of_a_telephone_beside_a_newsletter_changes_nothing(self, rule: str) -> None:
        newsletter = [sent(n, 20, domains=20, prefix=f"n{n}-") for n in range(6)]
        telephone = sent(3.5, 1, prefix="t", sender_host_address="198.51.100.9")
        thief = [message._replace(sender_host_address="198.51.100.9") for message in newsletter]

        beside = account_report(*self.HABITS, *newsletter, telephone)
        stolen = account_report(*self.HABITS, *thief, sent(3.5, 1, prefix="h"))

        assert (severity_of(beside, rule), severity_of(stolen, rule)) == ("medium", "high")

    @pytest.mark.parametrize("rule", ["C07", "C08"])
    def test_webmail_is_nobodys_own(self, rule: str) -> None:
        before = [
            sent(-day * DAY, 2, prefix="known", sender_host_address="127.0.0.1") for day in range(28, 0, -1)
        ]

        report = account_report(*before, sent(0, 60, domains=40, sender_host_address="127.0.0.1"))

        assert severity_of(report, rule) == "high"


class TestFanOut:
    @pytest.mark.parametrize(
        ("facts", "severity"),
        [
            pytest.param([*DAILY, sent(0, 30, domains=30)], "high", id="thirty new ones"),
            pytest.param([*DAILY, sent(0, 29, domains=29)], None, id="29"),
            pytest.param([*DAILY, sent(0, 60, domains=20)], None, id="many recipients at few domains"),
            pytest.param(
                [*DAILY, *(sent(n, 10, domains=10, prefix=f"x{n}") for n in range(3))], "high", id="by and by"
            ),
            pytest.param(
                [*DAILY, *(sent(30 * n, 10, domains=10, prefix=f"x{n}") for n in range(3))],
                None,
                id="in more than an hour",
            ),
            pytest.param(
                [*DAILY, sent(-300, 30, domains=10), sent(0, 30, domains=30)], None, id="a third is known"
            ),
            pytest.param(
                [*DAILY, sent(-300, 6, domains=6), sent(0, 30, domains=30)], "high", id="a fifth is"
            ),
            pytest.param([*DAILY[-13:], sent(0, 90, domains=90)], None, id="known for 13 days only"),
        ],
    )
    def test_domains_never_written_to(self, facts: list[MessageFacts], severity: str | None) -> None:
        assert severity_of(account_report(*facts), "C08") == severity


CPANEL = (
    "Domain shop.example has exceeded the max defers and failures per hour (5/5 (100%)) allowed. "
    "Message discarded."
)


def stopped(text: str, **changes: Any) -> MessageFacts:
    return login(
        recipients=(recipient(outcome=Outcome.BOUNCED, is_remote=False, text=text),),
        status="bounced",
        **changes,
    )


class TestOwnLimits:
    @pytest.mark.parametrize(
        "text",
        [
            CPANEL,
            "Domain shop.example has exceeded the max emails per hour (201/200 (100%)) allowed. Message discarded.",
            "Sender rate overlimit - 105.2 / 1h",
            "You are sending too many messages, your sending limit is 200 per hour",
        ],
    )
    def test_the_servers_own_words(self, text: str) -> None:
        found = {finding.rule: finding for finding in message_findings(stopped(text), HOST)}

        assert found["C13"].severity.value == "high"
        assert text in found["C13"].evidence
        assert severity_of(account_report(stopped(text)), "C13") == "high"

    @pytest.mark.parametrize(
        "fact",
        [
            pytest.param(stopped("all relevant MX records point to non-existent hosts"), id="another reason"),
            pytest.param(
                login(
                    recipients=(recipient(outcome=Outcome.DEFERRED, text="450 4.7.1 rate limit exceeded"),)
                ),
                id="another server's words",
            ),
            pytest.param(
                stopped(CPANEL, authenticator=None, authenticated_id=None), id="a stranger's message"
            ),
        ],
    )
    def test_other_words(self, fact: MessageFacts) -> None:
        assert "C13" not in {finding.rule for finding in message_findings(fact, HOST)}

    def test_a_script_is_stopped_too(self) -> None:
        script = stopped(
            CPANEL, authenticator=None, authenticated_id=None, sender_host_address=None, local_user="shop"
        )

        assert "C13" in {finding.rule for finding in message_findings(script, HOST)}

    def test_refusals_count_after_a_login_only(self) -> None:
        text = "Sender rate overlimit - 105.2 / 1h"
        stranger = refusal(text=text)
        user = refusal(text=text, authenticator="plain", account="alice@example.com")

        assert severity_of(address_report(stranger, message()), "C13") is None
        assert severity_of(address_report(user, message()), "C13") == "high"
        assert severity_of(account_report(user), "C13") == "high"
