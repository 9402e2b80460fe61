"""The keyboard: what it does on a list, and the list of keys itself."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import ATTACKER, Complaints, Filled


def test_the_list_of_keys_opens_at_a_key_and_gives_the_focus_back(
    desk: Page, filled: Filled, complaints: Complaints
) -> None:
    desk.goto(f"/search/?q={ATTACKER}")
    desk.keyboard.press("j")
    expect(desk.locator("tr.row .open").first).to_be_focused()
    desk.keyboard.press("?")
    expect(desk.get_by_role("dialog", name="Keys")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("dialog")).to_have_count(0)
    expect(desk.locator("tr.row .open").first).to_be_focused()
    desk.keyboard.press("/")
    expect(desk.locator("#find, main input[name=q]").first).to_be_focused()
    assert complaints.texts == []


def test_a_question_mark_that_is_typed_is_no_key(desk: Page) -> None:
    desk.goto("/")
    desk.keyboard.press("/")
    desk.keyboard.press("?")
    expect(desk.get_by_role("dialog")).to_have_count(0)


def test_j_and_k_and_enter_go_through_a_list_and_back_keeps_the_place(
    desk: Page, filled: Filled, complaints: Complaints
) -> None:
    desk.goto(f"/search/?q={ATTACKER}")
    for _ in range(12):
        desk.keyboard.press("j")
    desk.keyboard.press("k")
    expect(desk.locator("tr.row .open").nth(10)).to_be_focused()
    scrolled = desk.evaluate("scrollY")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/messages/**")
    desk.go_back()
    expect(desk.locator("tr.row .open").nth(10)).to_be_visible()
    desk.wait_for_function("at => Math.abs(scrollY - at) < 50", arg=scrolled)
    assert complaints.texts == []


def test_the_theme_is_the_systems_until_it_is_chosen(desk: Page) -> None:
    desk.emulate_media(color_scheme="dark")
    desk.goto("/glossary/")
    dark = desk.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    desk.locator("details.menu summary").last.click()
    desk.get_by_role("button", name="Light").click()
    expect(desk.locator("html")).to_have_attribute("data-theme", "light")
    assert desk.evaluate("getComputedStyle(document.documentElement).backgroundColor") != dark
