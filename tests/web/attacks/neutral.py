"""Whether what left Mailwatch does anything that Mailwatch does not mean: pages, tables, mails."""

import csv
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

from tests.web.attacks.payloads import MARK

CHECKOUT = Path(__file__).resolve().parents[3]
_URLS = frozenset(
    ["href", "src", "action", "formaction", "poster", "data", "xlink:href", "srcset", "ping", "background",
     "hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete", "hx-push-url", "hx-replace-url", "data-suggest"]
)  # fmt: skip
_NAMES = frozenset(["id", "class", "for", "type", "role", "method", "target", "rel", "http-equiv", "enctype"])
_NEVER = frozenset(["iframe", "object", "embed", "base", "applet", "frame", "frameset", "template"])
# of HTML and SVG as the widgets of forms and the drawings have them; none of them runs or fetches anything
_PLAIN = frozenset(
    ["defer", "hidden", "open", "checked", "selected", "disabled", "required", "multiple", "autofocus", "readonly",
     "novalidate", "step", "cols", "rows", "list", "min", "max", "download", "x1", "x2", "y1", "y2", "viewbox",
     "preserveaspectratio", "d", "size", "maxlength", "minlength", "autocapitalize"]
)  # fmt: skip
_OURS = re.compile(r"(data|aria)(-[a-z]+)+")
_VOID = frozenset(
    ["area", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "use", "rect",
    "path", "line", "option", "li", "p"]
)  # fmt: skip
_HIDDEN = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])
_MAY = frozenset("\n\r\t\xad")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_TAG = re.compile(r"<([a-z][a-z0-9]*)|\b([a-z][a-z-]*)=")


@cache
def _ours() -> tuple[frozenset[str], frozenset[str]]:
    """Elements and attributes that Mailwatch's templates and code write."""
    places = [*CHECKOUT.glob("templates/**/*.html"), *CHECKOUT.glob("mailwatch/**/*.py")]
    found = _TAG.findall("\n".join(path.read_text() for path in places))
    return frozenset(["textarea", *(tag for tag, _ in found if tag)]), _PLAIN.union(
        name for _, name in found if name
    )


class _Reader(HTMLParser):
    def __init__(self, *, styles: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.has_styles = styles
        self.inside: list[str] = []
        self.mains = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        tags, names = _ours()
        self.mains += tag == "main"
        if tag not in tags or tag in _NEVER or (tag == "style" and not self.has_styles):
            self.wrong.append(f"element {tag}")
        if tag not in _VOID:
            self.inside.append(tag)
        values = {name: value or "" for name, value in attrs}
        for name, value in values.items():
            self.wrong += [f"{tag}: {problem}" for problem in _attribute(tag, name, value, names)]
        if tag == "script" and values.get("type") != "application/json" and "src" not in values:
            self.wrong.append("script with text")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.inside.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self.inside or self.inside.pop() != tag:
            self.wrong.append(f"</{tag}> where nothing of it is open")

    def handle_data(self, data: str) -> None:
        where = self.inside[-1] if self.inside else ""
        if where in ("script", "style") and self.has_styles and where == "style":
            self.wrong += ["words of the log in a style sheet"] if MARK in data else []
        if where != "textarea":
            self.wrong += [f"{where}: {problem}" for problem in hidden(data)]

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"comment {data[:40]!r}")

    def handle_decl(self, decl: str) -> None:
        if decl.lower() != "doctype html":
            self.wrong.append(f"declaration {decl[:40]!r}")

    def unknown_decl(self, data: str) -> None:
        self.wrong.append(f"declaration {data[:40]!r}")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"instruction {data[:40]!r}")


def _attribute(tag: str, name: str, value: str, names: frozenset[str]) -> Iterator[str]:
    if name.startswith("on") or name in ("style", "srcdoc", "hx-on", "hx-vals", "hx-trigger-filter"):
        yield f"attribute {name}"
    if not (name in names or _OURS.fullmatch(name)) or MARK in name:
        yield f"attribute {name!r} is not ours"
    if name in _NAMES and MARK in value.lower():
        yield f"{name}={value[:60]!r}"
    if name in _URLS and not _is_ours(value, tag):
        yield f"{name}={value[:80]!r} leads away"
    if name != "value":
        yield from (f"{name}: {problem}" for problem in hidden(value))


def _is_ours(url: str, tag: str) -> bool:
    """A place of this site, said by a path, a query or a fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_local = not parts.scheme and not parts.netloc and not url.startswith(("//", "/\\", "\\"))
    if tag in ("script", "link", "img") and not url.startswith("#"):
        return is_local and url.startswith(("/static/", "/words.js"))
    return is_local or (tag == "a" and parts.scheme == "https" and MARK not in parts.netloc)


def page(html: str, *, styles: bool = False) -> list[str]:
    """What is wrong with a page or a part of one. ``styles``: it may have its own style sheet, as files have."""
    reader = _Reader(styles=styles)
    reader.feed(html)
    reader.close()
    wrong = [*reader.wrong, *(["never closed: " + " ".join(reader.inside)] if reader.inside else [])]
    if reader.mains > 1:
        wrong.append("more than one main")
    if f"{MARK}49" in html:
        wrong.append("a template that was run")
    return list(dict.fromkeys(wrong))


def hidden(text: str) -> list[str]:
    """Characters that turn text around, hide it, or tell a terminal what to do."""
    found = {char for char in text if unicodedata.category(char) in _HIDDEN and char not in _MAY}
    return [f"U+{ord(char):04X} in {text[:60]!r}" for char in sorted(found)]


def table(text: str) -> list[str]:
    """What is wrong with CSV."""
    rows = list(csv.reader(StringIO(text)))
    cells = [cell for row in rows for cell in row]
    wrong = [f"formula {cell[:60]!r}" for cell in cells if _is_formula(cell)]
    wrong += [problem for cell in cells for problem in hidden(cell)]
    wrong += [f"a line end in {cell[:60]!r}" for cell in cells if "\r" in cell or "\n" in cell]
    if len({len(row) for row in rows}) > 1:
        wrong.append("rows of different lengths")
    return wrong


def _is_formula(cell: str) -> bool:
    return cell.strip().startswith(_FORMULA) and not re.fullmatch(r"[+-]?\d+(\.\d+)?", cell)
