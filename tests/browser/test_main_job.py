"""The main job in a real browser: upload, watch, read the verdict, open a message, hand the report on."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from benchmarks.bulk import write_bulk
from tests.browser.conftest import ATTACKER, SAMPLES, Complaints, Served, reveal, share, upload


def test_from_the_upload_to_a_link_for_somebody_without_a_login(
    desk: Page, stranger: Page, served: Served, complaints: Complaints
) -> None:
    upload(desk, SAMPLES, log_host="srv1")
    expect(desk.locator(".run-state").first).to_have_text("finished", timeout=120_000)
    expect(desk.locator("article.run[hx-trigger]")).to_have_count(0)
    expect(desk.locator("article.run .counts")).to_contain_text("already known")

    desk.click("article.run a:has-text('Report')")
    expect(desk.locator("section.verdict h1")).to_contain_text("without a user name")

    desk.goto(f"/search/?q={ATTACKER}")
    desk.locator("tr.row .open").first.click()
    expect(desk.locator(".story")).to_contain_text("without a user name")
    expect(desk.locator(".alarm").first).to_contain_text("A01")
    token = desk.locator(".raw .token.marked").first
    token.hover()
    expect(token.locator(".meaning")).to_be_visible()

    desk.goto("/relays/")
    report_link = share(desk)
    reveal(stranger, report_link)
    expect(stranger.locator("main")).to_contain_text(ATTACKER)
    stranger.goto(f"{served.url}/relays/")
    expect(stranger).to_have_url(re.compile(r"/login/"))

    assert complaints.texts == []


def test_the_page_follows_a_run_to_its_end(desk: Page, tmp_path: Path, complaints: Complaints) -> None:
    log = tmp_path / "mainlog"
    write_bulk(log, lines=40_000, seed=1, days=2)  # some seconds of work
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.headers.get("hx-request", "")))
    upload(desk, [log], log_host="busy", zone="UTC")
    expect(desk.locator("article.run progress")).to_be_visible()
    expect(desk.locator(".run-state").first).to_have_text("finished", timeout=120_000)
    assert "true" in asked
    assert complaints.texts == []


def test_a_timeline_is_shared_with_its_mailboxes_masked(
    desk: Page, stranger: Page, complaints: Complaints
) -> None:
    upload(desk, SAMPLES, log_host="srv1")
    expect(desk.locator(".run-state").first).to_have_text("finished", timeout=120_000)
    desk.goto(f"/search/?q={ATTACKER}&status=delivered")
    sender = desk.locator("tr.row .c-from").first.inner_text()
    desk.locator("tr.row .open").first.click()
    reveal(stranger, share(desk))
    expect(stranger.locator("main")).to_contain_text(ATTACKER)
    assert sender.partition("@")[0] not in stranger.locator("main").inner_text()
    assert complaints.texts == []


def test_a_file_that_is_no_exim_log_is_refused_in_one_sentence(
    desk: Page, tmp_path: Path, complaints: Complaints
) -> None:
    other = tmp_path / "mail.log"
    other.write_text(
        "Mar  9 06:25:01 srv1 postfix/qmgr[1187]: 3A1F2C04: from=<root@example.com>, size=612\n" * 20
    )
    upload(desk, [other], log_host="other")
    expect(desk.locator(".run-state").first).to_have_text("refused", timeout=60_000)
    expect(desk.locator("main")).to_contain_text("Nothing of it was stored")
    assert complaints.texts == []


def test_a_bad_form_is_answered_without_leaving_the_page(desk: Page, tmp_path: Path) -> None:
    empty = tmp_path / "mainlog"
    empty.touch()
    desk.goto("/uploads/")
    desk.set_input_files("input[name=files]", [empty])
    desk.fill("input[name=log_host]", "srv1")
    desk.click("form.drop button.primary")
    expect(desk.locator("#upload-errors .alarm")).to_contain_text("mainlog is empty")
    expect(desk.locator("form.drop button.primary")).to_be_enabled()


def test_dropped_files_are_chosen(desk: Page) -> None:
    desk.goto("/uploads/")
    transfer = desk.evaluate_handle(
        "() => { const t = new DataTransfer(); t.items.add(new File(['x'], 'mainlog.1')); return t; }"
    )
    desk.dispatch_event("form.drop", "drop", {"dataTransfer": transfer})
    expect(desk.locator("#chosen")).to_contain_text("mainlog.1")
    assert desk.eval_on_selector("input[name=files]", "input => input.files.length") == 1
