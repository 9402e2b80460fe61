"""Every row can be made again from the stored lines, while the site is up, and whatever ends the process."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from ingest import beside, pages, pipeline, rebuild, removal
from ingest.locks import Lock
from ingest.models import Delivery, LogHost, LogPage, Message
from tests.ingest.conftest import read_files
from tests.ingest.content import content
from tests.ingest.test_retention import (
    Killed,
    another_connection,
    bulk,
    kill_at,
    rejectlog,
    small_pages,
    srv1,
)

__all__ = ["small_pages", "srv1"]

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("small_batches", "small_pages"),
]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _few_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "PAGES_AT_ONCE", 4)


@pytest.fixture
def logs(tmp_path: Path) -> tuple[Path, Path]:
    log = bulk(tmp_path / "mainlog", lines=1200)
    return log, rejectlog(tmp_path / "rejectlog", log)


def spoil(host: LogHost) -> None:
    """As if a grammar of before had read the lines."""
    Message.objects.filter(log_host=host).update(subject="spoilt")
    Delivery.objects.filter(log_host=host, outcome="bounced").delete()


def tables_beside() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'rebuild%'")
        return int(cursor.fetchone()[0])


def test_readers_see_the_old_rows_until_the_new_ones_are_there(
    srv1: LogHost, logs: tuple[Path, Path]
) -> None:
    read_files(srv1, *logs)
    clean = content(srv1)
    spoil(srv1)
    spoilt = content(srv1)["messages"]
    told: list[int] = []

    def look(lines: int) -> None:
        told.append(lines)
        assert content(srv1)["messages"] == spoilt

    lines = rebuild.rebuild(srv1, progress=look)
    assert len(told) > 2 and told == sorted(told) and told[-1] == lines
    assert content(srv1) == clean
    assert tables_beside() == 0


def test_logs_that_come_in_meanwhile_are_in(srv1: LogHost, tmp_path: Path, logs: tuple[Path, Path]) -> None:
    lines = logs[0].read_bytes().splitlines(keepends=True)
    early, late = tmp_path / "early", tmp_path / "late"
    early.write_bytes(b"".join(lines[:900] + lines[1000:1500]))
    late.write_bytes(b"".join(lines))
    read_files(srv1, logs[0], logs[1])
    clean = content(srv1)
    LogHost.objects.filter(pk=srv1.pk).update(name="gone")
    host = pipeline.log_host("srv1", "UTC")[0]
    read_files(host, early)
    spoil(host)
    waiting = [late, logs[1]]

    def read_more(lines: int) -> None:
        if waiting:
            read_files(host, waiting.pop())

    rebuild.rebuild(host, progress=read_more)
    assert not waiting
    assert content(host) == clean


def test_pages_that_go_meanwhile_are_gone(srv1: LogHost, logs: tuple[Path, Path]) -> None:
    read_files(srv1, *logs)
    going = list(LogPage.objects.order_by("page_id").values_list("page_id", flat=True)[:3])

    def remove(lines: int) -> None:
        while going:
            with transaction.atomic():
                removal.hold(srv1.pk)
                removal.remove_pages(srv1, [going.pop()])

    rebuild.rebuild(srv1, progress=remove)
    stored = content(srv1)
    rebuild.rebuild(srv1)
    assert content(srv1) == stored


@pytest.mark.parametrize("round", range(3))
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # cursors of the killed
def test_it_goes_on_wherever_it_was_killed(srv1: LogHost, logs: tuple[Path, Path], round: int) -> None:
    read_files(srv1, *logs)
    clean = content(srv1)
    spoil(srv1)
    chance, done = random.Random(round), None
    while done is None:
        try:
            with connection.execute_wrapper(kill_at(chance.randrange(400))):
                done = rebuild.rebuild(srv1)
        except Killed:
            connection.close()
        except rebuild.Busy:  # the database sees a moment later that a process has died
            continue
    assert content(srv1) == clean
    assert done == sum(LogPage.objects.values_list("lines", flat=True))


def test_what_was_done_is_not_done_again(
    srv1: LogHost, logs: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read_files(srv1, *logs)
    read: list[int] = []
    reading: Callable[..., Any] = beside.read_chunk

    def counted(of_pages: list[pages.Page], *rest: Any) -> Any:
        read.extend(page.page_id for page in of_pages)
        if len(read) > 10 and not killed:
            killed.append(True)
            raise Killed
        return reading(of_pages, *rest)

    killed: list[bool] = []
    monkeypatch.setattr(beside, "read_chunk", counted)
    with pytest.raises(Killed):
        rebuild.rebuild(srv1)
    assert tables_beside() == 1
    rebuild.rebuild(srv1)
    assert len(read) == LogPage.objects.count() + beside.PAGES_AT_ONCE  # the chunk that was killed


def test_a_process_killed_at_random_moments(srv1: LogHost, logs: tuple[Path, Path]) -> None:
    read_files(srv1, *logs)
    clean = content(srv1)
    spoil(srv1)
    seed = random.randrange(1000)
    chance = random.Random(seed)
    for _ in range(4):
        process = command("rebuild")
        time.sleep(chance.uniform(0.8, 3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = content(srv1)["messages"]
        assert all(row["subject"] == "spoilt" for row in now) or now == clean["messages"], seed
    time.sleep(0.2)
    last = command("rebuild")
    assert last.wait() == 0, seed
    assert content(srv1) == clean, seed


def command(name: str) -> "subprocess.Popen[bytes]":
    """A command in a process of its own, on the database of the tests."""
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={quote(str(database['HOST']), safe='')}"
    environment = os.environ | {"DATABASE_URL": os.environ.get("DATABASE_URL") or url}
    return subprocess.Popen([sys.executable, "manage.py", name], cwd=ROOT, env=environment)


def test_one_at_a_time(srv1: LogHost, logs: tuple[Path, Path]) -> None:
    read_files(srv1, logs[0])
    with another_connection() as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [Lock.REBUILD, srv1.pk])
        with pytest.raises(CommandError, match="Another process is deriving the rows of srv1 just now"):
            call_command("rebuild")


def test_the_command_as_json(srv1: LogHost, logs: tuple[Path, Path]) -> None:
    read_files(srv1, logs[0])
    out = StringIO()
    call_command("rebuild", json=True, stdout=out)
    assert '"name": "srv1"' in out.getvalue()
