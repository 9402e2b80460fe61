"""Searches with a second term, and by the host that mail went to: what is behind the rows of partners."""

import pytest
from django.test import Client

from mailwatch.queries import stepwise
from tests.web.conftest import Ingested
from tests.web.logs import DAY, SCRIPT, SENT, many


def ids(desk: Client, **query: str) -> list[str | None]:
    response = desk.get("/search/", query)
    assert response.status_code == 200
    return [row.message_id for row in response.context["page"].rows]


def test_a_message_meets_both_terms(desk: Client, ingested: Ingested) -> None:
    ingested([*DAY, *many(3)])
    domain = {"q": "remote.example", "kind": "domain", "role": "recipient"}
    assert set(ids(desk, **domain)) == {SENT, SCRIPT}
    assert ids(desk, **domain, also="198.51.100.7") == [SENT]
    assert ids(desk, **domain, also="198.51.100.0/24", also_kind="network") == [SENT]
    assert ids(desk, q="198.51.100.7", also="remote.example", also_role="recipient") == [SENT]
    assert ids(desk, q="198.51.100.7", also="remote.example", also_role="sender") == []
    assert ids(desk, q="198.51.100.7", also="alice@example.org", also_kind="address", also_role="sender") == [
        SENT
    ]


def test_a_rejection_meets_both_terms_too(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    refused = {"q": "elsewhere.example", "kind": "domain", "status": "rejected"}
    assert ids(desk, **refused, also="203.0.113.9") == [None]
    assert ids(desk, **refused, also="203.0.113.10") == []


def test_the_host_that_mail_went_to_is_a_filter(desk: Client, ingested: Ingested) -> None:
    ingested([*DAY, *many(3)])
    assert set(ids(desk, remote_host="203.0.113.7")) == {SENT, SCRIPT}
    assert ids(desk, remote_host="203.0.113.99") == []


@pytest.mark.parametrize(
    "query",
    [
        {"remote_host": "203.0.113.7"},
        {"transport": "remote_smtp", "also": "198.51.100.7"},
        {
            "transport": "remote_smtp",
            "also": "remote.example",
            "also_kind": "domain",
            "also_role": "recipient",
        },
    ],
)
def test_what_an_index_answers_is_found_however_far_back(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    """Without going through all that is newer."""
    ingested([*DAY, *many(12)])
    monkeypatch.setattr(stepwise, "AT_ONCE", 3)
    monkeypatch.setattr(stepwise, "SECONDS", 0)
    assert SENT in ids(desk, **query)


def test_the_second_term_is_a_filter_that_can_be_taken_away(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get(
        "/search/", {"q": "alice", "also": "198.51.100.7", "also_kind": "network"}
    ).content.decode()
    assert 'aria-label="Remove filter and from 198.51.100.7"' in html
    assert '<a href="?q=alice" aria-label="Remove' in html
    assert '<input type="hidden" name="also" value="198.51.100.7"' in html


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"also": "two words"}, "The second thing looked for is a network, an address or a domain."),
        ({"also": "x", "also_kind": "network"}, "x cannot be read as"),
        (
            {"also": "x", "also_kind": "text"},
            "The second thing looked for is a network, an address or a domain.",
        ),
        ({"remote_host": "mx"}, "A remote host is named by its IP address."),
    ],
)
def test_what_cannot_be_read_is_said(desk: Client, db: None, query: dict[str, str], words: str) -> None:
    assert words in desk.get("/search/", query).content.decode()


def test_pages_of_both_hold_each_row_once(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the time for a page ends before it is full."""
    refused = [
        f"2026-03-02 12:00:{number:02d} H=(news) [198.51.100.20] F=<list@example.org> rejected RCPT"
        f" <x{number}@many.example>: no such user"
        for number in range(20)
    ]
    ingested([*many(30), *refused])
    monkeypatch.setattr(stepwise, "AT_ONCE", 7)
    monkeypatch.setattr(stepwise, "SECONDS", 0)
    query, found = {"q": "198.51.100.20", "also": "list@example.org", "also_kind": "address"}, []
    while True:
        page = desk.get("/search/", query).context["page"]
        found += [row.message_id or row.key for row in page.rows]
        if not page.older:
            break
        query["after"] = page.older
    assert len(found) == len(set(found)) == 50
