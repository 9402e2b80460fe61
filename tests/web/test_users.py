"""Users on a page: added with a password shown once, given roles and log hosts, deactivated; one stays in charge."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from ingest.models import LogHost
from mailwatch.access import granted_to, role_of
from mailwatch.models import Access, Role
from tests.web.conftest import somebody

pytestmark = pytest.mark.django_db

FIELDS = {"username": "nora", "email": "", "role": "helpdesk", "reads": "some"}


@pytest.fixture
def chief(admin: User, client_of: Callable[[User], Client]) -> Client:
    """The browser of the administrator."""
    return client_of(admin)


@pytest.fixture
def hosts(db: None) -> list[LogHost]:
    return [LogHost.objects.create(name=name) for name in ("mx1", "mx2")]


def test_somebody_is_added_and_signs_in_with_the_password_that_was_shown_once(
    chief: Client, hosts: list[LogHost]
) -> None:
    response = chief.post("/users/", FIELDS | {"log_hosts": ["mx2"]})
    password = re.findall(r'<code id="password">([^<]+)</code>', response.text)
    assert len(password) == 1 and len(password[0]) == 16
    assert response["Cache-Control"].find("no-store") >= 0
    assert password[0] not in chief.get("/users/").text
    nora = Client()
    assert nora.post("/login/", {"username": "nora", "password": password[0]})["Location"] == "/"
    html = nora.get("/log-hosts/").text
    assert "mx2" in html and "mx1" not in html
    user = User.objects.get(username="nora")
    assert role_of(user) == Role.HELPDESK
    assert granted_to(user).log_hosts == frozenset({hosts[1].pk})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"username": ""}, "Name to sign in with"),
        ({"username": "HELEN"}, "There is a user of this name already."),
        ({"username": "a b/<c>"}, "Name to sign in with"),
        ({"role": "king"}, "There is no such role."),
        ({"reads": ""}, "Say which log hosts."),
        ({"log_hosts": ["mx9"]}, "There is no log host of this name."),
    ],
)
def test_a_bad_form_is_answered_in_one_sentence(
    chief: Client, helpdesk: User, changes: dict[str, str], sentence: str
) -> None:
    response = chief.post("/users/", FIELDS | changes)
    assert response.status_code == 422
    assert sentence in response.text
    assert not User.objects.filter(username="nora").exists()


def test_a_change_holds_from_the_next_page_on(
    chief: Client, helpdesk: User, desk: Client, hosts: list[LogHost]
) -> None:
    assert "mx1" in desk.get("/log-hosts/").text
    sent = {"role": "reader", "reads": "some", "log_hosts": ["mx2"]}
    assert chief.post(f"/users/{helpdesk.pk}/", sent).status_code == 302
    assert "mx1" not in desk.get("/log-hosts/").text
    assert desk.get("/uploads/").status_code == 403
    html = chief.get(f"/users/{helpdesk.pk}/").text
    assert re.search(r'value="mx2"[^>]* checked', html) and not re.search(r'value="mx1"[^>]* checked', html)
    chief.post(f"/users/{helpdesk.pk}/", {"role": "postmaster", "reads": "all"})
    assert "mx1" in desk.get("/log-hosts/").text


def test_whoever_is_deactivated_is_out_at_once_and_comes_back(
    chief: Client, helpdesk: User, desk: Client
) -> None:
    chief.post(f"/users/{helpdesk.pk}/active/", {"active": "no"})
    assert desk.get("/search/").status_code == 302
    chief.post(f"/users/{helpdesk.pk}/active/", {"active": "yes"})
    helpdesk.refresh_from_db()
    assert helpdesk.is_active


def test_a_new_password_ends_the_sessions(chief: Client, helpdesk: User, desk: Client) -> None:
    html = chief.post(f"/users/{helpdesk.pk}/password/").text
    assert desk.get("/search/").status_code == 302
    password = re.findall(r'<code id="password">([^<]+)</code>', html)[0]
    assert Client().post("/login/", {"username": "helen", "password": password})["Location"] == "/"


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("", {"role": "postmaster", "reads": "all"}),
        ("", {"role": "administrator", "reads": "some"}),
        ("active/", {"active": "no"}),
    ],
)
def test_the_last_administrator_stays_one(
    chief: Client, admin: User, hosts: list[LogHost], path: str, sent: dict[str, str]
) -> None:
    """Another one for some log hosts only could not bring the rest back."""
    somebody("limited", Role.ADMINISTRATOR, hosts[0])
    response = chief.post(f"/users/{admin.pk}/{path}", sent, follow=True)
    assert "This is the last administrator for all log hosts." in response.text
    admin = User.objects.get(pk=admin.pk)
    assert admin.is_active and role_of(admin) == Role.ADMINISTRATOR and granted_to(admin).is_all
    somebody("second", Role.ADMINISTRATOR)
    chief.post(f"/users/{admin.pk}/{path}", sent)
    assert (
        chief.get("/users/").status_code in (302, 403) or not granted_to(User.objects.get(pk=admin.pk)).is_all
    )


def test_an_administrator_of_some_log_hosts_grants_no_others(
    client_of: Callable[[User], Client], hosts: list[LogHost], helpdesk: User
) -> None:
    client = client_of(somebody("limited", Role.ADMINISTRATOR, hosts[0]))
    html = client.get("/users/").text
    assert "mx1" in html and "mx2" not in html
    assert "helen" not in html  # who may read more than they
    assert client.post(f"/users/{helpdesk.pk}/", {"role": "reader", "reads": "some"}).status_code == 404
    refused = client.post("/users/", FIELDS | {"reads": "all"})
    assert (refused.status_code, User.objects.filter(username="nora").exists()) == (422, False)
    assert client.post("/users/", FIELDS | {"log_hosts": ["mx2"]}).status_code == 422
    assert client.post("/users/", FIELDS | {"log_hosts": ["mx1"]}).status_code == 200


def test_a_superuser_made_by_a_command_is_an_administrator_of_all() -> None:
    user = User.objects.create_superuser("root")
    assert not Access.objects.exists()
    assert (role_of(user), granted_to(user).is_all) == (Role.ADMINISTRATOR, True)
