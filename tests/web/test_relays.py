"""The report: verdict, suspects, what was checked, what the log cannot tell; and its exports."""

import csv
import json
import re
from html import unescape
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ingest.models import LogHost
from mailwatch.queries import relays as queries
from tests.web.conftest import QUIET, SEED, Ingested

HTMX = {"HX-Request": "true"}
ADDRESS = "129.137.152.170"
KEY = f"srv1/sender_host_address/{ADDRESS}"


ANOTHER = SEED[0].replace("129.137.152.170", "203.0.113.88").replace("-0007sb-", "-0007sc-")


def _guesses(address: str, count: int) -> list[str]:
    """Failed logins of one address, a second apart."""
    return [
        f"2016-03-09 09:00:{second:02} plain authenticator failed for (guess.example) [{address}]:"
        f" 535 Incorrect authentication data (set_id=name{second})"
        for second in range(count)
    ]


def test_without_logs_it_says_so(desk: Client) -> None:
    assert "No logs yet" in desk.get("/relays/").text


def test_the_verdict_comes_first_with_commands_to_copy(desk: Client, seed: LogHost) -> None:
    page = desk.get("/relays/").text
    assert page.index('id="verdict"') < page.index('id="suspects"')
    assert '<span class="w">-bP</span> <span class="w">authenticators</span>' in page
    assert 'data-copy="step-1"' in page


def test_the_worst_suspect_is_open_with_findings_and_lines(desk: Client, seed: LogHost) -> None:
    response = desk.get("/relays/")
    row = response.context["page"].rows[0]
    report = row.attack.worst.report
    assert (report.value, report.rules[0]) == (ADDRESS, "A01")
    assert row.opened.details[0].lines[0].raw.decode() == SEED[0]
    assert 'href="/messages/srv1/1adXzZ-0007sb-Pz/"' in response.text
    assert f'href="/senders/{ADDRESS}/"' in response.text


def test_a_suspects_country_stands_beside_the_date_of_its_data(desk: Client, seed: LogHost) -> None:
    assert (
        '<dt>Country</dt><dd>US <span class="muted">data of 17 Jun 2026</span>' in desk.get("/relays/").text
    )


def test_suspects_of_one_attack_are_one_row(desk: Client, ingested: Ingested) -> None:
    ingested([*SEED, ANOTHER])
    response = desk.get("/relays/")
    (row,) = response.context["page"].rows
    assert sorted(row.attack.addresses) == [ADDRESS, "203.0.113.88"]
    assert row.attack.counts.messages == 2
    assert "through plain, 2 addresses" in response.text


def test_a_large_attack_opens_once_the_page_is_there(
    desk: Client, seed: LogHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "OPEN_AT_ONCE", 0)
    response = desk.get("/relays/")
    assert response.context["page"].rows[0].opened is None
    assert 'hx-trigger="load" hx-target="this"' in response.text
    link = desk.get("/relays/", {"open": KEY})  # without JavaScript
    assert link.context["page"].rows[0].opened
    assert 'hx-trigger="load"' not in link.text
    row = desk.get("/relays/", {"open": KEY, "row": KEY, "number": "1"}, headers=HTMX)
    assert "HELO names" in row.text
    assert 'hx-trigger="load"' not in row.text


def test_an_attack_can_be_closed_by_a_link(desk: Client, seed: LogHost) -> None:
    assert desk.get("/relays/", {"open": ""}).context["page"].rows[0].opened is None


def test_any_member_names_its_attack(desk: Client, ingested: Ingested) -> None:
    ingested([*SEED, ANOTHER])
    for address in (ADDRESS, "203.0.113.88"):
        key = f"srv1/sender_host_address/{address}"
        assert desk.get("/relays/", {"open": key}).context["page"].rows[0].opened
        assert desk.get("/relays/", {"open": key, "row": key, "number": "1"}, headers=HTMX).status_code == 200


