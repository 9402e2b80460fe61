"""Sign-in by an OpenID Connect provider, against a small one."""

from collections.abc import Iterator

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from ingest.models import LogHost
from mailwatch.access import given_log_hosts, given_role
from mailwatch.models import Access, Role
from tests.web.issuer import CLIENT_ID, SECRET, Issuer, serving

ANNA = {"sub": "77", "preferred_username": "anna", "email": "anna@corp.example", "email_verified": True}


@pytest.fixture
def issuer(settings: Settings, db: None) -> Iterator[Issuer]:
    with serving() as found:
        settings.MAILWATCH_OIDC_ISSUER, settings.MAILWATCH_OIDC_NAME = found.url, "Corp"
        app = {
            "provider_id": "oidc", "name": "Corp", "client_id": CLIENT_ID, "secret": SECRET,
            "settings": {"server_url": found.url, "oauth_pkce_enabled": True},
        }  # fmt: skip
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
        found.claims = dict(ANNA)
        yield found


def come(issuer: Issuer, client: Client, start: str = "/login/oidc/") -> str:
    """Go there and back; where one is then."""
    away = client.get(start)
    assert away["Location"].startswith(f"{issuer.url}/authorize?")
    back = client.get("/login/oidc/callback/" + issuer.code(away["Location"]))
    return str(back.headers.get("Location", ""))


def test_without_an_issuer_it_is_not_offered(client: Client, db: None) -> None:
    assert "/login/oidc/" not in client.get("/login/").text
    assert client.get("/login/oidc/").status_code == 404
    assert client.get("/login/oidc/callback/?code=x&state=x").status_code == 404


def test_somebody_new_may_do_nothing_until_an_administrator_grants_it(issuer: Issuer) -> None:
    client = Client()
    assert "Sign in with Corp" in client.get("/login/").text
    assert come(issuer, client, "/login/oidc/?next=/explain/") == "/explain/"
    anna = User.objects.get(username="anna")
    assert client.get("/explain/").status_code == 200
    assert client.get("/uploads/").status_code == 403
    assert given_log_hosts(anna).log_hosts == frozenset()
    assert not Access.objects.filter(user=anna).exists()
    assert not anna.has_usable_password()


def test_the_same_person_comes_back_to_the_same_user(issuer: Issuer) -> None:
    for _ in range(2):
        assert come(issuer, Client()) == "/"
    issuer.claims["preferred_username"] = "anna.b"  # the subject is who it is, not the name
    come(issuer, Client())
    assert User.objects.count() == 1


def test_a_role_comes_from_the_setting_or_the_highest_from_a_claim(
    issuer: Issuer, settings: Settings
) -> None:
    settings.MAILWATCH_OIDC_ROLE, settings.MAILWATCH_OIDC_ALL_LOG_HOSTS = "reader", True
    settings.MAILWATCH_OIDC_ROLES = {"mail": "postmaster", "desk": "helpdesk"}
    come(issuer, Client())
    issuer.claims = {"sub": "78", "preferred_username": "bert", "groups": ["desk", "mail", "other"]}
    come(issuer, Client())
    roles = {user.username: given_role(user) for user in User.objects.all()}
    assert roles == {"anna": Role.READER, "bert": Role.POSTMASTER}
    assert given_log_hosts(User.objects.get(username="anna")).is_all


def test_a_mail_address_alone_takes_over_no_account(issuer: Issuer, helpdesk: User) -> None:
    issuer.claims = {**ANNA, "email": "Helen@Example.com", "preferred_username": "helen"}
    client = Client()
    assert come(issuer, client) == "/login/oidc/failed/"
    assert "You were not signed in" in client.get("/login/oidc/failed/").text
    assert client.get("/explain/").status_code == 302
    assert not SocialAccount.objects.exists()


def test_somebody_of_the_same_name_becomes_another_user(issuer: Issuer, helpdesk: User) -> None:
    issuer.claims["preferred_username"] = "helen"
    assert come(issuer, Client()) == "/"
    assert User.objects.count() == 2
    assert not SocialAccount.objects.filter(user=helpdesk).exists()


