"""The real thing: web, Celery worker, beat, PostgreSQL and Valkey as processes, in a home of their own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mailwatch.standalone import places, postgres, processes
from mailwatch.standalone.visitor import Visitor

CHECKOUT = Path(__file__).resolve().parents[2]
SAMPLES = CHECKOUT / "samples"


@dataclass(frozen=True, slots=True)
class Running:
    """A running Mailwatch and somebody who has signed in."""

    home: Path
    url: str
    password: str
    process: subprocess.Popen[bytes]

    @property
    def visitor(self) -> Visitor:
        visitor = Visitor(self.url)
        visitor.sign_in("admin", self.password)
        return visitor

    def processes(self, what: str) -> list[int]:
        """The pids of this home's processes whose command line has a word."""
        found = []
        for process in processes.marked(self.home):
            command = Path(f"/proc/{process.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            if what in command:
                found.append(process.pid)
        return found

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the running database."""
        place = places.database(self.home)
        with psycopg.connect(
            host=place["HOST"], dbname=place["NAME"], user=place["USER"], connect_timeout=10
        ) as connection:
            return connection.execute(sql.encode()).fetchall()


def environment(home: Path, **settings: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MAILWATCH_")}
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"):
        ours.pop(name, None)
    return {**ours, "MAILWATCH_HOME": str(home), "MAILWATCH_PORT": str(_free_port()), **settings}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def start(home: Path, **settings: str) -> Running:
    """``manage.py run`` until it says how to sign in. All it says is kept beside the home."""
    said = home.with_name("said")
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-u", str(CHECKOUT / "manage.py"), "run"],
            env=environment(home, **settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    while "password" not in (text := said.read_text(errors="replace")):
        assert process.poll() is None, text
        time.sleep(0.1)
    url = re.findall(r"http://localhost:\d+", text)[0]
    password = (home / "administrator").read_text().split()[1]
    return Running(home, url, password, process)


def stop(running: Running) -> None:
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=120) == 0


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    parent = Path(tempfile.mkdtemp(prefix="mw-"))
    parent.chmod(0o711)
    home = parent / "home"
    yield home
    for process in processes.marked(home):
        processes.stop(process, patience=20)
    postgres.stop(home)
    where = places.known(home)
    for directory in (where.root, where.sockets, parent):
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def mailwatch(home: Path) -> Iterator[Running]:
    """Started once for the tests of a file."""
    running = start(home, MAILWATCH_LEASE="3")
    yield running
    stop(running)