def test_the_json_keeps_one_entry_for_each_subject(desk: Client, ingested: Ingested) -> None:
    ingested([*SEED, ANOTHER])
    found = json.loads(desk.get("/relays/", {"format": "json"}).getvalue())["suspects"]
    assert [suspect["attack"] for suspect in found] == ["A01:plain", "A01:plain"]


def test_an_opened_attack_shows_its_course_and_its_lists(desk: Client, seed: LogHost) -> None:
    page = desk.get("/relays/").text
    for words in (
        "Recipients per hour by outcome",
        "Table: outcomes per hour",
        "HELO names",
        "[127.0.0.1]",
        "Logged in as",
        "Envelope senders",
        "hotmail.co.uk",
        "129.137.152.0/24",
        "by data of 17 Jun 2026",
        "/search/?kind=network&amp;q=129.137.152.0%2F24&amp;log_host=srv1",
    ):
        assert words in page


def test_htmx_gets_the_one_row_it_asked_for(desk: Client, seed: LogHost) -> None:
    response = desk.get("/relays/", {"open": KEY, "row": KEY, "number": "1"}, headers=HTMX)
    assert response.text.strip().startswith("<tbody")
    assert ADDRESS in response.text
    assert "<html" not in response.text
    assert "HX-Request" in response["Vary"]


def test_a_boosted_request_gets_the_whole_page(desk: Client, seed: LogHost) -> None:
    response = desk.get("/relays/", {"row": KEY}, headers=HTMX | {"HX-Boosted": "true"})
    assert "<html" in response.text


def test_what_was_checked_and_what_the_log_cannot_tell_is_listed(desk: Client, seed: LogHost) -> None:
    page = desk.get("/relays/").text
    for words in (
        "What was checked",
        "Open relay",
        "Broken authenticator",
        "Local scripts",
        "log_selector = ",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ({}, [ADDRESS, "203.0.113.5"]),
        ({"severity": "high"}, [ADDRESS]),
        ({"rule": "C01"}, ["203.0.113.5"]),
        ({"rule": "A01"}, [ADDRESS]),
        ({"kind": "local_user"}, []),
        ({"severity": "info"}, [ADDRESS, "203.0.113.5", "203.0.113.9"]),
    ],
)
def test_suspects_are_chosen_by_severity_rule_and_kind(
    desk: Client, ingested: Ingested, query: dict[str, str], values: list[str]
) -> None:
    ingested([*SEED, *QUIET, *_guesses("203.0.113.5", 12)])
    page = desk.get("/relays/", query).context["page"]
    assert [suspect.report.value for suspect in page.suspects] == values
    assert page.total == 2


def test_an_address_that_was_only_refused_is_no_suspect(desk: Client, ingested: Ingested) -> None:
    ingested(QUIET)
    response = desk.get("/relays/")
    assert response.context["page"].suspects == []
    assert "No rule found a suspect" in response.text


def test_a_range_is_judged_by_what_lies_in_it(desk: Client, seed: LogHost) -> None:
    page = desk.get("/relays/", {"log_host": "srv1", "since": "2016-03-09T09:00"}).context["page"]
    assert page.suspects == []


def test_many_suspects_come_page_by_page_and_none_is_lost(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "SHOWN", 2)
    ingested([line for net in range(1, 6) for line in _guesses(f"203.0.{net}.5", 12)])
    seen: list[str] = []
    after = ""
    for _ in range(3):
        page = desk.get("/relays/", {"after": after}).context["page"]
        seen += [suspect.report.value for suspect in page.suspects]
        after = page.after
    assert sorted(seen) == [f"203.0.{net}.5" for net in range(1, 6)]
    assert after == ""


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"log_host": "nobody"}, "There is no log host of this name."),
        ({"severity": "awful"}, "Severities are"),
        ({"kind": "robot"}, "Kinds are"),
        ({"rule": "Z99"}, "There is no such rule"),
    ],
)
def test_what_cannot_be_understood_is_said(
    desk: Client, seed: LogHost, query: dict[str, str], error: str
) -> None:
    response = desk.get("/relays/", query)
    assert response.status_code == 200
    assert error in response.text


