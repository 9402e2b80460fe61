"""What the pages of all seven kinds of subjects have in common: links, comparison, limits, queries."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ingest.exim.message_id import first_id, received_at
from ingest.models import Suspect
from mailwatch.queries import newest, partner_lists, partners, subject_rows
from mailwatch.queries.partners import Of
from mailwatch.views.subjects import PartnerRow, PartnerTable
from tests.web.conftest import Ingested
from tests.web.logs import DAY, many

# one page of each kind, and of each side where there are two
PAGES = (
    "/senders/198.51.100.7/",
    "/senders/203.0.113.9/",
    "/networks/198.51.100.0/24/",
    "/accounts/alice/",
    "/addresses/alice@example.org/?side=sender",
    "/addresses/carol@remote.example/?side=recipient",
    "/domains/example.org/?side=sender",
    "/domains/remote.example/?side=recipient",
    "/transports/remote_smtp/",
    "/remote-hosts/203.0.113.7/",
)
HOSTILE = '<img src=x onerror="x">'


def tomorrow(lines: Sequence[str]) -> list[str]:
    """The same lines a day later, with ids of that day."""
    return [_ID.sub(_day_later, line).replace("2026-03-02", "2026-03-03") for line in lines]


_ID = re.compile(r"(1v[0-9A-Za-z]{4})(?=-[0-9A-Za-z]{11}-)")


def _day_later(match: re.Match[str]) -> str:
    return first_id(received_at(f"{match[1]}-000000-00") + timedelta(days=1))


def rows(html_context: object) -> Iterator[tuple[PartnerTable, PartnerRow]]:
    tables: list[PartnerTable] = html_context["tables"] + html_context["facts"]  # type: ignore[index]
    for table in tables:
        for row in table.rows:
            yield table, row


@pytest.mark.parametrize("path", PAGES)
def test_each_kind_of_page_has_all_its_parts(desk: Client, ingested: Ingested, path: str) -> None:
    ingested(DAY)
    html = desk.get(path).content.decode()
    parts = (
        "First seen",
        "Last seen",
        'data-chart="course-data"',
        "Table: outcomes per hour",
        "What changed",
    )
    for part in (*parts, "Latest messages", 'aria-label="Totals"', "Found on messages"):
        assert part in html


@pytest.mark.parametrize("path", PAGES)
def test_what_a_number_links_to_finds_that_many(desk: Client, ingested: Ingested, path: str) -> None:
    ingested([*DAY, *many(3)])
    context = desk.get(path).context
    for table, row in rows(context):
        if not row.search_url:
            continue
        found = desk.get(row.search_url).context["page"].rows
        if table.listed.of.of is Of.RECIPIENTS:
            assert found, row.search_url
        else:
            assert len(found) == row.partner.count, row.search_url
    for figure in context["figures"]:
        assert desk.get(figure.url).status_code == 200
    messages = context["figures"][0]
    totals = desk.get(messages.url).context["page"].rows
    assert sum(row.message_id is not None for row in totals) == messages.count


@pytest.mark.parametrize("path", PAGES)
def test_a_partner_with_a_page_links_to_it(desk: Client, ingested: Ingested, path: str) -> None:
    ingested(DAY)
    for _, row in rows(desk.get(path).context):
        if row.page_url:
            assert desk.get(row.page_url).status_code == 200


def test_bars_lead_to_the_messages_of_their_hour(desk: Client, ingested: Ingested) -> None:
    ingested(many(3))
    chart = desk.get("/transports/remote_smtp/").context["chart"]
    (link,) = chart.links
    assert len(desk.get(link).context["page"].rows) == 3


def test_the_last_day_of_the_log_is_compared_with_the_day_before(desk: Client, ingested: Ingested) -> None:
    ingested([*many(2), *tomorrow(many(5))])
    html = desk.get("/senders/198.51.100.20/")
    now, before = html.context["found"].comparison.counts, html.context["found"].comparison.counts_before
    assert (now.messages, before.messages) == (5, 2)


def test_a_range_is_compared_with_as_long_before(desk: Client, ingested: Ingested) -> None:
    old = [line.replace("list@example.org", "gone@example.org") for line in many(3)]
    new = [line.replace("list@example.org", "new@example.org") for line in tomorrow(many(4))]
    ingested([*old, *new])
    response = desk.get("/senders/198.51.100.20/", {"since": "2026-03-03", "until": "2026-03-04"})
    comparison = response.context["found"].comparison
    assert (comparison.counts.messages, comparison.counts_before.messages) == (4, 3)
    changed = {(one.value, str(one.change)) for one in comparison.changes.partners}
    assert {("new@example.org", "new"), ("gone@example.org", "gone")} <= changed
    assert "against 2 Mar 00:00 to 3 Mar 00:00" in response.content.decode()
    for measure in response.context["measures"]:
        assert desk.get(measure.url_before).status_code == 200
    rows_before = desk.get(response.context["measures"][0].url_before).context["page"].rows
    assert len(rows_before) == 3


def test_a_range_without_a_beginning_before_it_offers_others(desk: Client, ingested: Ingested) -> None:
    ingested(many(3))
    html = desk.get(
        "/senders/198.51.100.20/", {"since": "2026-03-02", "until": "2026-03-03"}
    ).content.decode()
    assert "3" in html
    assert "What changed" in html


def test_a_list_says_how_many_changes_it_leaves_out(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partners, "CHANGED", 2)
    ingested([line.replace("many.example", f"d{n}.example") for n, line in enumerate(many(6))])
    html = desk.get("/senders/198.51.100.20/").content.decode()
    assert "The 2 largest changes are listed." in html


def test_what_is_counted_ends_and_goes_on_behind_a_link(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No message is in none of the pages, and no page says that it is all."""
    monkeypatch.setattr(subject_rows, "COUNTED", 10)
    ingested(many(25))
    path, total = "/transports/remote_smtp/", 0
    while path:
        response = desk.get(path)
        total += response.context["found"].counts.messages
        path = response.context["older_url"]
        assert ("Only the newest are counted" in response.content.decode()) is bool(path)
    assert total == 25


