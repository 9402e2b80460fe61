"""Users are changed by somebody who has shown lately that it is they; whom it concerns is told by mail."""

import re
import time
from collections.abc import Callable
from io import StringIO
from typing import Any
from unittest.mock import patch

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from mailwatch.access import given_role
from mailwatch.models import Access, Invitation, Preferences, Role
from tests.web.conftest import somebody
from tests.web.test_sign_in import RIGHT, TOO_MANY, attempt, mailing
from tests.web.test_sign_in_second import confirmed, signed_in, with_app

__all__ = ["mailing"]  # a fixture
INVITED = {"invite-role": "reader", "invite-reads": "all"}


def long_ago(client: Client) -> Client:
    """Signed in an hour ago."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()
    return client


@pytest.fixture
def chief(admin: User) -> Client:
    return signed_in("root")


def test_what_is_sent_long_after_the_sign_in_waits_for_the_password(chief: Client, helpdesk: User) -> None:
    path = f"/users/{helpdesk.pk}/"
    long_ago(chief)
    sent = {"role": "postmaster", "reads": "all"}
    assert chief.get(path).status_code == 200
    away = chief.post(path, sent)
    assert away["Location"].startswith("/security/confirm/?next=")
    assert given_role(User.objects.get(pk=helpdesk.pk)) == Role.HELPDESK
    assert "not your password" in chief.post("/security/confirm/", {"password": "no", "next": path}).text
    assert chief.post("/security/confirm/", {"password": RIGHT, "next": path})["Location"] == "/users/"
    assert given_role(User.objects.get(pk=helpdesk.pk)) == Role.POSTMASTER


def test_every_change_of_users_and_invitations_waits(chief: Client, helpdesk: User) -> None:
    chief.post("/users/invite/", INVITED)
    invitation = Invitation.objects.get()
    long_ago(chief)
    one = f"/users/{helpdesk.pk}"
    for path in (
        "/users/", f"{one}/", f"{one}/active/", f"{one}/password/", f"{one}/second-factors/", f"{one}/unlock/",
        "/users/invite/", f"/users/invitations/{invitation.pk}/withdraw/",
    ):  # fmt: skip
        assert chief.post(path, INVITED)["Location"].startswith("/security/confirm/"), path


def test_what_waits_is_not_done_for_somebody_who_is_no_administrator_any_more(
    chief: Client, admin: User, helpdesk: User
) -> None:
    somebody("other", Role.ADMINISTRATOR)
    path = f"/users/{helpdesk.pk}/"
    long_ago(chief).post(path, {"role": "administrator", "reads": "all"})
    Access.objects.update_or_create(user=admin, defaults={"role": Role.READER})
    User.objects.filter(pk=admin.pk).update(is_superuser=False)
    assert chief.post("/security/confirm/", {"password": RIGHT, "next": path}).status_code == 403
    assert given_role(User.objects.get(pk=helpdesk.pk)) == Role.HELPDESK


def test_a_password_is_shown_once_after_it_was_waited_for(chief: Client, helpdesk: User) -> None:
    path = f"/users/{helpdesk.pk}/password/"
    long_ago(chief).post(path)
    page = chief.post("/security/confirm/", {"password": RIGHT, "next": path}).text
    found = re.search(r'id="password">([^<]+)<', page)
    assert found is not None
    assert chief.post("/security/confirm/", {"password": RIGHT, "next": "/users/"})["Location"] == "/users/"
    assert attempt("helen", found[1]) == ""


# ---- locked out


def test_an_administrator_unlocks_somebody(chief: Client, helpdesk: User) -> None:
    page = f"/users/{helpdesk.pk}/"
    assert "/unlock/" not in chief.get(page).text
    for name in ("helen", "HELEN@example.com"):
        for number in range(6):
            attempt(name, "wrong", f"192.0.2.{number}")
        assert TOO_MANY in attempt(name, RIGHT)
    said = chief.get(page).text
    assert "locked until" in said
    assert "/unlock/" in said
    assert "can try again" in chief.post(f"{page}unlock/", follow=True).text
    assert attempt("helen", RIGHT) == ""
    assert attempt("helen@example.com", RIGHT) == ""


def test_codes_are_unlocked_too(chief: Client, helpdesk: User) -> None:
    _, codes = with_app(signed_in())
    client = signed_in()
    for _ in range(7):
        said = client.post("/login/code/", {"code": "000000"}).text
    assert TOO_MANY in said
    chief.post(f"/users/{helpdesk.pk}/unlock/")
    assert client.post("/login/code/", {"code": codes[0]}).status_code == 302


def test_a_lock_is_over_after_a_quarter_of_an_hour(helpdesk: User) -> None:
    real = time.time
    for number in range(6):
        attempt("helen", "wrong", f"192.0.2.{number}")
    with patch("time.time", lambda: real() + 901):
        assert attempt("helen", RIGHT) == ""


def test_a_command_unlocks_a_user_or_an_address(helpdesk: User) -> None:
    for number in range(6):
        attempt("helen", "wrong", f"2001:db8::{number}")
    out = StringIO()
    call_command("unlock", "Helen", stdout=out)
    assert out.getvalue() == "helen can try again at once.\n"
    assert attempt("helen", RIGHT) == ""
    for number in range(20):
        attempt(f"x{number}", "wrong", "2001:db8::7")
    assert TOO_MANY in attempt("helen", RIGHT, "2001:db8::8")
    call_command("unlock", "--address", "2001:db8::1", stdout=out)
    assert attempt("helen", RIGHT, "2001:db8::8") == ""


@pytest.mark.parametrize("words", [[], ["nobody"], ["--address", "here"]])
def test_a_command_that_cannot_be_obeyed_says_why(db: None, words: list[str]) -> None:
    with pytest.raises(CommandError, match=r"Name a user|There is no user nobody|here is no IP address"):
        call_command("unlock", *words)


# ---- told by mail


def test_whoever_changes_something_of_their_own_account_gets_a_mail(mailing: None, helpdesk: User) -> None:
    client = confirmed(signed_in())
    phrase = "herons stand along the weir"
    client.post("/security/password/", {"oldpassword": RIGHT, "password1": phrase, "password2": phrase})
    (letter,) = mail.outbox
    assert letter.to == ["helen@example.com"]
    for said in (
        "Your password was changed.",
        "User name: helen",
        "address: 192.0.2.1",
        " UTC",
        "If you know",
    ):
        assert said in str(letter.body)
    assert phrase not in str(letter.body)


def test_an_app_that_was_added_and_removed_is_told(
    mailing: None, helpdesk: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    client = signed_in()
    with django_capture_on_commit_callbacks(execute=True):
        with_app(client)
    client.post("/security/app/remove/")
    told = [str(letter.body).split("\n")[0] for letter in mail.outbox]
    assert "An app for codes was added to your account." in told
    assert "The app for codes was removed from your account." in told


def test_a_mail_is_in_the_language_of_whom_it_concerns(
    mailing: None, admin: User, helpdesk: User, client_of: Callable[[User], Client]
) -> None:
    Preferences.objects.create(user=helpdesk, language="ja")
    client_of(admin).post(f"/users/{helpdesk.pk}/password/")
    (letter,) = mail.outbox
    assert "管理者" in str(letter.body)
    assert "Mailwatch" in letter.subject


def test_second_factors_that_an_administrator_removes_are_told(
    mailing: None, admin: User, helpdesk: User, client_of: Callable[[User], Client]
) -> None:
    with_app(signed_in())
    mail.outbox.clear()
    client_of(admin).post(f"/users/{helpdesk.pk}/second-factors/")
    assert not Authenticator.objects.exists()
    assert "An administrator removed" in str(mail.outbox[0].body)


def test_without_a_mail_server_nothing_is_mailed(desk: Client) -> None:
    phrase = "herons stand along the weir"
    desk.post("/security/password/", {"oldpassword": RIGHT, "password1": phrase, "password2": phrase})
    assert mail.outbox == []