def test_csv_has_a_row_for_each_suspect(desk: Client, seed: LogHost) -> None:
    response = desk.get("/relays/", {"format": "csv"})
    assert response["Content-Disposition"] == 'attachment; filename="relays.csv"'
    rows = list(csv.DictReader(StringIO(response.getvalue().decode())))
    assert (rows[0]["value"], rows[0]["messages"]) == (ADDRESS, "1")
    assert rows[0]["first_at"] == "2016-03-09T07:53:12+01:00"


def test_json_has_the_shape_that_scripts_rely_on(desk: Client, seed: LogHost) -> None:
    document = json.loads(desk.get("/relays/", {"format": "json"}).getvalue())
    assert document["verdict"]["broken_authenticator"] == "suspected"
    assert {"open_relay", "compromised_accounts", "local_scripts", "summary", "next_steps"} <= set(
        document["verdict"]
    )
    suspect = document["suspects"][0]
    assert (suspect["kind"], suspect["value"], suspect["attack"]) == (
        "sender_host_address",
        ADDRESS,
        "A01:plain",
    )
    assert suspect["message_ids"] == ["1adXzZ-0007sb-Pz"]
    assert {"rule", "why"} <= set(document["coverage"][0])


def test_the_share_button_names_this_very_report(desk: Client, seed: LogHost) -> None:
    page = desk.get("/relays/", {"log_host": "srv1", "range": "day"}).text
    assert "/share/?kind=report&amp;log_host=srv1&amp;range=day" in page


def test_hostile_log_text_stays_text(desk: Client, ingested: Ingested) -> None:
    ingested([SEED[0].replace("[127.0.0.1]", "<img/src=x>\u202e"), *SEED[1:]])
    page = desk.get("/relays/").text
    assert "<img" not in page
    assert "\u202e" not in page


# ---- the command


def _sent(account: str, address: str, second: int, recipients: int = 2) -> list[str]:
    """A message of a logged in user, delivered to strangers."""
    stamp = f"2016-03-09 10:{second // 60:02}:{second % 60:02}"
    number = f"1ad{second:03}-0008sb-Pz"
    to = [f"stranger{second}x{each}@site{each}.example" for each in range(recipients)]
    return [
        f"{stamp} {number} <= {account} H=(ylmf-pc) [{address}] P=esmtpa A=plain:{account} S=900"
        f" for {' '.join(to)}",
        *(f"{stamp} {number} => {one} R=dnslookup T=remote_smtp H=mx.site [198.51.100.9]" for one in to),
        f"{stamp} {number} Completed",
    ]


def test_an_account_and_the_addresses_it_was_used_from_are_one_attack_and_count_once(
    desk: Client, ingested: Ingested
) -> None:
    account = "sales@example.org"
    lines = [line for second in range(130) for line in _sent(account, f"203.0.{second % 12}.7", second)]
    ingested([*lines, *SEED], "srv1")
    rows = desk.get("/relays/", {"open": ""}).context["page"].rows
    (stolen,) = [row.attack for row in rows if account in row.attack.accounts]
    assert len(stolen.addresses) == 12
    assert stolen.words.endswith(", 12 addresses and 1 account")
    counts = stolen.counts
    assert (counts.messages, counts.recipients, counts.outside, counts.delivered) == (130, 260, 260, 260)
    assert len(rows) == 2


def test_guessers_of_one_network_are_one_row(desk: Client, ingested: Ingested) -> None:
    ingested([line for last in range(1, 6) for line in _guesses(f"203.0.113.{last}", 12)])
    (row,) = desk.get("/relays/").context["page"].rows
    assert row.attack.words == "Password guessing, 5 addresses"
    assert row.attack.counts.failed_logins == 60


