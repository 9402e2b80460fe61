"""A case from its beginning to its end: opened from the report, closed, told, frozen, and read by a stranger."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import ATTACKER, Complaints, Filled, reveal


def test_a_case_is_opened_closed_and_handed_on(
    desk: Page, stranger: Page, filled: Filled, complaints: Complaints
) -> None:
    desk.goto("/relays/?log_host=srv1")
    desk.get_by_role("link", name="Add to an incident").first.click()
    desk.get_by_label("Title").fill("Spam of March")
    desk.get_by_role("button", name="Open an incident with it").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Spam of March")

    desk.goto(filled.message)
    desk.get_by_role("link", name="Add to an incident").click()
    desk.get_by_role("button", name="Add to it").click()  # the one that something was added to last is chosen
    expect(desk.get_by_role("heading", level=1)).to_have_text("Spam of March")
    message_id = filled.message.rstrip("/").rpartition("/")[2]
    expect(desk.get_by_role("link", name=message_id)).to_be_visible()
    case = desk.url.partition("#")[0]

    desk.get_by_label("A note, in Markdown").fill("The **condition** of `plain` is mended.")
    desk.get_by_role("button", name="Write").click()
    expect(desk.locator(".note strong")).to_have_text("condition")
    desk.get_by_label("Status").select_option("closed")
    desk.get_by_role("button", name="Change", exact=True).click()
    expect(desk.get_by_text("Status changed from open to closed")).to_be_visible()

    desk.get_by_role("link", name="Report", exact=True).click()
    desk.get_by_role("textbox", name="Is it over").fill("It **is over**: nobody got in since.")
    desk.get_by_role("button", name="Keep").click()
    expect(desk.locator("strong", has_text="is over")).to_be_visible()
    desk.goto(f"{case}report/")
    desk.get_by_role("link", name="Freeze and share").click()
    desk.click("main button.primary")
    link = desk.locator("#link").inner_text()

    reveal(stranger, link)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Spam of March")
    expect(stranger.locator("strong", has_text="is over")).to_be_visible()
    expect(stranger.get_by_text(ATTACKER).first).to_be_visible()
    desk.goto(case)
    expect(desk.get_by_text("opened 1 time")).to_be_visible()
    assert complaints.texts == []
