"""Passwords: guessing is counted by account and by address, and no answer tells whether somebody has an account."""

import re
from collections.abc import Iterator
from threading import Thread

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.cache import cache
from django.test import Client, override_settings
from pytest_django import Settings

from mailwatch.standalone import administrator

RIGHT = "long-enough-password"
TOO_MANY = "Too many attempts have failed"
MISMATCH = "User name and password do not match"


def attempt(name: str, password: str, address: str = "192.0.2.1", client: Client | None = None) -> str:
    """What the sign-in says; "" where it lets somebody in."""
    answer = (client or Client()).post(
        "/login/", {"username": name, "password": password}, REMOTE_ADDR=address
    )
    return "" if answer.status_code == 302 else answer.text


def test_the_name_or_the_mail_address_signs_in_whatever_its_case(helpdesk: User) -> None:
    for name in ("helen", "Helen", "helen@example.com", "HELEN@example.com"):
        assert attempt(name, RIGHT) == ""


def test_after_six_failures_an_account_is_locked_from_any_address(helpdesk: User) -> None:
    for number in range(6):
        assert MISMATCH in attempt("helen", "wrong", f"192.0.2.{number}")
    for address in ("192.0.2.1", "198.51.100.9"):
        assert TOO_MANY in attempt("Helen", RIGHT, address)


def test_the_name_of_the_host_that_is_asked_gives_no_further_attempts(helpdesk: User) -> None:
    for number in range(6):
        attempt("helen", "wrong", f"192.0.2.{number}")
    answer = Client(SERVER_NAME="localhost").post("/login/", {"username": "helen", "password": RIGHT})
    assert TOO_MANY in answer.text


def test_after_twenty_failures_an_address_is_locked_for_every_account(helpdesk: User) -> None:
    for number in range(20):
        assert MISMATCH in attempt(f"somebody{number}", "wrong")
    assert TOO_MANY in attempt("helen", RIGHT)
    assert attempt("helen", RIGHT, "198.51.100.9") == ""


def test_an_ipv6_network_is_one_address(helpdesk: User) -> None:
    for number in range(20):
        attempt(f"somebody{number}", "wrong", f"2001:db8::{number + 1:x}")
    assert TOO_MANY in attempt("helen", RIGHT, "2001:db8::ffff")


def test_whoever_forges_the_address_is_counted_by_the_real_one(helpdesk: User) -> None:
    for number in range(20):
        Client().post(
            "/login/", {"username": f"x{number}", "password": "wrong"},
            headers={"X-Forwarded-For": f"203.0.113.{number}"},
        )  # fmt: skip
    answer = Client().post(
        "/login/", {"username": "helen", "password": RIGHT}, headers={"X-Forwarded-For": "203.0.113.99"}
    )
    assert TOO_MANY in answer.text


def test_behind_a_proxy_the_address_that_the_proxy_adds_counts(helpdesk: User) -> None:
    def sent(name: str, password: str, address: str) -> str:
        return Client().post(
            "/login/", {"username": name, "password": password},
            headers={"X-Forwarded-For": f"10.9.9.9, {address}"},
        ).text  # fmt: skip

    with override_settings(MAILWATCH_PROXIES=1):
        for number in range(20):
            sent(f"x{number}", "wrong", "203.0.113.7")
        assert TOO_MANY in sent("helen", RIGHT, "203.0.113.7")
        assert sent("helen", RIGHT, "203.0.113.8") == ""


def test_signing_in_uses_up_no_attempt(helpdesk: User) -> None:
    for _ in range(25):
        assert attempt("helen", RIGHT) == ""


