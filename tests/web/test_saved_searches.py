"""Searches kept under a name, and what the box suggests."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from ingest.models import KnownAccount, LocalDomain, LogHost
from mailwatch.models import Role, SavedSearch
from mailwatch.operations import saved_searches
from tests.web.conftest import Ingested, somebody
from tests.web.logs import DAY


def save(desk: Client, name: str, query: str = "q=alice&status=bounced", **more: str) -> None:
    desk.post("/search/saved/save/", {"name": name, "query": query, **more})


def test_a_search_is_kept_under_a_name_and_leads_back_to_itself(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    save(desk, "Bounced <b> mail")
    for page in ("/search/", "/search/saved/"):
        html = desk.get(page).text
        assert "Bounced &lt;b&gt; mail" in html
        assert 'href="/search/?q=alice&amp;status=bounced"' in html


def test_a_search_of_one_is_nobody_elses_until_it_is_for_all(
    desk: Client, admin: User, client_of: Callable[[User], Client]
) -> None:
    save(desk, "mine")
    save(desk, "ours", is_shared="on")
    html = client_of(admin).get("/search/saved/").text
    assert "ours" in html
    assert "mine" not in html


def test_the_same_name_replaces(desk: Client, helpdesk: User) -> None:
    save(desk, "night")
    save(desk, "night", "q=bob")
    assert [row.query for row in SavedSearch.objects.all()] == ["q=bob"]


def test_what_is_removed_can_be_had_back(desk: Client) -> None:
    save(desk, "night")
    saved = SavedSearch.objects.get()
    html = desk.post(f"/search/saved/{saved.pk}/remove/", follow=True).text
    assert "is removed" in html
    assert "No saved searches" in html
    html = desk.post(f"/search/saved/{saved.pk}/remove/", {"undo": "yes"}, follow=True).text
    assert "is removed" not in html
    assert "night" in html


def test_a_name_that_was_taken_meanwhile_is_not_taken_back(desk: Client) -> None:
    save(desk, "night")
    saved = SavedSearch.objects.get()
    desk.post(f"/search/saved/{saved.pk}/remove/")
    save(desk, "night", "q=bob")
    html = desk.post(f"/search/saved/{saved.pk}/remove/", {"undo": "yes"}, follow=True).text
    assert "There is another search named night now." in html


def test_only_its_owner_and_administrators_remove_a_search(
    desk: Client, admin: User, client_of: Callable[[User], Client]
) -> None:
    other = client_of(somebody("otto", Role.HELPDESK))
    save(desk, "ours", is_shared="on")
    save(desk, "mine")
    ours, mine = (SavedSearch.objects.get(name=name) for name in ("ours", "mine"))
    assert other.post(f"/search/saved/{ours.pk}/remove/").status_code == 403
    assert client_of(admin).post(f"/search/saved/{mine.pk}/remove/").status_code == 404
    assert client_of(admin).post(f"/search/saved/{ours.pk}/remove/").status_code == 302


@pytest.mark.parametrize(
    ("name", "sentence"), [("", "Give the search a name."), ("x" * 101, "100 characters")]
)
def test_a_bad_name_is_answered_in_words(desk: Client, name: str, sentence: str) -> None:
    response = desk.post("/search/saved/save/", {"name": name, "query": "q=alice"}, follow=True)
    assert sentence in response.text
    assert response.redirect_chain[0][0] == "/search/?q=alice"


def test_nobody_saves_without_end(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_searches, "MOST", 1)
    save(desk, "one")
    response = desk.post("/search/saved/save/", {"name": "two", "query": ""}, follow=True)
    assert "which is the most" in response.text


def suggested(desk: Client, typed: str) -> list[tuple[str, str]]:
    answer = desk.get("/search/suggestions/", {"q": typed}).json()
    return [(one["text"], one["noun"]) for one in answer["suggestions"]]


def test_beginnings_of_accounts_domains_and_log_hosts_are_suggested(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    LocalDomain.objects.update_or_create(
        log_host=LogHost.objects.get(), domain="alpha.example", defaults={"deliveries": 3}
    )
    KnownAccount.objects.create(log_host=LogHost.objects.get(), account="albert")
    assert suggested(desk, "AL") == [
        ("@alpha.example", "domain"),
        ("albert", "account"),
        ("alice", "account"),
    ]
    assert suggested(desk, "@alp") == [("@alpha.example", "domain")]
    assert suggested(desk, "srv") == [("srv1", "log host")]
    assert suggested(desk, "remo") == [("remote.example", "host")]  # whose server put us off
    assert suggested(desk, "a") == suggested(desk, "%%") == suggested(desk, "a\0l") == []


def test_suggestions_take_few_queries_and_no_stranger_gets_them(
    desk: Client,
    client: Client,
    ingested: Ingested,
    django_assert_max_num_queries: Callable[[int], object],
) -> None:
    ingested(DAY)
    with django_assert_max_num_queries(9):  # type: ignore[attr-defined]
        suggested(desk, "alice")
    assert client.get("/search/suggestions/", {"q": "al"}).status_code == 302


def test_columns_are_chosen_and_remembered(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    assert ">Subject</th>" not in desk.get("/search/").text
    asked = {"columns": ["subject", "size"], "query": "q=alice"}
    response = desk.post("/search/columns/", asked, follow=True)
    assert response.redirect_chain == [("/search/?q=alice", 302)]
    for html in (response.text, desk.get("/search/", {"q": "alice"}).text):
        assert "Minutes of Monday" in html
        assert "4,512" in html
        assert ">What happened</th>" not in html
    desk.post("/search/columns/", {"query": ""})
    assert ">What happened</th>" in desk.get("/search/").text
    assert "There is no such column." in desk.post("/search/columns/", {"columns": "x"}, follow=True).text
