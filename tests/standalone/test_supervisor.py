"""`make run`: everything starts, everything stops, whatever happens to it.

A start costs seconds of two cores, so one home lives one life, and the tests look at what was seen in it.
"""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailwatch.standalone import logs, postgres, processes
from mailwatch.standalone.processes import Process
from tests.standalone.conftest import manage, new_home

pytestmark = pytest.mark.xdist_group("supervisor")  # one process of pytest, one life


@dataclass(frozen=True, slots=True)
class Life:
    """What was seen of two starts of one home. said: up to the line about the password."""

    home: Path
    taken_port: int
    first_said: str
    health: object
    second_supervisor: tuple[int, str]
    restarted: tuple[str, ...]
    orphans: tuple[Process, ...]
    orphans_later: tuple[Process, ...]
    second_said: str
    last_said: str
    status: int
    left: tuple[Process, ...]


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    with new_home() as home, socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process, first_said = _start(home, port)
        health = _health(first_said)
        second_supervisor = _refused(home)
        restarted = tuple(_kill_child(home, process, word) for word in ("worker", "mailwatch.wsgi"))
        orphans = tuple(processes.marked(home))
        process.kill()
        process.communicate(timeout=120)
        process, second_said = _start(home, port)
        orphans_later = tuple(orphan for orphan in orphans if processes.is_alive(orphan))
        process.send_signal(signal.SIGINT)
        last_said, _ = process.communicate(timeout=120)
        yield Life(
            home=home,
            taken_port=port,
            first_said=first_said,
            health=health,
            second_supervisor=second_supervisor,
            restarted=restarted,
            orphans=orphans,
            orphans_later=orphans_later,
            second_said=second_said,
            last_said=last_said,
            status=process.returncode,
            left=tuple(processes.marked(home)),
        )


def test_the_pages_answer_and_reach_the_database(life: Life) -> None:
    assert life.health == {"database": "ok"}


def test_a_taken_port_is_named_with_its_setting_and_the_next_one_is_used(life: Life) -> None:
    used = int(re.findall(r"Mailwatch runs at http://localhost:(\d+)", life.first_said)[0])
    assert used > life.taken_port
    expected = f"Port {life.taken_port} is taken, so this is port {used}; MAILWATCH_PORT sets it."
    assert expected in life.first_said


def test_the_first_password_is_shown_once_and_kept_for_the_owner_only(life: Life) -> None:
    kept = life.home / "administrator"
    password = kept.read_text().split()[1]
    assert f"Sign in as admin with the password {password} (shown once" in life.first_said
    assert password not in life.second_said
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_second_supervisor_of_one_home_is_refused(life: Life) -> None:
    status, said = life.second_supervisor
    assert status == 1
    assert "Mailwatch already runs in this home" in said


def test_what_dies_is_started_again(life: Life) -> None:
    assert life.restarted == ("worker ended and is started again", "web ended and is started again")


def test_a_supervisor_killed_for_good_leaves_no_orphans_behind_the_next_start(life: Life) -> None:
    assert len(life.orphans) >= 4  # Valkey, web server, worker, beat
    assert life.orphans_later == ()


def test_ctrl_c_stops_every_process_and_leaves_the_database_clean(life: Life) -> None:
    assert life.last_said.endswith("stopped\n")
    assert life.status == 0
    assert life.left == ()
    assert postgres.running(life.home) is None
    assert "database system is shut down" in logs.last_line(life.home, "postgres")


@pytest.mark.parametrize("name", ["", "log", "services", "arriving"])
def test_other_users_cannot_look_into_the_home(life: Life, name: str) -> None:
    assert stat.S_IMODE((life.home / name).stat().st_mode) & 0o007 == 0


def _start(home: Path, port: int) -> tuple[subprocess.Popen[str], str]:
    """`manage.py run`, and what it said up to the line about the password."""
    process = manage(home, "run", MAILWATCH_PORT=str(port))
    return process, _read_until(process, "password")


def _read_until(process: subprocess.Popen[str], word: str) -> str:
    assert process.stdout is not None
    said = ""
    while word not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


def _health(said: str) -> object:
    url = re.findall(r"Mailwatch runs at (http://localhost:\d+)", said)[0]
    with urllib.request.urlopen(f"{url}/healthz", timeout=60) as answer:
        return json.load(answer)


def _refused(home: Path) -> tuple[int, str]:
    second = manage(home, "run")
    said, _ = second.communicate(timeout=120)
    return second.returncode, said


def _kill_child(home: Path, supervisor: subprocess.Popen[str], word: str) -> str:
    """Kill the oldest process with the word in its command line; what the supervisor says to it.

    Returns when the next one runs: the supervisor says that it starts it before it does.
    """
    before = _with_word(home, word)
    os.kill(before[0].pid, signal.SIGKILL)
    said = _read_until(supervisor, "ended and is started again").splitlines()[-1]
    deadline = time.monotonic() + 60
    while set(_with_word(home, word)) <= set(before):
        assert time.monotonic() < deadline, f"{word} was not started again"
        time.sleep(0.02)
    return said


def _with_word(home: Path, word: str) -> list[Process]:
    """The home's processes with the word in their command line, the oldest first."""
    found = sorted(processes.marked(home), key=lambda child: child.started)
    return [child for child in found if word in processes.arguments(child.pid)]