def test_no_answer_tells_whether_somebody_has_an_account(helpdesk: User) -> None:
    User.objects.create_user("gone", "gone@example.com", RIGHT, is_active=False)

    def said(name: str) -> list[str]:
        texts = [attempt(name, "wrong", f"192.0.2.{number}") for number in range(8)]
        return [re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text) for text in texts]

    def bare(name: str) -> list[str]:
        texts = [re.sub(r'"X-CSRFToken": "[^"]*"', "", text) for text in said(name)]
        return [text.replace(name, "NAME") for text in texts]

    cache.clear()
    for_one = bare("helen")
    for other in ("nobody", "gone", "helen@example.com", "nobody@example.com"):
        cache.clear()
        assert bare(other) == for_one


def test_somebody_who_was_deactivated_is_not_let_in(helpdesk: User) -> None:
    helpdesk.is_active = False
    helpdesk.save()
    client = Client()
    client.post("/login/", {"username": "helen", "password": RIGHT})
    assert client.get("/").status_code == 302


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short-one", "too short"),
        ("helen@example.com", "too similar"),
        ("123456789012345", "entirely numeric"),
        ("qwertyuiop123", "too common"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(desk: Client, password: str, why: str) -> None:
    sent = {"oldpassword": RIGHT, "password1": password, "password2": password}
    assert why in desk.post("/security/password/", sent).text


def test_what_is_wrong_names_its_field_as_the_page_does(desk: Client) -> None:
    sent = {"oldpassword": "wrong", "password1": "herons along the weir", "password2": "herons"}
    text = desk.post("/security/password/", sent).text
    assert "Password until now: This is not your password." in text
    assert "The same password again: " in text


def test_a_phrase_may_be_long(desk: Client, helpdesk: User) -> None:
    phrase = "six dozen herons stood along the weir in the rain " * 6
    sent = {"oldpassword": RIGHT, "password1": phrase, "password2": phrase}
    assert desk.post("/security/password/", sent)["Location"] == "/security/"
    helpdesk.refresh_from_db()
    assert helpdesk.check_password(phrase)
    assert desk.get("/security/").status_code == 200  # this browser stays


def test_the_first_administrator_signs_in_with_the_password_that_make_run_prints(
    db: None, settings: Settings
) -> None:
    made = administrator.make_first(settings.MAILWATCH_HOME)
    assert made is not None
    assert attempt(made.username, made.password) == ""


# ---- resetting a password by mail


@pytest.fixture
def mailing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A mail server is set; what is sent beside the answer is sent at once."""
    settings.MAIL_SERVER, settings.MAILWATCH_URL = "mx.example", "https://watch.example"
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    monkeypatch.setattr(Thread, "start", Thread.run)
    yield


def test_without_a_mail_server_nothing_is_reset(helpdesk: User, client: Client) -> None:
    assert "/login/reset/" not in client.get("/login/").text
    assert client.post("/login/reset/", {"email": "helen@example.com"}).status_code == 404


def test_a_password_is_reset_by_a_link_that_holds_once(mailing: None, helpdesk: User) -> None:
    client = Client()
    assert "/login/reset/" in client.get("/login/").text
    client.post("/login/reset/", {"email": "helen@example.com"})
    (sent,) = mail.outbox
    found = re.search(r"https://watch\.example(/login/reset/\S+)", str(sent.body))
    assert found is not None
    form = client.get(found[1], follow=True)
    answer = client.post(
        form.request["PATH_INFO"],
        {"password1": "a new phrase for her", "password2": "a new phrase for her"},
    )
    assert answer["Location"] == "/login/reset/done/"
    assert attempt("helen", "a new phrase for her") == ""
    assert "no longer holds" in Client().get(found[1], follow=True).text


def test_the_answer_to_a_reset_is_the_same_for_everybody(mailing: None, helpdesk: User) -> None:
    User.objects.create_user("olga", "olga@example.com")  # comes by an identity provider
    for address in ("helen@example.com", "nobody@example.com", "olga@example.com"):
        answer = Client().post("/login/reset/", {"email": address}, follow=True)
        assert "a link was sent to it" in answer.text
    assert [one.to for one in mail.outbox] == [["helen@example.com"]]
