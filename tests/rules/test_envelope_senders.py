"""C10, C11, C14: as whom an account writes, and what its client is called."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from ingest.rules.envelope_senders import is_anothers
from ingest.rules.facts import MessageFacts
from ingest.rules.messages import may_be_found_on_login, message_findings
from tests.rules.accounts import account_report, sent, severity_of
from tests.rules.facts import HOST, address_report, login


def as_sender(*senders: str, step: float = 1) -> list[MessageFacts]:
    return [login(n * step, envelope_sender=sender) for n, sender in enumerate(senders)]


class TestAnothersSender:
    @pytest.mark.parametrize(
        ("sender", "account", "is_found"),
        [
            ("alice@example.com", "alice@example.com", False),
            ("info@EXAMPLE.com", "alice@example.com", False),
            ("bounce@lists.example.com", "alice@example.com", False),
            ("spam@bad.example", "alice@example.com", True),
            ("spam@notexample.com", "alice@example.com", True),
            ("shop@example.com", "alice@customer.example", False),  # a local domain
            ("SRS0=x=bad.example=a@forward.example", "alice@example.com", False),
            ("", "alice@example.com", False),
            (None, "alice@example.com", False),
            ("alice@bad.example", "alice", False),
            ("spam@bad.example", "alice", True),
        ],
    )
    def test_which_senders(self, sender: str | None, account: str, is_found: bool) -> None:
        assert is_anothers(sender, account, HOST) is is_found

    def test_without_given_local_domains_a_bare_account_is_not_compared(self) -> None:
        assert not is_anothers("spam@bad.example", "alice", replace(HOST, local_domains_inferred=True))

    @pytest.mark.parametrize(
        ("anothers", "own", "severity"), [(10, 10, "low"), (10, 11, None), (9, 0, None), (10, 0, "low")]
    )
    def test_how_many(self, anothers: int, own: int, severity: str | None) -> None:
        facts = as_sender(*["spam@bad.example"] * anothers, *["alice@example.com"] * own, step=30)

        assert severity_of(account_report(*facts), "C10") == severity

    def test_high_beside_bulk(self) -> None:
        facts = [sent(30 * n, 60, envelope_sender="spam@bad.example") for n in range(10)]

        report = account_report(*facts)

        assert severity_of(report, "C06") == "medium"
        assert severity_of(report, "C10") == "high"


class TestManySenders:
    @pytest.mark.parametrize(
        ("facts", "severity"),
        [
            pytest.param(as_sender(*(f"u{n}@bad.example" for n in range(5))), "medium", id="five"),
            pytest.param(as_sender(*(f"u{n}@bad.example" for n in range(4))), None, id="four"),
            pytest.param(as_sender(*(f"u{n}@bad.example" for n in range(5)), step=15), None, id="in an hour"),
            pytest.param(as_sender(*(f"list+{n}@example.com" for n in range(9))), None, id="tags"),
            pytest.param(
                as_sender(*(f"bounce-u{n}=remote.example@example.com" for n in range(9))), None, id="VERP"
            ),
            pytest.param(
                as_sender(*(f"SRS0=h{n}=x=d{n}.example=a@example.com" for n in range(9))), None, id="SRS"
            ),
            pytest.param(as_sender(*[""] * 9), None, id="bounces"),
        ],
    )
    def test_within_an_hour(self, facts: list[MessageFacts], severity: str | None) -> None:
        assert severity_of(account_report(*facts), "C11") == severity


class TestBotNames:
    @pytest.mark.parametrize(
        ("helo_name", "severity"),
        [
            ("ylmf-pc", "high"),
            ("User", "medium"),
            ("ADMIN", "medium"),
            ("WIN-A1B2C3D4E5F", "medium"),
            ("user-PC", None),
            ("WIN-MAIL", None),
            ("DESKTOP-AB12CD3", None),
            ("[192.168.1.5]", None),
            (None, None),
        ],
    )
    def test_one_login(self, helo_name: str | None, severity: str | None) -> None:
        fact = login(helo_name=helo_name)
        found = {finding.rule: finding.severity.value for finding in message_findings(fact, HOST)}

        assert found.get("C14") == severity
        assert severity_of(account_report(fact), "C14") == severity
        assert severity_of(address_report(fact), "C14") == severity
        assert may_be_found_on_login(fact.authenticated_id, helo_name or "", HOST) is (severity is not None)

    def test_several_networks_or_users_are_no_persons(self) -> None:
        places = [login(n, helo_name="User", sender_host_address=f"198.51.{n}.7") for n in range(2)]
        users = [login(n, f"u{n}", helo_name="User") for n in range(2)]

        assert severity_of(account_report(*places), "C14") == "high"
        assert severity_of(address_report(*users), "C14") == "high"

    def test_strangers_and_trusted_networks_are_not_meant(self) -> None:
        stranger = login(helo_name="ylmf-pc", authenticator=None, authenticated_id=None)
        host = replace(HOST, trusted_networks=(ip_network("203.0.113.0/24"),))

        assert severity_of(address_report(stranger), "C14") is None
        assert severity_of(address_report(login(helo_name="ylmf-pc"), host=host), "C14") is None
