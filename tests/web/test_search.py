"""The search box: how text is understood, what is found, pages, filters, indexes."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from ingest.models import Delivery, LogHost, Message, Rejection
from mailwatch.queries import counting, keyset, matching, search
from mailwatch.queries.counting import Count
from mailwatch.queries.matching import (
    CORRESPONDENTS,
    delivery_lines,
    message_branches,
    rejection_branches,
)
from mailwatch.queries.rows import Row
from mailwatch.queries.terms import NotUnderstood, TermKind, understand
from tests.web.conftest import Ingested
from tests.web.logs import BOUNCE, DAY, SCRIPT, SENT, many

MESSAGE_IDS = (SENT, SCRIPT, BOUNCE)
VIRUS = (
    "2026-03-02 13:00:00 1vx2tA-00000000009-0001 H=(bad) [203.0.113.10] F=<v@foreign.example>"
    " rejected after DATA: contains malware"
)


def shown(html: str) -> set[str]:
    return {message_id for message_id in MESSAGE_IDS if f"/messages/srv1/{message_id}/" in html}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1adXzZ-0007sb-Pz", TermKind.MESSAGE_ID, "1adXzZ-0007sb-Pz"),
        (" 1x5dJQ-00000002ksM-1pMm ", TermKind.MESSAGE_ID, "1x5dJQ-00000002ksM-1pMm"),
        ("<20160309.C1D7@example.net>", TermKind.HEADER, "20160309.C1D7@example.net"),
        ("id=20160309.C1D7@example.net", TermKind.HEADER, "20160309.C1D7@example.net"),
        ("Alice@Example.org", TermKind.ADDRESS, "Alice@Example.org"),
        ('"odd one"@example.org', TermKind.ADDRESS, '"odd one"@example.org'),
        ("@Example.ORG", TermKind.DOMAIN, "example.org"),
        ("example.org", TermKind.DOMAIN, "example.org"),
        ("129.137.152.170", TermKind.NETWORK, "129.137.152.170"),
        ("[129.137.152.170]", TermKind.NETWORK, "129.137.152.170"),
        ("2001:DB8::0001", TermKind.NETWORK, "2001:db8::1"),
        ("203.0.113.9/24", TermKind.NETWORK, "203.0.113.0/24"),
        ("2001:db8::/32", TermKind.NETWORK, "2001:db8::/32"),
        ("alice", TermKind.ACCOUNT, "alice"),
        ("alice@", TermKind.BEGINNING, "alice@"),
        ("Ali*", TermKind.BEGINNING, "Ali"),
        ("", TermKind.EVERYTHING, ""),
    ],
)
def test_text_is_understood_as_what_it_looks_like(text: str, kind: TermKind, value: str) -> None:
    term = understand(text)
    assert (term.kind, term.value) == (kind, value)


@pytest.mark.parametrize("text", ["x" * 2000, "a\0b"])
def test_text_that_is_no_search_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NotUnderstood):
        understand(text)


def test_the_reader_may_choose_how_text_is_read() -> None:
    assert understand("example.org", kind=TermKind.ACCOUNT).kind is TermKind.ACCOUNT
    assert understand("a@example.org", kind=TermKind.HEADER).kind is TermKind.HEADER
    with pytest.raises(NotUnderstood):
        understand("alice", kind=TermKind.NETWORK)


@pytest.mark.parametrize(
    ("query", "messages", "rejections"),
    [
        ({"q": SENT}, {SENT}, 0),
        ({"q": SCRIPT}, {SCRIPT, BOUNCE}, 0),  # with the report about it
        ({"q": SENT.lower()}, set(), 0),  # ids are case-sensitive
        ({"q": "<one@example.org>"}, {SENT}, 0),
        ({"q": "ALICE@example.org"}, {SENT}, 0),
        ({"q": "carol@remote.example"}, {SENT}, 0),
        ({"q": "CAROL@"}, {SENT}, 0),
        ({"q": "carol@rem*"}, {SENT}, 0),
        ({"q": "aro*"}, set(), 0),
        ({"q": "carol@", "role": "sender"}, set(), 0),
        ({"q": "carol@remote.example", "role": "sender"}, set(), 0),
        ({"q": "www@example.org"}, {SCRIPT, BOUNCE}, 0),
        ({"q": "@remote.example"}, {SENT, SCRIPT}, 0),
        ({"q": "emote.example"}, set(), 0),  # a domain is whole
        ({"q": "elsewhere.example"}, set(), 1),
        ({"q": "198.51.100.7"}, {SENT}, 0),
        ({"q": "198.51.100.0/24"}, {SENT}, 0),
        ({"q": "203.0.113.0/24"}, set(), 2),
        ({"q": "alice"}, {SENT}, 0),
        ({"q": "www-data"}, {SCRIPT}, 0),
        ({"q": "admin@example.org"}, set(), 1),  # the account of a failed login
        ({"q": "", "kind": "account"}, set(), 0),
        ({"q": ""}, {SENT, SCRIPT, BOUNCE}, 2),
        ({"status": "bounced"}, {SCRIPT}, 0),
        ({"status": "rejected"}, set(), 2),
        ({"since": "2026-03-02T10:00:00", "until": "2026-03-02T11:00:00"}, {SCRIPT, BOUNCE}, 0),
        ({"since": "2026-03-02T11:00:01"}, set(), 1),
        ({"range": "hour"}, {SCRIPT, BOUNCE}, 2),
        ({"log_host": "srv1", "q": "alice"}, {SENT}, 0),
    ],
)
def test_a_search_finds_what_it_says(
    desk: Client, ingested: Ingested, query: dict[str, str], messages: set[str], rejections: int
) -> None:
    ingested(DAY)
    html = desk.get("/search/", query).content.decode()
    assert shown(html) == messages
    assert html.count('class="outcome rejected"') == rejections
    word = "rejection" if rejections == 1 else "rejections"
    assert f"{rejections} {word}" in html


def test_without_a_login_there_is_no_search(client: Client, db: None) -> None:
    assert client.get("/search/", {"q": "alice"}).headers["Location"].startswith("/login/")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"q": "/(/"}, "is no regular expression"),
        ({"q": "alice", "kind": "network"}, "cannot be read as"),
        ({"log_host": "nope"}, "no log host of this name"),
        ({"since": "yesterday"}, "is no time"),
        ({"status": "lost"}, "no such status"),
    ],
)
def test_a_bad_search_is_answered_in_words(
    desk: Client, ingested: Ingested, query: dict[str, str], sentence: str
) -> None:
    ingested(DAY)
    response = desk.get("/search/", query)
    assert response.status_code == 200
    assert sentence in response.content.decode()


def test_nothing_found_says_where_it_looked_and_how_to_go_on(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get("/search/", {"q": "inf0@example.org", "since": "2026-03-01"}).content.decode()
    assert "Nothing found for" in html
    assert "srv1" in html
    assert "Whole log" in html


def test_htmx_gets_the_list_and_a_boosted_link_the_page(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    part = desk.get("/search/", {"q": "alice"}, headers={"HX-Request": "true"})
    whole = desk.get("/search/", {"q": "alice"}, headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert "<html" not in part.content.decode()
    assert shown(part.content.decode()) == {SENT}
    assert "<html" in whole.content.decode()
    assert "HX-Request" in part.headers["Vary"]


def test_filters_are_chips_that_can_be_removed(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get(
        "/search/", {"q": "@remote.example", "status": "bounced", "log_host": "srv1"}
    ).content.decode()
    assert "status: bounced" in html
    assert 'href="?q=%40remote.example&amp;log_host=srv1"' in html
    assert 'href="?q=%40remote.example&amp;status=bounced"' in html


def test_older_pages_hold_every_row_once(desk: Client, ingested: Ingested) -> None:
    ingested([*DAY, *many(120)])
    seen: list[str] = []
    url = "/search/?q="
    while url:
        response = desk.get(url)
        page: keyset.Page[Row] = response.context["page"]
        seen += [row.message_id or row.at.isoformat() for row in page.rows]
        url = f"/search/?{response.context['older']}" if response.context["older"] else ""
    assert len(seen) == len(set(seen)) == 120 + 3 + 2
    assert seen[0].endswith("119-0001")


def test_a_mangled_cursor_shows_the_first_page(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    assert shown(desk.get("/search/", {"after": "nonsense"}).content.decode()) == set(MESSAGE_IDS)


def test_two_log_hosts_with_the_same_lines_are_both_found(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    ingested(DAY, "mx2")
    html = desk.get("/search/", {"q": SENT}).content.decode()
    assert f"/messages/srv1/{SENT}/" in html
    assert f"/messages/mx2/{SENT}/" in html


def test_hostile_names_are_shown_and_do_nothing(desk: Client, ingested: Ingested) -> None:
    line = (
        "2026-03-02 09:00:00 1vwz8C-00000000009-0001 <= <script>alert(1)</script>@example.org"
        " H=(<img src=x>\u202e) [198.51.100.7] P=esmtp S=1"
    )
    ingested([line])
    html = desk.get("/search/").content.decode()
    assert "<script>alert" not in html
    assert "\u202e" not in html


def test_a_page_takes_the_same_queries_however_many_rows(
    desk: Client, ingested: Ingested, django_assert_max_num_queries: object
) -> None:
    ingested([*DAY, *many(60)])
    with django_assert_max_num_queries(21):  # type: ignore[operator]
        desk.get("/search/", {"q": "@many.example"})


@pytest.mark.parametrize("text", ["@remote.example", "carol@remote.example", "@elsewhere.example"])
def test_frequent_and_rare_recipients_are_found_alike(
    ingested: Ingested, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    ingested([*DAY, *many(20)])
    asked = search.Search(term=understand(text))
    rare = search.page(asked).rows
    monkeypatch.setattr(matching, "_FEW", 0)
    assert search.page(asked).rows == rare


def test_a_rejection_leads_to_its_page(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    page = desk.get("/search/", {"q": "203.0.113.9"}).context["page"]
    html = desk.get("/search/", {"q": "203.0.113.9"}).content.decode()
    assert f'href="/rejections/srv1/{page.rows[1].key}/"' in html


def test_rejections_are_filtered_by_the_class_of_their_reason(desk: Client, ingested: Ingested) -> None:
    ingested([*DAY, VIRUS])
    for reason, found in [
        ("relay not permitted", "victim@elsewhere.example"),
        ("content refused", "malware"),
    ]:
        response = desk.get("/search/", {"reason": reason})
        assert [row.message_id for row in response.context["page"].rows] == [None]
        assert found in response.content.decode()
        assert f"refused: {reason}" in response.content.decode()


@pytest.mark.parametrize("term", ["", "203.0.113.10", "v@foreign.example"])
def test_what_was_refused_after_its_text_is_found_once_by_whoever_sent_it(
    ingested: Ingested, term: str
) -> None:
    ingested([*DAY, VIRUS])
    rows = [
        row for row in search.page(search.Search(term=understand(term))).rows if "malware" in row.happened
    ]
    assert [(row.envelope_sender, row.sender_host_address, row.status) for row in rows] == [
        ("v@foreign.example", "203.0.113.10", "rejected")
    ]


@pytest.mark.parametrize("status", ["", "rejected", "delivered"])
def test_a_reason_and_a_status_narrow_together(desk: Client, ingested: Ingested, status: str) -> None:
    ingested(DAY)
    response = desk.get("/search/", {"reason": "relay not permitted", "status": status})
    assert len(response.context["page"].rows) == (0 if status == "delivered" else 1)


def test_counts_stop_and_say_so(ingested: Ingested, monkeypatch: pytest.MonkeyPatch) -> None:
    ingested(many(12))
    monkeypatch.setattr(counting, "COUNTED", 10)
    totals = search.totals(search.Search(term=understand("@many.example")))
    assert totals.messages == Count(number=10, is_more=True)


@pytest.mark.parametrize("lines", [(1000,), (20, 1000), (3, 20, 1000), (3,)])
@pytest.mark.parametrize("few", [0, 1000])
def test_frequent_recipients_are_counted_by_their_lines(
    ingested: Ingested, monkeypatch: pytest.MonkeyPatch, lines: tuple[int, ...], few: int
) -> None:
    ingested((*many(12), *DAY))
    monkeypatch.setattr(matching, "_FEW", few)
    monkeypatch.setattr(counting, "_LINES", lines)
    for text in ("@many.example", "@remote.example", "carol@", "@example.org", "@nobody.example"):
        for role in ("", "sender", "recipient"):
            asked = search.Search(term=understand(text), role=role)
            shown = [row for row in search.page(asked).rows if row.message_id]
            assert search.totals(asked).messages == Count(number=len(shown)), (text, role)


@pytest.mark.parametrize(
    "query", [{"q": "@many.example", "since": "2026-03-01", "until": "2027-01-01"}, {"q": "r*"}]
)
def test_what_would_take_long_to_count_is_counted_apart(
    ingested: Ingested, desk: Client, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    ingested(many(12))
    monkeypatch.setattr(matching, "_FEW", 5)
    assert desk.get("/search/", query).context["totals"].messages.number == 12
    monkeypatch.setattr(search, "_WALKED", 10)
    response = desk.get("/search/", query)
    assert response.context["totals"] is None
    assert "Count them" in response.text
    counted = {**query, "count": "1"}
    assert desk.get("/search/", counted).context["totals"].messages.number == 12
    apart = desk.get("/search/", counted, headers={"HX-Request": "true"})
    assert apart.text == "12 messages, 0 rejections"


def store_many(count: int) -> None:
    """Rows enough for the planner to have a choice; of before 2000, which needs no partition made."""
    host, at = LogHost.objects.create(name="srv1"), datetime(1999, 3, 1, tzinfo=UTC)
    numbers = range(count)
    Message.objects.bulk_create(
        Message(
            log_host=host, message_id=f"0vwZZZ-{n:011d}-0001", first_at=at + timedelta(seconds=n), last_at=at,
            status="delivered", line_refs=[n], envelope_sender=f"s{n}@from{n % 500}.example",
            sender_host_address=f"198.51.{n // 250}.{n % 250}",
        )
        for n in numbers
    )  # fmt: skip
    Delivery.objects.bulk_create(
        Delivery(
            log_host=host, message_id=f"0vwZZZ-{n:011d}-0001", logged_at=at, digest=n, copy=0, outcome="delivered",
            is_attempt=True, recipient=f"r{n}@to{n % 500}.example", original_recipient=f"o{n}@old{n % 500}.example",
            line_ref=n,
        )
        for n in numbers
    )  # fmt: skip
    Rejection.objects.bulk_create(
        Rejection(
            log_host=host, logged_at=at + timedelta(seconds=n), digest=n, copy=0, is_login=False, stage="rcpt",
            is_temporary=False, reason="other", text="no", line_ref=n,
            sender_host_address=f"198.51.{n // 250}.{n % 250}",
            envelope_sender=f"s{n}@from{n % 500}.example", recipient=f"r{n}@to{n % 500}.example", account=f"a{n}",
        )
        for n in numbers
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


FILLED = ("ingest_message_before", "ingest_delivery_before", "ingest_rejection_before")


@pytest.mark.parametrize(
    "text", ["s7@from7.example", "@from7.example", "r7@to7.example", "@to7.example", "o7@old7.example",
             "198.51.0.7", "198.51.0.0/29", "s7@", "r77*", "o4321@ol*"],
)  # fmt: skip
def test_the_planner_itself_chooses_the_indexes(db: None, text: str) -> None:
    store_many(5000)
    term = understand(text)
    plans = [Message.objects.filter(branch).explain() for branch in message_branches(term)]
    plans += [Rejection.objects.filter(branch).explain() for branch in rejection_branches(term)]
    if term.kind in CORRESPONDENTS:
        plans += [lines.explain() for lines in delivery_lines(term)]
    for plan in plans:
        if not plan:
            continue  # no delivery line, so no message of one
        assert re.search(
            r"Index Cond: \(+(reverse|\"left\"|sender_host|authenticated_id|account|log_host_id)", plan
        )
        assert not any(f"Seq Scan on {table}" in plan for table in FILLED), plan


def test_frequent_recipients_are_looked_up_message_by_message(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_many(5000)
    monkeypatch.setattr(matching, "_FEW", 0)
    (branch, _) = message_branches(understand("@to7.example"), role="recipient")
    plan = keyset.newest_first(Message.objects.filter(branch), fields=("first_at",), after=None)[:5].explain()
    assert "SubPlan" in plan
    assert not any(f"Seq Scan on {table}" in plan for table in FILLED), plan
