"""Lines that are old enough go with all that they told; what is left is what the other lines tell."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from benchmarks.bulk import write_bulk
from ingest import dropping, pages, pipeline, retention, tasks
from ingest.models import HourlyVolume, IngestRun, LogFile, LogHost, LogPage, Message
from mailwatch.operations.sharing import Terms, freeze_report
from mailwatch.queries.ranges import Range
from tests.ingest.conftest import read_files
from tests.ingest.content import content
from tests.ingest.test_zones import message

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("small_batches", "small_pages"),
]

APRIL = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def srv1(db: None) -> LogHost:
    return pipeline.log_host("srv1", "UTC")[0]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_SIZE", 8000)


def bulk(path: Path, *, lines: int = 3000, days: float = 75, seed: int = 1) -> Path:
    """A log from the beginning of March 2026, with some refusals written twice and some more in a rejectlog."""
    write_bulk(path, lines=lines, seed=seed, days=days)
    written = path.read_bytes().splitlines(keepends=True)
    for number in range(
        75
    ):  # messages that are on their way for half an hour, some of them at the end of a month
        at = datetime(2026, 3, 1, 23, 40, tzinfo=UTC) + timedelta(days=number)
        written += [line.encode() + b"\n" for line in message(number, at, zone=ZoneInfo("UTC"))]
    written.sort()
    path.write_bytes(b"".join(line * 3 if b"rejected" in line else line for line in written))
    return path


def rejectlog(path: Path, mainlog: Path) -> Path:
    """Every third refusal with headers below it, as a rejectlog has them."""
    refused = [line for line in mainlog.read_bytes().splitlines(keepends=True) if b"rejected" in line]
    path.write_bytes(b"".join(line + b"Envelope-from: <x@far.example>\n" for line in refused[::3]))
    return path


def read_in(host: LogHost, *paths: Path, at: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> IngestRun:
    """A run, begun at that moment."""
    run = read_files(host, *paths)
    assert run.state == "finished", run.error
    IngestRun.objects.filter(pk=run.pk).update(created_at=at)
    return run


def keep_days(host: LogHost, days: int | None) -> None:
    LogHost.objects.filter(pk=host.pk).update(retention_days=days)


def without_files(host: LogHost, tmp_path: Path) -> dict[str, Any]:
    """What a log host would have that was only ever given the lines that this one has."""
    text = b"".join(entry.text + b"\n" for page in pages.scan(host.pk) for _, entry in page.entries())
    path = tmp_path / "left"
    path.write_bytes(text)
    LogHost.objects.filter(pk=host.pk).update(name="first")
    try:
        other = pipeline.log_host("srv1", host.timezone)[0]
        if text:
            read_files(other, path)
        return content(other)
    finally:
        LogHost.objects.filter(name="srv1").update(name="second")
        LogHost.objects.filter(pk=host.pk).update(name="srv1")


def same(host: LogHost, tmp_path: Path) -> None:
    stored = content(host)
    expected = without_files(host, tmp_path)
    for table, rows in expected.items():
        assert stored[table] == rows, table


def partitions_of(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname ~ %s AND relkind = 'r'", [f"^{table}.*_2026_"]
        )
        return {row[0] for row in cursor.fetchall()}


def test_nothing_goes_without_an_age(srv1: LogHost, tmp_path: Path) -> None:
    read_in(srv1, bulk(tmp_path / "mainlog"))
    done = retention.retain(now())
    assert done is not None and (done.due, done.months) == ([], [])
    assert LogPage.objects.exists()


def test_a_month_of_all_log_hosts_is_dropped(srv1: LogHost, tmp_path: Path) -> None:
    log = bulk(tmp_path / "mainlog")
    read_in(srv1, log, rejectlog(tmp_path / "rejectlog", log))
    keep_days(srv1, 30)
    crossing = Message.objects.filter(first_at__lt=APRIL, last_at__gte=APRIL).count()
    assert crossing and "ingest_page_2026_03" in partitions_of("ingest_page")

    done = retention.retain(APRIL + timedelta(days=30, hours=1))

    assert done is not None and done.months == [datetime(2026, 3, 1, tzinfo=UTC)] and done.size
    assert "ingest_page_2026_03" not in partitions_of("ingest_page")
    assert not any(name.endswith("_going") for name in partitions_of("ingest"))
    same(srv1, tmp_path)


@pytest.mark.parametrize("day", [3, 17, 31, 40, 62])
def test_pages_go_one_by_one_where_the_month_stays(srv1: LogHost, tmp_path: Path, day: int) -> None:
    log = bulk(tmp_path / "mainlog")
    read_in(srv1, log, rejectlog(tmp_path / "rejectlog", log))
    other = pipeline.log_host("mx2", "UTC")[0]
    read_in(other, bulk(tmp_path / "other", lines=500, seed=2))
    keep_days(srv1, 7)
    before = content(other)

    until = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day)
    done = retention.retain(until + timedelta(days=7))

    assert done is not None and [due.log_host for due in done.due] == [srv1] and done.months == []
    assert not LogPage.objects.filter(log_host=srv1, last_at__lt=until).exists()
    same(srv1, tmp_path)
    assert content(other) == before


def test_a_log_host_with_a_longer_age_keeps_the_month(srv1: LogHost, tmp_path: Path) -> None:
    read_in(srv1, bulk(tmp_path / "mainlog"))
    other = pipeline.log_host("mx2", "UTC")[0]
    read_in(other, bulk(tmp_path / "other", lines=500, seed=2))
    keep_days(srv1, 30)
    keep_days(other, 60)

    done = retention.retain(APRIL + timedelta(days=30, hours=1))
    assert done is not None and done.months == []
    assert Message.objects.filter(log_host=other, last_at__lt=APRIL).exists()
    assert not LogPage.objects.filter(log_host=srv1, last_at__lt=APRIL).exists()

    done = retention.retain(APRIL + timedelta(days=60, hours=1))  # the other's turn
    assert done is not None and [f"{month:%Y-%m}" for month in done.months] == ["2026-03"]
    assert not Message.objects.filter(last_at__lt=APRIL).exists()
    same(srv1, tmp_path)


def test_an_old_log_that_was_handed_in_lately_stays_as_long_as_a_new_one(
    srv1: LogHost, tmp_path: Path
) -> None:
    log = bulk(tmp_path / "mainlog")
    read_in(srv1, log, at=APRIL + timedelta(days=300))
    keep_days(srv1, 90)
    done = retention.retain(APRIL + timedelta(days=389))
    assert done is not None and done.due == []
    done = retention.retain(APRIL + timedelta(days=391))
    assert done is not None and len(done.months) == 3
    assert not Message.objects.exists() and not HourlyVolume.objects.exists()
    same(srv1, tmp_path)
    file = LogFile.objects.get(log_host=srv1)
    assert file.expired_at is not None and file.first_at is None and file.lines  # the run is history


def test_what_was_deleted_can_be_read_again(srv1: LogHost, tmp_path: Path) -> None:
    log = bulk(tmp_path / "mainlog")
    read_in(srv1, log)
    whole = content(srv1)
    keep_days(srv1, 7)
    retention.retain(APRIL + timedelta(days=20))
    assert content(srv1) != whole
    LogFile.objects.update(digest="")  # else it counts as known
    read_in(srv1, log)
    assert content(srv1) == whole


class Killed(BaseException):
    """Whatever ends a process."""


def kill_at(statement: int) -> Callable[..., Any]:
    """Ends the work before that statement is sent."""
    count = 0

    def run(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count > statement:
            raise Killed
        return execute(*arguments)

    return run


@pytest.mark.parametrize("round", range(8))
def test_a_deletion_that_was_killed_is_finished_by_the_next(
    srv1: LogHost, tmp_path: Path, round: int
) -> None:
    log = bulk(tmp_path / "mainlog", lines=1500)
    read_in(srv1, log)
    keep_days(srv1, 12)
    at = APRIL + timedelta(days=20)
    random, done = Random(round), None
    while done is None:  # the database sees a moment later that a process has died
        try:
            with connection.execute_wrapper(kill_at(random.randrange(120))):
                done = retention.retain(at)
        except Killed:
            connection.close()
    assert retention.plan(at).due == []
    assert not LogHost.objects.filter(has_lost_lines=True).exists()
    assert not any(name.endswith("_going") for name in partitions_of("ingest"))
    same(srv1, tmp_path)


def test_readers_do_not_wait_and_space_is_given_back(srv1: LogHost, tmp_path: Path) -> None:
    read_in(srv1, bulk(tmp_path / "mainlog"))
    keep_days(srv1, 30)
    tables = sorted(name for name in partitions_of("ingest") if name.endswith("_2026_03"))
    assert len(tables) == 5
    size = database_size()
    read = "SELECT count(*) FROM ingest_message JOIN ingest_delivery USING (log_host_id, message_id)"
    with another_connection() as reader, another_connection() as newcomer, ThreadPoolExecutor(1) as worker:
        for session in (reader, newcomer):
            session.execute("SET lock_timeout = '100ms'")
        reader.autocommit = False
        held = reader.execute(read).fetchone()
        working = worker.submit(retain_and_close, APRIL + timedelta(days=30, hours=1))
        for _ in range(20):  # it waits for the reader, and neither the reader nor anybody else waits for it
            assert reader.execute(read).fetchone() is not None
            assert newcomer.execute(read).fetchone() is not None
            time.sleep(0.02)
        assert held and not working.done()
        reader.commit()
        done = working.result(timeout=60)
    assert done is not None and done.size and done.size > 500_000
    assert database_size() <= size - done.size / 2  # what is kept is written meanwhile


def test_a_detach_that_was_interrupted_is_finalized(srv1: LogHost, tmp_path: Path) -> None:
    read_in(srv1, bulk(tmp_path / "mainlog"))
    keep_days(srv1, 30)
    with another_connection() as reader:
        reader.autocommit = False
        reader.execute("SELECT FROM ingest_message")
        with connection.cursor() as cursor, pytest.raises(OperationalError):
            cursor.execute("SET statement_timeout = '300ms'")
            cursor.execute("ALTER TABLE ingest_message DETACH PARTITION ingest_message_2026_03 CONCURRENTLY")
        connection.close()
    assert dropping.unfinished() == [(2026 - 1970) * 12 + 2]
    retention.retain(APRIL + timedelta(days=30, hours=1))
    same(srv1, tmp_path)


def another_connection() -> "psycopg.Connection[Any]":
    parameters = connection.get_connection_params()
    kept = {
        name: parameters[name]
        for name in ("dbname", "user", "password", "host", "port")
        if name in parameters
    }
    return psycopg.connect(**kept, autocommit=True)


def database_size() -> int:
    """Bytes of its files."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def retain_and_close(at: datetime) -> retention.Retained | None:
    try:
        return retention.retain(at)
    finally:
        connection.close()


