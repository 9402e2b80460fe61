"""How fast lines become events, against exigrep on the same file: in one run, interleaved, the best counts."""

import os
import resource
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from benchmarks.bulk import write_bulk
from ingest.exim.parse import parse

_SEED = 1
_DAYS = 14
_NOWHERE = "a-pattern-that-no-line-has"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseSpeed:
    """Best of the rounds, in seconds of one processor."""

    lines: int
    log_size: int  # bytes
    parse: float
    exigrep: float | None  # None: it is not on this machine
    kinds: tuple[tuple[str, int, float], ...]  # kind of line, how many, seconds of the round by kind

    def rows(self) -> list[tuple[str, str, str]]:
        """What was measured, the figure, the ratio to its peer."""
        peer = f"{self.lines / self.exigrep:,.0f} lines/s" if self.exigrep else ""
        ratio = f"{self.exigrep / self.parse:.2f} x exigrep" if self.exigrep else "exigrep is not here"
        return [
            ("log", f"{self.lines:,} lines, {self.log_size / 1e6:.0f} MB", ""),
            ("exigrep", peer, ""),
            ("parse", f"{self.lines / self.parse:,.0f} lines/s", ratio),
            *(
                (f"  {kind}", f"{count:,} lines", f"{seconds / count * 1e6:.1f} us each")
                for kind, count, seconds in self.kinds
            ),
        ]


def measure(*, lines: int, rounds: int) -> ParseSpeed:
    """Parse every line to its event and drop it; exigrep searches the file for what no line has."""
    with tempfile.TemporaryDirectory(prefix="mailwatch-benchmark-") as folder:
        log = Path(folder) / "mainlog"
        # short ids, since exigrep 4.96 passes over lines with long ones and would seem to be fast
        write_bulk(log, lines=lines, seed=_SEED, days=_DAYS, long_ids=False)
        peers, own = [], []
        for _ in range(rounds):
            peers.append(_exigrep(log))
            own.append(_read(log))
        measured = [peer for peer in peers if peer is not None]
        return ParseSpeed(
            lines=lines,
            log_size=log.stat().st_size,
            parse=min(own),
            exigrep=min(measured, default=None),
            kinds=_by_kind(log.read_bytes().splitlines()),
        )


def _read(log: Path) -> float:
    """Reading and cutting the file included, as exigrep's time includes them."""
    began = time.process_time()
    for line in log.read_bytes().split(b"\n"):
        parse(line, zone=UTC)
    return time.process_time() - began


def _parse(lines: list[bytes]) -> float:
    began = time.process_time()
    for line in lines:
        parse(line, zone=UTC)
    return time.process_time() - began


def _exigrep(log: Path) -> float | None:
    program = shutil.which("exigrep", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        return None
    began = _children()
    subprocess.run([program, "--no-pager", _NOWHERE, str(log)], stdout=subprocess.DEVNULL, check=True)
    return _children() - began


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _by_kind(lines: list[bytes]) -> tuple[tuple[str, int, float], ...]:
    """Where the time goes: the lines of each kind by themselves, most costly kind first."""
    sorted_out: dict[str, list[bytes]] = {}
    for line in lines:
        event = parse(line, zone=UTC)
        sorted_out.setdefault(getattr(event, "kind", "unparsed"), []).append(line)
    costs = [(str(kind), len(some), _parse(some)) for kind, some in sorted_out.items()]
    return tuple(sorted(costs, key=lambda cost: -cost[2]))
