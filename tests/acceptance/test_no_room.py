"""The disk is full while a log is read: the run waits, says why, and goes on by itself when there is room again."""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.bulk import write_bulk
from mailwatch.standalone.visitor import Refused
from tests.acceptance.conftest import Running, start, stop
from tests.acceptance.stored import differences, stored

LINES = 120_000
_LEFT = 40 * 2**20  # bytes: enough for the upload, not for its rows
_AWAY = (Refused, OSError, http.client.HTTPException)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")  # to mount


@pytest.fixture(scope="module")
def mailwatch(home: Path) -> Iterator[Running]:
    """In a home with a file system of its own."""
    home.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1500m", "none", home], check=False)
    if made.returncode:
        pytest.skip("nothing may be mounted here")
    home.chmod(0o711)
    try:
        running = start(home, MAILWATCH_LEASE="3")
        yield running
        stop(running)
    finally:
        subprocess.run(["umount", "--lazy", home], check=True)


def test_a_full_disk_is_waited_for(
    mailwatch: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "mainlog"
    write_bulk(log, lines=LINES, seed=5, days=2)
    ballast = mailwatch.home / "ballast"
    visitor = mailwatch.visitor
    _fill(ballast)
    run = visitor.upload([log], log_host="full", timezone="UTC")
    told = _until_it_says_why(mailwatch, run)
    with capsys.disabled():
        sys.stdout.write(f"\n{told}\n")
    ballast.unlink()
    until = time.monotonic() + 240
    state = {"state": "running"}
    while state["state"] in ("waiting", "running"):
        assert time.monotonic() < until, state
        time.sleep(0.5)
        with contextlib.suppress(*_AWAY):
            state = mailwatch.visitor.json(run)
    assert (state["state"], state["error"]) == ("finished", ""), told
    mailwatch.visitor.wait_for_run(mailwatch.visitor.upload([log], log_host="clean", timezone="UTC"))
    assert differences(stored(mailwatch, "full"), stored(mailwatch, "clean")) == {}


def _fill(ballast: Path) -> None:
    free = shutil.disk_usage(ballast.parent).free - _LEFT
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free)


def _until_it_says_why(mailwatch: Running, run: str) -> str:
    """On the page of the run; or on /healthz, where PostgreSQL itself cannot run without room."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        time.sleep(0.5)
        with contextlib.suppress(*_AWAY):
            told = mailwatch.visitor.json(run)
            errors = [str(file["error"]) for file in told["files"]]
            assert told["state"] in ("waiting", "running"), told
            if any("No space left on device" in error for error in errors):
                return errors[0]
        sentences = _restarts(mailwatch)
        if any("PostgreSQL" in sentence for sentence in sentences):
            return sentences[0]
    raise AssertionError("nothing was said")


def _restarts(mailwatch: Running) -> list[str]:
    try:
        with urllib.request.urlopen(f"{mailwatch.url}/healthz", timeout=10) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        text = error.read()
    except OSError:
        return []
    found: list[str] = json.loads(text).get("restarts", [])
    return found
