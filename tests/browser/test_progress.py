"""Pages while something is still on its way: clean, and said aloud when it comes."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from benchmarks.bulk import write_bulk
from tests.browser.conftest import Complaints, Filled
from tests.browser.test_states import wrong

# all that the place for a screen reader has said, in a list that the page keeps
_LISTEN = """() => { window.heard = []; const said = document.getElementById("said");
  new MutationObserver(() => window.heard.push(said.textContent)).observe(said, { childList: true }); }"""


def listen(page: Page) -> None:
    expect(page.locator("#said")).to_have_attribute("role", "status")
    page.evaluate(_LISTEN)


def heard(page: Page, words: str, *, timeout: int = 30_000) -> None:
    page.wait_for_function(
        "words => window.heard.some(one => new RegExp(words).test(one))", arg=words, timeout=timeout
    )


class Waiting:
    """Requests of htmx, which wait until a test lets them go on."""

    def __init__(self) -> None:
        self._kept: list[Route] = []
        self._is_open = False

    def hold(self, route: Route) -> None:
        if route.request.headers.get("hx-request") and not self._is_open:
            self._kept.append(route)
        else:
            route.continue_()

    def let_go(self) -> None:
        self._is_open = True
        for route in self._kept:
            route.continue_()
        self._kept.clear()


@pytest.fixture
def waiting(desk: Page) -> Iterator[Waiting]:
    found = Waiting()
    desk.emulate_media(reduced_motion="reduce")
    desk.route(re.compile(r"."), found.hold)
    yield found
    found.let_go()
    desk.unroute_all(behavior="wait")


@pytest.mark.parametrize(
    "path", ["/", "/search/?status=delivered", "/search/?q=rejected+RCPT&kind=text", "/relays/"]
)
def test_axe_finds_nothing_while_a_page_waits(
    desk: Page, filled: Filled, waiting: Waiting, path: str
) -> None:
    desk.goto(path)
    assert wrong(desk) == []


def test_what_is_counted_later_is_said_when_it_is_there(
    desk: Page, filled: Filled, complaints: Complaints
) -> None:
    """As a page of a long log asks for it."""
    desk.goto("/?log_host=srv1&range=day")
    listen(desk)
    desk.evaluate(
        "htmx.ajax('GET', '/movers/?log_host=srv1&range=day',"
        " {target: 'section[aria-labelledby=movers]', swap: 'outerHTML'})"
    )
    heard(desk, "Who sent more or less")
    assert complaints.texts == []


def test_the_count_of_a_search_is_in_a_live_region(desk: Page, filled: Filled) -> None:
    desk.goto("/search/?status=delivered")
    expect(desk.locator(".page-head [aria-live=polite]")).to_contain_text(re.compile(r"\d"))


def test_lines_that_were_read_are_said(desk: Page, filled: Filled, waiting: Waiting) -> None:
    desk.goto("/search/?q=authenticator+failed&kind=text&log_host=srv1")
    expect(desk.locator("#reading")).to_be_visible()
    listen(desk)
    waiting.let_go()
    heard(desk, "lines of the range are read")


def test_the_progress_of_a_run_is_said_and_that_it_is_over(
    desk: Page, filled: Filled, tmp_path: Path, complaints: Complaints, waiting: Waiting
) -> None:
    """The page looks again only once somebody listens, however fast the run is."""
    log = tmp_path / "mainlog"
    write_bulk(log, lines=60_000, seed=11, days=1)
    desk.goto("/uploads/")
    desk.set_input_files("input[name=files]", [log])
    desk.fill("input[name=log_host]", "said")
    desk.fill("input[name=timezone]", "UTC")
    desk.click("form.drop button.primary")
    desk.wait_for_url(re.compile(r"/runs/\d+/$"))
    listen(desk)
    waiting.let_go()
    expect(desk.locator(".run-state").first).to_have_text("finished", timeout=120_000)
    heard(desk, "finished")
    assert complaints.texts == []
