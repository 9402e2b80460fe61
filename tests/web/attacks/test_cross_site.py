"""What another site may make a signed-in browser do: nothing. And what every answer tells the browser, errors too."""

from collections.abc import Callable, Mapping

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from tests.web.test_access import LAST, NEEDED, args, patterns

pytestmark = pytest.mark.django_db

__all__ = ["args"]

type Args = dict[str, list[object]]

# Who posts to these has a secret in the address, and there is no cookie that could be made use of.
WITHOUT_TOKEN = {"shared"}
ADDRESSES = sorted(NEEDED.keys() - WITHOUT_TOKEN)
METHODS = ("post", "put", "patch", "delete")
ELSEWHERE = (
    "https://evil.example",
    "http://evil.example",
    "null",
    "http://testserver.evil.example",
    "http://testserver:1",
    "https://testserver",
)
# what a page elsewhere may send without being asked first
KINDS = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
CASES = len(METHODS) + len(ELSEWHERE) + len(KINDS)  # for each address


@pytest.fixture
def strict(admin: User) -> Client:
    """A browser in which an administrator is signed in, and which looks for tokens."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    return client


def test_nothing_is_taken_without_a_token(strict: Client, args: Args) -> None:
    for name in ADDRESSES:
        for method in METHODS:
            answer = getattr(strict, method)(reverse(name, args=args[name]))
            assert answer.status_code == 403, (name, method)
        for kind in KINDS:
            answer = strict.post(reverse(name, args=args[name]), data="a=b", content_type=kind)
            assert answer.status_code == 403, (name, kind)


def test_nothing_is_taken_from_another_site_even_with_a_token(
    strict: Client, args: Args, settings: Settings
) -> None:
    strict.get("/preferences/")
    token = strict.cookies[settings.CSRF_COOKIE_NAME].value
    for name in ADDRESSES:
        for origin in ELSEWHERE:
            headers = {"Origin": origin, "X-CSRFToken": token}
            answer = strict.post(reverse(name, args=args[name]), headers=headers)
            assert answer.status_code == 403, (name, origin)


def test_only_links_that_are_secrets_take_a_form_without_a_token() -> None:
    exempt = {str(one.name) for one in patterns() if getattr(one.callback, "csrf_exempt", False)}
    assert exempt == WITHOUT_TOKEN


# ---- what each answer tells the browser


def wrong_headers(answer: object) -> list[str]:
    """What a browser is not told that it should be."""
    headers = answer.headers  # type: ignore[attr-defined]
    policy = headers.get("Content-Security-Policy", "")
    wanted = {
        "nosniff": headers.get("X-Content-Type-Options") == "nosniff",
        "referrer": headers.get("Referrer-Policy") in ("same-origin", "no-referrer"),
        "frames": headers.get("X-Frame-Options") == "DENY" and "frame-ancestors 'none'" in policy,
        "opener": headers.get("Cross-Origin-Opener-Policy") == "same-origin",
        "policy": "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy,
        "base": "base-uri 'none'" in policy,
        "cache": "private" in _cache(headers)
        or "no-store" in _cache(headers)
        or "max-age" in _cache(headers),
    }
    return [name for name, holds in wanted.items() if not holds]


def _cache(headers: Mapping[str, str]) -> str:
    return headers.get("Cache-Control", "")


def test_every_answer_tells_the_browser_what_it_may_do(
    admin: User, client_of: Callable[[User], Client], args: Args
) -> None:
    """By every method, to strangers and to an administrator."""
    for name in sorted(NEEDED, key=lambda name: name in LAST):
        for method in ("get", "head", "options", "post", "put", "delete"):
            for client in (Client(), client_of(admin)):
                client.raise_request_exception = False
                answer = getattr(client, method)(reverse(name, args=args[name]))
                assert answer.status_code < 500, (name, method)
                assert wrong_headers(answer) == [], (name, method, answer.status_code)


def test_what_only_some_may_read_is_kept_by_no_cache(
    admin: User, client_of: Callable[[User], Client], args: Args
) -> None:
    """Neither by a proxy, nor by the browser for whoever sits at it next."""
    for name, (look, _) in NEEDED.items():
        answer = client_of(admin).get(reverse(name, args=args[name]))
        assert not look or "no-store" in answer.headers["Cache-Control"], name


def test_errors_tell_it_too(
    admin: User, client_of: Callable[[User], Client], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(admin)
    client.raise_request_exception = False
    strict = Client(enforce_csrf_checks=True)
    answers = {
        400: client.get("/", headers={"Host": "evil.example"}),
        403: strict.post("/login/"),
        404: client.get("/nowhere/"),
        405: client.delete("/glossary/"),
    }
    monkeypatch.setattr("mailwatch.views.glossary.render", None)
    answers[500] = client.get("/glossary/")
    for status, answer in answers.items():
        assert answer.status_code == status
        assert wrong_headers(answer) == [], status


@pytest.mark.parametrize("path", ["css/mailwatch.css", "js/page.js", "icon.svg", "vendor/chart.umd.min.js"])
def test_static_files_tell_it_too(settings: Settings, path: str) -> None:
    settings.WHITENOISE_AUTOREFRESH = settings.WHITENOISE_USE_FINDERS = True
    answer = Client().get(f"/static/{path}")
    assert answer.status_code == 200
    assert wrong_headers(answer) == []
    answer.close()


def test_links_count_guesses_with_the_same_headers() -> None:
    for number in range(40):
        answer = Client().get(f"/shared/{number:043}/")
        assert wrong_headers(answer) == []
    assert answer.status_code == 429
