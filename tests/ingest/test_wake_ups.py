"""A broker that is away costs seconds: nothing that was handed in is refused, and nothing is begun twice for it."""

from typing import Any

import pytest
from kombu.exceptions import OperationalError

from ingest import pipeline, tasks
from ingest.models import IngestRun, LogHost, Piece, State
from ingest.pipeline import IncomingFile
from tests.ingest.conftest import SAMPLES

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(srv1: LogHost) -> IngestRun:
    path = SAMPLES / "srv1" / "mainlog"
    file = IncomingFile(name="mainlog", path=str(path), size=path.stat().st_size, is_upload=False)
    return pipeline.new_run(log_host=srv1, files=[file], started_by="tests")


@pytest.fixture
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise OperationalError("Error 111 connecting to valkey.sock. Connection refused.")

    for task in (tasks.read_piece, tasks.finish_run, tasks.undo_run):
        monkeypatch.setattr(task, "delay", refuse)


@pytest.mark.usefixtures("_no_broker")
def test_a_run_is_taken_without_a_broker_and_waits(
    run: IngestRun, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tasks.wake(run)
        tasks.finish_soon(run)
    assert pipeline.open_pieces(run) == [run.files.get().pieces.get().pk]


@pytest.mark.usefixtures("_no_broker", "small_batches")
def test_a_piece_is_left_to_beat_when_its_next_turn_cannot_be_queued(
    run: IngestRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "_SECONDS", 0)
    (piece_id,) = pipeline.open_pieces(run)
    tasks.read_piece(piece_id=piece_id)
    piece = Piece.objects.get(pk=piece_id)
    assert (piece.state, piece.attempts, piece.file.error) == (State.RUNNING, 1, "")
    assert piece.offset > 0
    assert pipeline.open_pieces(run) == [piece_id]
