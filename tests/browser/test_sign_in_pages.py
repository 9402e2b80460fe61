"""The pages of getting in, as somebody who is invited sees them: axe in both themes, on a phone too."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import CHECKOUT, Complaints, Served, _environment, _free_port, manage, sign_in
from tests.browser.test_states import wrong

_PHRASE = "herons stand along the weir"
_LOCK = (
    "from django.test import Client; "
    "[Client(SERVER_NAME='localhost').post('/login/', {'username': 'ines', 'password': 'wrong'}) for _ in range(7)]"
)


class _Walk:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []

    def look(self, what: str) -> None:
        expect(self.page.locator("main")).to_contain_text(what)
        self.found += [f"{self.page.url} ({what}): {line}" for line in wrong(self.page)]

    def send(self, **typed: str) -> None:
        for name, text in typed.items():
            self.page.locator(f"main form[method=post] [name={name}]").first.fill(text)
        self.page.locator(
            f"main form:has([name={next(iter(typed))}]) button:not([type=button])"
        ).first.click()


def _code(secret: str, steps: int) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


def _joined(walk: _Walk, served: Served) -> None:
    """An administrator invites; who is invited chooses name and password, wrong ones first."""
    page = walk.page
    sign_in(page, served.username, served.password)
    page.goto("/users/")
    page.click("form[action='/users/invite/'] button")
    walk.look("shown this once")
    link = page.locator("#invitation-link").inner_text()
    page.context.clear_cookies()
    page.goto(link)
    walk.look("You are invited")
    walk.send(username="ines", password="short", again="other")
    walk.look("differ")
    walk.send(password=_PHRASE, again=_PHRASE)
    walk.look("You are a user now")


def _with_app(walk: _Walk) -> str:
    """The secret of an app that was added, wrong answers first."""
    page = walk.page
    page.goto("/security/app/")
    walk.look("once more")
    walk.send(password="wrong")
    walk.look("not your password")
    walk.send(password=_PHRASE)
    walk.look("one-time codes")
    walk.send(code="000000")
    walk.look("not right")
    secret = page.locator("#totp-key").inner_text()
    walk.send(code=_code(secret, 0))
    walk.look("shown this once")
    return secret


def test_axe_finds_nothing_on_the_way_in(browser: Browser, served: Served) -> None:
    context = browser.new_context(
        base_url=served.url.replace("127.0.0.1", "localhost"), reduced_motion="reduce"
    )
    page, complaints = context.new_page(), Complaints()
    complaints.watch(page)
    walk = _Walk(page)
    _joined(walk, served)
    walk.send(username="ines", password="wrong")
    walk.look("do not match")
    walk.send(username="ines", password=_PHRASE)
    page.wait_for_url(lambda url: "/login" not in url)
    secret = _with_app(walk)
    for path, what in (
        ("/security/", "asked for at each sign-in"),
        ("/security/recovery-codes/", "codes are left"),
        ("/security/recovery-codes/new/", "ecovery codes"),
        ("/security/passkeys/add/", "Name, to know it again"),
        ("/security/app/remove/", "app"),
        ("/security/confirm/code/", "Code"),
    ):
        page.goto(path)
        walk.look(what)
    page.goto("/security/password/")
    walk.send(oldpassword="wrong", password1="short", password2="other")
    walk.look("not your password")
    context.clear_cookies()
    page.goto("/login/")
    walk.send(username="ines", password=_PHRASE)
    walk.look("Second factor")
    walk.send(code="000000")
    walk.look("not right")
    walk.send(code=_code(secret, 1))
    page.wait_for_url(lambda url: "/login" not in url)
    _of_administrators(walk, served)
    assert walk.found == [], "\n".join(walk.found)
    assert [text for text in complaints.texts if "422" not in text] == []  # forms that were refused
    context.close()


def _of_administrators(walk: _Walk, served: Served) -> None:
    """The page of somebody who is locked out, and where passkeys cannot be used."""
    manage(served, "shell", "-v0", "-c", _LOCK)
    page = walk.page
    page.context.clear_cookies()
    sign_in(page, served.username, served.password)
    page.goto("/users/")
    page.click("main a:has-text('ines')")
    walk.look("locked until")
    page.click("text=Unlock")
    walk.look("can try again at once")
    page.context.clear_cookies()
    here = served.url.replace("localhost", "127.0.0.1")
    page.goto(f"{here}/login/")
    walk.send(username=served.username, password=served.password)
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto(f"{here}/security/")
    walk.look("Passkeys work over https")


@contextmanager
def _mailing(served: Served) -> Iterator[str]:
    """A second web server on the same desk, which knows a mail server."""
    port = _free_port()
    ours = {
        **_environment(), "MAILWATCH_HOME": str(served.home), "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": "9",
        "MAILWATCH_URL": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    words = [sys.executable, str(CHECKOUT / "manage.py"), "runserver", "--noreload", f"127.0.0.1:{port}"]
    process = subprocess.Popen(words, env=ours, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                urlopen(f"http://127.0.0.1:{port}/login/", timeout=20).close()
                break
            except OSError:
                time.sleep(0.3)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_axe_finds_nothing_where_a_password_is_forgotten(browser: Browser, served: Served) -> None:
    with _mailing(served) as url:
        context = browser.new_context(base_url=url, reduced_motion="reduce")
        walk = _Walk(context.new_page())
        walk.page.goto("/login/")
        walk.page.click("text=Forgot the password?")
        walk.look("The link leads to a page")
        walk.send(email="nobody@example.com")
        walk.look("a link was sent to it")
        for path, what in (
            ("/login/reset/1-nothing/", "no longer holds"),
            ("/login/reset/done/", "The password was changed"),
        ):
            walk.page.goto(path)
            walk.look(what)
        context.close()
    assert walk.found == [], "\n".join(walk.found)
