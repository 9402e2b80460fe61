"""Getting in and out, and the frame around every page: theme and errors."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client

PAGES = (
    "/",
    "/movers/",
    "/search/",
    "/messages/srv1/1adXzZ-0007sb-Pz/",
    "/senders/192.0.2.1/",
    "/networks/192.0.2.0/24/",
    "/accounts/anna/",
    "/addresses/anna@example.org/",
    "/domains/example.org/",
    "/transports/remote_smtp/",
    "/remote-hosts/192.0.2.1/",
    "/relays/",
    "/explain/",
    "/configuration/",
    "/uploads/",
    "/runs/1/",
    "/share/",
    "/shares/",
    "/rules/",
)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.django_db
def test_whoever_is_not_signed_in_is_sent_to_the_login(path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 302
    assert response["Location"] == f"/login/?next={quote(path)}"


def test_the_right_password_leads_to_the_page_that_was_asked_for(helpdesk: User) -> None:
    answer = {"username": "helen", "password": "long-enough-password", "next": "/explain/"}
    assert Client().post("/login/", answer)["Location"] == "/explain/"


def test_a_wrong_password_says_so_and_keeps_the_name(helpdesk: User) -> None:
    response = Client().post("/login/", {"username": "helen", "password": "wrong"})
    assert "do not match" in response.text
    assert 'value="helen"' in response.text


def test_the_login_leads_to_no_other_site(helpdesk: User) -> None:
    answer = {"username": "helen", "password": "long-enough-password", "next": "https://evil.example/"}
    assert Client().post("/login/", answer)["Location"] == "/"


def test_signing_out_takes_a_post_and_ends_the_session(desk: Client) -> None:
    assert desk.get("/logout/").status_code == 405
    assert desk.post("/logout/")["Location"] == "/login/"
    assert desk.get("/explain/").status_code == 302


def test_only_an_administrator_sees_the_way_to_users(
    desk: Client, admin: User, client_of: Callable[[User], Client]
) -> None:
    assert "/users/" not in desk.get("/explain/").text
    assert "/users/" in client_of(admin).get("/explain/").text


def test_the_page_one_is_on_is_marked_in_the_row_of_pages(desk: Client) -> None:
    assert '<a href="/explain/" aria-current="page">' in desk.get("/explain/").text


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.django_db
def test_a_chosen_theme_is_rendered_by_the_server_on_the_next_page(theme: str) -> None:
    client = Client()
    assert client.post("/theme/", {"theme": theme, "next": "/login/?next=/"})["Location"] == "/login/?next=/"
    assert f'data-theme="{theme}"' in client.get("/login/").text


@pytest.mark.django_db
def test_the_system_theme_forgets_the_choice() -> None:
    client = Client()
    client.post("/theme/", {"theme": "dark"})
    client.post("/theme/", {"theme": "system"})
    assert "data-theme=" not in client.get("/login/").text


@pytest.mark.django_db
def test_a_theme_that_does_not_exist_is_refused() -> None:
    assert Client().post("/theme/", {"theme": '"><script>'}).status_code == 400


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
@pytest.mark.django_db
def test_choosing_a_theme_leads_to_no_other_site(target: str) -> None:
    assert Client().post("/theme/", {"theme": "dark", "next": target})["Location"] == "/"


def test_an_unknown_address_is_a_page_of_ours(desk: Client) -> None:
    response = desk.get("/nothing/here/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.text


def test_a_form_without_its_token_is_a_page_of_ours(helpdesk: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(helpdesk)
    response = strict.post("/explain/", {"lines": "text"})
    assert response.status_code == 403
    assert "This form is no longer valid" in response.text


def test_a_failing_page_is_a_page_of_ours_and_says_nothing_of_the_cause(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("mailwatch.views.rules.catalogue", fail)
    desk.raise_request_exception = False
    response = desk.get("/rules/")
    assert response.status_code == 500
    assert "This page could not be made" in response.text
    assert "secret detail" not in response.text
