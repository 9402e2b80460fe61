"""The longest and most hostile values that a log can hold: no page becomes wider than a phone."""

from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Filled, Served, share, sign_in, upload
from tests.browser.test_every_page import _WIDE

LOCAL = "l" * 64
DOMAIN = ".".join(["d" * 61, "e" * 61, "f" * 61, "example"])
SENDER = f"{LOCAL}@{DOMAIN}"  # 258 octets, as a client may well say
RECIPIENT = f"{'r' * 64}@{DOMAIN}"
HELO = "h" * 255
SUBJECT = "S" * 2000
ACCOUNT = "an account with spaces " + "a" * 180
ARABIC = "\u202e\u0645\u0631\u062d\u0628\u0627" * 40
TRANSPORT = "t" * 200
DAY = "2026-03-02"
IDS = ("1vx04G-00000000002-0001", "1vx04H-00000000003-0002")
CLIENT = f"H=({HELO}) [198.51.100.77]"
SERVER = f"H={HELO}.example [203.0.113.88]"
ANSWER = f"{SERVER}: SMTP error from remote mail server after RCPT TO:<{RECIPIENT}>"
# a message that is deferred, then bounced; two refusals, a failed login
LINES = (
    f"10:00:00 IDENT <= {SENDER} {CLIENT} P=esmtpsa A=plain:{ACCOUNT} S=4000 id={'i' * 400}@x"
    f' T="{SUBJECT}" from <{SENDER}> for {RECIPIENT}',
    f"10:00:01 IDENT == {RECIPIENT} R=dnslookup T={TRANSPORT} defer (-44) {ANSWER}: 451 4.7.1 {'w' * 900}",
    f"10:10:01 IDENT ** {RECIPIENT} F=<{SENDER}> R=dnslookup T={TRANSPORT} {ANSWER}: 550 5.1.1 {'v' * 900}",
    "10:10:02 IDENT Completed",
    f"10:20:00 {CLIENT} F=<{SENDER}> A=plain:{ACCOUNT} rejected RCPT <{RECIPIENT}>: {'n' * 800}",
    f"10:21:00 {CLIENT} F=<{SENDER}> rejected RCPT <{RECIPIENT}>: relay not permitted {ARABIC}",
    f"10:22:00 plain authenticator failed for {CLIENT}: 535 Incorrect authentication data (set_id={ACCOUNT})",
)


def _log() -> str:
    first = [line.replace("IDENT", IDS[0]) for line in LINES]
    second = [line.replace("IDENT", IDS[1]).replace(SUBJECT, ARABIC) for line in LINES if "IDENT" in line]
    return "".join(f"{DAY} {line}\n" for line in (*first, *second))


@pytest.fixture(scope="module")
def phone(
    browser: Browser, served: Served, filled: Filled, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    log = tmp_path_factory.mktemp("wide") / "mainlog"
    log.write_text(_log(), encoding="utf-8")
    context = browser.new_context(base_url=served.url, reduced_motion="reduce")
    page = context.new_page()
    sign_in(page, served.username, served.password)
    upload(page, [log], log_host="wide", zone="UTC")
    expect(page.locator(".run-state").first).to_have_text("finished", timeout=120_000)
    page.set_viewport_size({"width": 390, "height": 800})
    yield page
    context.close()


def _named(kind: str, name: str, more: str = "") -> str:
    return f"/{kind}/{quote(name, safe='@.')}/{more}"


PAGES = (
    "/?log_host=wide",
    "/search/?log_host=wide",
    f"/search/?log_host=wide&q={quote(SENDER)}",
    f"/search/?log_host=wide&account={quote(ACCOUNT)}&transport={TRANSPORT}",
    "/search/?log_host=wide&q=relay+not+permitted&kind=text",
    "/relays/?log_host=wide",
    f"/daily/wide/{DAY}/",
    "/log-hosts/wide/",
    "/zones/wide/",
    "/runs/",
    f"/messages/wide/{IDS[0]}/",
    f"/messages/wide/{IDS[1]}/",
    "/senders/198.51.100.77/",
    "/networks/198.51.100.0/24/?log_host=wide",
    "/remote-hosts/203.0.113.88/",
    _named("accounts", ACCOUNT),
    _named("addresses", SENDER, "?side=sender"),
    _named("addresses", RECIPIENT, "?side=recipient"),
    _named("domains", DOMAIN, "?side=sender"),
    _named("domains", DOMAIN, "?side=recipient"),
    _named("transports", TRANSPORT),
)


@pytest.mark.parametrize("path", PAGES, ids=[f"{at} {path[:30]}" for at, path in enumerate(PAGES)])
def test_nothing_is_wider_than_the_screen(phone: Page, path: str) -> None:
    answer = phone.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    phone.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
    assert phone.evaluate(_WIDE) == ""


def test_a_refusal_is_no_wider_either(phone: Page) -> None:
    phone.goto("/search/?log_host=wide&status=rejected")
    paths = phone.eval_on_selector_all("main a[href^='/rejections/']", "all => all.map(one => one.href)")
    assert len(set(paths)) == 3
    for path in set(paths):
        phone.goto(urlsplit(path).path)
        assert phone.evaluate(_WIDE) == ""


def test_what_was_typed_by_the_sender_turns_nothing_around(phone: Page) -> None:
    """A mark of direction in the log is shown as what it is."""
    phone.goto(f"/messages/wide/{IDS[1]}/")
    assert "\u202e" not in phone.content()


def test_a_link_to_it_is_no_wider(phone: Page) -> None:
    phone.goto(f"/messages/wide/{IDS[0]}/")
    link = share(phone)
    assert phone.evaluate(_WIDE) == ""
    phone.goto(link)
    phone.click("main button")
    assert phone.evaluate(_WIDE) == ""
