"""How long ingest takes, and how much room, against eximstats, which only counts: in the same run, interleaved.

Every figure comes from ``manage.py ingest`` on an embedded PostgreSQL of its own, as ``make run`` configures it.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.bulk import BEGINS, write_bulk
from mailwatch.standalone import places, session

CHECKOUT = Path(__file__).resolve().parents[1]
_DAYS = 14
_DAY = 86_400
_MB = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One line of the table. ``at_least`` and ``aim`` are the largest ratios that would do."""

    what: str
    figure: str
    ratio: float | None = None
    peer: str = ""
    at_least: float | None = None
    aim: float | None = None
    is_more_better: bool = False

    def row(self) -> tuple[str, str, str, str]:
        """What, figure, ratio, and whether that is enough."""
        if self.ratio is None:
            return self.what, self.figure, self.peer, ""
        told = f"{self.ratio:.2f} x {self.peer}"
        if self.at_least is None or self.aim is None:
            return self.what, self.figure, told, ""
        wanted = f"at least {self.at_least:.1f}, aim {self.aim:.1f}"
        for limit, word in ((self.aim, "aim reached"), (self.at_least, "reached")):
            if self.ratio >= limit if self.is_more_better else self.ratio <= limit:
                return self.what, self.figure, told, f"{wanted}: {word}"
        return self.what, self.figure, told, f"{wanted}: missed"


def measure(*, lines: int, rounds: int, stored: int) -> Iterator[Measured]:
    """The table, a line at a time. ``stored``: lines that are in when the next are measured; 0 leaves it out."""
    with tempfile.TemporaryDirectory(prefix="mailwatch-benchmark-") as folder:
        parent = Path(folder)
        parent.chmod(0o711)
        bench = _Bench(parent, lines)
        yield Measured(what="log", figure=f"{lines:,} lines, {bench.log_size / _MB:.0f} MB")
        yield from bench.against_eximstats(rounds)
        yield bench.compressed(rounds)
        yield bench.alone(rounds)
        if stored:
            yield bench.on_top(stored)


class _Bench:
    def __init__(self, parent: Path, lines: int) -> None:
        self._parent = parent
        self._lines = lines
        self._log = self._write(0)
        self.log_size = self._log.stat().st_size
        self._first = 0.0  # seconds of the best first ingest

    def _write(self, number: int) -> Path:
        """The log of one fortnight after another."""
        path = self._parent / f"mainlog.{number}"
        # short ids, since eximstats 4.96 passes over lines with long ones and would seem to be fast
        begins = BEGINS + number * _DAYS * _DAY
        write_bulk(path, lines=self._lines, seed=number + 1, days=_DAYS, long_ids=False, begins=begins)
        return path

    def against_eximstats(self, rounds: int) -> Iterator[Measured]:
        """First ingest, memory, size, and the same file again: best of the rounds, eximstats before each."""
        peers, firsts, seconds, sizes, memory = [], [], [], [], []
        for _ in range(rounds):
            peers.append(_eximstats(self._log))
            with self._home() as home:
                first = ingest_into(home, self._log)
                firsts.append(first["seconds"])
                memory.append(first["peak_memory"])
                seconds.append(ingest_into(home, self._log)["seconds"])
                sizes.append(_database_size(home))
        self._first = min(firsts)
        measured = [peer for peer in peers if peer is not None]
        peer = min(measured) if measured else None
        yield Measured(what="eximstats -txt", figure=f"{peer:.1f} s" if peer else "it is not here")
        yield Measured(
            what="ingest, two workers",
            figure=f"{self._first:.1f} s, {self._lines / self._first:,.0f} lines/s",
            ratio=self._first / peer if peer else None,
            peer="eximstats",
            at_least=1.0,
            aim=0.7,
        )
        yield Measured(
            what="database",
            figure=f"{min(sizes) / _MB:.0f} MB",
            ratio=min(sizes) / self.log_size,
            peer="the log",
            at_least=1.6,
            aim=1.2,
        )
        yield Measured(
            what="peak memory of a process",
            figure=f"{max(memory) / _MB:.0f} MB",
            ratio=max(memory) / (400 * _MB),
            peer="400 MB",
            at_least=1.0,
            aim=0.5,
        )
        yield Measured(
            what="the same file again",
            figure=f"{min(seconds):.1f} s",
            ratio=min(seconds) / self._first,
            peer="its first ingest",
            at_least=0.3,
            aim=0.1,
        )

    def compressed(self, rounds: int) -> Measured:
        """The same log as gzip."""
        packed = self._parent / "mainlog.gz"
        with self._log.open("rb") as source, gzip.open(packed, "wb", compresslevel=6) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        best = self._best(rounds, lambda home: ingest_into(home, packed)["seconds"])
        packed.unlink()
        return Measured(
            what="the same log as gzip",
            figure=f"{best:.1f} s",
            ratio=best / self._first,
            peer="the plain file",
            at_least=1.3,
            aim=1.1,
        )

    def alone(self, rounds: int) -> Measured:
        """One worker instead of two."""
        best = self._best(rounds, lambda home: ingest_into(home, self._log, processes=1)["seconds"])
        return Measured(
            what="one worker",
            figure=f"{best:.1f} s",
            ratio=best / self._first,
            peer="two workers",
            at_least=1.6,
            aim=1.9,
            is_more_better=True,
        )

    def on_top(self, stored: int) -> Measured:
        """The next log when many are in."""
        with self._home() as home:
            count = stored // self._lines
            for number in range(1, count + 1):
                log = self._write(number)
                ingest_into(home, log)
                log.unlink()
            log = self._write(count + 1)
            peer = self._best(1, lambda empty: ingest_into(empty, log)["seconds"])
            seconds = ingest_into(home, log)["seconds"]
            log.unlink()
        return Measured(
            what=f"on top of {count * self._lines:,} lines",
            figure=f"{seconds:.1f} s",
            ratio=seconds / peer,
            peer="an empty database",
            at_least=1.3,
            aim=1.1,
        )

    def _best(self, rounds: int, run: Callable[[Path], float]) -> float:
        seconds = []
        for _ in range(rounds):
            with self._home() as home:
                seconds.append(run(home))
        return min(seconds)

    @contextmanager
    def _home(self) -> Iterator[Path]:
        """A home without a database yet, made away with afterwards."""
        home = Path(tempfile.mkdtemp(dir=self._parent, prefix="home-"))
        home.chmod(0o711)
        try:
            yield home
        finally:
            where = places.known(home)
            for directory in (where.root, where.sockets, home):
                shutil.rmtree(directory, ignore_errors=True)


def _eximstats(log: Path) -> float | None:
    program = shutil.which("eximstats", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        return None
    began = time.monotonic()
    subprocess.run([program, "-txt", str(log)], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def ingest_into(home: Path, log: Path, *, processes: int = 2) -> dict[str, Any]:
    """``manage.py ingest`` as a process, into the log host "benchmark"; what it says with --json."""
    command = [sys.executable, str(CHECKOUT / "manage.py"), "ingest", str(log), "--processes", str(processes)]
    told = subprocess.run(
        [*command, "--log-host", "benchmark", "--timezone", "UTC", "--json"],
        env={**os.environ, "MAILWATCH_HOME": str(home), "DATABASE_URL": ""},
        stdout=subprocess.PIPE,
        check=True,
    )
    answer: dict[str, Any] = json.loads(told.stdout)
    return answer


def _database_size(home: Path) -> int:
    with session.services(home):
        place = places.database(home)
        with psycopg.connect(host=place["HOST"], dbname=place["NAME"], user=place["USER"]) as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    size: int = row[0]
    return size
