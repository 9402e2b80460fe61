"""What is measured of many people at once is what happened: on a server whose faults are known, and on the real one."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.load import crowd
from benchmarks.load.browser import Browser, kind_of
from benchmarks.load.crowd import Person
from benchmarks.load.memory import slope
from benchmarks.load.tally import Tally
from benchmarks.load.visits import Known
from tests.acceptance.conftest import CHECKOUT, SAMPLES, Running, environment

MESSAGE = "/messages/mx1/1wB8lc-00000000001-0000/"
SLOW = 0.4  # seconds
KNOWN = Known(
    addresses=["alice@example.com", "bob@example.net"],
    hosts=["192.0.2.1"],
    message_ids=["1wB8lc-00000000001-0000"],
    shared=["/shared/token/"],
)
PAGE = f"""<link href="/static/a.css"><a href="{MESSAGE}">it</a>
<p hx-get="?count=1" hx-trigger="load">soon</p>"""


@contextmanager
def served(*, failing: str = "", slow: str = "", silent: str = "") -> Iterator[str]:
    """The address of a server that fails, is slow or hangs up at addresses that begin so."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if silent and self.path.startswith(silent):
                self.connection.close()
                return
            if slow and self.path.startswith(slow):
                time.sleep(SLOW)
            is_wrong = bool(failing) and self.path.startswith(failing)
            text = PAGE.encode() if "HX-Request" not in self.headers else b"12"
            self.send_response(500 if is_wrong else 200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def five_people(url: str, *kinds: str) -> Tally:
    """What five people are answered who think for a twentieth of a second, until all of the kinds were asked for."""
    tally, over = Tally(), threading.Event()
    people = [Person(f"person {n}", "session", thinks=0.05) for n in range(5)]
    threads = crowd.start(people, url=url, known=KNOWN, tally=tally, over=over, within=0.2)
    deadline = time.monotonic() + 30
    while not {"search", *kinds} <= {answer.kind for answer in list(tally.answers)}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    over.set()
    for thread in threads:
        thread.join(timeout=10)
    return tally


def test_where_nothing_fails_nothing_is_said_to_fail() -> None:
    with served() as url:
        tally = five_people(url, "search, part", "message", "overview", "relays", "suggestions", "shared")
    assert tally.wrongs() == {}
    assert sum(answer.kind == "files of the layout" for answer in tally.answers) < len(tally.answers) / 3


def test_each_failed_answer_is_counted_as_an_error() -> None:
    with served(failing="/messages/") as url:
        tally = five_people(url, "message")
    asked = sum(answer.kind == "message" for answer in tally.answers)
    assert tally.wrongs() == {f"message: status 500, as at {MESSAGE}": asked}


def test_a_connection_that_breaks_is_counted_as_an_error() -> None:
    with served(silent="/relays/") as url:
        tally = five_people(url, "relays")
    assert tally.wrongs()
    assert all(wrong.startswith("relays") for wrong in tally.wrongs())


def test_a_slow_page_shows_in_the_95th_percentile_of_its_kind_and_of_all() -> None:
    with served(slow="/search/") as url:
        tally = five_people(url, "message")
    speeds = {speed.kind: speed for speed in tally.speeds()}
    all_of_them = tally.of_all()
    assert all_of_them is not None
    assert min(speeds["search"].percentile_95, all_of_them.percentile_95) > SLOW * 1000
    assert min(speed.median for speed in speeds.values()) < SLOW * 1000


def test_what_is_not_waited_for_does_not_make_the_pages_look_faster() -> None:
    tally = Tally()
    for seconds, is_waited_for in ((0.001, False), (2.0, True)):
        for _ in range(50):
            tally.add("run", time.monotonic() - seconds, is_waited_for=is_waited_for)
    all_of_them = tally.of_all()
    assert all_of_them is not None
    assert all_of_them.count == 50
    assert all_of_them.median > 1900


def test_a_browser_that_was_signed_out_is_an_error() -> None:
    class SignedOut(Browser):
        def _followed(self, *_: object) -> object:  # type: ignore[override]
            return type("Page", (), {"address": "/login/?next=/", "status": 200, "text": ""})()

    tally = Tally()
    SignedOut("http://127.0.0.1:1", tally).ask("GET", "/")
    assert tally.wrongs() == {"overview: signed out, as at /": 1}


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/search/?q=a", "search"),
        ("/search/?q=a&format=csv", "search, export"),
        ("/static/css/a.css", "files of the layout"),
        ("/nowhere/", "/nowhere/"),
    ],
)
def test_answers_are_sorted_by_the_page_behind_the_address(address: str, kind: str) -> None:
    assert kind_of(address) == kind


def test_growth_is_told_apart_from_peaks() -> None:
    grows = [(float(n), 100.0 + n + (50 if n % 10 == 5 else 0)) for n in range(60)]
    stays = [(float(n), 100.0 + (50 if n % 10 == 5 else 0)) for n in range(60)]
    assert slope(grows) == pytest.approx(1, abs=0.05)
    assert slope(stays) == pytest.approx(0, abs=0.05)


def test_the_real_server_is_measured_with_its_workers_and_its_database(mailwatch: Running) -> None:
    """Five people and two uploads for some seconds, by the command, on what was handed in before."""
    visitor = mailwatch.visitor
    logs = sorted((SAMPLES / "srv1").glob("mainlog*"))[:2]
    visitor.wait_for_run(visitor.upload(logs, log_host="srv1", timezone="Europe/Madrid"))
    asked = "--people 5 --minutes 0.15 --uploads 2 --lines 3000 --thinks 0.5 --json"
    measured = subprocess.Popen(
        [
            sys.executable,
            str(CHECKOUT / "manage.py"),
            "benchmark",
            "load",
            "--home",
            mailwatch.home,
            *asked.split(),
        ],
        env=environment(mailwatch.home),
        stdout=subprocess.PIPE,
        text=True,
    )
    nice: set[int] = set()
    while measured.poll() is None:
        nice |= _nice(mailwatch)
        time.sleep(0.2)
    said, _ = measured.communicate()
    load = json.loads(said)
    assert load["wrong"] == {}
    assert load["met"]["no error"] is True
    assert load["lines"] >= 3000
    assert {"search", "upload piece", "run"} <= {speed["kind"] for speed in load["pages"]}
    parts = {course["part"]: course for course in load["memory"]}
    assert {"web", "worker", "beat", "PostgreSQL", "Valkey"} <= set(parts)
    assert all(course["last"] > 1 for course in parts.values())
    assert parts["web"]["processor"] > 0
    assert mailwatch.query("SELECT count(*) FROM auth_user WHERE username LIKE 'load-%'") == [(0,)]
    assert nice == {0, 10}  # what works for the pages goes before what works for the workers


def _nice(mailwatch: Running) -> set[int]:
    """Of the processes of PostgreSQL that work for somebody now."""
    backends = mailwatch.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'")
    found = set()
    for (pid,) in backends:
        with contextlib.suppress(ProcessLookupError):
            found.add(os.getpriority(os.PRIO_PROCESS, pid))
    return found
