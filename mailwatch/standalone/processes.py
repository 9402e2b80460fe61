"""Processes, told apart by number and start time: a number that is used again is not taken for ours."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mailwatch.standalone import accounts
from mailwatch.standalone.accounts import Account

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_MARK = "MAILWATCH_SUPERVISED_HOME"
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}  # kept so that they are reaped when they end


@dataclass(frozen=True, slots=True)
class Process:
    """started: clock ticks after boot."""

    pid: int
    started: int


def identify(pid: int) -> Process | None:
    """The process with this number now; None when there is none, or only its remains."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = text[text.rindex(")") + 2 :].split()  # the name before it may hold anything
    if state in "ZX":
        _reap(pid)
        return None
    return Process(pid, int(fields[18]))


def _reap(pid: int) -> None:
    """Let the remains of a child go: a lock file with its number would still seem to be held."""
    child = _CHILDREN.get(pid)
    if child and child.poll() is not None:
        del _CHILDREN[pid]


def is_alive(process: Process) -> bool:
    _reap(process.pid)
    return identify(process.pid) == process


def arguments(pid: int) -> list[str]:
    """The command line; empty when the process is gone."""
    try:
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def start(
    command: Sequence[str],
    *,
    account: Account,
    output: IO[bytes] | int,
    environment: Mapping[str, str],
    dies_by: signal.Signals | None = None,
    directory: Path = Path("/"),
    pass_fds: Sequence[int] = (),
) -> Process:
    """Start a process under the account, in a session of its own, so that Ctrl-C does not reach it.

    dies_by: the signal it gets when this process ends in any way; None: it lives on.
    """
    child = subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        preexec_fn=_dies_with_parent(dies_by) if dies_by else None,
        pass_fds=pass_fds,
        **accounts.switch(account),
    )
    _CHILDREN[child.pid] = child
    return identify(child.pid) or Process(child.pid, 0)


def stop(process: Process, number: signal.Signals = signal.SIGTERM, *, patience: float) -> bool:
    """Signal the process and wait up to `patience` seconds; whether it is gone."""
    if is_alive(process):
        _signal(process, number)
    return wait(process, patience=patience)


def wait(process: Process, *, patience: float) -> bool:
    """Wait up to `patience` seconds for the end of the process; whether it is gone."""
    deadline = time.monotonic() + patience
    while is_alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def mark(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """An environment by which a process and all it starts are known to belong to the home's supervisor."""
    return {**environment, _MARK: str(home)}


def marked(home: Path) -> list[Process]:
    """The processes with the mark. One's own are seen, and all of them by root."""
    wanted = os.fsencode(f"{_MARK}={home}")
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in variables and (process := identify(int(entry.name))) and process.pid != os.getpid():
            found.append(process)
    return found


def _signal(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
        os.kill(process.pid, number)


def _dies_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For subprocess' preexec_fn: the kernel sends the child this signal when its parent ends in any way."""
    parent = os.getpid()

    def arrange() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it ended before the call
            os._exit(1)

    return arrange
