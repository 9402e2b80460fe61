"""Pages in the states that a click or a mistake brings them into: opened, refused, asked for the keys."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import axe
from tests.browser.addresses import addresses
from tests.browser.conftest import Filled, Served, sign_in
from tests.browser.test_every_page import _WIDE, THEMES

# a path, and what is typed there that cannot be taken
REFUSED: tuple[tuple[str, dict[str, str]], ...] = (
    ("/uploads/", {"log_host": "../x", "timezone": "Mars/Base"}),
    ("/sources/", {"url": "ftp://nowhere", "log_host": "../x", "every_minutes": "0"}),
    ("/preferences/", {"timezone": "Mars/Base"}),
    ("/log-hosts/srv1/", {"retention_days": "-1"}),
    ("/log-hosts/srv1/", {"value": "no address at all"}),
    ("/users/", {"username": "", "email": "nobody"}),
    ("/explain/", {"lines": ""}),
    ("/configuration/", {"text": ""}),
    ("/zones/srv1/", {"timezone": "Mars/Base"}),
    ("/relays/share/", {"days": "9000"}),
)
_SUBMIT = """field => { field.form.noValidate = true; const button = document.createElement("button");
  field.form.append(button); button.click(); }"""
_OPEN_ALL = "document.querySelectorAll('main details').forEach(one => { one.open = true; })"


@pytest.fixture(scope="module")
def administrator(browser: Browser, served: Served, filled: Filled) -> Iterator[Page]:
    context = browser.new_context(base_url=served.url, reduced_motion="reduce")
    page = context.new_page()
    sign_in(page, served.username, served.password)
    yield page
    context.close()


def wrong(page: Page) -> list[str]:
    """What axe finds in either theme, and what is wider than a phone."""
    found = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            found += [f"{theme} {width}: {line}" for line in axe.findings(page)]
            wide = page.evaluate(_WIDE)
            found += [f"{theme}: {wide}"] if wide else []
    page.set_viewport_size({"width": 1280, "height": 800})
    return found


@pytest.mark.parametrize(
    ("path", "typed"), REFUSED, ids=[f"{path}{'+'.join(typed)}" for path, typed in REFUSED]
)
def test_a_form_that_was_refused_says_why_beside_what_was_typed(
    administrator: Page, filled: Filled, path: str, typed: dict[str, str]
) -> None:
    page = administrator
    page.goto(filled.share if path == "/relays/share/" else path)
    page.evaluate(_OPEN_ALL)
    for name, text in typed.items():
        page.locator(f"main form[method=post] [name={name}]").first.fill(text)
    page.locator(f"main form[method=post] [name={next(iter(typed))}]").first.evaluate(_SUBMIT)
    expect(page.locator("main [role=alert]").first).to_be_visible()
    assert wrong(page) == []


def test_axe_finds_nothing_where_everything_is_opened(administrator: Page, filled: Filled) -> None:
    found = []
    for address in addresses(filled):
        if address.reader == "administrator":
            administrator.goto(address.path)
            administrator.evaluate(_OPEN_ALL)
            found += [f"{address.path} {line}" for line in wrong(administrator)]
    assert found == [], "\n".join(found)


def test_axe_finds_nothing_in_menus_and_in_the_list_of_keys(administrator: Page) -> None:
    administrator.goto("/search/")
    menus = administrator.locator("details.menu > summary")
    found = []
    for at in range(menus.count()):
        menus.nth(at).click()
        expect(administrator.locator("details.menu[open] .sheet")).to_have_count(1)
        found += wrong(administrator)
        administrator.keyboard.press("Escape")
        expect(menus.nth(at)).to_be_focused()
    administrator.keyboard.press("?")
    expect(administrator.get_by_role("dialog", name="Keys")).to_be_visible()
    found += wrong(administrator)
    assert found == [], "\n".join(found)


def test_suggestions_are_announced_and_clean(administrator: Page) -> None:
    administrator.goto("/")
    administrator.locator("#find").press_sequentially("exam")
    expect(administrator.get_by_role("listbox")).to_be_visible()
    expect(administrator.locator(".find [role=status]")).to_contain_text("suggestion")
    administrator.keyboard.press("ArrowDown")
    assert wrong(administrator) == []
