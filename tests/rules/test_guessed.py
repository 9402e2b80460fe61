"""C02: a login after many that failed."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from ingest.rules.facts import MessageFacts, RejectionFacts
from tests.rules.accounts import ALICE, DAY, account_report, from_place, recipients, sent, severity_of
from tests.rules.facts import HOST, address_report, failed_login, login, message

type Facts = list[MessageFacts | RejectionFacts]

GUESSES = [failed_login(n, f"u{n}") for n in range(5)]
OF_ALICE = [failed_login(n, sender_host_address=f"198.51.100.{n}") for n in range(5)]

HOUSE = [login(-DAY - n, f"h{n}") for n in range(9)]
MISTYPED = [failed_login(n / 2, f"h{n}") for n in range(6)]
BACK = [login(100), login(101 + DAY)]


class TestByAddress:
    @pytest.mark.parametrize(
        ("facts", "severity"),
        [
            pytest.param([*GUESSES, login(10, "u3")], "critical", id="five names, then one gets in"),
            pytest.param([*GUESSES[:4], login(10, "u3")], None, id="four failures"),
            pytest.param(
                [*(failed_login(n, f"u{n % 2}") for n in range(5)), login(10, "u1")], "high", id="two names"
            ),
            pytest.param(
                [*(failed_login(n) for n in range(10)), login(10)], "medium", id="one name: a new password?"
            ),
            pytest.param(
                [*(failed_login(n) for n in range(9)), login(10)], "low", id="fewer than ten failures"
            ),
            pytest.param(
                [*HOUSE, *MISTYPED, login(10, "new")], "low", id="a house: those who failed got in too"
            ),
            pytest.param(
                [*HOUSE, *(failed_login(n, f"typo{n}") for n in range(4)), *MISTYPED, login(10, "new")],
                "low",
                id="a house, and four mistyped their names",
            ),
            pytest.param(
                [*HOUSE, *GUESSES, login(10, "u3")], "critical", id="a house from which five are guessed"
            ),
            pytest.param(
                [login(-60), *(failed_login(n) for n in range(9)), login(10)],
                "low",
                id="who had logged in so before: the password was changed",
            ),
            pytest.param(
                [login(-60), *GUESSES, login(10, "u3")], "critical", id="another had logged in so before"
            ),
            pytest.param([*GUESSES, login(4 + DAY, "u3")], "critical", id="a day later"),
            pytest.param([*GUESSES, login(5 + DAY, "u3")], None, id="more than a day later"),
            pytest.param(
                [*(failed_login(n * DAY / 4, f"u{n}") for n in range(5)), login(DAY + 9, "u3")],
                None,
                id="five failures in more than a day",
            ),
            pytest.param([login(-10, "u3"), *GUESSES], None, id="only before"),
            pytest.param([*GUESSES, message(10)], None, id="a message without a login"),
            pytest.param(
                [*(failed_login(n, f"u{n}", text="435 Unable to authenticate") for n in range(5)), login(9)],
                None,
                id="the server could not check",
            ),
        ],
    )
    def test_from_when_on(self, facts: Facts, severity: str | None) -> None:
        assert severity_of(address_report(*facts), "C02") == severity

    @pytest.mark.parametrize(
        ("facts", "severity"),
        [
            pytest.param([*(failed_login(n) for n in range(10)), *BACK], "low", id="and comes back"),
            pytest.param([*(failed_login(n) for n in range(99)), *BACK], "low", id="after 99 failures"),
            pytest.param(
                [*(failed_login(n) for n in range(100)), *BACK], "medium", id="but a hundred are no telephone"
            ),
            pytest.param(
                [*(failed_login(n) for n in range(10)), BACK[0], login(99 + DAY)],
                "medium",
                id="but only within the day",
            ),
            pytest.param(
                [*(failed_login(n) for n in range(10)), *BACK, sent(100 + 3 * DAY, 50)],
                "medium",
                id="but writes to fifty at once",
            ),
            pytest.param(
                [*(failed_login(n) for n in range(10)), *(sent(100 + n * DAY / 3, 25) for n in range(9))],
                "medium",
                id="but writes to 75 each day",
            ),
            pytest.param(
                [*(failed_login(n, "u0") for n in range(10)), *BACK],
                "medium",
                id="but another name had failed",
            ),
            pytest.param(
                [
                    *(failed_login(n, f"u{n % 2}") for n in range(10)),
                    login(100, "u1"),
                    login(100 + 2 * DAY, "u1"),
                ],
                "high",
                id="but two names were tried",
            ),
        ],
    )
    def test_a_device_that_gets_the_new_password_late(self, facts: Facts, severity: str) -> None:
        assert severity_of(address_report(*facts), "C02") == severity

    def test_who_got_in_is_named(self) -> None:
        report = address_report(*GUESSES, login(10, "u3"), login(11, "u3"))

        finding = report and report.finding("C02")
        assert finding
        assert finding.values == ("u3",)
        assert finding.count == 2
        assert "5 logins were refused" in finding.evidence

    def test_webmail_is_not_meant(self) -> None:
        host = replace(HOST, trusted_networks=(ip_network("203.0.113.0/24"),))

        assert severity_of(address_report(*GUESSES, login(10, "u3"), host=host), "C02") is None


class TestByAccount:
    @pytest.mark.parametrize(
        ("facts", "severity"),
        [
            pytest.param(
                [from_place(-60, "192.0.2.1", "NL"), *OF_ALICE, from_place(20, "198.51.100.77", "VN")],
                "high",
                id="from a new country, and a network that guessed",
            ),
            pytest.param(
                [from_place(-60, "192.0.2.1", "NL"), *OF_ALICE, from_place(20, "192.0.2.9", "VN")],
                "medium",
                id="from a new country, but those who guessed were elsewhere: a journey",
            ),
            pytest.param(
                [
                    from_place(-60, "192.0.2.1", "NL"),
                    *OF_ALICE,
                    from_place(20, "192.0.2.9", "VN", recipients=recipients(50)),
                ],
                "high",
                id="from a new country, and to fifty at once",
            ),
            pytest.param(
                [from_place(-60, "192.0.2.1", "NL"), *OF_ALICE, from_place(20, "192.0.2.9", "NL")],
                None,
                id="from another address of the same country: popular names are guessed at all day",
            ),
            pytest.param(
                [*OF_ALICE, from_place(20, "192.0.2.9", "VN")], None, id="nothing is known of before"
            ),
            pytest.param(
                [from_place(-60, "192.0.2.1"), *OF_ALICE, from_place(20, "192.0.2.9")],
                None,
                id="no country is known",
            ),
            pytest.param(
                [from_place(-60, "192.0.2.1", "NL"), *OF_ALICE[:4], from_place(20, "192.0.2.9", "VN")],
                None,
                id="four failures",
            ),
            pytest.param(
                [from_place(-60, "192.0.2.1", "NL"), *OF_ALICE, from_place(9 + DAY, "192.0.2.9", "VN")],
                None,
                id="more than a day later",
            ),
        ],
    )
    def test_from_where(self, facts: Facts, severity: str | None) -> None:
        report = account_report(*facts)

        assert severity_of(report, "C02") == severity

    def test_the_place_and_the_date_of_the_data_are_said(self) -> None:
        host = replace(HOST, origins="2026-06-17")
        facts: Facts = [from_place(-60, "192.0.2.1", "NL"), *OF_ALICE, from_place(20, "192.0.2.9", "VN")]

        report = account_report(*facts, host=host, account=ALICE)

        assert report
        text = report.findings[0].evidence
        assert "192.0.2.9 (VN)" in text
        assert "data of 2026-06-17" in text