def test_who_is_signed_in_connects_it_after_showing_that_it_is_they(issuer: Issuer, helpdesk: User) -> None:
    client = Client()
    client.post("/login/", {"username": "helen", "password": "long-enough-password"})
    start = "/login/oidc/?process=connect"
    assert client.get(start)["Location"].startswith("/security/confirm/")
    client.post("/security/confirm/", {"password": "long-enough-password"})
    assert come(issuer, client, start) == "/security/"
    assert "connected" in client.get("/security/").text
    other = Client()
    assert come(issuer, other) == "/"
    assert other.get("/explain/").wsgi_request.user == helpdesk


def test_a_stranger_cannot_connect(issuer: Issuer) -> None:
    assert Client().get("/login/oidc/?process=connect")["Location"].startswith("/login/")


def test_somebody_who_was_deactivated_is_not_let_in(issuer: Issuer) -> None:
    come(issuer, Client())
    User.objects.update(is_active=False)
    client = Client()
    assert come(issuer, client) == "/login/inactive/"
    assert client.get("/explain/").status_code == 302


def test_what_is_for_another_client_or_was_not_asked_for_is_refused(issuer: Issuer) -> None:
    client = Client()
    assert "were not signed in" in client.get("/login/oidc/callback/?code=code0&state=forged").text
    issuer.audience = "somebody-else"
    come(issuer, client)
    assert client.get("/explain/").status_code == 302
    assert not User.objects.exists()


def test_the_role_follows_a_claim_that_is_named(issuer: Issuer, settings: Settings) -> None:
    settings.MAILWATCH_OIDC_ROLES = {"mail": "postmaster", "desk": "helpdesk", "it": "administrator"}
    settings.MAILWATCH_OIDC_ALL_LOG_HOSTS = True

    def came(*groups: str) -> User:
        issuer.claims = {**ANNA, "groups": list(groups)}
        come(issuer, Client())
        return User.objects.get(username="anna")

    assert given_role(came("mail")) == Role.POSTMASTER
    assert given_role(came("desk")) == Role.POSTMASTER  # no claim is named: at first only
    settings.MAILWATCH_OIDC_FOLLOWS = True
    assert given_role(came("desk")) == Role.HELPDESK
    assert came("it").is_superuser
    gone = came("garden")
    assert given_role(gone) == Role.READER
    assert given_log_hosts(gone).log_hosts == frozenset()
    assert not gone.is_superuser


def test_log_hosts_that_were_granted_stay_when_the_role_changes(issuer: Issuer, settings: Settings) -> None:
    settings.MAILWATCH_OIDC_ROLES = {"mail": "postmaster", "desk": "helpdesk"}
    settings.MAILWATCH_OIDC_FOLLOWS = True
    issuer.claims = {**ANNA, "groups": "mail"}
    come(issuer, Client())
    host = LogHost.objects.create(name="srv1")
    Access.objects.get(user__username="anna").log_hosts.set([host])
    issuer.claims = {**ANNA, "groups": "desk"}
    come(issuer, Client())
    anna = User.objects.get(username="anna")
    assert (given_role(anna), given_log_hosts(anna).log_hosts) == (Role.HELPDESK, frozenset({host.pk}))


def test_whoever_has_a_password_here_keeps_the_role_that_was_given_here(
    issuer: Issuer, settings: Settings, helpdesk: User
) -> None:
    settings.MAILWATCH_OIDC_FOLLOWS = True
    settings.MAILWATCH_OIDC_ROLES = {"it": "administrator"}
    SocialAccount.objects.create(user=helpdesk, provider="oidc", uid="77")
    issuer.claims = {**ANNA, "groups": "it"}
    come(issuer, Client())
    assert given_role(User.objects.get(pk=helpdesk.pk)) == Role.HELPDESK
