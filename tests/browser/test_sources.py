"""A source from its first save to its first lines: a real browser, a real worker, a real OpenSSH server."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from ingest.sources import sftp
from tests.browser.conftest import Complaints
from tests.ingest.conftest import SAMPLES
from tests.ingest.openssh import SSHD, Server, openssh

pytestmark = pytest.mark.skipif(SSHD is None, reason="sshd is not here")


@pytest.fixture
def server() -> Iterator[Server]:
    with openssh() as started:
        (started.folder / "mainlog").write_bytes((SAMPLES / "srv1" / "mainlog").read_bytes())
        yield started


def test_a_directory_on_another_machine_is_added_confirmed_and_read(
    desk: Page, server: Server, complaints: Complaints
) -> None:
    desk.goto("/")
    desk.get_by_role("link", name="Sources").click()
    desk.get_by_label("Address of the directory").fill(server.url)
    desk.get_by_label("Written by log host").fill("from-sftp")
    desk.get_by_label("Zone of the log").fill("Europe/Madrid")
    desk.get_by_label("Private key").fill(server.private_key)
    desk.get_by_role("button", name="Add").click()
    expect(desk.get_by_text(sftp.fingerprint(server.host_key))).to_be_visible()
    assert "Accepted" not in (server.place / "said").read_text()
    desk.get_by_role("button", name="It is the same: confirm").click()
    expect(desk.locator(".run-state").first).to_have_text("up to date", timeout=60_000)
    desk.reload()
    expect(desk.get_by_role("table")).to_contain_text("mainlog")
    assert "PRIVATE KEY" not in desk.content()

    with (server.folder / "mainlog").open("ab") as log:
        log.write(b"2026-03-17 10:00:00 Start queue run: pid=77\n")
    desk.wait_for_timeout(1_500)  # what was written in the last second is held back for the next pass
    desk.get_by_role("button", name="Sync now").click()
    expect(desk.get_by_text("2026-03-17 10:00:00").first).to_be_visible(timeout=60_000)
    desk.reload()
    desk.locator("tbody a").first.click()
    expect(desk.locator(".counts").first).to_contain_text("1lines read")
    assert complaints.texts == []
