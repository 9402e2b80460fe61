"""Second factors, sessions, and who must have one."""

import re
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils.timezone import now
from pytest_django import Settings

from mailwatch.operations.signing_in import forget

RIGHT = "long-enough-password"


def signed_in(name: str = "helen", browser: str = "Firefox", address: str = "192.0.2.1") -> Client:
    client = Client(REMOTE_ADDR=address, headers={"User-Agent": browser})
    client.post("/login/", {"username": name, "password": RIGHT})
    return client


def confirmed(client: Client) -> Client:
    """Who has just shown that it is they."""
    answer = client.post("/security/confirm/", {"password": RIGHT, "next": "/security/"})
    assert answer["Location"] == "/security/"
    return client


def code_of(secret: str, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


def with_app(client: Client) -> tuple[str, list[str]]:
    """Add an app; its secret, and the recovery codes that are shown once."""
    page = confirmed(client).get("/security/app/").text
    found = re.search(r'id="totp-key">(\w+)<', page)
    assert found is not None
    answer = client.post("/security/app/", {"code": code_of(found[1])})
    assert answer["Location"] == "/security/recovery-codes/"
    shown = re.search(r'id="recovery-codes">([^<]+)<', client.get("/security/recovery-codes/").text)
    assert shown is not None
    return found[1], shown[1].split()


def test_a_security_change_asks_once_more_who_it_is(helpdesk: User) -> None:
    client = signed_in()
    for path in ("/security/app/", "/security/passkeys/add/"):
        assert client.get(path)["Location"] == f"/security/confirm/?next={path.replace('/', '%2F')}"
    assert "This is not your password" in client.post("/security/confirm/", {"password": "wrong"}).text
    assert confirmed(client).get("/security/app/").status_code == 200


def test_a_code_is_asked_for_after_the_password(helpdesk: User) -> None:
    secret, _ = with_app(signed_in())
    client = signed_in()
    assert client.get("/explain/").status_code == 302  # the password alone opens nothing
    assert "Second factor" in client.get("/login/code/").text
    assert "not right" in client.post("/login/code/", {"code": "000000"}).text
    assert client.get("/explain/").status_code == 302
    assert client.post("/login/code/", {"code": code_of(secret, 1)})["Location"] == "/"
    assert client.get("/explain/").status_code == 200


def test_a_code_holds_once(helpdesk: User) -> None:
    secret, _ = with_app(signed_in())
    code = code_of(secret, 1)
    assert signed_in().post("/login/code/", {"code": code}).status_code == 302
    assert "was used" in signed_in().post("/login/code/", {"code": code}).text


def test_codes_cannot_be_guessed(helpdesk: User) -> None:
    secret, _ = with_app(signed_in())
    client = signed_in()
    for _ in range(6):
        client.post("/login/code/", {"code": "000000"})
    assert "Too many attempts" in client.post("/login/code/", {"code": code_of(secret, 1)}).text


def test_a_recovery_code_signs_in_once(helpdesk: User) -> None:
    _, codes = with_app(signed_in())
    assert len(codes) == 10
    assert signed_in().post("/login/code/", {"code": codes[0]}).status_code == 302
    assert "was used" in signed_in().post("/login/code/", {"code": codes[0]}).text
    assert signed_in().post("/login/code/", {"code": codes[1]}).status_code == 302


def test_recovery_codes_are_shown_once(helpdesk: User) -> None:
    client = signed_in()
    _, codes = with_app(client)
    again = client.get("/security/recovery-codes/").text
    assert not any(code in again for code in codes)
    assert "10 codes are left" in again


def test_the_secret_of_an_app_is_sealed_at_rest(helpdesk: User, settings: Settings) -> None:
    secret, codes = with_app(signed_in())
    kept = "".join(str(one.data) for one in Authenticator.objects.all())
    assert secret not in kept
    assert not any(code in kept for code in codes)
    settings.MAILWATCH_CREDENTIALS_KEY = "another"
    assert "not right" in signed_in().post("/login/code/", {"code": code_of(secret, 1)}).text


def test_an_administrator_takes_a_lost_second_factor_away(
    admin: User, helpdesk: User, client_of: Callable[[User], Client]
) -> None:
    client = signed_in()
    with_app(client)
    page = client_of(admin).get(f"/users/{helpdesk.pk}/").text
    assert f"/users/{helpdesk.pk}/second-factors/" in page
    client_of(admin).post(f"/users/{helpdesk.pk}/second-factors/")
    assert client.get("/explain/").status_code == 302
    assert signed_in().get("/explain/").status_code == 200


def test_a_role_that_must_have_a_second_factor_gets_nowhere_without(
    helpdesk: User, reader: User, settings: Settings
) -> None:
    settings.MAILWATCH_SECOND_FACTOR = ["helpdesk", "administrator"]
    client = signed_in()
    for path in ("/", "/explain/", "/search/?format=csv", "/preferences/"):
        assert client.get(path)["Location"] == "/security/"
    assert "Your role must have a second factor" in client.get("/security/").text
    with_app(client)
    assert client.get("/explain/").status_code == 200
    assert "Add another one first" in client.get("/security/app/remove/").text
    client.post("/security/app/remove/")
    assert TOTP(Authenticator.objects.get(user=helpdesk, type="totp")) is not None
    assert signed_in("rita").get("/explain/").status_code == 200


# ---- sessions


def test_sessions_are_listed_with_browser_and_address(helpdesk: User) -> None:
    signed_in(browser="Opera on a train", address="198.51.100.7")
    page = signed_in().get("/security/").text
    for said in ("Opera on a train", "198.51.100.7", "Firefox", "192.0.2.1", "this one"):
        assert said in page


def test_a_revoked_session_is_over_at_once(helpdesk: User) -> None:
    lost, mine = signed_in(browser="Opera"), signed_in()
    assert lost.get("/explain/").status_code == 200
    found = re.findall(r"/security/sessions/(\d+)/end/", mine.get("/security/").text)
    assert len(found) == 2
    mine.post(f"/security/sessions/{found[1]}/end/")  # this browser stands first
    assert lost.get("/explain/").status_code == 302
    assert mine.get("/explain/").status_code == 200


def test_all_other_sessions_are_revoked_together(helpdesk: User) -> None:
    lost, forgotten, mine = signed_in(), signed_in(), signed_in()
    mine.post("/security/sessions/end/")
    assert [one.get("/explain/").status_code for one in (lost, forgotten, mine)] == [302, 302, 200]


def test_nobody_revokes_the_session_of_somebody_else(helpdesk: User, reader: User) -> None:
    mine = signed_in()
    (found,) = re.findall(r"/security/sessions/(\d+)/end/", mine.get("/security/").text)
    assert signed_in("rita").post(f"/security/sessions/{found}/end/").status_code == 404
    assert mine.get("/explain/").status_code == 200


def test_a_new_password_ends_all_other_sessions(helpdesk: User) -> None:
    lost, mine = signed_in(), signed_in()
    new = "herons stand along the weir"
    mine.post("/security/password/", {"oldpassword": RIGHT, "password1": new, "password2": new})
    assert lost.get("/explain/").status_code == 302
    assert mine.get("/explain/").status_code == 200


def test_signing_out_ends_the_session_for_good(helpdesk: User) -> None:
    client = signed_in()
    client.post("/logout/")
    assert not Session.objects.exists()


@pytest.mark.parametrize("path", ["/security/passkeys/1/remove/", "/security/app/remove/"])
def test_what_is_not_there_is_not_found(helpdesk: User, path: str) -> None:
    assert confirmed(signed_in()).get(path).status_code == 404


def test_what_is_over_is_forgotten(helpdesk: User) -> None:
    client = signed_in()
    Client().post("/login/", {"username": "helen", "password": "wrong"})
    forget(at=now())
    assert client.get("/explain/").status_code == 200
    forget(at=now() + timedelta(days=30))
    assert not UserSession.objects.exists()
    assert client.get("/explain/").status_code == 302
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM mailwatch_attempts")
        assert cursor.fetchone() == (0,)


# ---- passkeys


@pytest.mark.parametrize(
    ("host", "scheme", "works"),
    [
        ("localhost:8000", "http", True),
        ("watch.localhost", "http", True),
        ("watch.example", "https", True),
        ("watch.example", "http", False),
        ("127.0.0.1:8000", "http", False),
        ("[::1]:8000", "http", False),
        ("192.0.2.9", "https", False),
    ],
)
def test_where_browsers_know_no_passkeys_a_sentence_says_so(
    helpdesk: User, settings: Settings, host: str, scheme: str, works: bool
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    client = confirmed(signed_in())
    for path in ("/security/", "/security/passkeys/add/"):
        page = client.get(path, headers={"Host": host}, secure=scheme == "https").text
        assert ("Passkeys work over https" in page) is not works
        assert ("data-passkey" in page or 'href="/security/passkeys/add/"' in page) is works
