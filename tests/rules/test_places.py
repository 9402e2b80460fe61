"""C03, C04, C05: one account from many places."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from ingest.rules.facts import MessageFacts
from ingest.rules.networks import neighbours_of
from tests.rules.accounts import DAY, account_report, from_place, severity_of
from tests.rules.facts import HOST, login, recipient

FIFTY = tuple(recipient(f"r{n}@d.example") for n in range(50))


def logins(*addresses: str, step: float = 1, **changes: Any) -> list[MessageFacts]:
    return [from_place(n * step, address, **changes) for n, address in enumerate(addresses)]


FIVE = ("192.0.2.1", "198.51.100.1", "203.0.113.1", "192.0.2.1", "198.51.100.1")


class TestAtOnce:
    @pytest.mark.parametrize(
        ("facts", "severity"),
        [
            pytest.param(logins(*FIVE), "medium", id="whose networks these are is not known"),
            pytest.param(logins(*FIVE, network=64500), None, id="all of one operator"),
            pytest.param(
                [login._replace(country="NL" if n % 2 else "VN") for n, login in enumerate(logins(*FIVE))],
                "high",
                id="of two countries",
            ),
            pytest.param(
                [login._replace(network=64500 + n % 3) for n, login in enumerate(logins(*FIVE))],
                "high",
                id="of three operators",
            ),
            pytest.param(logins(*FIVE[:4]), None, id="four logins"),
            pytest.param(logins(*FIVE, step=1.3), None, id="in more than five minutes"),
            pytest.param(logins(*(f"192.0.2.{n}" for n in range(9)), step=0.3), None, id="neighbours"),
            pytest.param(logins(*(FIVE[n % 2] for n in range(9)), step=0.3), None, id="two networks"),
        ],
    )
    def test_within_minutes(self, facts: list[MessageFacts], severity: str | None) -> None:
        assert severity_of(account_report(*facts), "C03") == severity

    def test_trusted_networks_do_not_count(self) -> None:
        host = replace(HOST, trusted_networks=(ip_network("203.0.113.0/24"),))

        assert severity_of(account_report(*logins(*FIVE), host=host), "C03") is None

    def test_many_in_a_day(self) -> None:
        ten = [from_place(60 * n, f"100.{n}.0.1") for n in range(10)]

        assert severity_of(account_report(*ten), "C03") == "medium"
        assert severity_of(account_report(*ten[:9]), "C03") is None

    @pytest.mark.parametrize(
        ("countries", "severity"), [(("NL",), "low"), (("NL", "VN"), "medium"), (("NL", "VN", "BR"), "high")]
    )
    def test_many_in_a_day_by_countries(self, countries: tuple[str, ...], severity: str) -> None:
        ten = [from_place(60 * n, f"100.{n}.0.1", countries[n % len(countries)]) for n in range(10)]

        assert severity_of(account_report(*ten), "C03") == severity

    def test_many_in_a_day_on_a_journey(self) -> None:
        countries = ("NL", "VN", "BR")
        ten = [from_place(60 * n, f"100.{n}.0.1", countries[n % 3]) for n in range(10)]
        after = [from_place(day * DAY, "192.0.2.1", "NL") for day in range(2, 5)]

        assert severity_of(account_report(*ten, *after[:1]), "C03") == "high"
        assert severity_of(account_report(*ten, *after), "C03") == "medium"

    def test_many_in_a_day_are_usual_for_some(self) -> None:
        before = [
            from_place(day * DAY + 60 * n, f"100.{n}.{day}.1") for day in range(-9, -1) for n in range(4)
        ]
        today = [from_place(60 * n, f"101.{n}.0.1") for n in range(11)]

        assert severity_of(account_report(*before, *today), "C03") is None
        assert severity_of(account_report(*before, *today, from_place(700, "101.99.0.1")), "C03") == "medium"

    def test_neighbours(self) -> None:
        assert neighbours_of("192.0.2.77") == "192.0.2.0/24"
        assert neighbours_of("2001:db8:0:1::77") == "2001:db8:0:1::/64"
        assert neighbours_of("no address") == "no address"


def travelled(*countries: str | None, step: float = 60) -> list[MessageFacts]:
    return [from_place(n * step, f"192.0.2.{n}", country) for n, country in enumerate(countries)]


class TestTravel:
    @pytest.mark.parametrize(
        ("facts", "severity"),
        [
            pytest.param(travelled("NL", "VN", "BR"), "high", id="three"),
            pytest.param(travelled("NL", "VN", "NL", "VN"), None, id="two: a VPN, a journey"),
            pytest.param(travelled("NL", "VN", "BR", step=DAY / 2), None, id="in more than a day"),
            pytest.param(travelled("NL", None, None, "VN"), None, id="not known where"),
            pytest.param(
                [from_place(n, f"192.0.2.{n}", "NL", network=64500 + n) for n in range(4)],
                "medium",
                id="four operators in one country",
            ),
            pytest.param(
                [from_place(n, f"192.0.2.{n}", "NL", network=64500 + n) for n in range(3)],
                None,
                id="three operators: home, work, phone",
            ),
        ],
    )
    def test_countries_and_operators(self, facts: list[MessageFacts], severity: str | None) -> None:
        assert severity_of(account_report(*facts), "C04") == severity

    @pytest.mark.parametrize(
        ("usual", "severity"),
        [(("NL", "NL", "NL"), "medium"), (("NL",), "high"), (("DE", "DE", "DE"), "high")],
    )
    def test_where_it_is_usually_used_does_not_count(self, usual: tuple[str, ...], severity: str) -> None:
        before = [from_place(-day * DAY - 60, "192.0.2.1", name) for day, name in enumerate(usual, start=2)]

        assert severity_of(account_report(*before, *travelled("NL", "VN", "BR")), "C04") == severity
        assert severity_of(account_report(*before, *travelled("NL", "VN", "BR", "US")), "C04") == "high"

    @pytest.mark.parametrize(
        ("quiet", "severity"),
        [
            (("NL", "NL", "NL"), "medium"),
            (("NL",), "high"),
            (("NL", "NL", "NL", "NL", "US", "US", "US"), "medium"),
            (("DE", "DE", "DE", "NL", "NL", "NL", "NL"), "medium"),
            (("DE", "DE", "DE", "DE", "NL", "NL", "NL"), "high"),
        ],
    )
    def test_it_is_at_home_where_it_is_used_alone_on_most_days(
        self, quiet: tuple[str, ...], severity: str
    ) -> None:
        """Afterwards too: somebody who comes back from a journey at the beginning of the log."""
        after = [from_place(day * DAY, "192.0.2.1", name) for day, name in enumerate(quiet, start=2)]

        assert severity_of(account_report(*travelled("NL", "VN", "BR"), *after), "C04") == severity
        assert severity_of(account_report(*travelled("NL", "VN", "BR", "US"), *after), "C04") == "high"

    def test_days_with_several_countries_make_nothing_a_home(self) -> None:
        days = [
            from_place(day * DAY + n, f"192.0.2.{n}", name)
            for day in range(9)
            for n, name in enumerate(("NL", "VN") if day else ("NL", "VN", "BR"))
        ]

        assert severity_of(account_report(*days), "C04") == "high"

    def test_an_account_that_was_never_used_otherwise_is_at_home_nowhere(self) -> None:
        days = [
            from_place(day * DAY + n, f"192.0.2.{n}", name)
            for day in range(9)
            for n, name in enumerate(("NL", "VN", "BR"))
        ]

        assert severity_of(account_report(*days), "C04") == "high"

    def test_the_countries_and_the_date_of_the_data_are_said(self) -> None:
        report = account_report(*travelled("NL", "VN", "BR"), host=replace(HOST, origins="2026-06-17"))

        finding = report and report.finding("C04")
        assert finding
        assert "3 countries (NL, VN and BR)" in finding.evidence
        assert "data of 2026-06-17" in finding.evidence

    def test_trusted_networks_do_not_count(self) -> None:
        host = replace(HOST, trusted_networks=(ip_network("192.0.2.0/24"),))

        assert severity_of(account_report(*travelled("NL", "VN", "BR"), host=host), "C04") is None


class TestNewPlace:
    HOME = tuple(from_place(-day * DAY, "192.0.2.1") for day in range(20, 0, -1))

    @pytest.mark.parametrize(
        ("facts", "severity"),
        [
            pytest.param(
                [*HOME, from_place(0, "198.51.100.1", recipients=FIFTY)], "high", id="fifty at once"
            ),
            pytest.param(
                [*HOME, *(from_place(n, "198.51.100.1", recipients=FIFTY[:10]) for n in range(5))],
                "high",
                id="fifty in five messages",
            ),
            pytest.param([*HOME, from_place(0, "198.51.100.1", recipients=FIFTY[1:])], None, id="49"),
            pytest.param([*HOME, from_place(0, "192.0.2.9", recipients=FIFTY)], None, id="a neighbour"),
            pytest.param(
                [*HOME, from_place(-70, "198.51.100.1"), from_place(0, "198.51.100.1", recipients=FIFTY)],
                None,
                id="after the first hour",
            ),
            pytest.param(
                [*HOME[-10:], from_place(0, "198.51.100.1", recipients=FIFTY)],
                None,
                id="the account is known for ten days only",
            ),
            pytest.param(
                [
                    from_place(-31 * DAY, "198.51.100.1"),
                    *HOME,
                    from_place(0, "198.51.100.1", recipients=FIFTY),
                ],
                "high",
                id="not used for a month",
            ),
            pytest.param(
                [
                    from_place(-29 * DAY, "198.51.100.1"),
                    *HOME,
                    from_place(0, "198.51.100.1", recipients=FIFTY),
                ],
                None,
                id="used within a month",
            ),
        ],
    )
    def test_the_first_hour(self, facts: list[MessageFacts], severity: str | None) -> None:
        assert severity_of(account_report(*facts), "C05") == severity

    def test_webmail_is_no_new_place(self) -> None:
        webmail = login(0, sender_host_address="127.0.0.1", recipients=FIFTY)

        assert severity_of(account_report(*self.HOME, webmail), "C05") is None
