"""The focus: seen wherever it is, in the order in which a page is read."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.addresses import addresses
from tests.browser.conftest import Filled, Served, sign_in
from tests.browser.test_every_page import THEMES


@pytest.fixture(scope="module")
def keyboard(browser: Browser, served: Served, filled: Filled) -> Iterator[Page]:
    """Somebody who has no pointer."""
    context = browser.new_context(base_url=served.url, reduced_motion="reduce")
    page = context.new_page()
    sign_in(page, served.username, served.password)
    yield page
    context.close()


# what holds the focus and shows it by less than two pixels of a colour of 3:1 against what is behind it
_UNSEEN = r"""() => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const rgba = colour => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const contrast = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + .05) / (y + .05);
  };
  const behind = (element, isInside) => {
    for (let box = isInside ? element : element.parentElement; box; box = box.parentElement) {
      const colour = rgba(getComputedStyle(box).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return rgba(getComputedStyle(document.documentElement).backgroundColor);
  };
  const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter(one => one.tabIndex >= 0 && !one.disabled && one.type !== "hidden")
    .filter(one => one.checkVisibility({ visibilityProperty: true }));
  return stops.flatMap(one => {
    one.focus({ preventScroll: true });
    if (document.activeElement !== one) return [];
    const style = getComputedStyle(one);
    const name = `${one.localName}.${one.className}#${one.id} ${one.textContent.trim().slice(0, 20)}`;
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) return [`${name}: no outline`];
    const found = contrast(rgba(style.outlineColor), behind(one, parseFloat(style.outlineOffset) < 0));
    return found < 3 ? [`${name}: ${found.toFixed(1)}:1`] : [];
  });
}"""

# boxes that stand above what comes before them
_OUT_OF_ORDER = r"""() => {
  const focusable = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const ahead = [...document.querySelectorAll("[tabindex]")].filter(one => one.tabIndex > 0);
  const out = ahead.map(one => `tabindex ${one.localName}`);
  const holdsFocus = one => one.checkVisibility() && (one.matches(focusable) || one.querySelector(focusable));
  for (const box of document.querySelectorAll("main, main *")) {
    if (!/grid|flex/.test(getComputedStyle(box).display)) continue;
    const parts = [...box.children].filter(holdsFocus);
    parts.forEach((part, at) => {
      const before = at && parts[at - 1].getBoundingClientRect(), here = part.getBoundingClientRect();
      if (at && here.height && here.bottom <= before.top + 1)
        out.push(`${box.localName}.${box.className} > ${part.localName}.${part.className}`);
    });
  }
  return out;
}"""


@pytest.mark.parametrize("theme", THEMES)
def test_the_focus_is_seen_on_everything_that_takes_it(keyboard: Page, filled: Filled, theme: str) -> None:
    keyboard.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    found = []
    for address in addresses(filled):
        if address.reader == "administrator":
            keyboard.goto(address.path)
            keyboard.keyboard.press("Tab")
            found += [f"{address.path} {line}" for line in keyboard.evaluate(_UNSEEN)]
    assert found == [], "\n".join(sorted(set(found)))


@pytest.mark.parametrize("width", [1280, 390])
def test_the_focus_goes_in_the_order_in_which_a_page_is_read(
    keyboard: Page, filled: Filled, width: int
) -> None:
    keyboard.set_viewport_size({"width": width, "height": 800})
    found = []
    for address in addresses(filled):
        if address.reader == "administrator":
            keyboard.goto(address.path)
            found += [f"{address.path} {line}" for line in keyboard.evaluate(_OUT_OF_ORDER)]
    assert found == [], "\n".join(sorted(set(found)))
