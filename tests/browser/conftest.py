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

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from mailwatch.standalone import administrator, places, postgres, processes

CHECKOUT = Path(__file__).resolve().parents[2]
# the same places, in the same order, as .ci/get-chromium; none: Playwright's own
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Served:
    url: str
    username: str
    password: str


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


def _run(home: Path) -> subprocess.Popen[str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MAILWATCH_")}
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        ours.pop(name, None)
    return subprocess.Popen(
        [sys.executable, "-u", str(CHECKOUT / "manage.py"), "run"],
        env={**ours, "MAILWATCH_HOME": str(home), "MAILWATCH_PORT": str(_free_port())},
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
    return Served(found[1], sign_in.username, sign_in.password)


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
        page.goto("/login/")
        page.fill("main input[name=username]", served.username)
        page.fill("main input[name=password]", served.password)
        page.click("main button")
        page.wait_for_url(f"{served.url}/")
        yield page


def _opened(context: BrowserContext, complaints: Complaints) -> Iterator[Page]:
    context.set_default_timeout(30_000)
    page = context.new_page()
    complaints.watch(page)
    yield page
    context.close()
