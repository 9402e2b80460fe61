"""Workers that die while an archive is unpacked, and how far it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from ingest import leases, pipeline, tasks, unpacking
from ingest.models import IngestRun, LogFile, LogHost, LogPage, Piece, State
from tests.ingest.conftest import finish
from tests.ingest.packing import (
    MAINLOG,
    OLDER,
    PANICLOG,
    REJECTLOG,
    TEXT,
    archive_of,
    left_in,
    tar,
    texts,
    total,
)

pytestmark = pytest.mark.django_db


def waiting_run(srv1: LogHost, tmp_path: Path, packed: bytes) -> IngestRun:
    path = tmp_path / "logs.tar"
    path.write_bytes(packed)
    incoming = pipeline.IncomingFile(name=path.name, path=str(path), size=len(packed), is_upload=False)
    return pipeline.new_run(log_host=srv1, files=[incoming], started_by="tests")


class Killed(BaseException):
    """What no handler of errors sees, as a killed process runs none."""


LOGS = [("README", TEXT), ("rejectlog", REJECTLOG), ("mainlog", MAINLOG), ("paniclog", PANICLOG)]


@pytest.mark.parametrize("at", range(1, 11))
def test_a_worker_killed_while_unpacking_is_followed_exactly(
    srv1: LogHost, tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch, at: int,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    run = waiting_run(srv1, tmp_path, tar(LOGS))
    calls = 0

    def killed(*_: Any, **__: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == at:
            raise Killed

    with monkeypatch.context() as patch, pytest.MonkeyPatch.context() as quiet:
        # a dead worker cleans up nothing
        quiet.setattr(type(default_storage), "delete", lambda *_: None, raising=False)
        spy_on(patch, unpacking, "_Copy.blocks", killed)
        spy_on(patch, unpacking, "_Unpacking._count", killed)
        spy_on(patch, unpacking, "_Unpacking._hand_over", killed)
        with pytest.raises(Killed):
            finish(run)
    Piece.objects.update(lease_until=None)
    with django_capture_on_commit_callbacks(execute=True):
        finish(run)
        finish(run)
    assert run.state == State.FINISHED
    assert [file.name for file in run.files.all()] == ["logs.tar", *(name for name, _ in LOGS)]
    assert sorted(texts(srv1)) == sorted((REJECTLOG + MAINLOG + PANICLOG).splitlines())
    assert left_in(storage) == []


def spy_on(patch: pytest.MonkeyPatch, module: Any, path: str, call: Callable[..., None]) -> None:
    owner, name = path.split(".")
    inner = getattr(getattr(module, owner), name)

    def with_call(*arguments: Any, **named: Any) -> Any:
        call()
        return inner(*arguments, **named)

    patch.setattr(getattr(module, owner), name, with_call)


def test_a_run_killed_between_unpacking_and_reading_goes_on(
    srv1: LogHost, tmp_path: Path, storage: Path
) -> None:
    run = waiting_run(srv1, tmp_path, tar(LOGS))
    (archive,) = pipeline.open_pieces(run)
    assert not pipeline.work(archive)
    assert not pipeline.finish(run.pk)
    assert not LogPage.objects.exists()
    assert len(left_in(storage)) == 3
    assert len(pipeline.open_pieces(run)) == 3
    finish(run)
    assert (run.state, total(run, "new_lines")) == (State.FINISHED, 667)


def test_what_came_out_of_an_archive_is_queued_at_once(
    srv1: LogHost, tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    run = waiting_run(srv1, tmp_path, tar(LOGS))
    (archive,) = pipeline.open_pieces(run)
    queued: list[int] = []
    monkeypatch.setattr(tasks.read_piece, "delay", lambda *, piece_id: queued.append(piece_id))
    with django_capture_on_commit_callbacks(execute=True):
        tasks.read_piece(piece_id=archive)
    assert queued == pipeline.open_pieces(run)
    assert len(queued) == 3


def test_an_unpacker_whose_lease_ran_out_notes_nothing_more(
    srv1: LogHost, tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = waiting_run(srv1, tmp_path, tar(LOGS))
    (archive,) = pipeline.open_pieces(run)
    late = leases.take(archive)
    assert late is not None
    Piece.objects.filter(pk=archive).update(lease_until=None)
    assert not pipeline.work(archive)  # the other worker
    with monkeypatch.context() as patch:
        patch.setattr(leases, "take", lambda _: late)
        assert not pipeline.work(archive)
    finish(run)
    assert run.files.count() == 5
    assert total(run, "new_lines") == 667


def test_the_progress_of_an_archive_counts_the_bytes_handed_in(
    srv1: LogHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = waiting_run(srv1, tmp_path, tar([("mainlog", MAINLOG), ("mainlog.2", OLDER)]))
    (archive,) = pipeline.open_pieces(run)
    seen: list[int] = []
    pipeline.work(archive, progress=lambda file: seen.append(LogFile.objects.get(pk=file.pk).size_read))
    assert seen == sorted(seen)
    assert len(MAINLOG) <= seen[0] < seen[-1] <= archive_of(run).size
