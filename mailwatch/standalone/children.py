"""Mailwatch's own processes as the supervisor's children: started, listened to, started again, stopped."""

import contextlib
import os
import selectors
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from mailwatch.standalone import accounts, logs, processes
from mailwatch.standalone.processes import Process
from mailwatch.standalone.restarts import Restarts


@dataclass(slots=True)
class Child:
    """once: its end is the end of its work, and it is not started again."""

    name: str
    command: Sequence[str]
    pass_fds: Sequence[int] = ()
    once: bool = False
    process: Process | None = None
    output: IO[bytes] | None = None
    unfinished: bytes = b""  # what it wrote of a line whose end is to come
    restarts: Restarts = field(default_factory=Restarts)

    @property
    def is_running(self) -> bool:
        return self.process is not None and processes.is_alive(self.process)


@dataclass(slots=True)
class Family:
    """The children of one home. `say` gets every line that they write, with the writer's name."""

    home: Path
    directory: Path
    environment: Mapping[str, str]
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def start(self, child: Child) -> None:
        reading, writing = os.pipe()
        child.process = processes.start(
            child.command,
            account=accounts.by_uid(os.geteuid()),
            output=writing,
            environment=processes.mark(self.environment, self.home),
            dies_by=signal.SIGTERM,
            directory=self.directory,
            pass_fds=child.pass_fds,
        )
        child.restarts.started()
        os.close(writing)
        os.set_blocking(reading, False)
        child.output = os.fdopen(reading, "rb", buffering=0)
        self.selector.register(child.output, selectors.EVENT_READ, child)
        if child not in self.children:
            self.children.append(child)

    def attend(self, *, timeout: float) -> None:
        """Pass on what the children write, for up to `timeout` seconds or until something was written."""
        for key, _ in self.selector.select(timeout):
            self._pass_on(key.data)

    def ended(self) -> list[Child]:
        """The children that ended since the last call; their last words are passed on."""
        found = [child for child in self.children if child.process and not child.is_running]
        for child in found:
            child.process = None
            child.restarts.ended()
            self._forget(child)
        return found

    def due(self) -> list[Child]:
        """The children that ended and are to be started again now."""
        return [
            child
            for child in self.children
            if child.process is None and not child.once and child.restarts.is_due
        ]

    def stop(self, *, patience: float) -> None:
        """Ask all to end, since none needs another for that; who does not within `patience` seconds is killed."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in self._alive():
                processes.stop(process, number, patience=0)
            deadline = time.monotonic() + patience
            while self._alive() and time.monotonic() < deadline:
                self.attend(timeout=0.02)  # a child that cannot write cannot end
        self.ended()

    def _alive(self) -> list[Process]:
        return [child.process for child in self.children if child.process and child.is_running]

    def _pass_on(self, child: Child) -> None:
        assert child.output is not None
        text = child.output.read(65536)
        if not text:
            self._close(child)
            return
        # without room for the log, the work goes on
        with contextlib.suppress(OSError), logs.open_for_append(self.home, child.name) as log:
            log.write(text)
        *lines, child.unfinished = (child.unfinished + text).split(b"\n")
        self._say(child, lines)

    def _say(self, child: Child, lines: list[bytes]) -> None:
        for line in lines:
            text = line.decode(errors="replace")
            self.say(text if child.once else f"{child.name} | {text}")

    def _forget(self, child: Child) -> None:
        if child.output is not None:
            self._pass_on(child)
            self._close(child)

    def _close(self, child: Child) -> None:
        if child.output is not None:
            self.selector.unregister(child.output)
            child.output.close()
            child.output = None
            self._say(child, [child.unfinished] if child.unfinished else [])
            child.unfinished = b""
