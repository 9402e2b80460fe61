"""Pieces of one file in several processes at the same time."""

import gzip
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from ingest import pieces, pipeline, workers
from ingest.models import IngestRun, LogHost, Piece, State
from ingest.sources import batches, cuts
from tests.ingest.content import content
from tests.ingest.test_pieces import _begin, _log

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("storage")]


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_processes_that_share_a_file_store_what_one_stores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    log = _log()
    host = pipeline.log_host("srv1", "Europe/Madrid")[0]
    alone = _begin(tmp_path, log, "alone")
    workers.read_all(alone, progress=lambda: None, processes=1)
    expected = content(host)
    LogHost.objects.filter(pk=host.pk).update(name="gone")
    host = pipeline.log_host("srv1", "Europe/Madrid")[0]
    monkeypatch.setattr(batches, "BATCH_SIZE", 4_000)
    monkeypatch.setattr(cuts, "PIECE_SIZE", 20_000)
    monkeypatch.setattr(cuts, "_BLOCK", 5_000)
    monkeypatch.setattr(pieces, "SMALL", 5_000)
    run = _begin(tmp_path, compress(log), "shared")
    workers.read_all(run, progress=lambda: None, processes=3)
    run.refresh_from_db()
    file = run.files.get()
    assert (run.state, file.lines, file.new_lines) == (State.FINISHED, 1777, 1777)
    assert Piece.objects.filter(file=file).count() > 10
    assert content(host) == expected
    assert _kinds(run) == _kinds(alone)


def _lines() -> list[bytes]:
    """Two days, without the lines that stand twice: a copy belongs to its file."""
    return list(dict.fromkeys(_log().splitlines(keepends=True)))


def _clean(tmp_path: Path) -> dict[str, Any]:
    """What one ingest of all lines stores; srv1 is an empty log host again afterwards."""
    host = pipeline.log_host("srv1", "Europe/Madrid")[0]
    workers.read_all(_begin(tmp_path, b"".join(_lines()), "alone"), progress=lambda: None, processes=1)
    expected = content(host)
    LogHost.objects.filter(pk=host.pk).update(name="gone")
    pipeline.log_host("srv1", "Europe/Madrid")
    return expected


def _in_processes(runs: Sequence[IngestRun], count: int) -> None:
    """Work on runs in processes of their own, all at the same moment: process by process another run first."""
    connections.close_all()
    context = get_context("fork")
    barrier = context.Barrier(count)

    def work(number: int) -> None:
        barrier.wait()
        turned = [*runs[number % len(runs) :], *runs[: number % len(runs)]]
        for run in turned:
            workers.drain(run.pk)
        for run in turned:
            pipeline.finish(run.pk)

    processes = [context.Process(target=work, args=(number,)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * count


@pytest.mark.parametrize("round_number", range(3))
def test_two_uploads_of_overlapping_files_at_the_same_moment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, round_number: int
) -> None:
    monkeypatch.setattr(batches, "BATCH_SIZE", 15_000)
    lines, expected = _lines(), _clean(tmp_path)
    overlapping = [lines[:1200], lines[400:]] if round_number else [lines, [*lines, b"\n"]]
    runs = [
        _begin(tmp_path, b"".join(part), f"{round_number}-{name}")
        for name, part in zip("ab", overlapping, strict=True)
    ]
    _in_processes(runs, 2)
    assert content(LogHost.objects.get(name="srv1")) == expected
    files = [run.files.get() for run in runs]
    assert {file.state for file in files} == {State.FINISHED}
    assert sum(file.new_lines for file in files) == len(lines)
    assert all(file.lines == file.new_lines + file.duplicate_lines for file in files)


@pytest.mark.parametrize(("seed", "count"), [(1, 1), (2, 2), (3, 3)])
def test_files_in_any_order_by_any_number_of_workers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int, count: int
) -> None:
    monkeypatch.setattr(batches, "BATCH_SIZE", 15_000)
    dice = random.Random(seed)
    lines, expected = _lines(), _clean(tmp_path)
    cuts_at = [0, *sorted(dice.sample(range(1, len(lines)), 7)), len(lines)]
    parts = [lines[max(0, start - 30) : end] for start, end in pairwise(cuts_at)]
    dice.shuffle(parts)
    runs = [_begin(tmp_path, b"".join(part), f"{seed}-{number}") for number, part in enumerate(parts)]
    _in_processes(runs, count)
    assert content(LogHost.objects.get(name="srv1")) == expected
    assert sum(run.files.get().new_lines for run in runs) == len(lines)


def _kinds(run: IngestRun) -> dict[str, int]:
    return dict(run.files.get().kinds)


def test_a_database_that_restarts_is_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every connection is cut now and then while a file is read."""
    log = _log()
    host = pipeline.log_host("srv1", "Europe/Madrid")[0]
    monkeypatch.setattr(batches, "BATCH_SIZE", 40_000)
    monkeypatch.setattr("ingest.faults.pause", lambda _: timedelta())
    run = _begin(tmp_path, log)
    cut: list[int] = []

    def cut_connection() -> None:
        if len(cut) < 3:
            cut.append(1)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                pid = cursor.fetchone()[0]
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
            other.close()

    workers.read_all(run, progress=cut_connection, processes=1)
    run.refresh_from_db()
    assert len(cut) == 3
    assert (run.state, run.files.get().new_lines, run.files.get().error) == (State.FINISHED, 1777, "")
    assert len(content(host)["lines"]) == 1777
