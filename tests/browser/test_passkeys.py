"""A passkey in a real browser, with an authenticator that the browser plays itself."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Complaints, Served, manage, sign_in

_PASSWORD = "herons along the weir"
_SOMEBODY = (
    "from django.contrib.auth.models import User; from mailwatch.models import Access; "
    f"made = User.objects.create_user('pia', password='{_PASSWORD}'); "
    "Access.objects.create(user=made, role='reader', has_all_log_hosts=True)"
)


def _with_authenticator(page: Page) -> None:
    """One inside the device, whose owner has just shown a finger."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_added_and_signs_in_without_a_password(browser: Browser, served: Served) -> None:
    manage(served, "shell", "-v0", "-c", _SOMEBODY)
    # browsers know passkeys of names only
    context = browser.new_context(base_url=served.url.replace("127.0.0.1", "localhost"))
    context.set_default_timeout(30_000)
    page, complaints = context.new_page(), Complaints()
    complaints.watch(page)
    _with_authenticator(page)
    sign_in(page, "pia", _PASSWORD)

    page.goto("/security/")
    page.click("text=Add a passkey")
    page.fill("main input[name=password]", _PASSWORD)  # it asks once more who it is
    page.click("main button")
    page.fill("main input[name=name]", "My telephone")
    page.click("main button.primary")
    expect(page.locator("#recovery-codes")).to_be_visible()
    page.goto("/security/")
    row = page.locator("tr.row", has_text="My telephone")
    expect(row).to_contain_text("enough to sign in")

    page.click("summary:has-text('pia')")
    page.click("text=Sign out >> nth=0")
    page.wait_for_url("**/login/")
    page.click("text=Sign in with a passkey")
    page.wait_for_url(lambda url: "/login" not in url)
    expect(page.locator(".menu summary")).to_have_text("pia")

    # with the password alone nothing opens; the passkey is the second factor
    context.clear_cookies()
    page.goto("/login/")
    page.fill("main input[name=username]", "pia")
    page.fill("main input[name=password]", _PASSWORD)
    page.click("main form:first-of-type button")
    page.wait_for_url("**/login/code/")
    page.click("text=Use a passkey")
    page.wait_for_url(lambda url: "/login" not in url)
    expect(page.locator(".menu summary")).to_have_text("pia")
    assert complaints.texts == []
    context.close()
