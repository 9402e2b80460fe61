"""SIGKILL for the processes of a running Mailwatch, preferably in the middle of a transaction."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from mailwatch.standalone import places, postgres
from tests.acceptance.conftest import Running

# Somebody has written something and not committed it. The pages write a session at most.
_OPEN = (
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    " AND backend_xid IS NOT NULL"
)
_LOOKS = 0.004  # seconds between two looks for an open transaction
_LONGEST_LOOK = 20.0


@dataclass(slots=True)
class Killer:
    """Kills workers, PostgreSQL and Valkey in turn, and counts."""

    running: Running
    dice: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    hits: int = 0  # kills with a transaction open just before

    def fewest(self) -> int:
        """The number of kills of the kind that had fewest."""
        return min(self._total(kind) for kind in self._kinds())

    def kill_one(self, is_over: Callable[[], bool]) -> None:
        """Kill something of the kind whose turn it is; nothing if the work is over before."""
        kind = min(self._kinds(), key=self._total)
        backends = self._wait_for_transaction(is_over) if self.dice.random() < 0.75 else self._wait()
        if backends is None or is_over():
            return
        what = self._kinds()[kind](backends)
        if what:
            self.kills[f"{kind}: {what}"] += 1
            self.hits += bool(backends)

    def _kinds(self) -> dict[str, Callable[[list[int]], str]]:
        return {"worker": self._kill_worker, "PostgreSQL": self._kill_postgres, "Valkey": self._kill_valkey}

    def _total(self, kind: str) -> int:
        return sum(count for what, count in self.kills.items() if what.startswith(f"{kind}:"))

    def _wait(self) -> list[int] | None:
        time.sleep(self.dice.uniform(0, 1.5))
        return self._open_transactions() or []

    def _wait_for_transaction(self, is_over: Callable[[], bool]) -> list[int] | None:
        time.sleep(self.dice.uniform(0, 0.3))
        until = time.monotonic() + _LONGEST_LOOK
        while time.monotonic() < until:
            for _ in range(50):
                if backends := self._open_transactions():
                    return backends
                time.sleep(_LOOKS)
            if is_over():
                return None
        return []

    def _open_transactions(self) -> list[int]:
        place = places.database(self.running.home)
        try:
            with psycopg.connect(
                host=place["HOST"], dbname=place["NAME"], user=place["USER"], connect_timeout=10
            ) as connection:
                return [pid for (pid,) in connection.execute(_OPEN).fetchall()]
        except psycopg.OperationalError:
            return []

    def _kill_worker(self, backends: list[int]) -> str:
        workers = [pid for pid in self.running.processes("celery") if " beat " not in command(pid)]
        if not workers:
            return ""
        if self._total("worker") % 3 == 0:
            killed = [kill(pid) for pid in sorted(workers)]  # the parent first
            return "all at once" if any(killed) else ""
        return "one process" if kill(self.dice.choice(workers)) else ""

    def _kill_postgres(self, backends: list[int]) -> str:
        if backends and self._total("PostgreSQL") % 2:
            return "one backend" if kill(self.dice.choice(backends)) else ""
        server = postgres.running(self.running.home)
        return "the server" if server and kill(server.pid) else ""

    def _kill_valkey(self, backends: list[int]) -> str:
        servers = self.running.processes("valkey-server")
        return "the server" if servers and kill(servers[0]) else ""


def command(pid: int) -> str:
    """The command line of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def kill(pid: int) -> bool:
    """SIGKILL; whether there was such a process."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
