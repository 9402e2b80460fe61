"""What holds for every page: axe finds nothing in either theme, and nothing is wider than a phone."""

from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from mailwatch.urls import urlpatterns
from tests.browser import axe
from tests.browser.addresses import NO_PAGE, Address, addresses
from tests.browser.conftest import Complaints, Filled, Served, manage, sign_in

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (390, 320)
# the browser repeats a status, and a time that was asked for and is none
_EXPECTED = ("responded with a status of 4", "does not conform to the required format")


_RUN = """
from ingest.models import IngestRun, LogHost
address = "sftp://nobody@mail-gateway.example.org:2222/var/log/of/a/path/without/any/space/in/it/exim4"
IngestRun.objects.create(log_host=LogHost.objects.get(name="srv1"), state="finished", started_by=f"source {address}")
"""


@pytest.fixture(scope="module")
def readers(browser: Browser, served: Served, filled: Filled) -> Iterator[dict[str, Page]]:
    """A page for each kind of reader. The newest run is that of a source with a long address."""
    manage(served, "shell", "-v0", "-c", _RUN)
    contexts: dict[str, BrowserContext] = {
        reader: browser.new_context(base_url=served.url, reduced_motion="reduce")
        for reader in ("administrator", "helpdesk", "stranger")
    }
    pages = {reader: context.new_page() for reader, context in contexts.items()}
    sign_in(pages["administrator"], served.username, served.password)
    sign_in(pages["helpdesk"], "helpdesk", "at the desk")
    yield pages
    for context in contexts.values():
        context.close()


# charts follow the width a frame later
_WIDE = """async () => {
  await new Promise(done => requestAnimationFrame(() => setTimeout(done, 60)));
  const screen = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= screen) return "";
  const clipped = element => {
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement)
      if (getComputedStyle(box).overflowX !== "visible" && box.getBoundingClientRect().right <= screen) return true;
    return false;
  };
  const wide = [...document.body.querySelectorAll("*")].filter(element =>
    element.getBoundingClientRect().right > screen + 0.5 && !clipped(element));
  const names = wide.map(element => `${element.localName}.${element.className}`).slice(-4);
  return `${document.documentElement.scrollWidth} px on a screen of ${screen}: ${names.join(", ")}`;
}"""


def test_every_name_of_a_page_is_tried(filled: Filled) -> None:
    named = {name for pattern in urlpatterns if (name := getattr(pattern, "name", None))}
    assert {address.name for address in addresses(filled)} - {""} == named - NO_PAGE


def _wrong(page: Page, address: Address) -> list[str]:
    page.set_viewport_size({"width": 1280, "height": 800})
    complaints = Complaints()
    complaints.watch(page)
    page.goto(address.path)
    if address.press:
        page.click(address.press)
    found = [text for text in complaints.texts if not any(part in text for part in _EXPECTED)]
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        found += [f"{theme}: {line}" for line in axe.findings(page)]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate(_WIDE)
            found += [f"{theme}: {wide}"] if wide else []
        page.set_viewport_size({"width": 1280, "height": 800})
    return [f"{address.reader} {urlsplit(address.path).geturl()} {line}" for line in found]


def test_axe_finds_nothing_and_every_page_fits_a_phone(readers: dict[str, Page], filled: Filled) -> None:
    wrong = [line for address in addresses(filled) for line in _wrong(readers[address.reader], address)]
    assert wrong == [], "\n".join(wrong)
