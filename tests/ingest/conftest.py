"""A database that commits, and the rows of a log host in a form that can be compared."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from ingest import pipeline
from ingest.models import IngestRun, LogHost
from ingest.pipeline import IncomingFile
from ingest.sources import batches

SAMPLES = Path(__file__).resolve().parents[2] / "samples"

type Reader = Callable[..., IngestRun]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few lines a batch, so that messages lie in several."""
    monkeypatch.setattr(batches, "BATCH_SIZE", 20_000)


@pytest.fixture
def srv1(db: None) -> LogHost:
    return pipeline.log_host("srv1", "Europe/Madrid")[0]


def read_files(log_host: LogHost, *paths: Path) -> IngestRun:
    """One run over files, to its end."""
    files = [
        IncomingFile(name=path.name, path=str(path), size=path.stat().st_size, is_upload=False)
        for path in paths
    ]
    run = pipeline.new_run(log_host=log_host, files=files, started_by="tests")
    finish(run)
    return run


def finish(run: IngestRun) -> None:
    for piece_id in pipeline.open_pieces(run):
        pipeline.work(piece_id)
    pipeline.finish(run.pk)
    run.refresh_from_db()


@pytest.fixture
def read_bytes(srv1: LogHost, tmp_path: Path) -> Callable[[bytes], IngestRun]:
    """Reads bytes as a file of srv1."""

    def read(text: bytes, name: str = "mainlog") -> IngestRun:
        path = tmp_path / f"{IngestRun.objects.count()}-{name}"
        path.write_bytes(text)
        return read_files(srv1, path)

    return read


@pytest.fixture
def read_lines(read_bytes: Callable[[bytes], IngestRun]) -> Callable[[Sequence[str]], IngestRun]:
    """Reads lines as a file of srv1."""
    return lambda lines: read_bytes("".join(f"{line}\n" for line in lines).encode())


@pytest.fixture
def storage(settings: Settings, tmp_path: Path) -> Path:
    """A file storage of the test's own."""
    folder = tmp_path / "storage"
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": folder},
        }
    }
    return folder


@pytest.fixture
def read_archive(read_bytes: Reader, storage: Path, django_capture_on_commit_callbacks: Any) -> Reader:
    """Reads bytes as a file of srv1, and what came out of them, to the end."""

    def read_all(packed: bytes, name: str = "logs") -> IngestRun:
        with django_capture_on_commit_callbacks(execute=True):
            run = read_bytes(packed, name)
            finish(run)
        return run

    return read_all
