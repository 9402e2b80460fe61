"""One person's browser: cookies, the parts that a page loads by itself, what it looks at again and again.

It reads from a page what htmx would (``hx-trigger="load"`` and ``every``), so that a page which asks for more, or less,
is measured as it is.
"""

import html
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urljoin, urlsplit

from django.urls import Resolver404, resolve

from benchmarks.load.tally import Tally

_TIMEOUT = 60.0  # seconds for one answer
_IDLE = 1.0  # seconds after which a connection is not used again; the server closes it after two
_REDIRECTS = 5
_LAYOUT = re.compile(r'(?:src|href)="(/static/[^"]+)"')
_LINK = re.compile(r'<a\b[^>]*?\bhref="([^"]+)"')
_TRIGGERED = re.compile(r'<[^>]*\bhx-trigger="(load|every (\d+)s)"[^>]*>')
_GET = re.compile(r'\bhx-get="([^"]*)"')
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Page:
    """What came. ``status`` 0: nothing did."""

    address: str
    status: int
    text: str

    def links(self, pattern: str) -> list[str]:
        """Addresses on the page whose path fits, each once, in the page's order."""
        found = (urljoin(self.address, html.unescape(link)) for link in _LINK.findall(self.text))
        return list(dict.fromkeys(link for link in found if re.match(pattern, link)))

    @property
    def parts(self) -> list[str]:
        """What htmx loads as soon as the page is there."""
        return [address for address, every in self._triggered() if not every]

    @property
    def polls(self) -> list[tuple[str, int]]:
        """What htmx asks for again, with the seconds between."""
        return [(address, every) for address, every in self._triggered() if every]

    @property
    def token(self) -> str:
        """That of a form of the page; "" without one."""
        found = _TOKEN.search(self.text)
        return found[1] if found else ""

    def _triggered(self) -> list[tuple[str, int]]:
        found = []
        for tag in _TRIGGERED.finditer(self.text):
            asked = _GET.search(tag[0])
            if asked:
                found.append((urljoin(self.address, html.unescape(asked[1])), int(tag[2] or 0)))
        return found


@dataclass(slots=True)
class Browser:
    """url: of the server, without a slash at the end."""

    url: str
    tally: Tally
    cookies: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    _connection: HTTPConnection | None = None
    _used: float = 0.0
    _layout: set[str] = field(default_factory=set)

    def open(self, address: str) -> Page:
        """A page, the layout files that are not kept yet, and the parts that it loads by itself."""
        page = self.ask("GET", address)
        for file in dict.fromkeys(_LAYOUT.findall(page.text)):
            if file not in self._layout:
                self._layout.add(file)
                self.ask("GET", html.unescape(file), is_waited_for=False)
        for part in page.parts:
            for further in self.part(part, of=page).parts:
                self.part(further, of=page)
        return page

    def part(self, address: str, *, of: Page, is_waited_for: bool = True) -> Page:
        """A part of a page, as htmx asks for it."""
        headers = {"HX-Request": "true", "HX-Current-URL": self.url + of.address}
        return self.ask("GET", address, headers=headers, is_waited_for=is_waited_for)

    def ask(
        self,
        method: str,
        address: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        is_waited_for: bool = True,
    ) -> Page:
        """One request with its redirects. What goes wrong is counted, and answered with an empty page."""
        kind, sent = kind_of(address, is_part="HX-Request" in (headers or {})), time.monotonic()
        try:
            page = self._followed(method, address, body, dict(headers or {}))
            wrong = "" if page.status == 200 else f"status {page.status}"
            if urlsplit(page.address).path == "/login/" and urlsplit(address).path != "/login/":
                wrong = "signed out"
        except (OSError, HTTPException) as error:
            self.close()
            page, wrong = Page(address, 0, ""), f"{type(error).__name__}: {error}".rstrip(": ")
        self.tally.add(kind, sent, wrong, is_waited_for=is_waited_for, address=address)
        return page if not wrong else Page(page.address, page.status, "")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _followed(self, method: str, address: str, body: bytes | None, headers: dict[str, str]) -> Page:
        for _ in range(_REDIRECTS):
            response = self._send(method, address, body, headers)
            text = response.read().decode(errors="replace")
            self._used = time.monotonic()
            target = response.headers.get("Location")
            if response.status not in (301, 302, 303) or target is None:
                return Page(address, response.status, text)
            method, body = "GET", None
            parts = urlsplit(urljoin(address, target))
            address = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return Page(address, 310, "")

    def _send(self, method: str, address: str, body: bytes | None, headers: dict[str, str]) -> HTTPResponse:
        connection = self._connected()
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        usual = {"Accept-Language": self.language, "Referer": self.url + address}
        if cookies:
            usual["Cookie"] = cookies
        connection.request(method, address, body, usual | headers)
        response = connection.getresponse()
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return response

    def _connected(self) -> HTTPConnection:
        if time.monotonic() - self._used > _IDLE:
            self.close()
        if self._connection is None:
            parts = urlsplit(self.url)
            self._connection = HTTPConnection(parts.hostname or "localhost", parts.port, timeout=_TIMEOUT)
        return self._connection


def kind_of(address: str, *, is_part: bool = False) -> str:
    """The name of the page behind an address, and whether only a part or a file of it is meant."""
    parts = urlsplit(address)
    if parts.path.startswith("/static/"):
        return "files of the layout"
    try:
        name = (resolve(parts.path).url_name or parts.path).replace("_", " ")
    except Resolver404:
        name = parts.path
    if re.search(r"(^|&)format=", parts.query):
        return f"{name}, export"
    return f"{name}, part" if is_part else name
