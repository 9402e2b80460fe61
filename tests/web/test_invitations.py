"""Invitations: by an administrator, for once, for a while."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils.timezone import now
from pytest_django import Settings

from ingest.models import LogHost
from mailwatch.access import given_log_hosts, given_role
from mailwatch.models import Invitation, Role
from tests.web.conftest import somebody

PHRASE = "herons stand along the weir"
CHOSEN = {"username": "ida", "password": PHRASE, "again": PHRASE}


@pytest.fixture
def chief(admin: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(admin)


def invite(client: Client, **more: str) -> str:
    """The path of the link that is shown."""
    sent = {"invite-role": "helpdesk", "invite-reads": "all", **more}
    found = re.search(
        r'id="invitation-link">https?://[^/]+([^<]+)<', client.post("/users/invite/", sent).text
    )
    assert found is not None
    return found[1]


def test_whoever_has_the_link_becomes_a_user_with_what_was_granted(chief: Client) -> None:
    host = LogHost.objects.create(name="srv1")
    LogHost.objects.create(name="srv2")
    path = invite(
        chief, **{"invite-reads": "some", "invite-log_hosts": "srv1", "invite-email": "ida@x.example"}
    )
    client = Client()
    assert "You are invited" in client.get(path).text
    assert client.post(path, CHOSEN)["Location"] == "/login/"
    ida = User.objects.get(username="ida")
    assert given_role(ida) == Role.HELPDESK
    assert given_log_hosts(ida).log_hosts == frozenset({host.pk})
    assert ida.email == "ida@x.example"
    assert not ida.is_superuser
    assert client.post("/login/", {"username": "ida", "password": PHRASE})["Location"] == "/"


def test_an_invitation_holds_once(chief: Client) -> None:
    path = invite(chief)
    Client().post(path, CHOSEN)
    for answer in (Client().get(path), Client().post(path, {**CHOSEN, "username": "eve"})):
        assert answer.status_code == 404
        assert "does not hold" in answer.text
    assert not User.objects.filter(username="eve").exists()


def test_links_that_do_not_hold_look_the_same(chief: Client, admin: User) -> None:
    used, over, withdrawn = invite(chief), invite(chief), invite(chief)
    Client().post(used, CHOSEN)
    last = Invitation.objects.order_by("-pk").first()
    assert last is not None
    chief.post(f"/users/invitations/{last.pk}/withdraw/")
    Invitation.objects.filter(used_at=None, withdrawn_at=None).update(expires_at=now() - timedelta(seconds=1))
    texts = {
        re.sub(r'"X-CSRFToken": "[^"]*"|value="[^"]{64}"', "", Client().get(path).text)
        for path in (used, over, withdrawn, "/invitations/wrong/", f"/invitations/{'x' * 43}/")
    }
    assert len(texts) == 1


def test_an_invitation_of_somebody_who_is_no_administrator_any_more_is_void(
    chief: Client, admin: User
) -> None:
    path = invite(chief)
    somebody("other", Role.ADMINISTRATOR)
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert Client().post(path, CHOSEN).status_code == 404


def test_the_token_is_kept_nowhere(chief: Client) -> None:
    path = invite(chief)
    token = path.split("/")[2]
    assert not any(token in str(row) for row in Invitation.objects.values_list())
    assert token not in chief.get("/users/").text


def test_with_a_mail_server_the_link_goes_out_by_mail(chief: Client, settings: Settings) -> None:
    settings.MAIL_SERVER, settings.MAILWATCH_URL = "mx.example", "https://watch.example"
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    sent = {"invite-role": "reader", "invite-reads": "all", "invite-email": "ida@x.example"}
    answer = chief.post("/users/invite/", sent, follow=True)
    assert "went out to ida@x.example" in answer.text
    assert "invitation-link" not in answer.text
    (letter,) = mail.outbox
    found = re.search(r"https://watch\.example(/invitations/\S+)", str(letter.body))
    assert found is not None
    assert Client().post(found[1], CHOSEN)["Location"] == "/login/"


def test_a_weak_password_or_a_name_that_is_taken_loses_nothing(chief: Client, helpdesk: User) -> None:
    path = invite(chief)
    weak = Client().post(path, {"username": "ida", "password": "password1234", "again": "password1234"})
    assert "too common" in weak.text
    assert 'value="ida"' in weak.text
    assert "differ" in Client().post(path, {**CHOSEN, "again": "other"}).text
    assert "is taken" in Client().post(path, {**CHOSEN, "username": "Helen"}).text
    assert Client().post(path, CHOSEN).status_code == 302


def test_nobody_invites_to_what_they_may_not_read(client_of: Callable[[User], Client], db: None) -> None:
    host = LogHost.objects.create(name="srv1")
    LogHost.objects.create(name="srv2")
    client = client_of(somebody("chief", Role.ADMINISTRATOR, host))
    for sent in ({"invite-reads": "all"}, {"invite-reads": "some", "invite-log_hosts": "srv2"}):
        assert client.post("/users/invite/", {"invite-role": "reader", **sent}).status_code == 422
    assert not Invitation.objects.exists()


def test_nobody_withdraws_an_invitation_that_they_do_not_see(
    chief: Client, client_of: Callable[[User], Client]
) -> None:
    invite(chief, **{"invite-email": "ida@x.example"})
    other = client_of(somebody("other", Role.ADMINISTRATOR, LogHost.objects.create(name="srv1")))
    assert "ida@x.example" not in other.get("/users/").text
    assert other.post(f"/users/invitations/{Invitation.objects.get().pk}/withdraw/").status_code == 404


def test_nobody_signs_up(db: None) -> None:
    for path in ("/signup/", "/login/signup/", "/accounts/signup/"):
        assert Client().get(path).status_code in (302, 404)
    assert "sign up" not in Client().get("/login/").text.lower()
