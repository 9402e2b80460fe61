"""Everything is killed, again and again, while logs are read; the runs finish by themselves, nothing lost or doubled.

MAILWATCH_TEST_KILLS (of each kind: workers, PostgreSQL, Valkey), MAILWATCH_TEST_LINES, MAILWATCH_TEST_SEED.
"""

import contextlib
import gzip
import http.client
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import psycopg
import pytest

from benchmarks.bulk import write_bulk
from mailwatch.standalone.visitor import Refused
from tests.acceptance.conftest import Running
from tests.acceptance.conftest import start as start_running
from tests.acceptance.conftest import stop as stop_running
from tests.acceptance.killing import Killer
from tests.acceptance.stored import differences, stored

KILLS = int(os.environ.get("MAILWATCH_TEST_KILLS", "20"))
LINES = int(os.environ.get("MAILWATCH_TEST_LINES", "200000"))
SEED = int(os.environ.get("MAILWATCH_TEST_SEED", str(random.randrange(1_000_000))))
_OF_ROTATIONS = 400  # lines of a small file: a transaction each
_PATIENCE = 300.0  # seconds for a run to end after the last kill
_AWAY = (psycopg.OperationalError, Refused, OSError, http.client.HTTPException)


@pytest.fixture(scope="module")
def mailwatch(home: Path) -> Iterator[Running]:
    """With two workers, and short leases: what a killed one left is taken up after seconds."""
    running = start_running(home, MAILWATCH_LEASE="2", MAILWATCH_WORKERS="2")
    yield running
    stop_running(running)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A log as one large plain file, one large compressed one, and many small ones, all of them overlapping."""
    folder = tmp_path_factory.mktemp("logs")
    whole = folder / "mainlog"
    write_bulk(whole, lines=LINES, seed=SEED, days=3)
    lines = whole.read_bytes().splitlines(keepends=True)
    first, second = LINES * 4 // 10, LINES * 6 // 10
    files = [whole, folder / "mainlog.2.gz"]
    files[0].write_bytes(b"".join(lines[: first + 2000]))
    files[1].write_bytes(gzip.compress(b"".join(lines[first:second]), 1))
    for number, begin in enumerate(range(second - 1000, LINES, _OF_ROTATIONS)):
        file = folder / f"mainlog.{3 + number}"
        file.write_bytes(b"".join(lines[begin : begin + _OF_ROTATIONS + 20]))
        files.append(file)
    return files


def test_whatever_is_killed_nothing_is_lost_or_doubled(
    mailwatch: Running, logs: Sequence[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    killer = Killer(mailwatch, random.Random(SEED))
    hosts = []
    began_at = time.monotonic()
    for number in count():
        if killer.fewest() >= KILLS:
            break
        hosts.append(f"killed{number}")
        run = mailwatch.visitor.upload(logs, log_host=hosts[-1], timezone="UTC")
        while killer.fewest() < KILLS and not _is_over(mailwatch, run):
            killer.kill_one(lambda run=run: _is_over(mailwatch, run))  # type: ignore[misc]
        _wait_for(mailwatch, run)
    total = killer.kills.total()
    told = (
        f"\nseed {SEED}: {total} kills in {time.monotonic() - began_at:.0f} s and {len(hosts)} runs of {LINES} lines,"
        f" {killer.hits} of them in an open transaction: {dict(sorted(killer.kills.items()))}\n"
    )
    with capsys.disabled():
        sys.stdout.write(told)
    visitor = mailwatch.visitor
    visitor.wait_for_run(visitor.upload(logs, log_host="clean", timezone="UTC"))
    clean = stored(mailwatch, "clean")
    assert clean["lines"][0] == LINES
    for host in hosts:
        assert differences(stored(mailwatch, host), clean) == {}, f"seed {SEED}"
    assert killer.hits * 2 >= total
    assert _left_over(mailwatch) == {}


def _is_over(mailwatch: Running, run: str) -> bool:
    """Whether the run has ended, as far as the database can be asked."""
    sql = f"SELECT state FROM ingest_ingestrun WHERE id = {run.strip('/').rpartition('/')[2]}"
    with contextlib.suppress(psycopg.OperationalError):
        return mailwatch.query(sql)[0][0] not in ("waiting", "running")
    return False


def _wait_for(mailwatch: Running, run: str) -> None:
    """Until the run has finished by itself and its page says so."""
    until = time.monotonic() + _PATIENCE
    told = None
    while told is None or told["state"] in ("waiting", "running"):
        assert time.monotonic() < until, f"seed {SEED}: {told}"
        time.sleep(0.2)
        with contextlib.suppress(*_AWAY):
            told = mailwatch.visitor.json(run)
    assert (told["state"], told["error"]) == ("finished", ""), f"seed {SEED}"
    for file in told["files"]:
        assert file["lines"] == file["new_lines"] + file["duplicate_lines"], file
    assert sum(file["new_lines"] for file in told["files"]) == LINES, f"seed {SEED}"


def _left_over(mailwatch: Running) -> dict[str, object]:
    """What should have gone with the runs: texts of pieces, marks, lines set aside, uploads."""
    tables = ("ingest_mark", "ingest_setaside")
    left: dict[str, object] = {
        table: rows for table in tables if (rows := mailwatch.query(f"SELECT count(*) FROM {table}")[0][0])
    }
    files = [file for file in (mailwatch.home / "files").rglob("*") if file.is_file()]
    return left | ({"files": files} if files else {})
