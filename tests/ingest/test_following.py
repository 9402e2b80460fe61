"""A log of this machine, read as it grows."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from ingest import following
from ingest.following import Follower
from ingest.models import IngestRun, LogHost, LogPage
from tests.ingest.conftest import SAMPLES, finish

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

LINES = (SAMPLES / "srv1" / "mainlog").read_bytes().splitlines(keepends=True)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(following, "QUIET", 0.0)
    path = tmp_path / "mainlog"
    path.write_bytes(b"".join(LINES[:100]))
    return path


@pytest.fixture
def follower(srv1: LogHost, log: Path) -> Any:
    made = Follower(log, srv1)
    yield made
    made.close()


def new_lines(follower: Follower, looks: int = 4) -> tuple[int, int]:
    """Lines read by a few looks, and those that were new."""
    lines = new = 0
    for _ in range(looks):
        run = follower.look()
        if run is not None:
            finish(run)
            file = run.files.get()
            lines, new = lines + file.lines, new + file.new_lines
    return lines, new


def append(path: Path, *lines: bytes) -> None:
    with path.open("ab") as file:
        file.write(b"".join(lines))


def test_what_is_added_is_read_once(follower: Follower, log: Path) -> None:
    assert new_lines(follower) == (100, 100)
    assert new_lines(follower) == (0, 0)
    append(log, *LINES[100:150], LINES[150][:20])
    assert new_lines(follower) == (50, 50)
    append(log, LINES[150][20:])
    assert new_lines(follower) == (1, 1)


def test_it_goes_on_after_the_log_was_renamed(follower: Follower, log: Path) -> None:
    assert new_lines(follower) == (100, 100)
    old = log.rename(log.with_name("mainlog.1"))
    append(old, *LINES[100:120])
    assert new_lines(follower) == (20, 20)
    append(log, *LINES[120:130])
    assert new_lines(follower) == (10, 10)


def test_it_goes_on_after_the_log_was_emptied_and_reads_the_end_of_its_copy(
    follower: Follower, log: Path
) -> None:
    assert new_lines(follower) == (100, 100)
    append(log, *LINES[100:120])
    log.with_name("mainlog.1").write_bytes(log.read_bytes())
    log.write_bytes(LINES[120])
    assert new_lines(follower) == (21, 21)


def test_the_last_second_waits_while_the_log_grows(
    follower: Follower, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "QUIET", 3600.0)
    seen = new_lines(follower)[0]
    assert 0 < seen < 100
    append(log, *LINES[100:200])
    assert 100 < seen + new_lines(follower)[0] < 200


@pytest.mark.django_db(transaction=True)
def test_the_command_reads_within_seconds_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    log = tmp_path / "mainlog"
    log.write_bytes(b"".join(LINES[:100]))
    database = settings.DATABASES["default"]
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
    command = subprocess.Popen(
        [sys.executable, "manage.py", "follow", str(log), "--log-host", "srv1", "--timezone", "UTC"],
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _wait(lambda: _stored() >= 100, command)
        append(log, *LINES[100:110])
        _wait(lambda: _stored() >= 110, command)
    finally:
        command.send_signal(signal.SIGINT)
        said, _ = command.communicate(timeout=60)
    assert command.returncode == 0, said
    assert "new lines" in said
    assert {run.state for run in IngestRun.objects.all()} == {"finished"}


def _stored() -> int:
    return sum(file.new_lines for run in IngestRun.objects.all() for file in run.files.all())


def _wait(reached: Any, command: "subprocess.Popen[str]") -> None:
    for _ in range(600):
        if reached():
            assert LogPage.objects.exists()
            return
        assert command.poll() is None, command.communicate()[0]
        time.sleep(0.1)
    raise AssertionError("it was not read within a minute")
