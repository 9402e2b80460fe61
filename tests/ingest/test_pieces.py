"""Large files shared by several workers: whatever is cut where and read by whom, what is stored is the same."""

import bz2
import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest import leases, pieces, pipeline
from ingest.models import IngestRun, LogFile, LogHost, Piece, State
from ingest.pipeline import IncomingFile, log_host
from ingest.sources import batches, cuts
from tests.ingest.conftest import SAMPLES, finish, read_files
from tests.ingest.content import content

pytestmark = pytest.mark.django_db


def _log() -> bytes:
    """Two days with identical lines, some far apart and some out of order."""
    lines = (SAMPLES / "srv1" / "mainlog.1").read_bytes().splitlines(keepends=True)
    lines += (SAMPLES / "srv1" / "mainlog").read_bytes().splitlines(keepends=True)
    dice = random.Random(4)
    for line in dice.sample(lines, 60):
        lines.insert(dice.randrange(len(lines)), line)
    lines.insert(900, lines[900])
    return b"".join(lines)


@pytest.fixture(scope="module")
def log() -> bytes:
    return _log()


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_SIZE", 10_000)
    monkeypatch.setattr(cuts, "PIECE_SIZE", 40_000)
    monkeypatch.setattr(cuts, "_BLOCK", 5_000)
    monkeypatch.setattr(pieces, "SMALL", 5_000)


_CLEAN: dict[str, Any] = {}  # the same for all tests of this process


@pytest.fixture
def clean(srv1: LogHost, tmp_path: Path, log: bytes) -> dict[str, Any]:
    """What one worker stores of the log as one piece; srv1 is an empty log host again afterwards."""
    if not _CLEAN:
        path = tmp_path / "clean"
        path.write_bytes(log)
        with pytest.MonkeyPatch.context() as whole:
            whole.setattr(cuts, "PIECE_SIZE", len(log))
            run = read_files(srv1, path)
        assert Piece.objects.filter(file__run=run).count() == 1
        _CLEAN.update(content(srv1) | {"file": _counts(run)})
        LogHost.objects.filter(pk=srv1.pk).update(name="gone")
        log_host("srv1", "Europe/Madrid")
    return _CLEAN


def _counts(run: IngestRun) -> dict[str, Any]:
    names = (
        "lines", "new_lines", "duplicate_lines", "unparsed_lines", "messages", "deliveries", "rejections", "kinds",
        "features", "own_addresses", "zone_votes", "first_at", "last_at", "state", "error",
    )  # fmt: skip
    return {name: getattr(run.files.get(), name) for name in names}


def _begin(tmp_path: Path, text: bytes, name: str = "mainlog") -> IngestRun:
    path = tmp_path / name
    path.write_bytes(text)
    file = IncomingFile(name=name, path=str(path), size=len(text), is_upload=False)
    return pipeline.new_run(log_host=LogHost.objects.get(name="srv1"), files=[file], started_by="tests")


def _stored(run: IngestRun) -> dict[str, Any]:
    pipeline.finish(run.pk)
    return content(LogHost.objects.get(name="srv1")) | {"file": _counts(run)}


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pieces_worked_on_in_any_order_a_little_at_a_time(
    clean: dict[str, Any], tmp_path: Path, log: bytes, seed: int
) -> None:
    run = _begin(tmp_path, log)
    dice = random.Random(seed)
    rounds = 0
    while free := pipeline.open_pieces(run):
        pipeline.work(dice.choice(free), seconds=0)  # one batch
        rounds += 1
    assert Piece.objects.filter(file__run=run).count() == -(-len(log) // 40_000)
    assert rounds > 30
    assert _stored(run) == clean


@pytest.mark.usefixtures("small_pieces")
def test_pieces_are_cut_where_the_second_changes(srv1: LogHost, tmp_path: Path, log: bytes) -> None:
    run = _begin(tmp_path, log)
    made: list[int] = []
    assert pipeline.work(pipeline.open_pieces(run)[0], seconds=0, wake=made.extend)
    rows = list(Piece.objects.filter(file__run=run).order_by("number"))
    assert made == [row.pk for row in rows[1:]]
    assert [row.end for row in rows] == [*(row.start for row in rows[1:]), None]
    for row in rows[1:]:
        before, behind = log[: row.start].splitlines()[-1], log[row.start :].splitlines()[0]
        assert before[:19] != behind[:19]
        assert log[row.start - 1 : row.start] == b"\n"


def test_a_small_file_stays_whole(srv1: LogHost, tmp_path: Path, log: bytes) -> None:
    run = _begin(tmp_path, log)
    finish(run)
    assert Piece.objects.filter(file__run=run).count() == 1


@pytest.mark.usefixtures("small_pieces")
def test_a_foreign_file_is_refused_before_it_is_cut(srv1: LogHost, tmp_path: Path) -> None:
    for packed in (b"dear helpdesk\n" * 9000, bz2.compress(random.Random(1).randbytes(9000))):
        run = _begin(tmp_path, packed)
        finish(run)
        assert run.state == State.REFUSED
        assert Piece.objects.filter(file__run=run).count() == 1


@pytest.mark.usefixtures("small_pieces", "storage")
@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress], ids=["gzip", "bzip2"])
def test_a_compressed_file_is_handed_on_in_pieces(
    clean: dict[str, Any],
    tmp_path: Path,
    log: bytes,
    storage: Path,
    compress: Callable[[bytes], bytes],
    django_capture_on_commit_callbacks: Any,
) -> None:
    run = _begin(tmp_path, compress(log), "mainlog.gz")
    with django_capture_on_commit_callbacks(execute=True):
        while free := pipeline.open_pieces(run):
            pipeline.work(free[-1])
            assert len(_kept(storage)) <= Piece.objects.count()
    assert Piece.objects.filter(file__run=run, hands_on=False).count() >= len(log) // 50_000
    assert _stored(run) == clean
    assert run.files.get().size_read == run.files.get().size
    assert _kept(storage) == []


