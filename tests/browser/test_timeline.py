"""One message in a real browser: its lanes, its raw lines at a key, what the parts of a line mean, its text."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import axe
from tests.browser.conftest import Complaints, Served, sign_in, upload
from tests.browser.test_every_page import _WIDE

ID = "1vwz8C-00000000001-0001"
LONG = "x" * 60
LINES = (
    f"2026-03-02 09:00:00 {ID} <= alice@example.org H=(pc) [198.51.100.7]:4711 P=esmtpsa A=login:alice S=4512"
    " id=long@example.org",
    f"2026-03-02 09:00:01 {ID} => bob <bob@example.org> R=local_user T=maildir",
    f"2026-03-02 09:00:02 {ID} == carol@far.example R=dnslookup T=remote_smtp defer (-44) H=mx.far.example"
    " [203.0.113.7]: SMTP error from remote mail server after RCPT TO:<carol@far.example>: 451 4.7.1 greylisted",
    f"2026-03-02 09:00:03 {ID} ** {LONG}@far.example R=dnslookup T=remote_smtp H=mx.far.example"
    f" [203.0.113.7]: SMTP error from remote mail server after RCPT TO:<{LONG}@far.example>: 550 5.1.1 no such user",
    f"2026-03-02 09:30:02 {ID} => carol@far.example R=dnslookup T=remote_smtp H=mx.far.example [203.0.113.7]"
    f' C="250 2.0.0 Ok: queued as {LONG}"',
    f"2026-03-02 09:30:02 {ID} Completed",
)
PATH = f"/messages/lanes/{ID}/"


@pytest.fixture(scope="module")
def stored(browser: Browser, served: Served, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The message, on a log host of its own."""
    log: Path = tmp_path_factory.mktemp("lanes") / "mainlog"
    log.write_text("".join(f"{line}\n" for line in LINES))
    context = browser.new_context(base_url=served.url)
    page = context.new_page()
    sign_in(page, served.username, served.password)
    upload(page, [log], log_host="lanes", zone="UTC")
    expect(page.locator(".run-state").first).to_have_text("finished", timeout=120_000)
    context.close()


@pytest.fixture
def message(desk: Page, stored: None) -> Page:
    desk.goto(PATH)
    return desk


@pytest.fixture
def without_script(browser: Browser, served: Served, stored: None) -> Iterator[Page]:
    context = browser.new_context(base_url=served.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, served.username, served.password)
    page.goto(PATH)
    yield page
    context.close()


@pytest.fixture
def phone(browser: Browser, served: Served, stored: None) -> Iterator[Page]:
    context = browser.new_context(
        base_url=served.url, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 800}
    )
    page = context.new_page()
    sign_in(page, served.username, served.password)
    page.goto(PATH)
    yield page
    context.close()


def test_a_lane_says_what_became_of_its_recipient_and_leads_to_the_line(
    message: Page, complaints: Complaints
) -> None:
    lanes = message.locator("li.lane")
    expect(lanes).to_have_count(3)
    expect(lanes.nth(0)).to_contain_text("bounced")
    expect(lanes.nth(2)).to_contain_text("451 4.7.1 greylisted")
    expect(lanes.nth(2)).to_contain_text("It calls the message")
    lanes.nth(2).locator("a.at").first.click()
    expect(message.locator("#line-3")).to_be_in_viewport()
    lanes.nth(2).get_by_role("link", name="Only its lines: carol@far.example").click()
    expect(message.locator("#lines > li .raw")).to_have_count(4)
    expect(message.locator("li.lane")).to_have_count(1)
    message.get_by_role("link", name="All recipients").click()
    expect(message.locator("li.lane")).to_have_count(3)
    assert complaints.texts == []


