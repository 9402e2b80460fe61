"""Searching raw lines on the page: words, patterns, subjects, parts of addresses; in slices, with and without htmx."""

import csv
import json
import re
from functools import partial

import pytest
from django.test import Client

from mailwatch.queries import free_text, line_terms
from mailwatch.queries.terms import TermKind, understand
from mailwatch.views import search as view
from tests.web.conftest import Ingested
from tests.web.logs import DAY, SENT

ENCODED = (
    "2026-03-02 12:00:00 1vx2tA-00000000010-0001 <= anna@example.org H=h [198.51.100.7] P=esmtps S=1"
    ' T="=?utf-8?Q?Bericht_M=C3=A4rz?=" for bob@remote.example'
)
FORMULA = "2026-03-02 12:00:01 =cmd|' /C calc'!A0 <script>alert(1)</script> \u202e needle"


def found(response_text: str) -> list[str]:
    lines = re.findall(r'<code class="raw">(.*?)</code>', response_text)
    return [re.sub(r"<[^>]+>", "", line) for line in lines]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("two words", TermKind.TEXT),
        ("relay not permitted", TermKind.TEXT),
        (r"/10\.\d+/", TermKind.PATTERN),
        ("subject: invoice", TermKind.SUBJECT),
        ("192.0.2.", TermKind.NETWORK),
        ("10.", TermKind.NETWORK),
    ],
)
def test_what_no_index_answers_is_read_in_the_lines(text: str, kind: TermKind) -> None:
    assert understand(text).kind is kind
    assert understand(text).is_scanned == (kind is not TermKind.NETWORK)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ({"q": "RELAY not permitted"}, 1),
        ({"q": r"/relay (not|never) permitted/"}, 1),
        ({"q": "nothing of this"}, 0),
        ({"q": "subject:märz"}, 1),
        ({"q": "dnslookup", "kind": "text"}, 4),
        ({"q": "arol@rem", "kind": "part"}, 2),
        ({"q": "carol", "kind": "subject"}, 0),
        ({"q": "relay not permitted", "log_host": "mx2"}, 0),
        ({"q": "relay not permitted", "since": "2027-01-01"}, 0),
    ],
)
def test_lines_are_found(ingested: Ingested, desk: Client, query: dict[str, str], number: int) -> None:
    ingested((*DAY, ENCODED))
    ingested(("2026-03-02 12:00:00 SMTP connection from [192.0.2.1]",), log_host="mx2")
    response = desk.get("/search/", query)
    assert len(found(response.text)) == number, response.text
    assert f"{number} found" in response.text


def test_a_hit_leads_to_its_message_and_shows_what_was_found(ingested: Ingested, desk: Client) -> None:
    ingested(DAY)
    text = desk.get("/search/", {"q": "carol@REMOTE", "kind": "text"}).text
    assert f"/messages/srv1/{SENT}/" in text
    assert "<mark>carol@remote</mark>" in text


@pytest.mark.parametrize("q", ["/(/", "/(?=x)/", r"/\1/"])
def test_a_pattern_that_is_none_is_refused_in_a_sentence(ingested: Ingested, desk: Client, q: str) -> None:
    ingested(DAY)
    text = desk.get("/search/", {"q": q}).text
    assert "is no regular expression of RE2" in text
    assert 'value="/' in text  # what was typed is still there


def test_lines_come_in_slices_until_all_are_there(
    ingested: Ingested, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(
        [f"2026-03-02 12:00:{second:02} SMTP connection from [192.0.2.1] needle" for second in range(25)]
    )
    monkeypatch.setattr(free_text, "read", partial(free_text.read, hits=10))

    text = desk.get("/search/", {"q": "needle", "kind": "text"}).text
    lines = found(text)
    while further := re.search(r'id="reading"[^>]* hx-get="(\?[^"]+)"', text):
        text = desk.get("/search/" + further[1].replace("&amp;", "&"), headers={"HX-Request": "true"}).text
        assert "<html" not in text
        lines += found(text)

    assert [line[17:19] for line in lines] == [f"{second:02}" for second in reversed(range(25))]
    assert "All 25 lines of the range are read: 25 found." in text


def test_reading_can_be_stopped_and_gone_on_with(
    ingested: Ingested, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(
        [f"2026-03-02 12:00:{second:02} SMTP connection from [192.0.2.1] needle" for second in range(25)]
    )
    monkeypatch.setattr(free_text, "read", partial(free_text.read, hits=10))
    text = desk.get("/search/", {"q": "needle", "kind": "text"}).text
    stop = re.search(r'href="(\?[^"]*stop=1[^"]*)"', text)
    assert stop

    text = desk.get("/search/" + stop[1].replace("&amp;", "&")).text

    assert "Stopped." in text
    assert 'hx-trigger="load"' not in text
    go_on = re.search(r'class="button primary" href="(\?[^"]+)"', text)
    assert go_on
    assert len(found(desk.get("/search/" + go_on[1].replace("&amp;", "&")).text)) == 10


def test_after_many_lines_the_reader_is_asked(
    ingested: Ingested, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(
        [f"2026-03-02 12:00:{second:02} SMTP connection from [192.0.2.1] needle" for second in range(25)]
    )
    monkeypatch.setattr(view, "GO_ON_AFTER", 10)
    monkeypatch.setattr(free_text, "read", partial(free_text.read, hits=10))
    text = desk.get("/search/", {"q": "needle", "kind": "text"}).text
    assert 'hx-trigger="load"' not in text
    assert ">Go on</a>" in text


def test_all_lines_leave_as_csv_and_json(ingested: Ingested, desk: Client) -> None:
    ingested((*DAY, FORMULA))
    response = desk.get("/search/", {"q": "needle", "kind": "text", "format": "csv"})
    rows = list(csv.reader(b"".join(response).decode().splitlines()))
    assert rows[0] == ["log_host", "logged_at", "kind", "message_id", "line"]
    assert rows[1][0] == "srv1"
    assert "\u202e" not in rows[1][4]
    whole = b"".join(desk.get("/search/", {"q": "relay not", "format": "json"}))
    assert [line["line"] for line in json.loads(whole)["lines"]] == [DAY[11]]


def test_hostile_lines_do_nothing(ingested: Ingested, desk: Client) -> None:
    ingested((FORMULA,))
    text = desk.get("/search/", {"q": "needle", "kind": "text"}).text
    assert "<script>alert" not in text
    assert "\u202e" not in text


def test_a_subject_that_cannot_be_decoded_is_searched_as_it_is() -> None:
    assert line_terms.read_subject("=?nope?Q?abc?= x") == "=?nope?Q?abc?= x"
    assert line_terms.read_subject("=?utf-8?Q?M=C3=A4rz?=") == "März"
