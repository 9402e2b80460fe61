"""A machine that writes an Exim main log: its clock, its processes, its message ids, its log_selector.

Nothing here imports the grammar: what the generator writes is checked against what the grammar reads, so
the two must not share code.
"""

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from random import Random
from typing import NamedTuple, Protocol

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
LAST_PID = 4_194_304  # kernel.pid_max of a 64-bit Linux


class Line(NamedTuple):
    """One log line: when it is written (POSIX seconds) and what follows the stamp."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Peer:
    """A machine that connects: `helo` is what it claims, `name` what DNS confirms ("" = nothing)."""

    address: str
    helo: str = ""
    name: str = ""

    def shown(self) -> str:
        """As Exim writes it after `H=`, without the address."""
        if self.name and self.helo in ("", self.name):
            return f"{self.name} "
        name = f"{self.name} " if self.name else ""
        helo = f"({self.helo}) " if self.helo else ""
        return name + helo


@dataclass(frozen=True, slots=True)
class Exchanger:
    """A remote mail server that takes deliveries; `answer` is its reply to an accepted message."""

    name: str
    address: str
    answer: str = "250 2.0.0 Ok: queued as {token}"
    tls: bool = True


@dataclass(frozen=True, slots=True)
class Logging:
    """The parts of log_selector that change the shape of a line."""

    ports: bool = False  # +incoming_port
    interface: bool = False  # +incoming_interface
    listed_recipients: bool = False  # +received_recipients
    subjects: bool = False  # +subject
    dkim: bool = False  # +dkim_verbose


@dataclass(slots=True)
class LogHost:
    """One Exim with its state: the next process id and how long each queue run lasted."""

    name: str
    primary_hostname: str
    address: str
    zone: tzinfo
    random: Random
    first_queue_run: float  # POSIX seconds
    queue_run_every: int  # seconds
    logging: Logging = field(default_factory=Logging)
    long_ids: bool = True  # 6-11-4 from Exim 4.97 on, 6-6-2 before
    ciphers: tuple[str, ...] = ("TLS1.3:TLS_AES_256_GCM_SHA384:256",)
    local_transport: str = "maildir_home"
    exchanger: Callable[[str], Exchanger | None] = field(default=lambda domain: None)  # None: no such domain
    local_domains: frozenset[str] = frozenset()
    last_pid: int = 800
    run_ends: dict[int, float] = field(default_factory=dict)

    def pid(self) -> int:
        """The process id of a process started now."""
        self.last_pid = (self.last_pid + self.random.randrange(1, 40)) % LAST_PID or 800
        return self.last_pid

    def token(self, length: int) -> str:
        """A queue name that some other server makes up."""
        bits = self.random.getrandbits(length * 6)
        return "".join(BASE62[(bits >> (6 * place)) % 62] for place in range(length))

    def message_id(self, started_at: float, pid: int) -> str:
        """The id of a message whose reception starts at that moment in that process."""
        seconds = int(started_at)
        microseconds = int((started_at - seconds) * 1_000_000)
        if self.long_ids:
            return f"{base62(seconds, 6)}-{base62(pid, 11)}-{base62(microseconds, 4)}"
        return f"{base62(seconds, 6)}-{base62(pid, 6)}-{base62(microseconds // 500, 2)}"

    def peer(self, peer: Peer, port: int, *, local_port: int = 25) -> str:
        """`name (helo) [address]:port I=[address]:port`, as much of it as log_selector asks for."""
        shown = f"{peer.shown()}[{peer.address}]"
        if self.logging.ports:
            shown += f":{port}"
        if self.logging.interface:
            shown += f" I=[{self.address}]:{local_port}"
        return shown

    def slot_in_next_queue_run(self, after: float) -> float:
        """A moment of the first queue run that starts after `after`; messages of one run take turns."""
        number = int((after - self.first_queue_run) // self.queue_run_every) + 1
        started_at = self.first_queue_run + number * self.queue_run_every
        slot = self.run_ends.get(number, started_at) + self.random.uniform(0.2, 1.2)
        self.run_ends[number] = slot
        return slot

    def queue_runs(self, since: float, until: float) -> Iterator["QueueRun"]:
        """The queue runs that start in a span."""
        number = int((since - self.first_queue_run) // self.queue_run_every) + 1
        while (at := self.first_queue_run + number * self.queue_run_every) < until:
            yield QueueRun(at, number)
            number += 1

    def stamp(self, second: int) -> str:
        """The stamp that starts a line: local time without its zone, as log_timezone=false writes it."""
        return datetime.fromtimestamp(second, self.zone).isoformat(" ")[:19] + " "


class Happening(Protocol):
    """Anything that leaves lines in a log, starting at `at`."""

    @property
    def at(self) -> float: ...

    def lines(self, host: LogHost) -> list[Line]:
        """Its lines in the order of time."""


@dataclass(frozen=True, slots=True)
class QueueRun:
    """One pass over the spool. It is asked for its lines after everything that started earlier."""

    at: float
    number: int

    def lines(self, host: LogHost) -> list[Line]:
        pid = host.pid()
        last_slot = host.run_ends.pop(self.number, None)
        ended_at = self.at + 0.1 if last_slot is None else last_slot + 3
        return [
            Line(self.at, f"Start queue run: pid={pid}"),
            Line(ended_at, f"End queue run: pid={pid}"),
        ]


@dataclass(frozen=True, slots=True)
class Written:
    """A line as it stands; also for what belongs to no session."""

    at: float
    text: str

    def lines(self, host: LogHost) -> list[Line]:
        return [Line(self.at, self.text)]


def base62(number: int, width: int) -> str:
    """`number` in Exim's base 62, filled with zeros to `width`."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits.rjust(width, "0")


def utc(text: str) -> float:
    """`2026-03-02 00:00:00` in UTC as POSIX seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def local(text: str, zone: tzinfo) -> float:
    """`2026-03-02 00:00:00` on a clock in `zone` as POSIX seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()
