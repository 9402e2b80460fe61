"""Workers die at random moments of an ingest; the run finishes by itself and nothing is lost or doubled."""

import contextlib
import os
import random
import signal
import time
from pathlib import Path

from benchmarks.bulk import write_bulk
from tests.acceptance.conftest import Running

KILLS = int(os.environ.get("MAILWATCH_TEST_KILLS", "3"))
LINES = int(os.environ.get("MAILWATCH_TEST_LINES", "60000"))
SEED = int(os.environ.get("MAILWATCH_TEST_SEED", str(random.randrange(1000))))

# Rows of a log host without what names their place or the log host.
_TABLES = {
    "messages": "SELECT md5(string_agg(md5((to_jsonb(m) - 'log_host_id' - 'line_refs')::text"
    " || array_length(m.line_refs, 1)), '' ORDER BY message_id)) FROM ingest_message m",
    "deliveries": "SELECT md5(string_agg(md5((to_jsonb(m) - 'log_host_id' - 'line_ref')::text), ''"
    " ORDER BY message_id, logged_at, digest, copy)) FROM ingest_delivery m",
    "rejections": "SELECT md5(string_agg(md5((to_jsonb(m) - 'log_host_id' - 'line_ref')::text), ''"
    " ORDER BY logged_at, digest, copy)) FROM ingest_rejection m",
    "findings": "SELECT md5(string_agg(md5((to_jsonb(m) - 'log_host_id')::text), ''"
    " ORDER BY message_id, rule)) FROM ingest_message_finding m",
    "suspects": "SELECT md5(string_agg(md5((to_jsonb(m) - 'log_host_id' - 'id')::text), ''"
    " ORDER BY kind, value)) FROM ingest_suspect m",
    "hours": "SELECT md5(string_agg(md5((to_jsonb(m) - 'log_host_id')::text), '' ORDER BY hour))"
    " FROM ingest_hourlyvolume m",
    "lines": "SELECT sum(lines)::text FROM ingest_page m",
}


def stored(mailwatch: Running, log_host: str) -> dict[str, str]:
    condition = f" WHERE m.log_host_id = (SELECT id FROM ingest_loghost WHERE name = '{log_host}')"
    return {name: mailwatch.query(sql + condition)[0][0] for name, sql in _TABLES.items()}


def kill_while_it_works(mailwatch: Running, run: str, dice: random.Random) -> int:
    """Kill workers until the run is over or there were enough; how many were killed with a transaction open."""
    in_transaction = 0
    visitor = mailwatch.visitor
    for number in range(KILLS):
        time.sleep(dice.uniform(0.3, 1.5))
        if visitor.json(run)["state"] not in ("waiting", "running"):
            break
        open_ones = (
            "SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()"
        )
        in_transaction += bool(mailwatch.query(open_ones)[0][0])
        workers = mailwatch.processes("celery")
        victims = [pid for pid in workers if " beat " not in _command(pid)]
        # every other time all of them at once, the parent included
        for pid in victims if number % 2 else [dice.choice(victims)]:
            _kill(pid)
    return in_transaction


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except FileNotFoundError:
        return " beat "


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_killed_workers_lose_and_double_nothing(mailwatch: Running, tmp_path: Path) -> None:
    log = tmp_path / "mainlog"
    write_bulk(log, lines=LINES, seed=SEED, days=2)
    visitor = mailwatch.visitor
    run = visitor.upload([log], log_host="killed", timezone="UTC")
    hits = kill_while_it_works(mailwatch, run, random.Random(SEED))
    visitor.wait_for_run(run)
    visitor.wait_for_run(visitor.upload([log], log_host="clean", timezone="UTC"))
    told = visitor.json(run)["files"][0]
    assert (told["lines"], told["new_lines"]) == (LINES, LINES)
    assert stored(mailwatch, "killed") == stored(mailwatch, "clean"), f"seed {SEED}, {hits} hits"
