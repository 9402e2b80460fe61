"""`make run`: everything starts, everything stops, whatever happens to it."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import urllib.request
from pathlib import Path

from mailwatch.standalone import logs, postgres, processes
from tests.standalone.conftest import manage


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def started(home: Path, *, port: int) -> tuple[subprocess.Popen[str], str]:
    """`manage.py run`, and what it said up to the line about the password."""
    process = manage(home, "run", MAILWATCH_PORT=str(port))
    assert process.stdout is not None
    said = ""
    while "password" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return process, said


def stop(process: subprocess.Popen[str], number: signal.Signals) -> str:
    process.send_signal(number)
    output, _ = process.communicate(timeout=120)
    return output


def test_it_serves_and_ctrl_c_stops_every_process_and_leaves_the_database_clean(home: Path) -> None:
    process, said = started(home, port=free_port())
    url = re.findall(r"Mailwatch runs at (http://localhost:\d+)", said)[0]
    with urllib.request.urlopen(f"{url}/healthz", timeout=10) as answer:
        assert json.load(answer) == {"database": "ok"}
    assert stop(process, signal.SIGINT).endswith("stopped\n")
    assert process.returncode == 0
    assert processes.marked(home) == []
    assert "database system is shut down" in logs.last_line(home, "postgres")


def test_the_first_password_is_shown_once_and_kept_for_the_owner_only(home: Path) -> None:
    process, said = started(home, port=free_port())
    stop(process, signal.SIGTERM)
    kept = home / "administrator"
    password = kept.read_text().split()[1]
    assert f"Sign in as admin with the password {password} (shown once" in said
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    process, said = started(home, port=free_port())
    stop(process, signal.SIGTERM)
    assert password not in said


def test_a_supervisor_killed_for_good_leaves_no_orphans_behind_the_next_start(home: Path) -> None:
    process, _ = started(home, port=free_port())
    first = processes.marked(home)
    process.kill()
    process.communicate(timeout=120)
    again, _ = started(home, port=free_port())
    assert first
    assert [orphan for orphan in first if processes.is_alive(orphan)] == []
    stop(again, signal.SIGTERM)
    assert processes.marked(home) == []
    assert postgres.running(home) is None


def test_a_taken_port_is_named_with_its_setting_and_the_next_one_is_used(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process, said = started(home, port=port)
        stop(process, signal.SIGTERM)
    used = int(re.findall(r"Mailwatch runs at http://localhost:(\d+)", said)[0])
    assert used > port
    assert f"Port {port} is taken, so this is port {used}; MAILWATCH_PORT sets it." in said


def test_what_dies_is_started_again(home: Path) -> None:
    process, _ = started(home, port=free_port())
    assert process.stdout is not None
    victims = {"worker": "celery", "web": "gunicorn"}
    for name, program in victims.items():
        leader = next(child for child in processes.marked(home) if _runs(child, program, name))
        os.kill(leader.pid, signal.SIGKILL)
        while f"{name} ended and is started again" not in (line := process.stdout.readline()):
            assert line
    stop(process, signal.SIGTERM)
    assert processes.marked(home) == []


def test_a_second_supervisor_of_one_home_is_refused(home: Path) -> None:
    process, _ = started(home, port=free_port())
    second = manage(home, "run")
    output, _ = second.communicate(timeout=120)
    stop(process, signal.SIGTERM)
    assert second.returncode == 1
    assert "Mailwatch already runs in this home" in output


def _runs(process: processes.Process, program: str, name: str) -> bool:
    words = processes.arguments(process.pid)
    return any(word.endswith(program) for word in words) and (name in words or name == "web")
