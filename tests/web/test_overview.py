"""The answer first, then what stands behind it."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from ingest.models import LogHost
from mailwatch.queries import movers
from tests.web.conftest import QUIET, SEED, Ingested
from tests.web.logs import DAY


def test_without_logs_it_says_so_and_shows_the_ways_on(desk: Client) -> None:
    page = desk.get("/").text
    assert "No logs yet" in page
    assert 'href="/uploads/"' in page
    assert 'href="/explain/"' in page


def test_it_says_the_answer_in_one_sentence_with_the_way_to_the_report(desk: Client, seed: LogHost) -> None:
    response = desk.get("/")
    verdict = response.context["page"].first.verdict
    assert f'<h1 id="verdict">{escape(verdict.headline)}</h1>' in response.text
    assert "Suspected" in response.text
    assert 'href="/relays/?log_host=srv1"' in response.text


def test_it_shows_the_line_that_proves_it_with_what_matters_marked(desk: Client, seed: LogHost) -> None:
    page = desk.get("/").text
    assert '<mark class="w">A=plain:</mark>' in page
    assert '<mark class="w">[129.137.152.170]</mark>' in page
    assert 'href="/messages/srv1/1adXzZ-0007sb-Pz/"' in page


def test_it_shows_the_four_facts_and_what_to_do(desk: Client, seed: LogHost) -> None:
    page = desk.get("/").text
    for words in ("Who got in?", "How?", "Since when?", "Is it over?", "Do now", "Broken authenticator"):
        assert words in page


def test_times_are_in_the_zone_of_the_log(desk: Client, seed: LogHost) -> None:
    page = desk.get("/").text
    assert "Wed 9 Mar 2016, 07:53" in page
    assert "Times of srv1 in Europe/Madrid (+01:00)" in page


def test_it_counts_what_the_log_holds(desk: Client, seed: LogHost) -> None:
    totals = desk.get("/").context["page"].totals
    assert (totals["messages"], totals["delivered"], totals["rejected"]) == (1, 1, 0)


def test_the_chart_says_its_numbers_in_a_table_and_marks_the_beginning(desk: Client, seed: LogHost) -> None:
    response = desk.get("/")
    chart = response.context["chart"]
    assert chart.rows[1] == ("Wed 9, 08:00", (1, 0, 0, 0))
    assert chart.mark == (0, "attack begins")
    assert "Table: outcomes per hour" in response.text


def test_of_several_log_hosts_the_one_that_needs_somebody_to_act_comes_first(
    desk: Client, ingested: Ingested
) -> None:
    ingested(QUIET, "mx2")
    ingested(SEED, "srv1")
    page = desk.get("/").context["page"]
    assert [answer.log_host.name for answer in page.answers] == ["srv1", "mx2"]


def test_a_chosen_log_host_is_the_only_one_that_counts(desk: Client, ingested: Ingested) -> None:
    ingested(SEED, "srv1")
    ingested(QUIET, "mx2")
    page = desk.get("/", {"log_host": "mx2"}).context["page"]
    assert page.first.log_host.name == "mx2"
    assert page.totals["rejected"] == 1
    assert [(row.reason, row.count) for row in page.rejections] == [("relay not permitted", 1)]


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ({"range": "hour"}, 1),  # the log ends at 08:16:57; an hour before is 07:16:57, taken from 07:00 on
        ({"since": "2016-03-09T07:00", "until": "2016-03-09T08:00"}, 1),
        ({"since": "2016-03-09T08:00"}, 0),
        ({"until": "2016-03-09T07:00"}, 0),
        ({"since": "2016-03-09T06:30:00+00:00"}, 1),
    ],
)
def test_a_range_narrows_what_is_counted(
    desk: Client, seed: LogHost, query: dict[str, str], messages: int
) -> None:
    page = desk.get("/", {"log_host": "srv1"} | query).context["page"]
    assert page.totals["messages"] == messages


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"log_host": "nobody"}, "There is no log host of this name."),
        ({"range": "century"}, "There is no such range."),
        ({"since": "yesterday"}, "is no time. Write it as 2016-03-09 07:53."),
        ({"since": "2016-03-09", "until": "2016-03-08"}, "The end of the range is not after its beginning."),
    ],
)
def test_what_cannot_be_understood_is_said_and_nothing_is_guessed(
    desk: Client, seed: LogHost, query: dict[str, str], error: str
) -> None:
    response = desk.get("/", query)
    assert response.status_code == 200
    assert error in response.text
    assert "page" not in response.context


def test_an_hour_without_a_line_is_said(desk: Client, ingested: Ingested) -> None:
    ingested([SEED[0], SEED[3].replace("08:16:57", "10:16:57")])
    coverage = desk.get("/").context["page"].coverage[0]
    assert (coverage.hours, coverage.missing, [cell.present for cell in coverage.cells]) == (
        4,
        2,
        [1, 0, 0, 1],
    )


def test_the_newest_run_comes_first(desk: Client, ingested: Ingested) -> None:
    ingested(SEED)
    newest = ingested(QUIET)
    runs = desk.get("/").context["page"].runs
    assert (runs[0].pk, runs[0].new_lines) == (newest.pk, 4)


def test_hostile_log_text_stays_text(desk: Client, ingested: Ingested) -> None:
    ingested([SEED[0].replace("[127.0.0.1]", "<script>alert(1)</script>\u202e"), *SEED[1:]])
    page = desk.get("/").text
    assert "<script>alert(1)" not in page
    assert "\u202e" not in page


def test_it_takes_no_post(desk: Client) -> None:
    assert desk.post("/").status_code == 405


def test_more_log_lines_cost_no_more_queries(
    desk: Client,
    ingested: Ingested,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    ingested([line.replace("1adXzZ-0007sb", f"1adXzZ-0007s{letter}") for letter in "bcdefg" for line in SEED])
    with django_assert_max_num_queries(56):  # the first time; then the answer and the movers are known
        desk.get("/")
    with django_assert_max_num_queries(15):
        desk.get("/")


def test_what_is_stored_later_is_in_the_answer(desk: Client, ingested: Ingested) -> None:
    ingested(QUIET, "srv1")
    before = desk.get("/").context["page"]
    ingested(SEED, "srv1")
    after = desk.get("/").context["page"]
    assert before.first.verdict.relaying != after.first.verdict.relaying
    assert after.totals["messages"] == before.totals["messages"] + 1


def test_it_says_whose_servers_put_mail_off(desk: Client, ingested: Ingested) -> None:
    ingested(DAY, "mx")
    response = desk.get("/")
    assert [(row.reason, row.count) for row in response.context["page"].providers] == [("remote.example", 1)]
    assert "q=remote.example&amp;kind=host" in response.text


def test_it_estimates_the_queue_at_the_end_of_each_hour(desk: Client, ingested: Ingested) -> None:
    ingested(DAY[:4], "mx")
    response = desk.get("/")
    assert response.context["waiting"] == 1
    ingested(DAY[4:], "mx")
    assert [row.deferred for row in desk.get("/").context["page"].queue][-1] == 0


def test_what_went_without_having_come_had_been_waiting_before(desk: Client, ingested: Ingested) -> None:
    ingested([DAY[4], *DAY[5:]], "mx")
    assert [row.deferred for row in desk.get("/").context["page"].queue] == [0, 0, 0]


def test_it_names_who_sent_more_than_in_the_period_before(desk: Client, ingested: Ingested) -> None:
    earlier = [
        line.replace("2026-03-02", "2026-03-01").replace("1vw", "1vv").replace("alice", "anna")
        for line in DAY[:5]
    ]
    ingested([*earlier, *DAY], "mx")
    groups = {group.kind: group for group in desk.get("/").context["page"].movers.groups}
    assert [(one.name, one.now, one.before) for one in groups["account"].movers] == [
        ("alice", 1, 0),
        ("anna", 0, 1),
    ]


def test_who_sent_more_is_counted_apart_where_that_takes_long(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(movers, "AT_ONCE", 0)
    ingested(DAY, "mx")
    page = desk.get("/").text
    assert "Being counted" in page
    apart = re.search(r'hx-get="(/movers/[^"]*)"', page)
    assert apart is not None
    url = apart[1].replace("&amp;", "&")
    part = desk.get(url, headers={"HX-Request": "true"}).text
    assert "alice" in part
    assert "<html" not in part
    by_itself = desk.get(url, follow=True)
    assert by_itself.redirect_chain
    assert "alice" in by_itself.text
    assert "Being counted" not in desk.get("/").text  # now they are known


def test_who_sent_more_needs_a_log_host(desk: Client) -> None:
    for query in ({}, {"log_host": "nobody"}):
        assert desk.get("/movers/", query, headers={"HX-Request": "true"}).status_code == 404


def test_a_long_log_is_covered_by_the_day(desk: Client, ingested: Ingested) -> None:
    later = [line.replace("2026-03-02", "2026-03-22") for line in DAY[-2:]]
    ingested([*DAY, *later], "mx")
    coverage = desk.get("/").context["page"].coverage[0]
    assert (coverage.unit, len(coverage.cells)) == ("day", 21)
    assert [cell.present for cell in coverage.cells] == [3, *[0] * 19, 1]


def test_anonymous_people_see_nothing_of_it(seed: LogHost, client_of: Callable[..., Client]) -> None:
    response = Client().get("/")
    assert response.status_code == 302
    assert "129.137.152.170" not in response.text


def test_what_a_number_links_to_is_found(desk: Client, ingested: Ingested) -> None:
    """Figures, reasons, and who puts mail off."""
    ingested(DAY)
    response = desk.get("/")
    page, figures = response.context["page"], response.context["figures"]
    assert [figure.name for figure in figures if not figure.url] == ["deferred"]  # attempts
    found = {figure.name: desk.get(figure.url).context["page"].rows for figure in figures if figure.url}
    assert sum(row.message_id is not None for row in found["messages"]) == page.totals["messages"]
    assert len(found["failed logins"]) == page.totals["failed_logins"] == 1
    for figure in figures:
        assert found.get(figure.name) or not figure.url or not figure.count, figure.name
    for link in re.findall(r'href="(/search/\?reason=[^"]+)"', response.text):
        assert desk.get(unescape(link)).context["page"].rows
    for row, url in response.context["providers"]:
        assert not row.reason or desk.get(url).status_code == 200