def test_the_raw_lines_are_one_key_away_and_back(message: Page, complaints: Complaints) -> None:
    title = message.locator("#lines h3").first
    expect(title).to_be_visible()
    message.keyboard.press("r")
    expect(title).to_be_hidden()
    expect(message.locator("#lines .raw")).to_have_count(len(LINES))
    expect(message.get_by_role("button", name="Raw lines")).to_have_attribute("aria-pressed", "true")
    message.reload()
    expect(title).to_be_hidden()
    message.keyboard.press("r")
    expect(title).to_be_visible()
    assert "raw" not in message.url
    message.keyboard.press("?")
    expect(message.get_by_role("dialog", name="Keys")).to_contain_text("only the raw lines of a message")
    message.keyboard.press("r")
    message.keyboard.press("Escape")
    expect(title).to_be_visible()
    message.keyboard.press("/")
    message.keyboard.type("r")
    expect(title).to_be_visible()
    assert complaints.texts == []


def test_parts_of_a_line_are_explained_by_pointer_and_by_keyboard(message: Page) -> None:
    tokens = message.locator("#line-1 .token")
    tokens.nth(1).hover()
    expect(tokens.nth(1).locator(".meaning")).to_be_visible()
    message.keyboard.press("Escape")
    expect(tokens.nth(1).locator(".meaning")).to_be_hidden()
    message.mouse.move(0, 0)
    tokens.nth(0).focus()
    message.keyboard.press("ArrowRight")
    expect(tokens.nth(1)).to_be_focused()
    expect(tokens.nth(1).locator(".meaning")).to_be_visible()


def test_j_and_k_go_from_line_to_line(message: Page, complaints: Complaints) -> None:
    first = [message.locator(f"#line-{number} .token").first for number in (1, 2)]
    for key, focused in (("j", first[0]), ("j", first[1]), ("k", first[0]), ("k", first[0])):
        message.keyboard.press(key)
        expect(focused).to_be_focused()
    assert complaints.texts == []


def test_parts_of_a_line_are_explained_by_a_tap(phone: Page) -> None:
    tokens = phone.locator("#line-1 .token")
    tokens.nth(2).tap()
    expect(tokens.nth(2).locator(".meaning")).to_be_visible()
    tokens.nth(1).tap()
    expect(tokens.nth(1).locator(".meaning")).to_be_visible()
    expect(tokens.nth(2).locator(".meaning")).to_be_hidden()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_text_for_a_ticket_is_copied(message: Page) -> None:
    message.context.grant_permissions(["clipboard-read", "clipboard-write"])
    message.get_by_role("button", name="Copy as text for a ticket").click()
    expect(message.get_by_role("button", name="Copied")).to_be_visible()
    text = message.evaluate("navigator.clipboard.readText()")
    assert "- carol@far.example: delivered 2026-03-02T09:30:02+00:00" in text
    assert all(line in text for line in LINES)


def test_without_script_lines_words_and_text_are_there(without_script: Page) -> None:
    without_script.get_by_role("link", name="Raw lines").click()
    expect(without_script.locator("#lines h3").first).to_be_hidden()
    expect(without_script.locator("#lines .raw").first).to_be_visible()
    without_script.get_by_role("link", name="Lines with words").click()
    expect(without_script.locator("#lines h3").first).to_be_visible()
    without_script.locator("details.terms summary").click()
    expect(without_script.locator("details.terms dd").first).to_be_visible()
    without_script.get_by_text("As text for a ticket", exact=True).click()
    expect(without_script.locator("#ticket")).to_contain_text("- carol@far.example: delivered")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("view", ["", "?raw=1", "?recipient=carol", "?recipient=nobody"])
def test_axe_finds_nothing_with_everything_open(message: Page, theme: str, view: str) -> None:
    message.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    message.goto(f"{PATH}{view}")
    message.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
    assert axe.findings(message) == []
    for width in (390, 320):
        message.set_viewport_size({"width": width, "height": 800})
        assert message.evaluate(_WIDE) == ""


def test_paper_has_lanes_and_lines_and_no_controls(message: Page) -> None:
    message.emulate_media(media="print")
    expect(message.locator("li.lane").first).to_be_visible()
    expect(message.locator("#lines .raw").first).to_be_visible()
    expect(message.get_by_role("button", name="Raw lines")).to_be_hidden()
    expect(message.get_by_role("button", name="Copy id")).to_be_hidden()
