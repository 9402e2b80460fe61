"""The page on which people make and revoke their tokens."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from ingest.models import LogHost
from mailwatch.models import ApiToken, Role, Scope
from mailwatch.operations import api_tokens
from tests.web.api import Program, expire, token_of
from tests.web.conftest import Ingested, somebody
from tests.web.organisations import found_organisation
from tests.web.test_access_log_hosts import FIRST, SECOND, leaked

pytestmark = pytest.mark.django_db

_SHOWN = re.compile(r'<code id="token">(mw_\w{33})</code>')
WANTED = {"name": "nagios", "scopes": ["relays", "runs"], "reads": "all", "days": "10"}


@pytest.fixture
def browser(reader: User, client_of: Callable[[User], Client]) -> Client:
    return client_of(reader)


def test_a_token_is_made_shown_once_and_works(browser: Client, seed: LogHost) -> None:
    response = browser.post("/tokens/", WANTED)
    found = _SHOWN.search(response.text)
    assert response.status_code == 200 and found, response.text
    assert "no-store" in response["Cache-Control"]
    program = Program(found[1])
    assert program.ask("/api/v1/relays").status_code == 200
    assert program.ask("/api/v1/search").status_code == 403
    again = browser.get("/tokens/").text
    assert found[1] not in again and found[1][:7] in again and "nagios" in again
    token = ApiToken.objects.get()
    assert token.scopes == ["relays", "runs"] and (token.expires_at - token.made_at).days == 10


def test_a_browser_that_was_left_open_makes_no_token(reader: User, seed: LogHost) -> None:
    client = Client()
    client.force_login(reader)  # some time ago
    response = client.post("/tokens/", WANTED)
    assert response.status_code == 302 and response["Location"].startswith("/security/confirm/")
    assert not ApiToken.objects.exists()
    response = client.post(response["Location"], {"password": "long-enough-password"}, follow=True)
    assert _SHOWN.search(response.text)  # what was typed before is taken up
    assert ApiToken.objects.get().name == WANTED["name"]


def test_ninety_days_unless_somebody_chooses_and_the_setting_is_the_most(
    browser: Client, settings: Settings
) -> None:
    browser.post("/tokens/", WANTED | {"days": ""})
    token = ApiToken.objects.get()
    assert (token.expires_at - token.made_at).days == 90
    settings.MAILWATCH_TOKEN_MOST_DAYS = 30
    for days in ("31", "0", "-1", "x", "1e9"):
        response = browser.post("/tokens/", WANTED | {"days": days})
        assert response.status_code == 422 and 'role="alert"' in response.text, days
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "Say what the token is for."),
        ({"scopes": []}, "Choose at least one thing that it may read."),
        ({"scopes": ["users"]}, "There is no such thing to read."),
        ({"reads": ""}, "Say which log hosts."),
        ({"reads": "some"}, "Choose at least one log host, or all."),
        ({"reads": "some", "log_hosts": ["nowhere"]}, "There is no log host of this name."),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_lost(
    browser: Client, seed: LogHost, changed: dict[str, object], said: str
) -> None:
    response = browser.post("/tokens/", WANTED | changed)
    assert response.status_code == 422 and said in response.text
    assert 'value="10"' in response.text
    assert not ApiToken.objects.exists()


def test_nobody_makes_a_token_for_what_they_may_not_read(
    client_of: Callable[[User], Client], ingested: Ingested
) -> None:
    first, second = found_organisation(FIRST, ingested), found_organisation(SECOND, ingested)
    browser = client_of(somebody("petra", Role.POSTMASTER, first.log_host))
    assert not leaked(browser.get("/tokens/").text, SECOND)
    wanted = WANTED | {"reads": "some", "log_hosts": [second.log_host.name]}
    before = ApiToken.objects.count()
    assert browser.post("/tokens/", wanted).status_code == 422
    assert ApiToken.objects.count() == before


def test_revoked_by_its_owner_it_holds_no_more_at_once(browser: Client, reader: User, seed: LogHost) -> None:
    token, text = token_of(reader)
    assert Program(text).ask("/api/v1/runs").status_code == 200
    assert browser.post(f"/tokens/{token.pk}/revoke/").status_code == 302
    assert Program(text).ask("/api/v1/runs").status_code == 401
    assert browser.post(f"/tokens/{token.pk}/revoke/").status_code == 302
    assert "revoked" in browser.get("/tokens/").text
    token.refresh_from_db()
    assert token.revoked_by == reader


def test_others_neither_see_nor_revoke_it_but_for_administrators(
    reader: User, master: Client, admin: User, client_of: Callable[[User], Client]
) -> None:
    token, text = token_of(reader)
    assert "nightly" not in master.get("/tokens/").text
    assert master.post(f"/tokens/{token.pk}/revoke/").status_code == 404
    chief = client_of(admin)
    html = chief.get("/tokens/").text
    assert "nightly" in html and "rita" in html and text[:7] in html
    assert chief.post(f"/tokens/{token.pk}/revoke/").status_code == 302
    assert Program(text).ask("/api/v1/runs").status_code == 401
    chief.get("/tokens/")  # which says so
    assert "nightly" not in chief.get("/tokens/").text


def test_an_administrator_of_some_log_hosts_sees_tokens_of_whom_they_see(
    client_of: Callable[[User], Client], ingested: Ingested
) -> None:
    first, second = found_organisation(FIRST, ingested), found_organisation(SECOND, ingested)
    mine = token_of(somebody("mine", Role.READER, first.log_host), first.log_host)[0]
    theirs = token_of(somebody("theirs", Role.READER, second.log_host), second.log_host)[0]
    ApiToken.objects.filter(pk=theirs.pk).update(name=SECOND["tokenname"])
    chief = client_of(User.objects.get(username=FIRST["owner"]))
    html = chief.get("/tokens/").text
    assert ">mine<" in html and ">theirs<" not in html and not leaked(html, SECOND)
    assert chief.post(f"/tokens/{theirs.pk}/revoke/").status_code == 404
    assert chief.post(f"/tokens/{mine.pk}/revoke/").status_code == 302


def test_there_is_an_end_to_tokens(browser: Client, reader: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_tokens, "MOST_OPEN", 2)
    expire(token_of(reader)[0])
    for _ in range(2):
        assert browser.post("/tokens/", WANTED).status_code == 200
    response = browser.post("/tokens/", WANTED)
    assert response.status_code == 422 and "You have 2 tokens that hold. Revoke one first." in response.text


def test_a_name_is_shown_as_it_is(browser: Client, reader: User) -> None:
    browser.post("/tokens/", WANTED | {"name": "<b>\u202e=1+1"})
    html = browser.get("/tokens/").text
    assert "&lt;b&gt;" in html and "\u202e" not in html


def test_the_page_that_explains_names_every_call_and_is_linked(browser: Client) -> None:
    html = browser.get("/api/").text
    for path in ("/api/v1/search", "/api/v1/relays", "/api/v1/openapi.json", "Authorization: Bearer"):
        assert path in html
    assert 'href="/tokens/"' in browser.get("/security/").text
    assert 'href="/tokens/"' in browser.get("/preferences/").text
    assert 'href="/api/"' in browser.get("/tokens/").text


def test_tokens_of_somebody_who_is_deleted_go(reader: User) -> None:
    token_of(reader, scopes=[Scope.RUNS])
    reader.delete()
    assert not ApiToken.objects.exists()
    assert now()
