"""The glossary page: everything at once, or what holds the words."""

from urllib.parse import quote

import pytest
from django.test import Client

from ingest.exim import meanings
from ingest.exim.meanings.entry import Where
from mailwatch.queries.glossary import glossary


def test_every_entry_is_on_the_page_once_and_has_its_own_link(desk: Client) -> None:
    page = desk.get("/glossary/").content.decode()
    assert "arrival-T=" in page and f'href="#{quote("arrival-T=", safe="")}"' in page
    assert page.count('<div id="') == len(meanings.ENTRIES)


def test_it_is_grouped_by_place_in_the_log() -> None:
    assert {group.where for group in glossary("").groups} == set(Where)
    assert sum(len(group.entries) for group in glossary("").groups) == len(meanings.ENTRIES)


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    assert client.get("/glossary/").headers["Location"].startswith("/login/")


@pytest.mark.parametrize(
    ("words", "term"),
    [
        ("T=", "T="),
        ("t", "T="),
        ("**", "**"),
        ("5.1.1", "x.1.1"),
        ("550", "550"),
        ("esmtpsa", "esmtpsa"),
        ("554 5.7.1 Service unavailable; blocked using zen.spamhaus.org", "Spamhaus"),
        ("retry time not reached for any host", "retry time not reached"),
    ],
)
def test_what_was_named_comes_first(words: str, term: str) -> None:
    assert term in {named.entry.term for named in glossary(words).best}


def test_a_letter_has_one_entry_for_each_kind_of_line() -> None:
    assert {named.entry.where for named in glossary("T=").best} >= {Where.ARRIVAL, Where.DELIVERY}


def test_all_words_must_be_there_in_any_order() -> None:
    found = glossary("reached retry time")
    assert found.found == len(
        {entry for group in found.groups for entry in group.entries} | {n.entry for n in found.best}
    )
    assert all("retry" in f"{entry}".casefold() for group in found.groups for entry in group.entries)
    assert 0 < found.found < 20


def test_nothing_found_says_where_to_look(desk: Client) -> None:
    page = desk.get("/glossary/", {"q": "zzzz nothing"}).text
    assert "No entry holds all of these words" in page and 'href="/explain/"' in page


def test_htmx_gets_the_entries_only(desk: Client) -> None:
    answer = desk.get("/glossary/", {"q": "frozen"}, headers={"HX-Request": "true"})
    assert "<h1>" not in answer.text and "Frozen" in answer.text
    assert "HX-Request" in answer.headers["Vary"]


def test_words_that_are_too_long_are_refused_in_a_sentence(desk: Client) -> None:
    answer = desk.get("/glossary/", {"q": "x" * 501})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text


def test_what_was_asked_is_escaped(desk: Client) -> None:
    assert "<script>x" not in desk.get("/glossary/", {"q": "<script>x"}).text


def test_the_footer_leads_to_it(desk: Client) -> None:
    assert '<a href="/glossary/">Glossary</a>' in desk.get("/rules/").text
