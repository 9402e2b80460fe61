"""What narrows a list of messages, and lists whose filter no index answers."""

import csv
import json

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from mailwatch.queries import search, stepwise
from mailwatch.queries.filters import Filters
from mailwatch.queries.terms import Term, TermKind
from tests.web.conftest import Ingested
from tests.web.logs import BOUNCE, DAY, SCRIPT, SENT, many

RELAYED = "1vx1S0-00000000004-0001"
IN = "1vx1S1-00000000005-0001"
MORE = (
    f"2026-03-02 11:30:00 {RELAYED} <= x@foreign.example H=(evil) [203.0.113.9] P=esmtp S=20480",
    f"2026-03-02 11:30:01 {RELAYED} => v@elsewhere.example R=dnslookup T=remote_smtp H=mx.e.example [203.0.113.8]",
    f"2026-03-02 11:30:01 {RELAYED} Completed",
    f"2026-03-02 11:30:02 {IN} <= friend@partner.example H=mx.partner.example [198.51.100.9] P=esmtps S=900",
    f"2026-03-02 11:30:03 {IN} => alice <alice@example.org> R=local_user T=local_delivery",
    f"2026-03-02 11:30:03 {IN} Completed",
)
EVERYTHING = {SENT, SCRIPT, BOUNCE, RELAYED, IN}


def shown(html: str) -> set[str]:
    return {message_id for message_id in EVERYTHING if f"/messages/srv1/{message_id}/" in html}


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ({"direction": "in"}, {IN}),
        ({"direction": "out"}, {SENT, SCRIPT}),
        ({"direction": "relay"}, {RELAYED}),
        ({"direction": "local"}, {BOUNCE}),
        ({"direction": "bounce"}, {BOUNCE}),
        ({"account": "alice"}, {SENT}),
        ({"transport": "local_delivery"}, {BOUNCE, IN}),
        ({"size_from": "2 KB"}, {SENT, RELAYED}),
        ({"size_from": "1600", "size_to": "5k"}, {SENT, BOUNCE}),
        ({"q": "@remote.example", "direction": "out", "size_to": "1000"}, {SCRIPT}),
        ({"status": "delivered", "transport": "remote_smtp"}, {SENT, RELAYED}),
    ],
)
def test_filters_narrow_the_list(
    desk: Client, ingested: Ingested, query: dict[str, str], messages: set[str]
) -> None:
    ingested([*DAY, *MORE])
    html = desk.get("/search/", query).text
    assert shown(html) == messages
    assert 'class="outcome rejected"' not in html


def test_messages_with_a_finding_of_a_rule_are_found(desk: Client, seed: object) -> None:
    page = desk.get("/search/").context["page"]
    (rule, *_) = page.rows[0].rules
    assert len(desk.get("/search/", {"rule": rule}).context["page"].rows) == 1
    assert "There is no such rule" in desk.get("/search/", {"rule": "R999"}).text


def test_each_filter_is_a_chip_that_can_be_taken_away(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get("/search/", {"direction": "out", "account": "<b>al", "size_from": "1k"}).text
    assert "direction: out" in html
    assert "sent on to another host" in html
    assert "account: &lt;b&gt;al" in html
    assert "1,024 bytes or more" in html
    assert 'href="?direction=out&amp;account=%3Cb%3Eal"' in html


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"size_from": "big"}, "is no size"),
        ({"size_from": "2k", "size_to": "1k"}, "largest size is below"),
        ({"direction": "up"}, "Directions are"),
        ({"account": "a\0b"}, "“Account” is no text"),
    ],
)
def test_a_bad_filter_is_answered_in_words(desk: Client, query: dict[str, str], sentence: str) -> None:
    assert sentence in desk.get("/search/", query).text


def test_a_list_that_no_index_answers_says_how_far_it_looked_and_goes_on(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested([*DAY, *MORE, *many(40)])
    monkeypatch.setattr(stepwise, "AT_ONCE", 7)
    monkeypatch.setattr(search.page, "__kwdefaults__", {**(search.page.__kwdefaults__ or {}), "seconds": 0.0})
    query, found, steps = "transport=local_delivery", set(), 0
    while query:
        response = desk.get(f"/search/?{query}")
        found |= shown(response.text)
        query, steps = response.context["older"], steps + 1
        assert bool(query) == ("Looked back to" in response.text)
    assert found == {BOUNCE, IN}
    assert steps > 5


def test_steps_of_several_branches_find_each_message_once_and_in_order(
    ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested([*DAY, *many(60)])
    asked = search.Search(term=Term(TermKind.DOMAIN, "many.example"), filters=Filters(size_from=50))
    whole = [row.message_id for row in search.every_row(asked)]
    monkeypatch.setattr(stepwise, "AT_ONCE", 9)
    cursor, pieces = "", []
    while True:
        page = search.page(asked, cursor=cursor, rows=10, seconds=0.0)
        pieces += [row.message_id for row in page.rows]
        if not (cursor := page.older):
            break
    assert pieces == whole
    assert len(whole) == 60


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_all_of_a_list_can_be_taken_away(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    evil = "2026-03-02 12:30:00 1vx2O0-00000000006-0001 <= =cmd@evil.example H=(x) [203.0.113.10] P=esmtp S=1"
    ingested([*DAY, *many(30), evil])
    monkeypatch.setattr(search, "_EXPORTED_AT_ONCE", 7)
    response = desk.get("/search/", {"format": kind})
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(text.splitlines())) if kind == "csv" else json.loads(text)["messages"]
    assert len(rows) == 30 + 3 + 2 + 1
    senders = {row["envelope_sender"] for row in rows}
    assert ("'=cmd@evil.example" if kind == "csv" else "=cmd@evil.example") in senders
    assert f"messages.{kind}" in response.headers["Content-Disposition"]


def test_lines_do_not_have_what_messages_have_and_the_page_says_so(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get("/search/", {"q": "relay not permitted", "status": "bounced", "size_to": "1k"}).text
    assert "Raw lines have no status, size" in html


def test_a_word_that_is_no_account_is_looked_for_in_the_lines(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get("/search/", {"q": "dnslookup"}).text
    assert "No account or local user is called" in html
    assert "4 found" in html
    assert "kind=text" in html
    assert "Nothing found" in desk.get("/search/", {"q": "dnslookup", "kind": "account"}).text


def test_a_host_name_is_looked_for_where_lines_name_hosts(desk: Client, ingested: Ingested) -> None:
    ingested([*DAY, *MORE])
    response = desk.get("/search/", {"q": "mx.partner.example", "kind": "host"})
    assert response.context["part"].hits_so_far == 1
    assert "kind=host" in desk.get("/search/", {"q": "mx.partner.example"}).text


@pytest.mark.parametrize("query", [{}, {"direction": "out"}, {"q": "@many.example"}])
def test_a_page_of_few_rows_takes_the_queries_of_a_page_of_many(
    desk: Client,
    ingested: Ingested,
    query: dict[str, str],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    ingested([*DAY, *many(2)])
    with django_assert_max_num_queries(21) as few:
        desk.get("/search/", query)
    ingested(many(80)[6:])
    with django_assert_max_num_queries(len(few)):
        desk.get("/search/", query)
