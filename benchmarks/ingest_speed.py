"""How long ingest takes against eximstats, which only counts: the same file, in the same run, interleaved."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.bulk import write_bulk
from mailwatch.standalone import places, session

CHECKOUT = Path(__file__).resolve().parents[1]
_SEED = 1
_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSpeed:
    """Best of the rounds; seconds and bytes."""

    lines: int
    log_size: int
    ingest: float  # until everything can be searched, findings included
    again: float  # the same file once more
    eximstats: float | None  # None: it is not on this machine
    database_size: int

    def rows(self) -> list[tuple[str, str, str]]:
        """What was measured, the figure, the ratio to its peer."""
        ratio = (
            f"{self.ingest / self.eximstats:.2f} x eximstats" if self.eximstats else "eximstats is not here"
        )
        return [
            ("log", f"{self.lines:,} lines, {self.log_size / 1e6:.0f} MB", ""),
            ("eximstats -txt", f"{self.eximstats:.1f} s" if self.eximstats else "", ""),
            ("ingest", f"{self.ingest:.1f} s, {self.lines / self.ingest:,.0f} lines/s", ratio),
            (
                "the same file again",
                f"{self.again:.1f} s",
                f"{self.again / self.ingest:.2f} x its first ingest",
            ),
            (
                "database",
                f"{self.database_size / 1e6:.0f} MB",
                f"{self.database_size / self.log_size:.2f} x the log",
            ),
        ]


def measure(*, lines: int, rounds: int) -> IngestSpeed:
    """Each round has an empty database of its own, and eximstats before it."""
    with tempfile.TemporaryDirectory(prefix="mailwatch-benchmark-") as folder:
        parent = Path(folder)
        parent.chmod(0o711)
        log = parent / "mainlog"
        # short ids, since eximstats 4.96 passes over lines with long ones and would seem to be fast
        write_bulk(log, lines=lines, seed=_SEED, days=_DAYS, long_ids=False)
        peers, firsts, seconds, sizes = [], [], [], []
        for number in range(rounds):
            peers.append(_eximstats(log))
            home = parent / f"home{number}"
            firsts.append(_ingest(home, log))
            seconds.append(_ingest(home, log))
            sizes.append(_database_size(home))
            _remove(home)
        measured = [peer for peer in peers if peer is not None]
        return IngestSpeed(
            lines=lines,
            log_size=log.stat().st_size,
            ingest=min(firsts),
            again=min(seconds),
            eximstats=min(measured, default=None),
            database_size=min(sizes),
        )


def _eximstats(log: Path) -> float | None:
    program = shutil.which("eximstats", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        return None
    began = time.monotonic()
    subprocess.run([program, "-txt", str(log)], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def _ingest(home: Path, log: Path) -> float:
    command = [sys.executable, str(CHECKOUT / "manage.py"), "ingest", str(log)]
    told = subprocess.run(
        [*command, "--log-host", "benchmark", "--timezone", "UTC", "--json"],
        env={**os.environ, "MAILWATCH_HOME": str(home), "DATABASE_URL": ""},
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds: float = json.loads(told.stdout)["seconds"]
    return seconds


def _database_size(home: Path) -> int:
    with session.services(home):
        place = places.database(home)
        with psycopg.connect(host=place["HOST"], dbname=place["NAME"], user=place["USER"]) as connection:
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    size: int = row[0]
    return size


def _remove(home: Path) -> None:
    where = places.known(home)
    for directory in (where.root, where.sockets, home):
        shutil.rmtree(directory, ignore_errors=True)