def test_what_goes_on_can_be_chosen(desk: Client, ingested: Ingested) -> None:
    ingested([*SEED, *(line.replace(" 09:", " 23:") for line in _guesses("203.0.113.5", 12))])
    page = desk.get("/relays/", {"going_on": "on"}).context["page"]
    assert [suspect.report.value for suspect in page.suspects] == ["203.0.113.5"]
    document = json.loads(desk.get("/relays/", {"format": "json"}).getvalue())["suspects"]
    assert {suspect["value"]: suspect["goes_on"] for suspect in document} == {
        ADDRESS: False,
        "203.0.113.5": True,
    }


def test_a_country_can_be_chosen(desk: Client, ingested: Ingested) -> None:
    ingested([*SEED, *_guesses("203.0.113.5", 12)])
    page = desk.get("/relays/", {"country": "us"}).context["page"]
    assert [suspect.report.value for suspect in page.suspects] == [ADDRESS]
    assert page.countries == ["US"]
    assert "two letters" in desk.get("/relays/", {"country": "Narnia"}).text


def test_a_range_is_compared_with_the_period_before(desk: Client, ingested: Ingested) -> None:
    morning = [*_guesses("203.0.113.5", 12), *_guesses("198.51.100.5", 12)]
    evening = [
        line.replace(" 09:", " 11:") for line in [*_guesses("203.0.113.5", 14), *_guesses("192.0.2.5", 12)]
    ]
    ingested([*morning, *evening])
    asked = {"since": "2016-03-09T10:00", "until": "2016-03-09T12:00", "compared": "on", "open": ""}
    response = desk.get("/relays/", asked)
    page = response.context["page"]
    changes = {row.attack.worst.report.value: str(row.compared.change) for row in page.rows}
    assert changes == {"203.0.113.5": "more", "192.0.2.5": "new"}
    assert [attack.worst.report.value for attack in page.comparison.gone] == ["198.51.100.5"]
    assert "1 new, 1 more, 0 less, 0 as before, 1 gone" in response.text
    key = "srv1/sender_host_address/203.0.113.5"
    row = desk.get("/relays/", asked | {"open": key, "row": key, "number": "1"}, headers=HTMX).text
    assert "12 attempts before" in row


def test_the_whole_log_has_no_period_before(desk: Client, seed: LogHost) -> None:
    page = desk.get("/relays/", {"compared": "on"}).context["page"]
    assert page.comparison is None
    assert not page.has_before


def test_more_suspects_take_no_more_queries(desk: Client, ingested: Ingested) -> None:
    def queries_of() -> int:
        with CaptureQueriesContext(connection) as found:
            desk.get("/relays/", {"open": ""})
        return len(found)

    ingested([line for net in range(2) for line in _guesses(f"203.0.{net}.5", 12)])
    queries_of()  # the first page of a process asks for content types and the like
    few = queries_of()
    ingested([line for net in range(2, 60) for line in _guesses(f"203.0.{net}.5", 12)])
    queries_of()  # what was found is kept from here on
    assert queries_of() == few


def test_what_is_opened_leads_to_searches_that_find_as_much(desk: Client, ingested: Ingested) -> None:
    ingested([*SEED, *_guesses(ADDRESS, 12)])
    page = desk.get("/relays/", {"open": KEY})
    links = {unescape(link) for link in re.findall(r'href="(/search/\?[^"]+)"', page.text)}
    # words are scanned for; a bar counts deliveries, its search the messages that arrived in the hour
    apart = ("kind=text", "until=")
    found = {
        link: desk.get(link).context["page"].rows for link in links if not any(part in link for part in apart)
    }
    assert all(found.values()), [link for link, rows in found.items() if not rows]
    (logins,) = (rows for link, rows in found.items() if "reason=login" in link)
    assert len(logins) == page.context["page"].rows[0].attack.counts.failed_logins == 12
