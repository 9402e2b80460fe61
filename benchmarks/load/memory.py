"""What each part of the server takes: memory by the kernel's account of it, and processor time.

PSS counts a page of memory that several processes share in parts, so that sums mean something. PostgreSQL's shared
buffers stand apart: they fill up to their size, whatever happens, and no further.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

from benchmarks.load.stack import Stack
from mailwatch.standalone import postgres, processes

SHARED_BUFFERS = "PostgreSQL's shared memory"
_KIB = 1024
_MB = 1e6
_TICK = os.sysconf("SC_CLK_TCK")
_WORDS = {
    "web": "mailwatch.wsgi",
    "worker": "\0worker\0",
    "beat": "\0beat\0",
    "Valkey": "valkey-server",
}


@dataclass(frozen=True, slots=True)
class Look:
    """One look at all processes. Bytes by part, resident ones counted as often as they are shared; seconds by part."""

    at: float  # seconds since the beginning
    memory: Mapping[str, float]
    resident: float
    processor: Mapping[str, float]
    count: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Course:
    """MB of one part after a minute, in the middle and at the end; ``growth``: of the second half, by its slope.

    ``processor``: how many processors it had on average.
    """

    part: str
    first: float
    middle: float
    last: float
    growth: float
    processes: int
    processor: float


@dataclass(slots=True)
class Watch:
    """Looks every so many seconds until it is over, in a thread."""

    stack: Stack
    every: float
    over: threading.Event
    looks: list[Look] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def go_on(self) -> None:
        while True:
            self.looks.append(look(self.stack, at=time.monotonic() - self._began))
            if self.over.wait(self.every):
                break

    def courses(self) -> list[Course]:
        """Of every part, and of all but the shared buffers."""
        parts = list(dict.fromkeys(part for one in self.looks for part in one.memory))
        found = [self._course(part, [part]) for part in parts]
        grows = [part for part in parts if part != SHARED_BUFFERS]
        return [*found, self._course("all but that", grows)]

    @property
    def resident(self) -> float:
        """MB that the processes' resident sets add up to at the end, shared pages counted in each."""
        return self.looks[-1].resident / _MB

    def _course(self, name: str, parts: Sequence[str]) -> Course:
        taken = [(one.at, sum(one.memory.get(part, 0.0) for part in parts) / _MB) for one in self.looks]
        end = taken[-1][0]
        spent = [sum(one.processor.get(part, 0.0) for part in parts) for one in self.looks]
        return Course(
            part=name,
            first=_near(taken, min(60.0, end / 4)),
            middle=_near(taken, end / 2),
            last=_near(taken, end),
            growth=slope(taken[len(taken) // 2 :]) * end / 2,
            processes=sum(self.looks[-1].count.get(part, 0) for part in parts),
            processor=(spent[-1] - spent[0]) / end if end else 0.0,
        )


def _near(taken: Sequence[tuple[float, float]], at: float) -> float:
    """The mean of the three looks next to a moment: workers take and give back as they go."""
    return fmean(value for _, value in sorted(taken, key=lambda one: abs(one[0] - at))[:3])


def slope(taken: Sequence[tuple[float, float]]) -> float:
    """How much more there is a second, by Theil and Sen: the median of all pairs, which peaks do not move."""
    pairs = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for number, earlier in enumerate(taken)
        for later in taken[number + 1 :]
        if later[0] > earlier[0]
    ]
    return median(pairs) if pairs else 0.0


def look(stack: Stack, *, at: float) -> Look:
    """What there is now."""
    memory: dict[str, float] = {}
    processor: dict[str, float] = {}
    count: dict[str, int] = {}
    resident = 0.0
    for part, pid in _processes(stack):
        try:
            rollup, spent = _rollup(pid), _processor(pid)
        except (OSError, ValueError, IndexError):  # it ended meanwhile
            continue
        shared = rollup.get("Pss_Shmem", 0.0) if part == "PostgreSQL" else 0.0
        memory[part] = memory.get(part, 0.0) + rollup.get("Pss", 0.0) - shared
        if shared:
            memory[SHARED_BUFFERS] = memory.get(SHARED_BUFFERS, 0.0) + shared
        resident += rollup.get("Rss", 0.0)
        processor[part] = processor.get(part, 0.0) + spent
        count[part] = count.get(part, 0) + 1
    return Look(at, memory, resident, processor, count)


def _processes(stack: Stack) -> Iterator[tuple[str, int]]:
    """Every process of the home, with the part that it belongs to."""
    if stack.supervisor is not None:
        yield "supervisor", stack.supervisor
    for process in processes.marked(stack.home):
        if process.pid != stack.supervisor:
            yield _part(process.pid), process.pid
    server = postgres.running(stack.home)
    if server is not None:
        yield "PostgreSQL", server.pid
        for pid in _children(server.pid):
            yield "PostgreSQL", pid


def _part(pid: int) -> str:
    words = "\0".join(processes.arguments(pid))
    return next((part for part, word in _WORDS.items() if word in words), "others")


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _rollup(pid: int) -> dict[str, float]:
    """Bytes by name, as the kernel sums them up."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, rest = line.partition(":")
        found[name] = float(rest.split()[0]) * _KIB
    return found


def _processor(pid: int) -> float:
    """Seconds of the process and of its children that ended."""
    text = Path(f"/proc/{pid}/stat").read_text()
    fields = text[text.rindex(")") + 2 :].split()
    return sum(int(field) for field in fields[11:15]) / _TICK
