"""Mailwatch as `make run` serves it, and a real Chromium in front of it."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from mailwatch.standalone import administrator, places, postgres, processes

ATTACKER = "203.0.113.45"
CHECKOUT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((CHECKOUT / "samples" / "srv1").glob("mainlog*"))
# the same places, in the same order, as .ci/get-chromium; none: Playwright's own
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    username: str
    password: str
    home: Path


@dataclass(frozen=True, slots=True)
class Filled:
    """Addresses on a desk that has read an attack, a file that is no log, a source, and shared a report."""

    message: str
    rejection: str
    account: str
    address: str
    remote_host: str
    daily: str
    run: str
    refused_run: str
    source: str
    share: str
    incident: str
    shared: str
    opened_share: str


@dataclass
class Complaints:
    """What the browser says against the pages: violations of the policy, errors, uncaught exceptions."""

    texts: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.texts.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.texts.append(message.text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """Web server, worker, beat, PostgreSQL and Valkey as processes, in a home of their own."""
    parent = Path(tempfile.mkdtemp(prefix="mw-"))
    parent.chmod(0o711)
    home = parent / "home"
    process = _run(home)
    try:
        yield _answering(process, home)
    finally:
        process.terminate()
        process.communicate(timeout=120)
        for left in processes.marked(home):
            processes.stop(left, patience=20)
        postgres.stop(home)
        for directory in (places.known(home).root, places.known(home).sockets, parent):
            shutil.rmtree(directory, ignore_errors=True)


def manage(served: Served, *words: str) -> str:
    """What a manage.py command prints, run against the desk that is served."""
    command = [sys.executable, str(CHECKOUT / "manage.py"), *words]
    ours = {**_environment(), "MAILWATCH_HOME": str(served.home)}
    done = subprocess.run(command, env=ours, check=True, capture_output=True, text=True, timeout=120)
    return done.stdout


def _environment() -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MAILWATCH_")}
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        ours.pop(name, None)
    ours["MAILWATCH_SOURCE_NETWORKS"] = "127.0.0.0/8"  # the servers of the tests are here
    return ours


def _run(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", str(CHECKOUT / "manage.py"), "run"],
        env={**_environment(), "MAILWATCH_HOME": str(home), "MAILWATCH_PORT": str(_free_port())},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _answering(process: subprocess.Popen[str], home: Path) -> Served:
    """What it says when the pages answer; its output up to there is the reason where they never do."""
    assert process.stdout is not None
    said = ""
    while "password" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    sign_in = administrator.kept(home)
    found = re.search(r"Mailwatch runs at (\S+)", said)
    assert sign_in is not None
    assert found is not None, said
    return Served(found[1], sign_in.username, sign_in.password, home)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    # a sandbox inside a container needs rights that root there does not have
    launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
    yield launched
    launched.close()


@pytest.fixture(scope="session")
def filled(browser: Browser, served: Served) -> Iterator[Filled]:
    """The desk with something on every page."""
    manage(served, "log_host", "empty", "--timezone", "UTC")
    manage(served, "shell", "-v0", "-c", _HELPDESK)
    source = f"/sources/{manage(served, 'shell', '-v0', '-c', _SOURCE).strip()}/"
    folder = served.home.parent / "logs"
    folder.mkdir()
    (folder / "mail.log").write_text("Mar  9 06:25:01 srv1 postfix/qmgr[1187]: 3A1F2C04: removed\n" * 20)
    for page in _opened(browser.new_context(base_url=served.url), Complaints()):
        sign_in(page, served.username, served.password)
        run = upload(page, SAMPLES, log_host="srv1")
        expect(page.locator(".run-state").first).to_have_text("finished", timeout=120_000)
        refused = upload(page, [folder / "mail.log"], log_host="other")
        yield _walked(page, run=run, refused_run=refused, source=source)


_HELPDESK = (
    "from django.contrib.auth.models import User; from mailwatch.models import Access; "
    "made = User.objects.create_user('helpdesk', password='at the desk'); "
    "Access.objects.create(user=made, role='helpdesk', has_all_log_hosts=True)"
)
_SOURCE = """
from ingest.models import LogHost, Source
print(Source.objects.create(url="file:///nowhere", log_host=LogHost.objects.get(name="empty")).pk)
"""


def sign_in(page: Page, username: str, password: str) -> None:
    page.goto("/login/")
    page.fill("main input[name=username]", username)
    page.fill("main input[name=password]", password)
    page.click("main button")
    page.wait_for_url(re.compile(r"[^n]/$"))


def upload(desk: Page, files: list[Path], *, log_host: str, zone: str = "Europe/Madrid") -> str:
    """Hand files in; the path of the run that reads them, which is the page that is shown then."""
    desk.goto("/uploads/")
    desk.set_input_files("input[name=files]", files)
    desk.fill("input[name=log_host]", log_host)
    desk.fill("input[name=timezone]", zone)
    desk.click("form.drop button.primary")
    desk.wait_for_url(re.compile(r"/runs/\d+/$"))
    return urlsplit(desk.url).path


def share(desk: Page) -> str:
    """Freeze what the page shows; the address of the link."""
    desk.click("main a:has-text('Share')")
    desk.click("main button.primary")
    return desk.locator("#link").inner_text()


def reveal(reader: Page, link: str) -> None:
    """Open a link, and press its button."""
    reader.goto(link)
    reader.click("main button")


def _first(page: Page, path: str, prefix: str) -> str:
    """The first link on a page that leads to such a place."""
    page.goto(path)
    found = page.locator(f"main a[href^='{prefix}']").first.get_attribute("href")
    assert found is not None
    return found


def _walked(page: Page, *, run: str, refused_run: str, source: str) -> Filled:
    message = _first(page, f"/search/?q={ATTACKER}&status=delivered", "/messages/")
    return Filled(
        message=message,
        rejection=_first(page, "/search/?status=rejected", "/rejections/"),
        account="/accounts/carol@example.com/",
        address=_first(page, message, "/addresses/"),
        remote_host=_first(page, "/transports/remote_smtp/", "/remote-hosts/"),
        daily=_first(page, "/", "/daily/"),
        run=run,
        refused_run=refused_run,
        source=source,
        incident=_opened_incident(page),
        share=_first(page, "/relays/", "/share/"),
        shared=share(page),
        opened_share=_first(page, "/shares/", "/shares/"),
    )


def _opened_incident(page: Page) -> str:
    """An incident of the attack, with a note."""
    page.goto(f"/senders/{ATTACKER}/")
    page.get_by_role("link", name="Add to an incident").click()
    page.get_by_role("button", name="Open an incident with it").click()
    page.get_by_label("A note, in Markdown").fill("**Mended**\n\n- the condition\n- the password of `carol`")
    page.get_by_role("button", name="Write").click()
    return urlsplit(page.url).path


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def stranger(browser: Browser, complaints: Complaints) -> Iterator[Page]:
    """A browser of somebody who has no login."""
    yield from _opened(browser.new_context(), complaints)


@pytest.fixture
def desk(browser: Browser, served: Served, complaints: Complaints) -> Iterator[Page]:
    """A browser in which the administrator is signed in."""
    for page in _opened(browser.new_context(base_url=served.url), complaints):
        sign_in(page, served.username, served.password)
        yield page


def _opened(context: BrowserContext, complaints: Complaints) -> Iterator[Page]:
    context.set_default_timeout(30_000)
    page = context.new_page()
    complaints.watch(page)
    yield page
    context.close()
