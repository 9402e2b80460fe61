"""The three visits of docs/visits.md, step by step; in both languages, with script and without."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from ingest.languages import LANGUAGES, language, reading, say
from tests.browser.conftest import Complaints, Filled, Served, reveal, sign_in

CUSTOMER = "carol@example.com"
WITHOUT_A_NAME = {"en": "without a user name", "ja": "ユーザー名なし"}


@pytest.fixture(params=LANGUAGES)
def _reads(request: pytest.FixtureRequest) -> Iterator[None]:
    """What ``say`` says here is what stands on the page."""
    with reading(request.param):
        yield


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def visitor(
    request: pytest.FixtureRequest,
    browser: Browser,
    served: Served,
    filled: Filled,
    complaints: Complaints,
    _reads: None,
) -> Iterator[Page]:
    """Nobody yet: who visits signs in, or has a link. The browser asks for the language."""
    context = browser.new_context(base_url=served.url, java_script_enabled=request.param, locale=language())
    context.set_default_timeout(30_000)
    page = context.new_page()
    complaints.watch(page)
    yield page
    context.close()
    assert complaints.texts == []


def test_did_my_mail_arrive(visitor: Page) -> None:
    visitor.set_viewport_size({"width": 390, "height": 800})
    sign_in(visitor, "helpdesk", "at the desk")
    visitor.locator("#find").fill(CUSTOMER)
    visitor.locator("#find").press("Enter")
    rows = visitor.locator("tr.row")
    expect(rows.first).to_contain_text(CUSTOMER)
    rows.locator(".open").first.click()
    expect(visitor.locator(".story")).not_to_be_empty()
    expect(visitor.get_by_role("button", name=say("Copy as text for a ticket"))).to_be_visible()


def test_are_we_sending_spam(visitor: Page, served: Served) -> None:
    sign_in(visitor, served.username, served.password)
    expect(visitor.locator("html")).to_have_attribute("lang", language())
    expect(visitor.locator("section.verdict h1")).to_contain_text(WITHOUT_A_NAME[language()])
    visitor.get_by_role("link", name=say("Why, and what was counted")).click()
    expect(visitor.locator("#open-1")).to_have_attribute("aria-expanded", "true")
    report = visitor.url
    visitor.locator("main a[href^='/messages/']").first.click()
    expect(visitor.locator(".alarm").first).to_contain_text("A01")
    visitor.go_back()
    expect(visitor).to_have_url(report)
    visitor.get_by_role("link", name=say("Share report")).click()
    expect(visitor.locator("main button.primary")).to_be_visible()


def test_one_picture_please(visitor: Page, filled: Filled) -> None:
    """The report stays in the language in which the desk shared it."""
    reveal(visitor, filled.shared)
    expect(visitor.locator("section.verdict h1")).to_contain_text("without a user name")
    visitor.emulate_media(media="print")
    expect(visitor.locator("section.verdict h1")).to_be_visible()
    expect(visitor.locator("main button:visible, main a.button:visible")).to_have_count(0)
