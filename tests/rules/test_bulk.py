"""C09, C12, B01: signs of bulk mail."""

from typing import Any

import pytest

from ingest.exim.events import Stage
from ingest.rules.definition import Severity
from ingest.rules.facts import MessageFacts, Outcome, RecipientFacts, RejectionFacts, SubjectKind
from ingest.rules.messages import message_findings
from ingest.rules.relays import SubjectReport, subject_findings
from ingest.rules.replies import blocklist_named, says_unknown_recipient
from tests.rules.facts import HOST, address_report, login, message, recipient, refusal, rules_of

NO_SUCH_USER = "SMTP error from remote mail server after RCPT TO:<x>: 550 5.1.1 no such user here"


def dead(name: str) -> RecipientFacts:
    return recipient(f"{name}@remote.example", outcome=Outcome.BOUNCED, text=NO_SUCH_USER)


def sent(minutes: float, *, dead_ones: int, live: int = 0, first: int = 0) -> MessageFacts:
    recipients = [dead(f"dead{first + n}") for n in range(dead_ones)]
    recipients += [recipient(f"live{n}@remote.example") for n in range(live)]
    return login(minutes, recipients=tuple(recipients))


def account_report(*messages: MessageFacts) -> SubjectReport | None:
    return subject_findings(SubjectKind.AUTHENTICATED_ID, "alice@example.com", messages, (), HOST)


class TestUnknownRecipients:
    @pytest.mark.parametrize(
        ("facts", "severity"),
        [
            pytest.param([sent(0, dead_ones=19, live=200)], None, id="nineteen"),
            pytest.param([sent(0, dead_ones=20, live=200)], Severity.MEDIUM, id="twenty"),
            pytest.param([sent(0, dead_ones=100, live=900)], Severity.HIGH, id="a hundred"),
            pytest.param([sent(0, dead_ones=5, live=15)], Severity.HIGH, id="a quarter of twenty"),
            pytest.param([sent(0, dead_ones=4, live=15)], None, id="of nineteen"),
            pytest.param(
                [sent(59 * n, dead_ones=10, live=100, first=10 * n) for n in range(2)],
                Severity.MEDIUM,
                id="twenty within an hour",
            ),
            pytest.param(
                [sent(60 * n, dead_ones=10, live=100, first=10 * n) for n in range(2)],
                None,
                id="an hour apart",
            ),
            pytest.param(
                [sent(n, dead_ones=10, live=100) for n in range(9)], None, id="the same ten again and again"
            ),
        ],
    )
    def test_from_which_number_on(self, facts: list[MessageFacts], severity: Severity | None) -> None:
        report = account_report(*facts)
        found = report.finding("C09") if report else None

        assert (found.severity if found else None) is severity

    def test_mail_that_strangers_send_to_us_is_not_meant(self) -> None:
        bounced: dict[str, Any] = {"outcome": Outcome.BOUNCED, "is_remote": False, "text": "unknown user"}
        received = [
            message(n / 10, recipients=(recipient(f"u{n}@example.com", **bounced),)) for n in range(150)
        ]

        assert rules_of(address_report(*received)) == set()

    def test_guessed_local_recipients_are_not_meant_but_those_of_a_user_are(self) -> None:
        guessed = [
            refusal(n / 10, text="No such user here", recipient=f"u{n}@example.com") for n in range(30)
        ]
        typed = [fact._replace(authenticator="plain", account="alice") for fact in guessed]

        assert rules_of(address_report(*guessed)) == set()
        assert rules_of(address_report(*typed)) == {"C09"}

    @pytest.mark.parametrize(
        "text",
        [
            "550 5.1.1 <x@y>: Recipient address rejected: User unknown in virtual mailbox table",
            "550 No such user here",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            "550 5.5.0 Requested action not taken: mailbox unavailable",
            "554 delivery error: This user doesn't have an account; the account does not exist",
            "Unrouteable address",
            "550 x@y... No such user; address not listed in Domino Directory",
        ],
    )
    def test_wordings_for_unknown(self, text: str) -> None:
        assert says_unknown_recipient(text)

    @pytest.mark.parametrize(
        "text",
        [
            None,
            "452 4.2.2 The email account that you tried to reach is over quota",
            "550 5.7.1 Mail from 192.0.2.1 refused, blocked using Spamhaus; mailbox unavailable",
            "retry timeout exceeded",
        ],
    )
    def test_wordings_for_something_else(self, text: str | None) -> None:
        assert not says_unknown_recipient(text)


