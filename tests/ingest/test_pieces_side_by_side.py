"""Pieces of one file in several processes at the same time."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

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
