"""Runs stopped by people, and gone on with."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from ingest import pipeline, steering
from ingest.models import IngestRun, LogFile, LogHost, Piece
from ingest.pipeline import IncomingFile
from tests.ingest.conftest import SAMPLES, finish, read_files
from tests.ingest.content import content
from tests.ingest.packing import tar

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_batches")]

LOG = SAMPLES / "srv1" / "mainlog.1"


@pytest.fixture(autouse=True)
def _own_storage(storage: Path) -> Path:
    return storage


@pytest.fixture
def uploaded(srv1: LogHost) -> Callable[..., IngestRun]:
    """A run over files that were handed in."""

    def hand_in(*texts: bytes) -> IngestRun:
        files = [
            IncomingFile(
                name=f"file-{number}",
                path=default_storage.save(f"uploads/{number}", ContentFile(text)),
                size=len(text),
                is_upload=True,
            )
            for number, text in enumerate(texts)
        ]
        return pipeline.new_run(log_host=srv1, files=files, started_by="helen")

    return hand_in


def state(run: IngestRun) -> tuple[str, list[str]]:
    run.refresh_from_db()
    return run.state, list(run.files.values_list("state", flat=True))


def begun(run: IngestRun) -> int:
    """Read the first batch of a run's first file; the lines that are in."""
    (piece_id, *_) = pipeline.open_pieces(run)
    assert pipeline.work(piece_id, seconds=0)
    return run.files.all()[0].lines


def test_a_cancelled_run_keeps_what_was_read_and_says_so(uploaded: Callable[..., IngestRun]) -> None:
    run = uploaded(LOG.read_bytes(), LOG.read_bytes())
    lines = begun(run)
    assert steering.cancel(run, by="helen")
    assert pipeline.open_pieces(run) == []
    assert pipeline.finish(run.pk)
    assert state(run) == ("cancelled", ["cancelled", "cancelled"])
    assert run.stopped_by == "helen"
    file = run.files.all()[0]
    assert (file.lines, file.error) == (lines, "")
    assert len(content(run.log_host)["lines"]) == lines
    assert not steering.cancel(run, by="helen")


def test_whoever_is_at_work_stops_at_the_next_batch(uploaded: Callable[..., IngestRun]) -> None:
    run = uploaded(LOG.read_bytes())
    seen: list[int] = []

    def stop(file: LogFile) -> None:
        seen.append(file.lines)
        if len(seen) == 2:
            steering.cancel(run, by="helen")

    (piece_id,) = pipeline.open_pieces(run)
    assert not pipeline.work(piece_id, progress=stop)
    pipeline.finish(run.pk)
    assert state(run) == ("cancelled", ["cancelled"])
    assert len(seen) == 2
    assert run.files.get().lines == seen[-1]


def test_retry_goes_on_where_a_cancelled_run_stopped(
    uploaded: Callable[..., IngestRun], django_capture_on_commit_callbacks: Any
) -> None:
    run = uploaded(LOG.read_bytes())
    begun(run)
    steering.cancel(run, by="helen")
    pipeline.finish(run.pk)
    offset = Piece.objects.get().offset
    assert offset > 0
    with django_capture_on_commit_callbacks(execute=True):
        assert steering.retry(run) == 1
        assert Piece.objects.get().offset == offset
        finish(run)
    assert (state(run), run.stopped_by) == (("finished", ["finished"]), "")
    found = content(run.log_host)
    LogHost.objects.filter(name="srv1").update(name="retried")
    clean, _ = pipeline.log_host("srv1", "Europe/Madrid")
    read_files(clean, LOG)
    assert content(clean) == found
    assert not default_storage.exists("uploads/0")


def test_a_failed_file_is_read_on_and_the_others_stay(
    uploaded: Callable[..., IngestRun],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    run = uploaded(LOG.read_bytes(), LOG.read_bytes()[:5000])
    with django_capture_on_commit_callbacks(execute=True):
        begun(run)
        with monkeypatch.context() as patched:
            patched.setattr("ingest.pieces.opened", lambda piece: _broken(piece))
            pipeline.work(pipeline.open_pieces(run)[0])
        finish(run)
    assert state(run) == ("failed", ["failed", "finished"])
    assert default_storage.exists("uploads/0")
    assert not default_storage.exists("uploads/1")
    with django_capture_on_commit_callbacks(execute=True):
        assert steering.retry(run) == 1
        finish(run)
    assert state(run) == ("finished", ["finished", "finished"])
    assert run.files.all()[0].lines == len(LOG.read_bytes().splitlines())


def _broken(piece: Piece) -> BytesIO:
    raise OSError(5, "Input/output error")


def test_what_was_refused_is_read_from_the_start(uploaded: Callable[..., IngestRun]) -> None:
    run = uploaded(
        b"Mar  9 06:25:01 srv1 postfix/qmgr[1187]: 3A1F2C04: from=<root@example.com>, size=612\n" * 9
    )
    finish(run)
    assert state(run) == ("refused", ["refused"])
    assert steering.retry(run) == 1
    finish(run)
    assert state(run) == ("refused", ["refused"])


def test_a_refused_archive_lists_its_members_once(uploaded: Callable[..., IngestRun]) -> None:
    run = uploaded(tar([("README", b"hello\n"), ("notes", b"nothing\n")]))
    finish(run)
    assert state(run)[1] == ["refused", "skipped", "skipped"]
    assert steering.retry(run) == 1
    finish(run)
    assert state(run)[1] == ["refused", "skipped", "skipped"]


def test_without_the_bytes_there_is_nothing_to_retry(
    uploaded: Callable[..., IngestRun], settings: Settings
) -> None:
    settings.MAILWATCH_UPLOAD_EXPIRES = 48
    run = uploaded(b"no log at all\n" * 9)
    finish(run)
    steering.forget_expired(now() + timedelta(hours=47))
    assert steering.can_retry(run)
    steering.forget_expired(now() + timedelta(hours=49))
    assert not steering.can_retry(run)
    assert steering.retry(run) == 0
    assert state(run)[0] == "refused"
    assert not default_storage.exists("uploads/0")


def test_a_finished_run_has_nothing_to_retry(uploaded: Callable[..., IngestRun]) -> None:
    run = uploaded(LOG.read_bytes())
    assert steering.retry(run) == 0  # it is not over
    finish(run)
    assert steering.retry(run) == 0
