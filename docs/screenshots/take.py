"""Take the README's screenshots, light and dark, from a running `make demo`: make screenshots

Home: MAILWATCH_HOME, or var/ in the checkout; its files tell the address and the administrator's sign-in.
"""

import json
import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("MAILWATCH_HOME") or HERE.parents[1] / "var")
SIZE = {"width": 1280, "height": 800}


def main() -> None:
    url = json.loads((HOME / "supervisor.json").read_text())["url"]
    username, password = (HOME / "administrator").read_text().split()
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = _context(browser).new_page()
        _sign_in(page, url, username, password)
        _take(page, f"{url}/relays/?log_host=srv1", "relays")
        _take(page, f"{url}/?log_host=srv1", "overview")
        page.goto(f"{url}/relays/?log_host=srv1")
        link = _share(page)
        page.goto(f"{url}/relays/?log_host=srv1")
        page.locator("a[href^='/messages/']").first.click()
        _take(page, page.url, "timeline")
        _take(_context(browser).new_page(), link, "shared", press="main button")
        browser.close()


def _context(browser: Browser) -> BrowserContext:
    return browser.new_context(viewport=SIZE, device_scale_factor=1.5, color_scheme="light")


def _sign_in(page: Page, url: str, username: str, password: str) -> None:
    page.goto(f"{url}/login/")
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", password)
    page.click("main button")
    page.wait_for_url(f"{url}/")


def _share(page: Page) -> str:
    """Share the report that is shown; the link."""
    page.click("a[href^='/share/']")
    page.click("main button.primary")
    return page.locator("#link").inner_text()


def _take(page: Page, url: str, name: str, *, press: str = "") -> None:
    """In both themes. ``press``: the button that shows it."""
    for theme, end in (("light", ""), ("dark", "-dark")):
        page.emulate_media(color_scheme=theme)
        page.goto(url)
        if press:
            page.click(press)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=HERE / f"{name}{end}.png")
    page.emulate_media(color_scheme="light")


if __name__ == "__main__":
    main()
