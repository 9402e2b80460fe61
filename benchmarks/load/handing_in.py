"""Logs handed in without a pause, each by somebody at the page of uploads: in pieces, as its script sends them."""

import hashlib
import json
import multiprocessing
import os
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings

from benchmarks.bulk import write_bulk
from benchmarks.load.browser import Browser, Page
from benchmarks.load.tally import Tally

LINES_A_DAY = 71_000  # as in the logs that are stored before
_A_DAY = 86_400
_WATCHES = 1.0  # seconds between two looks at a run, as its page has it
_UNFINISHED = ("waiting", "running")


class LogWriter:
    """Writes the next log while the last one is read, in a process of its own that lets everybody go before."""

    def __init__(self, folder: Path, lines: int) -> None:
        self._folder, self._lines = folder, lines
        spawned = multiprocessing.get_context("spawn")  # a fork would take the threads' locks along
        self._process = ProcessPoolExecutor(1, mp_context=spawned, initializer=os.nice, initargs=(19,))

    def write(self, *, seed: int, number: int, begins: float) -> "Future[Path]":
        """The log of the so many days after the one before; it lies in the folder when the future is done."""
        days = self._lines / LINES_A_DAY
        path = self._folder / f"mainlog-{seed}-{number}"
        return self._process.submit(
            _written, path, self._lines, seed + 100 * number, days, begins + number * days * _A_DAY
        )

    def close(self) -> None:
        self._process.shutdown(cancel_futures=True)


def _written(path: Path, lines: int, seed: int, days: float, begins: float) -> Path:
    write_bulk(path, lines=lines, seed=seed, days=days, begins=begins)
    return path


@dataclass(slots=True)
class Uploader:
    """One person who hands in one log after another of one log host.

    ``timezone``: "" where the log host is known already; ``begins``: seconds since 1970, of the first.
    """

    url: str
    session: str
    tally: Tally
    writer: LogWriter
    log_host: str
    timezone: str
    begins: float
    seed: int
    over: threading.Event
    finished: int = 0  # runs that were read to their end
    _next: "Future[Path] | None" = field(default=None)

    def prepare(self) -> None:
        """Have the first log written."""
        self._write(0)
        assert self._next is not None
        self._next.result()

    def go_on(self) -> None:
        """Hand in, look at the run until it is over, hand in the next."""
        browser = Browser(self.url, self.tally, {settings.SESSION_COOKIE_NAME: self.session})
        number = 0
        while not self.over.is_set():
            assert self._next is not None
            log = self._next.result()
            number += 1
            self._write(number)
            run = self._hand_in(browser, log)
            log.unlink()
            if run:
                self._watch(browser, run)
            else:
                self.over.wait(_WATCHES)
        browser.close()

    def _write(self, number: int) -> None:
        self._next = self.writer.write(seed=self.seed, number=number, begins=self.begins)

    def _hand_in(self, browser: Browser, log: Path) -> str:
        """The address of the run; "" where it was not taken, or the time is over."""
        token = browser.open("/uploads/").token
        fields = {
            "name": log.name,
            "size": log.stat().st_size,
            "fingerprint": hashlib.blake2b(str(log).encode(), digest_size=16).hexdigest(),
            "log_host": self.log_host,
            "timezone": self.timezone,
        }
        begun = _answer(_post(browser, "/uploads/begin/", fields, token))
        if not begun or not self._send_pieces(browser, log, begun, token):
            return ""
        taken = _answer(_post(browser, "/uploads/finish/", {"id": begun["id"]}, token))
        return str(taken.get("run", ""))

    def _send_pieces(self, browser: Browser, log: Path, begun: dict[str, object], token: str) -> bool:
        offset, size = int(str(begun["arrived"])), int(str(begun["piece_size"]))
        with log.open("rb") as text:
            text.seek(offset)
            while piece := text.read(size):
                if self.over.is_set():
                    return False
                headers = {"X-CSRFToken": token, "Content-Type": "application/octet-stream"}
                address = f"{begun['url']}?offset={offset}"
                sent = browser.ask("PUT", address, body=piece, headers=headers, is_waited_for=False)
                if sent.status != 200:
                    return False
                offset += len(piece)
        return True

    def _watch(self, browser: Browser, run: str) -> None:
        """As the page of a run does: its live part every second."""
        page = browser.open(run)
        while page.polls and not self.over.wait(_WATCHES):
            page = browser.part(run, of=page, is_waited_for=False)
        if self.over.is_set():
            return
        asked = time.monotonic()
        state = _answer(browser.ask("GET", f"{run}?format=json", is_waited_for=False)).get("state")
        if state == "finished":
            self.finished += 1
        elif state not in _UNFINISHED:
            self.tally.add("uploads", asked, f"the run is {state}", is_waited_for=False)


def _post(browser: Browser, address: str, fields: dict[str, object], token: str) -> Page:
    headers = {"X-CSRFToken": token, "Content-Type": "application/x-www-form-urlencoded"}
    return browser.ask("POST", address, body=urlencode(fields).encode(), headers=headers, is_waited_for=False)


def _answer(page: Page) -> dict[str, object]:
    """The JSON that came; empty where something else did, which is counted already."""
    try:
        found = json.loads(page.text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
