"""Lines in, plain words out; nothing is stored."""

from datetime import UTC, timedelta, timezone, tzinfo

import pytest
from django.test import Client

from ingest.models import IngestRun, LogHost, LogPage, StoredConfiguration
from mailwatch.forms import MOST_PASTED
from mailwatch.queries import explain as queries
from tests.web.conftest import SEED

AS_FOUND = """plain:
driver                     = plaintext
public_name                = PLAIN
server_advertise_condition = yes
server_condition           = ${if eq{$3}{${lookup mysql{ SELECT password FROM users WHERE \
CONCAT(username,'@',domain)='${quote_mysql:$2}' AND smtp>0 }}}{yes}{no}}
server_set_id              = $2
"""
LINES = "\r\n".join(SEED)  # as a browser sends them


def test_the_empty_page_asks_for_lines(desk: Client) -> None:
    assert "Nothing is stored." in desk.get("/explain/").text


def test_each_line_is_told_part_by_part(desk: Client) -> None:
    page = desk.post("/explain/", {"lines": LINES}).text
    assert "4 lines read, 0 unreadable. 1 message." in page
    for kind in ("Line 1: arrival", "Line 2: note", "Line 3: delivery", "Line 4: completion"):
        assert kind in page
    assert '#arrival-A%3Dname%3A">A=plain:</a></span></dt>' in page


def test_lines_alone_give_a_suspicion(desk: Client) -> None:
    assert desk.post("/explain/", {"lines": LINES}).context["paste"].explained.verdict.relaying == "suspected"


def test_lines_and_configuration_together_say_yes_and_how_to_repair_it(desk: Client) -> None:
    response = desk.post("/explain/", {"lines": LINES, "configuration": AS_FOUND})
    assert response.context["paste"].explained.verdict.relaying == "yes"
    assert "The password is compared with an empty lookup result" in response.text
    assert "<ins>" in response.text


def test_a_configuration_alone_is_audited(desk: Client) -> None:
    response = desk.post("/explain/", {"configuration": AS_FOUND})
    assert response.context["paste"].audit.bad[0].rule == "X01"
    assert 'id="verdict"' not in response.text


def test_passwords_are_masked_before_anything_is_shown(desk: Client) -> None:
    page = desk.post("/explain/", {"configuration": "mysql_servers = localhost/system/exim/mypassw"}).text
    assert "mypassw" not in page


def test_nothing_is_stored(desk: Client) -> None:
    desk.post("/explain/", {"lines": LINES, "configuration": AS_FOUND})
    assert not any(table.objects.exists() for table in (LogHost, IngestRun, LogPage, StoredConfiguration))


def test_text_that_is_no_log_is_an_answer_and_no_error(desk: Client) -> None:
    response = desk.post("/explain/", {"lines": "Dear all,\nhello <b>there</b>"})
    assert response.status_code == 200
    assert "2 lines read, 2 unreadable" in response.text
    assert "<b>there" not in response.text


@pytest.mark.parametrize(
    ("pasted", "error"),
    [
        ({}, "Paste log lines, a configuration, or both."),
        ({"lines": " \n "}, "Paste log lines, a configuration, or both."),
        ({"lines": "x" * (MOST_PASTED + 1)}, "More than 512 KB are not explained line by line."),
        ({"lines": "a\0b"}, "This is no text: it holds NUL characters."),
    ],
)
def test_what_cannot_be_explained_is_said_in_a_sentence(
    desk: Client, pasted: dict[str, str], error: str
) -> None:
    response = desk.post("/explain/", pasted)
    assert response.status_code == 200
    assert error in response.text


def test_of_many_lines_the_first_are_explained_and_it_says_so(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_LINES", 2)
    page = desk.post("/explain/", {"lines": LINES}).text
    assert "The first 2 of 4 lines are explained here" in page
    assert "Line 3:" not in page


@pytest.mark.parametrize(
    ("lines", "zone"),
    [
        (SEED, timezone(timedelta(hours=1))),
        (SEED[1:], UTC),  # no arrival tells
        ([SEED[0].replace("07:53", "06:53")], UTC),
        ([SEED[0].replace("07:53", "03:23")], timezone(-timedelta(hours=3, minutes=30))),
        ([SEED[0], SEED[0].replace("07:53", "09:53")], UTC),  # they disagree
        ([SEED[0].replace("2016-03-09", "2016-03-19")], UTC),  # waited for days: no zone
    ],
)
def test_the_zone_of_the_lines_is_read_from_the_message_ids(lines: list[str], zone: tzinfo) -> None:
    assert queries.zone_of("\n".join(lines).encode()) == zone


def test_the_verdict_stands_on_a_pasted_line(desk: Client) -> None:
    page = desk.post("/explain/", {"lines": LINES}).context["paste"]
    assert page.evidence.raw.decode() == SEED[0]
    assert page.refused is None


def test_the_refusal_that_proves_the_repair_is_shown(desk: Client) -> None:
    got_in = (
        "2026-03-09 06:00:00 1vzTrY-00000000001-0001 <= a@bad.example H=([192.168.1.5]) [203.0.113.66] P=esmtpsa"
        " A=plain: S=900 for z@remote.example"
    )
    named = got_in.replace("plain:", "plain:alice@example.com").replace("0001-0001", "0002-0001")
    refused = (
        "2026-03-09 18:00:00 plain authenticator failed for ([192.168.1.5]) [203.0.113.66]: 535 Incorrect"
        " authentication data"
    )
    response = desk.post("/explain/", {"lines": "\n".join([got_in, named, refused])})

    assert response.context["paste"].refused.decode() == refused
    assert "The same refused since" in response.text


def test_bounces_for_mail_of_others_are_told_from_the_hours_of_the_lines(desk: Client) -> None:
    lines = []
    for number in range(25):
        name = f"1vzTrY-000000000{number:02d}-0001"
        stamp = f"2026-03-09 06:00:{number:02d}"
        lines += [
            f"{stamp} {name} <= <> H=mx.remote.example [192.0.2.25] P=esmtp S=900",
            f"{stamp} {name} => alice <alice@example.com> R=localuser T=local_delivery",
            f"{stamp} {name} Completed",
        ]
    response = desk.post("/explain/", {"lines": "\n".join(lines)})

    told = response.context["paste"].explained
    assert [finding.rule for finding in told.on_host] == ["B05"]
    assert next(item.answer for item in told.verdict.questions if item.is_good_news) == "yes"
    assert "The log host as a whole" in response.text