def test_the_command_says_what_would_go_and_what_went(srv1: LogHost, tmp_path: Path) -> None:
    read_in(srv1, bulk(tmp_path / "mainlog", lines=500))
    out = StringIO()
    call_command("log_host", "srv1", retention=30, stdout=out)
    assert "Its lines are deleted when they are older than 30 days." in out.getvalue()
    planned, done = StringIO(), StringIO()
    call_command("retain", dry_run=True, json=True, stdout=planned)
    assert Message.objects.exists()
    call_command("retain", stdout=done)
    told = json.loads(planned.getvalue())
    assert told["months"] == ["2026-03", "2026-04", "2026-05"] and told["bytes_given_back"] is None
    assert f"srv1: {told['log_hosts'][0]['lines']:,} lines went, older than 30 days" in done.getvalue()
    assert not Message.objects.exists()
    again = StringIO()
    call_command("retain", stdout=again)
    assert again.getvalue() == "No line went.\n"


def test_beat_deletes_every_night(srv1: LogHost, tmp_path: Path, settings: Settings) -> None:
    read_in(srv1, bulk(tmp_path / "mainlog", lines=500))
    settings.MAILWATCH_RETENTION = 30
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} >= {tasks.delete_by_age.name}
    tasks.delete_by_age()
    assert not LogPage.objects.exists()


@pytest.mark.parametrize("days", ["-1", "never", "40000"])
def test_an_age_that_is_none_is_refused(db: None, days: str) -> None:
    with pytest.raises(CommandError, match="neither a number of days nor the word default"):
        call_command("log_host", "srv1", f"--retention={days}")


def test_a_shared_report_survives(srv1: LogHost, tmp_path: Path, client: Client) -> None:
    read_in(srv1, bulk(tmp_path / "mainlog", lines=500))
    terms = Terms(redaction="masked", days=7, made_by=User.objects.create(), now=now())
    link = f"/shared/{freeze_report(log_host=srv1, asked=Range(), terms=terms).token}/"
    keep_days(srv1, 30)
    before = client.post(link)
    retention.retain(now())
    assert not Message.objects.exists()
    after = client.post(link)
    assert before.status_code == after.status_code == 200
    parts = [answer.content.decode().partition('name="pass"') for answer in (before, after)]
    assert parts[0][0] == parts[1][0]
    assert parts[0][2].partition(">")[2] == parts[1][2].partition(">")[2]
