"""Attacks on the sign-in: forged, replayed, planted, at once, or timed."""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import Settings

from mailwatch.models import Role
from tests.web.conftest import somebody
from tests.web.test_sign_in import MISMATCH, RIGHT, attempt, mailing
from tests.web.test_sign_in_second import code_of, signed_in, with_app

__all__ = ["mailing"]  # a fixture


@pytest.mark.parametrize(
    "name", ["helen", "helen@example.com", "nobody", "nobody@example.com", "gone", "olga"]
)
def test_a_password_is_hashed_once_whoever_is_named(helpdesk: User, name: str) -> None:
    User.objects.create_user("gone", "gone@example.com", RIGHT, is_active=False)
    User.objects.create_user("olga", "olga@example.com")  # comes by an identity provider
    with patch.object(
        MD5PasswordHasher, "encode", autospec=True, side_effect=MD5PasswordHasher.encode
    ) as made:
        assert MISMATCH in attempt(name, "wrong")
    assert made.call_count == 1


def test_a_session_that_was_planted_is_not_the_one_that_is_signed_in(
    helpdesk: User, settings: Settings
) -> None:
    planted = Client()
    planted.get("/login/")
    session = planted.session
    session["planted"] = "yes"
    session.save()
    key = session.session_key
    victim = Client()
    victim.cookies[settings.SESSION_COOKIE_NAME] = str(key)
    assert victim.post("/login/", {"username": "helen", "password": RIGHT}).status_code == 302
    assert victim.session.session_key != key
    assert planted.get("/explain/").status_code == 302


@pytest.mark.parametrize(
    "leads",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "https:///evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "https://testserver@evil.example/",
        "\x00//evil.example",
        " //evil.example",
    ],
)
def test_no_form_leads_to_another_site(helpdesk: User, leads: str) -> None:
    for sent in (
        Client().post("/login/", {"username": "helen", "password": RIGHT, "next": leads}),
        Client().post("/login/", {"username": "helen", "password": RIGHT}, query_params={"next": leads}),
        signed_in().post("/security/confirm/", {"password": RIGHT, "next": leads}),
        signed_in().post("/logout/", {"next": leads}),
    ):
        assert sent.status_code in (302, 400)
        assert sent.headers.get("Location", "/").startswith("/")
        assert not sent.headers.get("Location", "/").startswith(("//", "/\\"))


@pytest.mark.parametrize(
    "path", ["/login/", "/login/code/", "/login/passkey/", "/logout/", "/users/", "/security/confirm/"]
)
def test_another_site_sends_no_form(helpdesk: User, path: str) -> None:
    client = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    answer = client.post(path, {"username": "helen", "password": RIGHT})
    assert answer.status_code in (302, 403)
    assert client.get("/explain/").status_code == 302  # nobody is signed in


def test_a_forged_host_is_refused_and_stands_in_no_mail(
    mailing: None, helpdesk: User, admin: User, client_of: Callable[[User], Client]
) -> None:
    for headers in ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}):
        Client(headers=headers).post("/login/reset/", {"email": "helen@example.com"})
        sent = {"invite-role": "reader", "invite-reads": "all", "invite-email": "ida@x.example"}
        client_of(admin).post("/users/invite/", sent, headers=headers)
    assert len(mail.outbox) == 2  # the forged Host itself was refused
    for letter in mail.outbox:
        assert "evil" not in str(letter.body)
        assert "https://watch.example/" in str(letter.body)


@pytest.fixture
def at_once(transactional_db: None) -> Iterator[Callable[[Callable[[int], str], int], list[str]]]:
    def run(ask: Callable[[int], str], times: int) -> list[str]:
        def asked(number: int) -> str:
            try:
                return ask(number)
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(asked, range(times)))

    yield run
    cache.clear()


def test_guesses_at_once_are_all_counted(at_once: Callable[..., list[str]]) -> None:
    somebody("helen", Role.HELPDESK)
    said = at_once(lambda number: attempt("helen", f"wrong {number}", f"192.0.2.{number}"), 24)
    assert sum(MISMATCH in text for text in said) <= 6


def test_a_code_sent_twice_at_once_signs_in_once(at_once: Callable[..., list[str]]) -> None:
    somebody("helen", Role.HELPDESK)
    secret, codes = with_app(signed_in())
    for code in (code_of(secret, 1), codes[0]):
        clients = [signed_in(), signed_in(), signed_in()]
        said = at_once(
            lambda number, code=code, clients=clients: str(
                clients[number].post("/login/code/", {"code": code}).status_code
            ),
            3,
        )
        assert said.count("302") == 1


def test_a_code_is_not_taken_again_while_clocks_may_differ(helpdesk: User) -> None:
    secret, _ = with_app(signed_in())
    real = time.time
    code = code_of(secret, 1)
    assert signed_in().post("/login/code/", {"code": code}).status_code == 302
    with patch("time.time", lambda: real() + 45):
        assert "was used" in signed_in().post("/login/code/", {"code": code}).text


def test_the_first_code_of_an_app_signs_nobody_in(helpdesk: User) -> None:
    client = signed_in()
    client.post("/security/confirm/", {"password": RIGHT, "next": "/security/"})
    found = re.search(r'id="totp-key">(\w+)<', client.get("/security/app/").text)
    assert found is not None
    code = code_of(found[1])
    client.post("/security/app/", {"code": code})
    assert "was used" in signed_in().post("/login/code/", {"code": code}).text


def test_codes_that_are_right_give_an_address_no_further_attempts(helpdesk: User) -> None:
    _, codes = with_app(signed_in())
    for number in range(19):
        attempt(f"somebody{number}", "wrong")
    assert signed_in().post("/login/code/", {"code": codes[0]}).status_code == 302
    attempt("somebody else", "wrong")
    assert "Too many attempts" in attempt("helen", RIGHT)


def test_a_second_factor_is_not_passed_by_another_address(helpdesk: User) -> None:
    with_app(signed_in())
    client = signed_in()
    for path in ("/", "/security/", "/security/confirm/", "/api/", "/security/app/remove/"):
        assert client.get(path).status_code in (302, 404)
    assert client.post("/security/app/remove/").status_code == 302
    assert client.get("/explain/")["Location"].startswith("/login/")


def test_signing_out_ends_the_session_in_every_window(helpdesk: User) -> None:
    client = signed_in()
    other = Client()
    other.cookies.load(client.cookies.output(header=""))  # a copy of the cookie, wherever it was taken
    assert other.get("/explain/").status_code == 200
    answer = client.post("/logout/")
    assert answer["Location"] == "/login/"
    assert answer["Clear-Site-Data"] == '"cache"'
    assert other.get("/explain/").status_code == 302
    assert "Firefox" not in re.findall(r"<th[^>]*>Firefox", signed_in(browser="Opera").get("/security/").text)


def test_cookies_are_for_this_host_and_no_script(helpdesk: User, settings: Settings) -> None:
    answer = Client().post("/login/", {"username": "helen", "password": RIGHT})
    kept = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert (kept["httponly"], kept["samesite"], kept["domain"], kept["path"]) == (True, "Lax", "", "/")
    assert int(kept["max-age"]) == 14 * 86_400


def test_a_host_that_is_not_ours_gets_a_page_that_says_so(db: None) -> None:
    answer = Client(raise_request_exception=False, headers={"Host": "evil.example"}).get("/login/")
    assert answer.status_code == 400
    assert "evil" not in answer.text