class TestConnections:
    @pytest.mark.parametrize(
        ("facts", "is_found"),
        [
            pytest.param([login(n, sender_host_port=4711) for n in range(20)], True, id="twenty"),
            pytest.param([login(n, sender_host_port=4711) for n in range(19)], False, id="nineteen"),
            pytest.param([login(n, sender_host_port=4711 + n) for n in range(40)], False, id="many ports"),
            pytest.param([login(11 * n, sender_host_port=4711) for n in range(40)], False, id="long pauses"),
            pytest.param([login(n) for n in range(40)], False, id="no ports in the log"),
            pytest.param([login(0, connection_limit=10)], True, id="the log's own word"),
        ],
    )
    def test_many_messages_of_one_connection(self, facts: list[MessageFacts], is_found: bool) -> None:
        report = address_report(*facts)

        assert ("C12" in rules_of(report)) is is_found
        if report and is_found:
            assert report.severity is Severity.LOW

    def test_a_provider_that_sends_us_many_is_only_noted(self) -> None:
        inbound = message(recipients=(recipient("bob@example.com"),), connection_limit=10)

        assert [(f.rule, f.severity) for f in message_findings(inbound, HOST)] == [("C12", Severity.INFO)]
        assert message_findings(inbound._replace(sender_host_address="127.0.0.1"), HOST) == ()


class TestBlocklists:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            (
                "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
                "zen.spamhaus.org",
            ),
            ("550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. (S3150)", ""),
            ("550 192.0.2.1 is listed at bl.example.net", "bl.example.net"),
            ("421 4.7.0 try again later", None),
            ("550 5.1.1 user not listed in Domino Directory", None),
            (None, None),
        ],
    )
    def test_which_list_a_reply_names(self, text: str | None, name: str | None) -> None:
        assert blocklist_named(text) == name

    @pytest.mark.parametrize(("providers", "severity"), [(2, Severity.LOW), (3, Severity.MEDIUM)])
    def test_a_sender_whose_mail_is_refused_for_it(self, providers: int, severity: Severity) -> None:
        text = "554 5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org"
        facts = [
            login(
                n, recipients=(recipient(f"z@p{n % providers}.example", outcome=Outcome.DEFERRED, text=text),)
            )
            for n in range(6)
        ]

        report = address_report(*facts)

        assert report is not None
        assert (report.rules, report.severity) == (("B01",), severity)
        assert set(report.findings[0].values) == {f"p{n}.example" for n in range(providers)}


def test_counts_of_a_subject() -> None:
    facts: list[MessageFacts | RejectionFacts] = [
        login(
            0,
            helo_name="[127.0.0.1]",
            recipients=(recipient(), recipient(outcome=Outcome.DEFERRED)),
            status="queued",
        ),
        login(1, helo_name="[127.0.0.1]", recipients=(recipient(outcome=Outcome.BOUNCED),)),
        refusal(2, stage=Stage.RCPT, text="relay not permitted"),
    ]

    report = address_report(*facts)

    assert report is not None
    assert (report.messages, report.recipients, report.outside) == (2, 3, 2)
    assert (report.delivered, report.deferred, report.bounced, report.queued) == (1, 1, 1, 1)
    assert (report.rejections, report.refused_since) == (1, 1)
    assert report.helo_names == ("[127.0.0.1]", "mx.victim.example")
    assert report.authenticators == ("plain",)


def test_a_mail_program_behind_a_home_router_is_not_reported() -> None:
    assert address_report(login(0, helo_name="[192.168.1.5]")) is None
