"""axe-core in the page that a browser shows: what it finds, as lines to read."""

import hashlib
import json
from pathlib import Path

from playwright.sync_api import Page

_VENDOR = Path(__file__).with_name("vendor")
# everything that axe knows of WCAG 2.2 up to AA, and its own good practice
_RUN = """() => axe.run(document, {resultTypes: ["violations"]}).then(result => result.violations.flatMap(
    violation => violation.nodes.map(node => `${violation.id}: ${node.target.join(" ")}: ${violation.help}`)))"""


def source() -> str:
    """The text of axe-core, if it is the one that is written down."""
    entry: dict[str, str] = json.loads((_VENDOR / "vendor.json").read_text())["files"][0]
    text = (_VENDOR / entry["file"]).read_bytes()
    assert hashlib.sha256(text).hexdigest() == entry["sha256"]
    return text.decode()


def findings(page: Page) -> list[str]:
    """A line for each element that breaks a rule: the rule, where, what is asked."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(source())
    found: list[str] = page.evaluate(_RUN)
    return found
