"""A row of the report opens and closes in its place, by mouse and by keyboard, and is read on a phone and on paper."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SAMPLES, Complaints, upload


@pytest.fixture
def report(desk: Page) -> Page:
    """The report on a log with an attack, every row closed."""
    upload(desk, SAMPLES, log_host="srv1")
    expect(desk.locator(".run-state").first).to_have_text("finished", timeout=120_000)
    desk.goto("/relays/?open=")
    expect(desk.locator("#open-1")).to_have_attribute("aria-expanded", "false")
    return desk


def test_a_row_opens_and_closes_by_keyboard(report: Page, complaints: Complaints) -> None:
    row = report.locator("#open-1")
    for key, is_open in (("Enter", "true"), ("Enter", "false"), ("Enter", "true")):
        row.press(key)
        expect(row).to_have_attribute("aria-expanded", is_open)
        expect(row).to_be_focused()
        # htmx takes up what it put in a moment later; until then the row is a plain link
        expect(report.locator(".htmx-added, .htmx-settling, .htmx-request")).to_have_count(0)
    expect(report.locator("#suspect-1")).to_contain_text("HELO names")
    assert "/relays/" in report.url
    assert complaints.texts == []


def test_an_opened_row_fits_a_phone(report: Page, complaints: Complaints) -> None:
    report.set_viewport_size({"width": 390, "height": 800})
    report.locator("#open-1").click()
    expect(report.locator("#suspect-1")).to_contain_text("HELO names")
    assert report.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints.texts == []


def test_paper_has_what_was_opened_and_no_controls(report: Page) -> None:
    report.locator("#open-1").click()
    expect(report.locator("#suspect-1")).to_contain_text("HELO names")
    report.emulate_media(media="print")
    expect(report.locator("#suspect-1 .lists")).to_be_visible()
    expect(report.get_by_role("button", name="Print")).to_be_hidden()
    expect(report.get_by_label("Which attacks")).to_be_hidden()
