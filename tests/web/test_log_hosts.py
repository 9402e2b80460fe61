"""What is known of a log host, on pages: where it came from, what changes it, what is allowed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now

from ingest.models import AllowEntry, KnownAccount, LogHost, Reevaluation, StoredConfiguration
from ingest.reevaluation import work
from ingest.reevaluation_leases import open_reevaluations
from ingest.rules.thresholds import THRESHOLDS
from tests.web.conftest import QUIET, Ingested

HOSTILE = '<script>alert(1)</script>"\u202e'


@pytest.fixture
def chief(admin: User, client_of: Callable[[User], Client]) -> Client:
    """The browser of the administrator."""
    return client_of(admin)


@pytest.fixture
def host(ingested: Ingested) -> LogHost:
    return ingested(QUIET, "srv1", "Europe/Madrid").log_host


def allowed(**changes: str) -> dict[str, str]:
    return {
        "kind": "sender_host_address",
        "value": "129.137.152.170",
        "rule": "A01",
        "reason": "Our own scanner",
        "until": "month",
        **changes,
    }


# ---- what is known


def test_the_list_says_what_is_stored_and_known_of_each(desk: Client, host: LogHost) -> None:
    LogHost.objects.create(name="mx9", local_domains=["a.example", "b.example"])
    page = desk.get("/log-hosts/").text
    assert 'href="/log-hosts/srv1/"' in page
    assert "2016-03-09 09:00:00 – 2016-03-09 09:01:01" in page
    assert "2 typed" in page
    assert "no log yet" in page
    assert "/runs/" in page


def test_every_piece_says_where_it_came_from_and_what_it_costs(desk: Client, host: LogHost) -> None:
    LogHost.objects.update(inferred_local_domains=["example.org"])
    page = desk.get("/log-hosts/srv1/").text
    assert "Inferred from the log" in page
    assert "a step less severe" in page
    StoredConfiguration.objects.create(
        log_host=host, name="exim.conf", text="domainlist local_domains = example.net\n"
    )
    page = desk.get("/log-hosts/srv1/").text
    assert "From its configuration" in page
    assert "(not used)" in page
    assert "a step less severe" not in page
    LogHost.objects.update(local_domains=["example.com"])
    assert "Typed:" in desk.get("/log-hosts/srv1/").text


def test_what_somebody_says_is_kept_in_one_spelling(chief: Client, host: LogHost) -> None:
    typed = {
        "local_domains": "Example.ORG.\nexample.net, example.org",
        "trusted_networks": "192.0.2.77/24 2001:db8::/32",
        "own_addresses": "192.0.2.25",
        "smarthosts": "198.51.100.25/32",
        "retention_days": "",
    }
    assert chief.post("/log-hosts/srv1/", typed).headers["Location"] == "/log-hosts/srv1/"
    host.refresh_from_db()
    assert host.local_domains == ["example.net", "example.org"]
    assert host.trusted_networks == ["192.0.2.0/24", "2001:db8::/32"]
    assert (host.own_addresses, host.smarthosts) == (["192.0.2.25"], ["198.51.100.25/32"])
    assert host.retention_days is None


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("local_domains", "two words@", "is no domain."),
        ("local_domains", HOSTILE, "is no domain."),
        ("trusted_networks", "10.0.0.0/99", "is no address and no network."),
        ("own_addresses", "192.0.2.0/24", "is no address."),
        ("smarthosts", "mx.example.org", "is no address and no network."),
        ("retention_days", "soon", "whole number"),
        ("retention_days", "-1", "too small: 0 is the least."),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence_and_nothing_typed_is_lost(
    chief: Client, host: LogHost, field: str, text: str, sentence: str
) -> None:
    typed = {"local_domains": "kept.example", "own_addresses": "192.0.2.25", field: text}
    response = chief.post("/log-hosts/srv1/", typed)
    assert response.status_code == 422
    assert sentence in response.text
    assert all(str(response.context["knowledge"][name].value()) == typed[name] for name in typed)
    assert "<script>alert" not in response.text
    host.refresh_from_db()
    assert host.own_addresses == []


# ---- accounts


def test_accounts_are_uploaded_searched_replaced_and_forgotten(chief: Client, host: LogHost) -> None:
    passwd = b"root:x:0:0::/root:/bin/sh\nAlice:s3cret:1000:1000::/home/alice:/bin/sh\n# a comment\n"
    url = "/log-hosts/srv1/accounts/"
    chief.post(url, {"file": SimpleUploadedFile("passwd", passwd)})
    assert set(KnownAccount.objects.values_list("account", flat=True)) == {"root", "alice"}
    chief.post(url, {"text": "bob"})
    assert KnownAccount.objects.count() == 3
    page = chief.get("/log-hosts/srv1/?account=LIC").text
    assert "<bdi>alice</bdi>" in page
    assert "<bdi>bob</bdi>" not in page
    assert "s3cret" not in page
    assert "No known account has" in chief.get(f"/log-hosts/srv1/?account={HOSTILE}").text
    chief.post(url, {"text": "carol", "replace": "on"})
    assert list(KnownAccount.objects.values_list("account", flat=True)) == ["carol"]
    chief.post("/log-hosts/srv1/accounts/forget/")
    assert not KnownAccount.objects.exists()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "Type accounts, or choose their file."),
        ({"text": "# nothing\n"}, "The list names no account"),
        ({"file": SimpleUploadedFile("x.zip", b"PK\0\0")}, "no list of accounts"),
    ],
)
def test_a_list_without_accounts_changes_nothing(
    chief: Client, host: LogHost, typed: dict[str, Any], sentence: str
) -> None:
    KnownAccount.objects.create(log_host=host, account="alice")
    response = chief.post("/log-hosts/srv1/accounts/", {**typed, "replace": "on"})
    assert response.status_code == 422
    assert sentence in response.text
    assert KnownAccount.objects.count() == 1


# ---- thresholds


def test_a_threshold_is_changed_shown_and_reset(chief: Client, host: LogHost) -> None:
    url = "/log-hosts/srv1/thresholds/"
    chief.post(url, {"account_volume": "1,000", "many_ids_window": "2 days", "odd_ids_share": "12.5 %"})
    page = chief.get("/log-hosts/srv1/")
    own = {name: page.context["limits"][name].value() for name in THRESHOLDS}
    assert (own["account_volume"], own["many_ids_window"], own["odd_ids_share"]) == (
        "1,000",
        "2 days",
        "12.5 %",
    )
    assert "srv1</a>: 1,000" in chief.get("/rules/").text
    chief.post(url, {"account_volume": "1,000", "many_ids_window": "2 days", "reset": "account_volume"})
    host.refresh_from_db()
    assert set(host.limits) == {"many_ids_window", "odd_ids_share"}
    chief.post(url, {"many_ids_window": "2 days", "reset": "all"})
    host.refresh_from_db()
    assert not host.limits


def test_a_wrong_threshold_is_refused_beside_its_field_and_the_others_stay_typed(
    chief: Client, host: LogHost
) -> None:
    response = chief.post("/log-hosts/srv1/thresholds/", {"account_volume": "many", "silence": "3 h"})
    assert response.status_code == 422
    assert "Write a whole number" in response.text
    assert 'value="many"' in response.text
    assert 'value="3 h"' in response.text
    host.refresh_from_db()
    assert not host.limits


# ---- the allow-list


def test_an_entry_has_reason_author_and_end_and_is_withdrawn_and_brought_back(
    chief: Client, seed: LogHost
) -> None:
    chief.post("/log-hosts/srv1/allow/", allowed(reason=f"Scanner {HOSTILE}"))
    entry = AllowEntry.objects.get()
    assert (entry.author, entry.rule, entry.value) == ("root", "A01", "129.137.152.170")
    assert timedelta(days=29) < entry.until - now() < timedelta(days=32)
    page = chief.get("/log-hosts/srv1/").text
    assert "by" in page.lower()
    assert "<script>alert" not in page
    url = f"/log-hosts/srv1/allow/{entry.pk}/withdraw/"
    page = chief.post(url, follow=True).text
    entry.refresh_from_db()
    assert entry.withdrawn_at is not None
    assert "Undo" in page
    assert "Allow again" in page
    chief.post(url, {"undo": "yes"})
    entry.refresh_from_db()
    assert entry.withdrawn_at is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reason": " "}, "Say why"),
        ({"value": ""}, "Say who"),
        ({"value": "mx.example.org"}, "is no address."),
        ({"kind": "network", "value": "10/8/8"}, "is no address and no network."),
        ({"kind": "planet"}, "planet"),
        ({"rule": "Z99"}, "no such rule"),
        ({"until": "day"}, "Choose the day"),
        ({"until": "day", "day": "2001-01-01"}, "from today on"),
        ({"until": "day", "day": "soon"}, "Write the day"),
    ],
)
def test_an_entry_that_cannot_be_is_refused_and_stays_typed(
    chief: Client, host: LogHost, changes: dict[str, str], sentence: str
) -> None:
    response = chief.post("/log-hosts/srv1/allow/", allowed(**changes))
    assert response.status_code == 422
    assert sentence in response.text
    assert response.context["allow"]["reason"].value() == allowed(**changes)["reason"]
    assert not AllowEntry.objects.exists()


def test_a_link_from_a_suspect_fills_the_form(chief: Client, host: LogHost) -> None:
    form = chief.get("/log-hosts/srv1/?kind=authenticated_id&value=alice&rule=C06").context["allow"]
    assert [form[name].value() for name in ("kind", "value", "rule")] == ["authenticated_id", "alice", "C06"]


def test_what_is_allowed_is_shown_where_it_changed_an_answer(
    chief: Client, desk: Client, seed: LogHost
) -> None:
    assert "Allow this" in chief.get("/relays/").text
    assert "Allow this" not in desk.get("/relays/").text
    chief.post("/log-hosts/srv1/allow/", allowed(rule="", reason=f"Scanner {HOSTILE}"))
    for reevaluation_id in open_reevaluations():
        work(reevaluation_id)
    for page in ("/", "/relays/", "/relays/?severity=info", "/messages/srv1/1adXzZ-0007sb-Pz/"):
        text = desk.get(page).text
        assert "Scanner &lt;script&gt;" in text, page
        assert "by root until" in text, page
        assert "<script>alert" not in text, page
    assert "Without this the answer would be" in desk.get("/").text
    assert "No longer suspects" in desk.get("/log-hosts/srv1/").text


# ---- findings decided again


def again(host: LogHost, **columns: Any) -> Reevaluation:
    return Reevaluation.objects.create(
        log_host=host, scope="everything", why="local domains changed", **columns
    )


def test_a_change_is_decided_again_and_its_progress_is_seen(chief: Client, host: LogHost) -> None:
    chief.post("/log-hosts/srv1/", {"local_domains": "example.org"})
    asked = Reevaluation.objects.get()
    assert "local domains" in asked.why
    page = chief.get("/log-hosts/srv1/").text
    assert "Waiting for a worker" in page
    assert 'hx-trigger="every 2s"' in page
    Reevaluation.objects.update(state="running", begun_at=now(), done=50, total=200)
    part = chief.get("/log-hosts/srv1/", headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith("<article")
    assert 'value="25"' in part
    assert "50 of 200" in part


def test_the_end_says_what_became_of_the_answer(desk: Client, host: LogHost) -> None:
    before = {"relaying": "yes", "headline": "Yes.", "suspects": [["authenticated_id", HOSTILE, "high"]]}
    after = {"relaying": "no", "headline": "No.", "suspects": [["local_user", "www-data", "high"]]}
    again(host, state="done", finished_at=now(), before=before, after=after)
    page = desk.get("/log-hosts/srv1/").text
    assert "Before" in page
    assert "New suspects" in page
    assert "www-data" in page
    assert "No longer suspects" in page
    assert "<script>alert" not in page
    assert "hx-trigger" not in page


def test_an_answer_that_stays_is_said_in_a_sentence(desk: Client, host: LogHost) -> None:
    told = {"relaying": "no", "headline": "This server does not send spam.", "suspects": []}
    again(host, state="done", finished_at=now(), before=told, after=told)
    assert (
        "The answer is the same as before: This server does not send spam."
        in desk.get("/log-hosts/srv1/").text
    )


def test_a_failure_is_said(desk: Client, host: LogHost) -> None:
    again(host, state="failed", error="Given up: every worker that began it died.")
    page = desk.get("/log-hosts/srv1/").text
    assert "Given up" in page
    assert "hx-trigger" not in page


# ---- who may, and what it costs


def test_the_helpdesk_sees_everything_and_changes_nothing(desk: Client, host: LogHost) -> None:
    page = desk.get("/log-hosts/srv1/").text
    assert "What is known of it" in page
    assert "Say what you know" not in page
    entry = AllowEntry.objects.create(
        log_host=host, kind="network", value="192.0.2.0/24", reason="x", author="y", until=now()
    )
    for path in ("", "accounts/", "accounts/forget/", "thresholds/", "allow/", f"allow/{entry.pk}/withdraw/"):
        assert desk.post(f"/log-hosts/srv1/{path}", allowed()).status_code == 403, path


def test_without_a_login_nothing_is_shown(client: Client, host: LogHost) -> None:
    for path in ("/log-hosts/", "/log-hosts/srv1/"):
        assert client.get(path).headers["Location"].startswith("/login/")


def test_a_log_host_that_is_not_there(chief: Client, db: None) -> None:
    assert chief.get("/log-hosts/nobody/").status_code == 404
    assert chief.post("/log-hosts/nobody/allow/", allowed()).status_code == 404


def test_what_no_page_sends_breaks_nothing(chief: Client, host: LogHost) -> None:
    KnownAccount.objects.create(log_host=host, account="alice")
    assert (
        chief.get("/log-hosts/srv1/?account=%00&kind=%00&value=%00&rule=%00&withdrawn=%00").status_code == 200
    )
    assert chief.post(f"/log-hosts/srv1/allow/{10**30}/withdraw/").status_code == 404
    assert chief.post("/log-hosts/srv1/thresholds/", {"reset": "nonsense", "other": "7"}).status_code == 302
    assert chief.post("/log-hosts/srv1/allow/", allowed(value="a\0b", kind="local_user")).status_code == 422
    assert chief.post("/log-hosts/srv1/", {"local_domains": "x" * 5000}).status_code == 422
    assert chief.post("/log-hosts/srv1/accounts/", {"text": "a\0b"}).status_code == 422
    assert chief.get("/log-hosts/srv1/allow/").status_code == 405


@pytest.mark.parametrize(
    "path", ["log-hosts/%00", "daily/%00", "zones/%00", "rejections/%00/1", "shared/%00"]
)
def test_a_nul_in_the_address_of_a_page_is_no_error(chief: Client, path: str) -> None:
    assert chief.get(f"/{path}/").status_code == 404


def test_an_entry_of_another_log_host_is_not_withdrawn_here(chief: Client, host: LogHost) -> None:
    other = LogHost.objects.create(name="mx9")
    entry = AllowEntry.objects.create(
        log_host=other, kind="network", value="192.0.2.0/24", reason="x", author="y", until=now()
    )
    assert chief.post(f"/log-hosts/srv1/allow/{entry.pk}/withdraw/").status_code == 404


def test_the_number_of_queries_does_not_grow_with_log_hosts_and_entries(
    desk: Client, host: LogHost, django_assert_max_num_queries: Any
) -> None:
    for number in range(9):
        made = LogHost.objects.create(name=f"mx{number}")
        StoredConfiguration.objects.create(log_host=made, name="exim.conf", text="qualify_domain = a.example")
        for of_host in (made, host):
            AllowEntry.objects.create(
                log_host=of_host, kind="network", value="192.0.2.0/24", reason="x", author="y", until=now()
            )
    with django_assert_max_num_queries(8):
        desk.get("/log-hosts/")
    with django_assert_max_num_queries(25):
        desk.get("/log-hosts/srv1/")


def test_there_is_one_place_where_a_log_host_is_changed(chief: Client, host: LogHost) -> None:
    assert chief.get("/admin/").status_code == 404
