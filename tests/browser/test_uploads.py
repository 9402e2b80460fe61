"""Files sent in pieces by a real browser, over a connection that is lost, and after a page that is loaded again."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from benchmarks.bulk import write_bulk
from tests.browser.conftest import Complaints, Served, manage

RUN = re.compile(r"/runs/\d+/$")
PIECES = re.compile(r"/uploads/[0-9a-f-]{36}/\?offset=")
MEGABYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def _nothing_waits(served: Served) -> Iterator[None]:
    """What one test leaves half sent is not gone on with, or listed, in the next: they send the same file."""
    yield
    manage(served, "shell", "-v0", "-c", _FORGET)


_FORGET = "from mailwatch.models import Upload; Upload.objects.filter(run=None).delete()"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of three pieces."""
    path = tmp_path_factory.mktemp("large") / "mainlog"
    write_bulk(path, lines=100_000, seed=7, days=2)
    assert 16 * MEGABYTE < path.stat().st_size < 24 * MEGABYTE
    return path


def choose(desk: Page, *files: Path, log_host: str) -> None:
    desk.goto("/uploads/")
    desk.set_input_files("input[name=files]", files)
    desk.fill("input[name=log_host]", log_host)
    desk.fill("input[name=timezone]", "UTC")


def go(desk: Page) -> None:
    desk.click("form.drop button.primary")


def result(desk: Page) -> dict[str, Any]:
    """What the run that the page shows made of its file, once it is finished."""
    desk.wait_for_url(RUN, timeout=120_000)
    expect(desk.locator(".run-state").first).to_have_text("finished", timeout=180_000)
    file: dict[str, Any] = desk.request.get(f"{desk.url}?format=json").json()["files"][0]
    return file


def after(pieces: int, then: Callable[[Route], None]) -> Callable[[Route], None]:
    """Let some pieces through."""
    seen = 0

    def handle(route: Route) -> None:
        nonlocal seen
        seen += 1
        if seen > pieces:
            then(route)
        else:
            route.continue_()

    return handle


def cut(desk: Page, route: Route) -> None:
    """The connection is lost at this piece, and stays so."""
    desk.context.set_offline(True)
    route.abort("internetdisconnected")


def without_script(browser: Browser, served: Served, file: Path) -> dict[str, Any]:
    """The same file by the plain form."""
    context = browser.new_context(base_url=served.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/login/")
    page.fill("main input[name=username]", served.username)
    page.fill("main input[name=password]", served.password)
    page.click("main button")
    choose(page, file, log_host="plain")
    go(page)
    page.wait_for_url(RUN)
    found: dict[str, Any] = {"state": ""}
    while found["state"] not in ("finished", "failed", "refused"):
        page.wait_for_timeout(500)
        found = page.request.get(f"{page.url}?format=json").json()["files"][0]
    context.close()
    return found


def test_a_page_that_is_loaded_again_goes_on_with_the_file(
    desk: Page, browser: Browser, served: Served, large: Path
) -> None:
    context = desk.context
    choose(desk, large, log_host="resumed")
    desk.route(PIECES, after(1, lambda route: cut(desk, route)))
    go(desk)
    expect(desk.locator("#sending")).to_contain_text("The connection was lost.")

    desk.close()  # offline, so that nothing more of it goes out
    context.set_offline(False)
    desk = context.new_page()
    desk.goto("/uploads/")  # the browser has forgotten the file
    expect(desk.locator(".waiting")).to_contain_text("choose the file again to go on")
    expect(desk.locator("input[name=log_host]")).to_have_value("resumed")
    sent: list[str] = []
    desk.on("request", lambda request: sent.append(request.url) if PIECES.search(request.url) else None)
    desk.set_input_files("input[name=files]", [large])
    go(desk)
    resumed = result(desk)
    assert [url.partition("offset=")[2] for url in sent] == [str(8 * MEGABYTE), str(16 * MEGABYTE)]
    desk.goto("/uploads/")
    expect(desk.locator(".waiting")).to_have_count(0)
    assert desk.evaluate("localStorage.length") == 0

    assert resumed == without_script(browser, served, large)


def test_a_connection_that_comes_back_needs_nobody(desk: Page, large: Path) -> None:
    choose(desk, large, log_host="offline")

    desk.route(PIECES, after(1, lambda route: cut(desk, route)))
    go(desk)
    expect(desk.locator("#sending")).to_contain_text("what was sent is kept")
    desk.unroute(PIECES)
    desk.context.set_offline(False)
    assert result(desk)["lines"] == 100_000


def test_several_files_go_up_at_once_and_one_can_be_cancelled(
    desk: Page, large: Path, tmp_path: Path, complaints: Complaints
) -> None:
    small = tmp_path / "mainlog.1"
    write_bulk(small, lines=2000, seed=8, days=1)
    choose(desk, large, small, log_host="several")
    held: list[Route] = []
    desk.route(PIECES, after(2, held.append))
    go(desk)
    expect(desk.locator("#sending progress")).to_have_count(2)
    expect(desk.locator("#sending li").nth(1)).to_contain_text("All")
    desk.locator("#sending li").nth(0).get_by_role("button").click()
    desk.wait_for_url(RUN)
    desk.goto("/uploads/")
    expect(desk.locator("article.run h2").first).to_have_text("mainlog.1")
    expect(desk.locator(".waiting")).to_have_count(0)
    assert complaints.texts == []


def test_what_is_discarded_is_not_listed_any_more(desk: Page, large: Path) -> None:
    choose(desk, large, log_host="dropped")
    desk.route(PIECES, after(1, lambda route: route.abort("connectionreset")))
    go(desk)
    expect(desk.locator("#sending")).to_contain_text("The connection was lost.")
    desk.goto("/uploads/")
    desk.click("text=Discard")
    expect(desk.locator("h1")).to_have_text("Uploads")
    expect(desk.locator(".waiting")).to_have_count(0)


def test_a_session_that_ended_is_said_and_what_was_sent_is_kept(desk: Page, large: Path) -> None:
    choose(desk, large, log_host="signed-out")

    def sign_out(route: Route) -> None:
        desk.context.clear_cookies()
        route.continue_(
            headers={name: text for name, text in route.request.headers.items() if name != "cookie"}
        )

    desk.route(PIECES, after(1, sign_out))
    go(desk)
    expect(desk.locator("#upload-errors")).to_contain_text(
        "Sign in again and choose the files again", timeout=30_000
    )
