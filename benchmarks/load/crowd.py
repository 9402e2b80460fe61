"""People, each in a thread: visit after visit, with the time between two pages that people need to read."""

import random
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from django.conf import settings

from benchmarks.load.browser import Browser, Page
from benchmarks.load.tally import Tally
from benchmarks.load.visits import VISITS, Known

THINKS = 7.0  # seconds: the mean of TPC-W, distributed as there (exponential, ten times the mean at most)
_A_KEY = 0.25  # seconds between two keys after which suggestions are asked for
_PASTED = 0.5  # of what is searched for; the rest is typed


class Over(Exception):
    """The time is over: somebody stops where they are."""


@dataclass(frozen=True, slots=True)
class Person:
    """session: the value of the session's cookie. ``thinks``: seconds on average."""

    name: str
    session: str
    language: str = "en"
    thinks: float = THINKS


class Walking:
    """A person on the way, until ``over``."""

    def __init__(self, person: Person, url: str, known: Known, tally: Tally, over: threading.Event) -> None:
        self.known = known
        self._person, self._url, self._tally, self._over = person, url, tally, over
        self._browser = Browser(url, tally, {settings.SESSION_COOKIE_NAME: person.session}, person.language)

    def go_on(self) -> None:
        """Visit after visit."""
        visits, weights = list(VISITS), list(VISITS.values())
        with suppress(Over):
            while True:
                random.choices(visits, weights)[0](self)
                self._think()
        self._browser.close()

    def open(self, address: str) -> Page:
        """A page with all that it loads, and the time to read it."""
        page = self._browser.open(address)
        self._read(page)
        return page

    def part(self, address: str, *, of: Page) -> Page:
        """What htmx puts into the page, and the time to read it."""
        page = self._browser.part(address, of=of)
        self._think()
        return page

    def type(self, text: str) -> None:
        """Into the search box: with each pause the box asks for suggestions."""
        if random.random() < _PASTED:
            self._browser.ask("GET", f"/search/suggestions/?q={quote(text)}")
            return
        for end in range(2, min(len(text), random.randint(3, 9)) + 1, 2):
            self._wait(_A_KEY)
            self._browser.ask("GET", f"/search/suggestions/?q={quote(text[:end])}")

    def read_shared(self, address: str) -> None:
        """The page with the button, what it reveals, and sometimes one of its files; without cookies."""
        stranger = Browser(self._url, self._tally, language=self._person.language)
        stranger.open(address)
        self._think()
        revealed = stranger.ask("POST", address, body=b"", headers=_FORM)
        self._think()
        for name, value in _hidden(revealed)[:1]:
            fields = {name: value, "format": random.choice(("html", "json", "csv"))}
            stranger.ask("POST", address, body=urlencode(fields).encode(), headers=_FORM)
            self._think()
        stranger.close()

    def _read(self, page: Page) -> None:
        """The time to read it; meanwhile it may look again and again at something that goes on."""
        until = time.monotonic() + self._seconds()
        for address, every in page.polls[:1]:
            while time.monotonic() + every < until:
                self._wait(every)
                if not self._browser.part(address, of=page, is_waited_for=False).polls:
                    break
        self._wait(until - time.monotonic())

    def _think(self) -> None:
        self._wait(self._seconds())

    def _seconds(self) -> float:
        mean = self._person.thinks
        return min(random.expovariate(1 / mean), 10 * mean)

    def _wait(self, seconds: float) -> None:
        if self._over.wait(max(seconds, 0.0)):
            raise Over


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _hidden(page: Page) -> list[tuple[str, str]]:
    """The pass that lets files of a report be taken without a second view."""
    _, found, rest = page.text.partition('name="pass" value="')
    return [("pass", rest.partition('"')[0])] if found else []


def start(
    people: Sequence[Person],
    *,
    url: str,
    known: Known,
    tally: Tally,
    over: threading.Event,
    within: float,
) -> list[threading.Thread]:
    """Let all begin, one after the other ``within`` so many seconds. They end soon after ``over`` is set."""

    def live(person: Person, begins: float) -> None:
        if not over.wait(begins):
            Walking(person, url, known, tally, over).go_on()

    threads = [
        threading.Thread(target=live, args=(person, within * number / len(people)), daemon=True)
        for number, person in enumerate(people)
    ]
    for thread in threads:
        thread.start()
    return threads
