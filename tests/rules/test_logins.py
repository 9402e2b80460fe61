"""A01, A04, C01: logins without a name, under many names, and guessed."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from ingest.rules.definition import Severity
from ingest.rules.facts import LogHostFacts, LoginCounts, MessageFacts, RejectionFacts
from ingest.rules.messages import message_findings
from tests.rules.facts import HOST, address_report, failed_login, login, message, recipient, refusal, rules_of

NAMED = replace(HOST, logins={"plain": LoginCounts(named=2940, nameless=3)})


type Fact = MessageFacts | RejectionFacts


def nameless(minutes: float = 0, sender: str = "spam@victim.example", **changes: Any) -> MessageFacts:
    return login(minutes, "", envelope_sender=sender, **changes)


class TestEmptyId:
    @pytest.mark.parametrize(
        ("fact", "host", "severity"),
        [
            pytest.param(
                nameless(sender="alice@example.com"), NAMED, Severity.CRITICAL, id="others have names"
            ),
            pytest.param(nameless(), HOST, Severity.CRITICAL, id="foreign sender to foreign recipient"),
            pytest.param(
                nameless(), replace(HOST, local_domains_inferred=True), Severity.HIGH, id="domains inferred"
            ),
            pytest.param(
                nameless(connection_limit=10, recipients=()), HOST, Severity.CRITICAL, id="in bulk, not local"
            ),
            pytest.param(nameless(sender="alice@example.com"), HOST, Severity.HIGH, id="local sender"),
            pytest.param(
                nameless(sender="alice@example.com", connection_limit=10),
                HOST,
                Severity.HIGH,
                id="local newsletter",
            ),
        ],
    )
    def test_how_severe_it_is(self, fact: MessageFacts, host: LogHostFacts, severity: Severity) -> None:
        found = {finding.rule: finding.severity for finding in message_findings(fact, host)}

        assert found["A01"] is severity

    @pytest.mark.parametrize(
        "account", [pytest.param("alice", id="a name"), pytest.param(None, id="no colon: not recorded")]
    )
    def test_only_an_empty_id_is_meant(self, account: str | None) -> None:
        assert message_findings(login(account=account), HOST) == ()

    def test_addresses_with_one_broken_authenticator_are_one_attack(self) -> None:
        one = address_report(nameless(0), nameless(1), host=NAMED)
        other = address_report(
            nameless(2, sender_host_address="203.0.113.88"), host=NAMED, address="203.0.113.88"
        )

        assert one is not None
        assert other is not None
        assert one.attack == other.attack == "A01:plain"
        assert "Other logins through plain carry a user name" in one.findings[0].evidence

    def test_a_wrong_setting_is_named_where_it_is_likely(self) -> None:
        report = address_report(nameless(sender="alice@example.com"))

        assert report is not None
        assert report.findings[0].title == "Empty authenticated id: wrong server_set_id likely"
        assert report.severity is Severity.HIGH

    def test_a_client_that_logged_in_without_a_name_and_was_refused_counts_too(self) -> None:
        report = address_report(refusal(authenticator="plain", account="", text="Sender verify failed"))

        assert rules_of(report) == {"A01"}

    def test_a_failed_login_without_a_name_is_none(self) -> None:
        assert address_report(failed_login(account="")) is None


class TestManyIds:
    def test_five_names_from_one_address_in_a_day(self) -> None:
        report = address_report(*(login(60 * n, f"user{n}") for n in range(5)))

        assert report is not None
        assert (report.rules, report.severity) == (("A04",), Severity.CRITICAL)
        assert report.findings[0].peak == 5

    @pytest.mark.parametrize(
        "facts",
        [
            pytest.param([login(60 * n, f"user{n}") for n in range(4)], id="four names"),
            pytest.param([login(24 * 60 * n, f"user{n}") for n in range(5)], id="one new name a day"),
            pytest.param(
                [login(24 * 60 * day + n, f"user{n}") for day in range(3) for n in range(8)],
                id="regulars of an office",
            ),
            pytest.param(
                [login(n, f"user{n % 5}") for n in range(20)] + [failed_login(30)],
                id="a few names used often, and somebody mistyped",
            ),
        ],
    )
    def test_people_are_not_meant(self, facts: list[Fact]) -> None:
        assert "A04" not in rules_of(address_report(*facts))

    def test_made_up_names_count_in_spite_of_a_failure(self) -> None:
        report = address_report(*(login(n, f"user{n}") for n in range(9)), failed_login(20))

        assert rules_of(report) == {"A04"}

    def test_names_that_all_write_as_themselves_may_be_an_office(self) -> None:
        report = address_report(*(login(n, f"user{n}@example.com") for n in range(6)))

        assert report is not None
        assert report.severity is Severity.MEDIUM

    def test_webmail_in_a_trusted_network_is_not_meant(self) -> None:
        host = replace(HOST, trusted_networks=(ip_network("203.0.113.0/24"),))

        assert address_report(*(login(n, f"user{n}") for n in range(9)), host=host) is None

    def test_the_window_is_shorter_than_a_day_by_nothing(self) -> None:
        step = 24 * 60 / 4
        assert "A04" not in rules_of(address_report(*(login(step * n, f"user{n}") for n in range(5))))
        inside = step - 0.02
        assert "A04" in rules_of(address_report(*(login(inside * n, f"user{n}") for n in range(5))))


class TestGuessing:
    @pytest.mark.parametrize(
        ("facts", "is_guessing"),
        [
            pytest.param(
                [failed_login(2 * n, f"u{n % 2}") for n in range(5)], True, id="five in ten minutes"
            ),
            pytest.param([failed_login(3 * n, f"u{n % 2}") for n in range(5)], False, id="five in twelve"),
            pytest.param(
                [failed_login(n) for n in range(9)], False, id="one name, nine times: a typing error"
            ),
            pytest.param([failed_login(n) for n in range(10)], True, id="one name, ten times"),
            pytest.param([failed_login(n, None) for n in range(5)], True, id="the names are not logged"),
            pytest.param([failed_login(120 * n, f"u{n}") for n in range(5)], True, id="slow, five names"),
            pytest.param([failed_login(120 * n, f"u{n}") for n in range(4)], False, id="slow, four names"),
            pytest.param(
                [failed_login(n, f"u{n}", text="435 Unable to authenticate at present") for n in range(9)],
                False,
                id="the server could not check",
            ),
        ],
    )
    def test_guessing_and_mistyping(self, facts: list[Fact], is_guessing: bool) -> None:
        report = address_report(*facts)

        assert rules_of(report) == ({"C01"} if is_guessing else set())
        if report:
            assert report.severity is Severity.LOW

    def test_a_login_after_guessing_is_named(self) -> None:
        report = address_report(*(failed_login(n) for n in range(10)), login(11))

        assert report is not None
        assert report.logins_after_guessing == ("alice@example.com",)
        assert (report.failed_logins, report.rejections) == (10, 0)


def test_a_literal_that_is_not_the_peer() -> None:
    stranger = message(recipients=(recipient("bob@example.com"),), helo_name="[127.0.0.1]")
    own = stranger._replace(helo_name="[203.0.113.66]")
    user = login(helo_name="[192.168.1.5]")

    assert [(f.rule, f.severity) for f in message_findings(stranger, HOST)] == [("H01", Severity.LOW)]
    assert message_findings(own, HOST) == ()
    assert [(f.rule, f.severity) for f in message_findings(user, HOST)] == [("H01", Severity.INFO)]


@pytest.mark.parametrize(
    "helo_name", ["203.0.113.66", "[IPv6:2001:db8::1]", "mx.example.net", "[x]", None, ""]
)
def test_names_and_the_own_address_say_nothing(helo_name: str | None) -> None:
    address = "2001:db8:0::1" if helo_name and "IPv6" in helo_name else "203.0.113.66"
    fact = message(recipients=(), helo_name=helo_name, sender_host_address=address)

    assert message_findings(fact, HOST) == ()
