"""The server under load: what ``manage.py run`` starts in a home, or what already runs there."""

import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mailwatch.standalone import ServiceError, supervisor

CHECKOUT = Path(__file__).resolve().parents[2]
_STARTS = 120.0  # seconds
_STOPS = 120.0
_COMPLAINT = re.compile(r"is started again|keeps ending|WORKER TIMEOUT|Traceback|\| .* (ERROR|CRITICAL) ")


@dataclass(slots=True)
class Stack:
    """supervisor: its process; None where it ran before. ``complaints``: lines that should not be there."""

    home: Path
    url: str
    supervisor: int | None = None
    complaints: list[str] = field(default_factory=list)

    def hear(self, line: str) -> None:
        if _COMPLAINT.search(line):
            self.complaints.append(line.strip())


@contextmanager
def running(home: Path) -> Iterator[Stack]:
    """As long as this lasts; what ran before goes on afterwards. Raises ServiceError."""
    if _is_running(home):
        yield Stack(home, supervisor.url_of_running(home))
        return
    process = subprocess.Popen(
        [sys.executable, str(CHECKOUT / "manage.py"), "run"],
        env=_environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C is for us: the server stops when its people are gone
    )
    stack = Stack(home, "", process.pid)
    listener = threading.Thread(target=_listen, args=(process, stack), daemon=True)
    listener.start()
    try:
        stack.url = _wait(home, process)
        yield stack
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=_STOPS)
        listener.join()


def _is_running(home: Path) -> bool:
    """Whether a supervisor has this home."""
    try:
        with (home / "supervisor.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _environment(home: Path) -> dict[str, str]:
    """Ours, with the home's own services."""
    ours = {name: value for name, value in os.environ.items() if name != "CELERY_BROKER_URL"}
    return {**ours, "DATABASE_URL": "", "MAILWATCH_HOME": str(home), "PYTHONUNBUFFERED": "1"}


def _wait(home: Path, process: "subprocess.Popen[str]") -> str:
    deadline = time.monotonic() + _STARTS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return supervisor.url_of_running(home)
        except ServiceError:
            time.sleep(0.1)
    raise ServiceError(f"manage.py run does not serve the home {home}")


def _listen(process: "subprocess.Popen[str]", stack: Stack) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        stack.hear(line)