@pytest.mark.parametrize("query", [{}, {"log_host": "mx2"}, {"since": "2026-03-02T09:30:00"}])
def test_frequent_and_rare_subjects_are_counted_alike(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    """They are read by different ways, on several log hosts."""
    ingested([*DAY, *many(3)])
    ingested(DAY, "mx2")
    rare = [desk.get(path, query_params=query).context["found"] for path in PAGES]
    monkeypatch.setattr(subject_rows, "FREQUENT", -1)
    frequent = [desk.get(path, query_params=query).context["found"] for path in PAGES]
    assert [found.counts for found in rare] == [found.counts for found in frequent]
    assert [found.lists for found in rare] == [found.lists for found in frequent]
    assert any(found.counts.messages for found in rare)


@pytest.mark.parametrize("query", [{}, {"since": "2026-03-02T09:30:00"}, {"until": "2026-03-03T10:00:00"}])
def test_the_newest_are_the_same_in_however_many_parts_they_are_looked_for(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    ingested([*DAY, *many(12), *tomorrow(DAY), *tomorrow(many(3))])
    monkeypatch.setattr(subject_rows, "COUNTED", 3)
    monkeypatch.setattr(newest, "_FIRST", 1)
    pages: list[list[object]] = []
    for expected in (0, 12, 1_000):
        monkeypatch.setattr(subject_rows, "_expected", lambda rows, expected=expected: expected)
        found = [desk.get(path, query_params=query).context["found"] for path in PAGES]
        pages.append([(one.counts, one.lists, one.first_at, one.counted_since) for one in found])
    assert pages[0] == pages[1] == pages[2]
    assert any(found.counted_since for found in found)


def test_more_is_counted_of_a_range_that_somebody_asks_for(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject_rows, "NEWEST", 5)
    ingested(many(12))
    page = desk.get("/senders/198.51.100.20/")
    assert page.context["found"].counts.messages == 5
    assert "Only the newest are counted, 5 at most" in page.content.decode()
    assert desk.get("/senders/198.51.100.20/?range=day").context["found"].counts.messages == 12


def test_a_message_with_very_many_recipients_is_counted_whole(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject_rows, "LINES", 10)
    line = many(1)[1]
    ingested([many(1)[0], *(line.replace("r0@", f"r{number}@") for number in range(30)), *tomorrow(many(3))])
    assert desk.get("/senders/198.51.100.20/").context["found"].counts.messages >= 3


def test_lines_of_the_same_message_ids_on_another_log_host_hide_none(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log of a relay may have been handed in under two names."""
    ingested(many(8))
    ingested(many(8), "mx2")
    monkeypatch.setattr(subject_rows, "LINES", 8)
    found = desk.get("/senders/198.51.100.20/?log_host=srv1").context["found"]
    domains = found.list_of(partner_lists.RECIPIENT_DOMAINS)
    assert (found.counts.messages, domains.partners[0].count, found.counted_since) == (8, 8, None)


def test_a_subject_was_first_seen_when_it_was_first_refused(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days of failed logins, then a letter: of the logins not all are counted."""
    monkeypatch.setattr(subject_rows, "COUNTED", 3)
    failed = [line.replace("[203.0.113.9]", "[198.51.100.20]") for line in DAY if "failed" in line]
    ingested([*(failed[0].replace("11:00:05", f"11:00:{at:02d}") for at in range(8)), *many(1)])
    found = desk.get("/senders/198.51.100.20/").context["found"]
    assert found.first_at.isoformat() == "2026-03-02T11:00:00+00:00"
    assert found.first_at < found.counted_since


def test_two_and_two_hundred_rows_take_as_many_queries(desk: Client, ingested: Ingested) -> None:
    def queries() -> dict[str, int]:
        Suspect.objects.all().delete()  # two hundred are found to be some, and a finding is fetched with its suspect
        found = {}
        for path in PAGES:
            with CaptureQueriesContext(connection) as captured:
                desk.get(path)
            found[path] = len(captured)
        return found

    ingested([*DAY, *more(2)])
    desk.get(PAGES[0])  # the first page of a session asks for the reader's preferences
    few = queries()
    ingested(tomorrow(more(200)))
    assert queries() == few
    assert max(few.values()) <= 20


def more(count: int) -> list[str]:
    """``DAY`` in other words: ``count`` times the same, of other clients, accounts and recipients."""
    found = []
    for number in range(count):
        found += [
            line.replace("1vwz8C-00000000001", f"1vwz8C-{number + 10:011d}")
            .replace("1vx04G-00000000002", f"1vx04G-{number + 10:011d}")
            .replace("1vx04H-00000000003", f"1vx04H-{number + 10:011d}")
            .replace("bob@", f"bob{number}@")
            for line in DAY
        ]
    return found


@pytest.mark.parametrize(
    "path",
    [
        "/senders/nobody/", "/networks/nothing/", "/networks/1.2.3.0/99/", "/remote-hosts/mx.example/",
        "/accounts/a%00b/", "/domains/a%00b/", "/transports/a%00b/", "/addresses/a%00b/",
    ],
)  # fmt: skip
def test_what_is_no_such_name_is_not_found(desk: Client, db: None, path: str) -> None:
    assert desk.get(path).status_code == 404


@pytest.mark.parametrize("kind", ["accounts", "addresses", "domains", "transports"])
def test_what_is_in_no_log_is_said_to_be_in_none(desk: Client, ingested: Ingested, kind: str) -> None:
    ingested(DAY)
    response = desk.get(f"/{kind}/{quote(HOSTILE)}/")
    assert response.status_code == 404
    assert "Not in any log" in response.content.decode()
    assert "<img" not in response.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_hostile_names_do_nothing(desk: Client, ingested: Ingested, path: str) -> None:
    lines = [
        line.replace("(helo.example.net)", f"({HOSTILE})")
        .replace("alice S=", f"{HOSTILE.replace(' ', '_')} S=")
        .replace("T=remote_smtp", "T=remote_smtp\u202e")
        .replace("bob@remote.example", f'"{HOSTILE}"@remote.example')
        for line in DAY
    ]
    ingested([*DAY, *tomorrow(lines)])
    response = desk.get(path)
    html = response.content.decode()
    assert response.status_code == 200
    assert "<img" not in html
    assert "\u202e" not in html


@pytest.mark.parametrize("path", PAGES)
def test_without_a_login_there_is_no_page(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code == 302
