"""What is swapped in keeps the focus, the place and the way back."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints, Filled


def test_an_attack_opens_in_place_and_keeps_focus_and_place(
    desk: Page, filled: Filled, complaints: Complaints
) -> None:
    desk.goto("/relays/")
    button = desk.locator("#open-2")
    button.focus()
    before = button.bounding_box()
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(button).to_be_focused()
    after = button.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 2
    button.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(button).to_be_focused()
    assert complaints.texts == []


def test_back_and_forward_lead_through_the_pages_of_a_list(
    desk: Page, filled: Filled, complaints: Complaints
) -> None:
    desk.goto("/search/")
    rows = desk.locator("tr.row .open")
    newest = rows.first.get_attribute("href")
    desk.locator("#older").press("Enter")
    expect(rows.first).not_to_have_attribute("href", newest or "")
    second, older = rows.first.get_attribute("href"), desk.url
    assert "after=" in older
    expect(desk.locator("#older")).to_be_focused()
    desk.go_back()
    expect(rows.first).to_have_attribute("href", newest or "")
    desk.go_forward()
    expect(rows.first).to_have_attribute("href", second or "")
    assert desk.url == older
    assert complaints.texts == []