def _kept(storage: Path) -> list[Path]:
    return [path for path in storage.rglob("*") if path.is_file()]


@pytest.mark.usefixtures("small_pieces", "storage")
def test_no_more_than_a_few_pieces_wait(
    srv1: LogHost, tmp_path: Path, log: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[int] = []
    monkeypatch.setattr(pieces, "MOST_WAITING", 2)
    run = _begin(tmp_path, gzip.compress(log))
    made: list[int] = []

    def wake(piece_ids: Any) -> None:
        made.extend(piece_ids)
        waiting.append(Piece.objects.filter(state=State.WAITING).count())

    assert not pipeline.work(pipeline.open_pieces(run)[0], wake=wake)
    assert len(made) == Piece.objects.count() - 1 > 4
    assert max(waiting) == 2


class _Killed(BaseException):
    pass


@pytest.mark.usefixtures("small_pieces", "storage")
@pytest.mark.parametrize("moment", ["before the piece is noted", "after"])
def test_a_reader_that_dies_is_followed_exactly(
    clean: dict[str, Any],
    tmp_path: Path,
    log: bytes,
    storage: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    run = _begin(tmp_path, gzip.compress(log))
    reader = pipeline.open_pieces(run)[0]
    made: list[int] = []

    def wake(piece_ids: Any) -> None:
        made.extend(piece_ids)
        if len(made) == 3:
            raise _Killed

    def die(*_: Any) -> None:
        if Piece.objects.filter(file__run=run).count() == 4:
            raise _Killed

    with monkeypatch.context() as patch, pytest.raises(_Killed):
        if moment == "after":
            pipeline.work(reader, wake=wake)
        else:
            patch.setattr(leases, "hold", _then(die, leases.hold))
            patch.setattr("django.core.files.storage.default_storage.delete", lambda _: None)
            pipeline.work(reader)
    Piece.objects.filter(lease_until__isnull=False).update(lease_until=None)
    if moment != "after":
        assert len(_kept(storage)) == Piece.objects.filter(file__run=run).exclude(path="").count() == 4
    while free := pipeline.open_pieces(run):
        pipeline.work(free[0])
    assert _stored(run) == clean
    assert _kept(storage) == []


def _then(first: Callable[..., None], second: Callable[..., None]) -> Callable[..., None]:
    def both(*arguments: Any) -> None:
        first(*arguments)
        second(*arguments)

    return both


@pytest.mark.usefixtures("small_pieces", "storage")
def test_a_large_gzip_cut_short_keeps_what_came_before_the_cut(
    srv1: LogHost, tmp_path: Path, log: bytes
) -> None:
    run = _begin(tmp_path, gzip.compress(log)[:-3000])
    while free := pipeline.open_pieces(run):
        pipeline.work(free[0])
    pipeline.finish(run.pk)
    file = run.files.get()
    assert (file.state, file.error) == (
        State.FAILED,
        "The gzip file ends too early; the rest of the log is missing.",
    )
    assert 1200 < file.new_lines < 1777


@pytest.mark.usefixtures("small_pieces")
def test_the_file_is_over_when_all_its_pieces_are(srv1: LogHost, tmp_path: Path, log: bytes) -> None:
    run = _begin(tmp_path, log)
    pipeline.work(pipeline.open_pieces(run)[0])
    assert run.files.get().state == State.RUNNING
    assert not pipeline.finish(run.pk)
    *most, last = pipeline.open_pieces(run)
    for piece_id in most:
        pipeline.work(piece_id)
    assert run.files.get().state == State.RUNNING
    pipeline.work(last)
    file = LogFile.objects.get(run=run)
    assert (file.state, file.size_read) == (State.FINISHED, file.size)


@pytest.mark.usefixtures("small_pieces", "storage")
def test_the_same_file_again_is_known_however_it_comes(
    clean: dict[str, Any], tmp_path: Path, log: bytes
) -> None:
    for name, text in (("one", log), ("two", log + b"\n"), ("three.gz", gzip.compress(log))):
        run = _begin(tmp_path, text, name)
        while free := pipeline.open_pieces(run):
            pipeline.work(free[-1])
        pipeline.finish(run.pk)
        file = run.files.get()
        expected = clean["file"]["lines"] if name == "one" else 0
        assert (file.lines, file.new_lines) == (clean["file"]["lines"], expected), name
    assert content(LogHost.objects.get(name="srv1"))["messages"] == clean["messages"]
