"""A run undone: what is stored is what would be there if the run had never been."""

import gzip
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ingest import classification, undo
from ingest.models import IngestRun, LineShare, LogFile, LogHost, Mark
from ingest.pipeline import log_host
from tests.ingest.conftest import SAMPLES, read_files
from tests.ingest.content import content

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_batches")]

NAMES = ("mainlog.1", "mainlog")
REFUSED = (
    "2026-03-02 10:00:00 H=(probe) [203.0.113.9] F=<one@foreign.example> rejected RCPT <v@else.example>:"
    " relay not permitted"
)

type Write = Callable[[str, Sequence[bytes]], Path]


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """1,716 lines, the last days of an attack."""
    text = b"".join((SAMPLES / "srv1" / name).read_bytes() for name in NAMES)
    return text.splitlines(keepends=True)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def file(name: str, lines: Sequence[bytes]) -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(lines))
        return path

    return file


def srv1() -> LogHost:
    return log_host("srv1", "Europe/Madrid")[0]


def read(path: Path) -> IngestRun:
    return read_files(srv1(), path)


def undone(run: IngestRun) -> IngestRun:
    assert undo.begin(run, by="helen")
    while undo.work(run.pk):
        pass
    run.refresh_from_db()
    assert run.state == "undone"
    return run


def clean(*paths: Path) -> dict[str, Any]:
    """What is stored where only these files were read, one after another."""
    LogHost.objects.filter(name="srv1").update(name="kept")
    for path in paths:
        read(path)
    classification.reclassify(srv1())
    found = content(srv1())
    LogHost.objects.filter(name="srv1").update(name=f"clean {LogHost.objects.count()}")
    LogHost.objects.filter(name="kept").update(name="srv1")
    return found


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for table, rows in expected.items():
        assert found[table] == rows, table


def test_the_only_run_leaves_nothing(lines: list[bytes], write: Write) -> None:
    run = read(write("mainlog", lines))
    assert undo.loss(run) == undo.Loss(1716, 0)
    assert undone(run).undone_lines == 1716
    same(content(srv1()), clean())
    assert not LineShare.objects.exists()
    assert not Mark.objects.exists()


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("going", [0, 1, 2])
def test_of_overlapping_files_the_others_keep_all_they_have(
    lines: list[bytes], write: Write, order: tuple[int, ...], going: int
) -> None:
    paths = [
        write("a", lines[:900]),
        write("b", [line for number, line in enumerate(lines) if number % 3 or number > 1500]),
        write("c", lines[600:1200]),
    ]
    runs = {number: read(paths[number]) for number in order}
    expected = clean(*(paths[number] for number in order if number != going))
    loss = undo.loss(runs[going])
    assert undone(runs[going]).undone_lines == loss.lines
    same(content(srv1()), expected)


def test_counts_of_a_file_are_those_of_its_lines_whoever_came_first(lines: list[bytes], write: Write) -> None:
    first, second = read(write("a", lines[:900])), read(write("b", lines[300:]))
    before = second.files.get()
    assert (before.new_lines, before.duplicate_lines) == (816, 600)
    undone(first)
    file = second.files.get()
    alone = read_files(log_host("alone", "Europe/Madrid")[0], write("b", lines[300:])).files.get()
    for name in (
        "lines", "new_lines", "duplicate_lines", "messages", "deliveries", "rejections", "kinds", "features",
        "own_addresses", "zone_votes", "first_at", "last_at",
    ):  # fmt: skip
        assert getattr(file, name) == getattr(alone, name), name


def test_a_file_that_was_read_twice_stays_until_both_are_undone(lines: list[bytes], write: Write) -> None:
    first, twin = read(write("a", lines)), read(write("b", lines))
    expected = content(srv1())
    assert undo.loss(first) == undo.Loss(0, 1716)
    assert undone(first).undone_lines == 0
    same(content(srv1()), expected)
    assert twin.files.get().new_lines == 1716
    assert undone(twin).undone_lines == 1716
    same(content(srv1()), clean())


def test_a_run_can_be_read_again_after_it_was_undone(lines: list[bytes], write: Write) -> None:
    path = write("a", lines)
    expected = clean(path)
    undone(read(path))
    assert read(path).files.get().new_lines == 1716
    same(content(srv1()), expected)


@pytest.mark.parametrize("seed", range(6))
def test_any_files_in_any_order(lines: list[bytes], write: Write, seed: int) -> None:
    chance = random.Random(seed)
    some = lines[600:1000]
    paths = []
    for number in range(5):
        kept = [line for line in some if chance.random() < 0.5]
        doubled = [copy for line in kept for copy in [line] * (2 if chance.random() < 0.1 else 1)]
        paths.append(write(f"file-{number}", doubled))
    runs = [read(path) for path in paths]
    left = list(paths)
    for number in chance.sample(range(5), 3):
        undone(runs[number])
        left.remove(paths[number])
        same(content(srv1()), clean(*left))


def test_copies_of_a_line_are_as_many_as_a_file_has(write: Write) -> None:
    line = f"{REFUSED}\n".encode()
    two, one, three, other = (write(str(number), [line] * number) for number in (2, 1, 3, 4))
    runs = [read(path) for path in (two, one, three)]
    other.write_bytes(line + b"2026-03-02 11:00:00 Start queue run: pid=7\n")
    read(other)
    undone(runs[0])
    assert len(content(srv1())["rejections"]) == 3
    undone(runs[2])
    same(content(srv1()), clean(one, other))


def test_a_rejectlog_keeps_what_it_tells_without_its_mainlog(write: Write) -> None:
    head = f"{REFUSED}\n".encode()
    rejectlog = write("rejectlog", [head, b"Envelope-from: <one@foreign.example>\n", b"  Subject: hello\n"])
    mainlog = write("mainlog", [head, b"2026-03-02 11:00:00 Start queue run: pid=7\n"])
    for first, second in ((mainlog, rejectlog), (rejectlog, mainlog)):
        runs = {path: read(path) for path in (first, second)}
        undone(runs[mainlog])
        same(content(srv1()), clean(rejectlog))
        undone(runs[rejectlog])
        same(content(srv1()), clean())


def test_one_of_several_files_in_other_forms(lines: list[bytes], write: Write) -> None:
    packed = write("mainlog.2.gz", [gzip.compress(b"".join(lines[:800]))])
    plain = write("mainlog.1", lines[700:])
    runs = [read(packed), read(plain)]
    expected = clean(plain)
    undone(runs[0])
    same(content(srv1()), expected)


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("step", range(4))
def test_a_worker_that_dies_leaves_the_rest_to_the_next(
    lines: list[bytes], write: Write, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr(undo, "_PAGES_AT_ONCE", 2)
    paths = [write("a", lines[:900]), write("b", lines[600:])]
    runs = [read(path) for path in paths]
    expected = clean(paths[1])
    loss = undo.loss(runs[0])
    undo.begin(runs[0], by="helen")
    remove, calls = undo._remove, []

    def dies(run: IngestRun) -> bool:
        calls.append(run)
        found = remove(run)
        if len(calls) > step:
            raise _Killed  # before the commit
        return found

    with monkeypatch.context() as patched:
        patched.setattr(undo, "_remove", dies)
        with pytest.raises(_Killed):
            undo.work(runs[0].pk)
    assert undo.open_runs() == []  # its lease has not run out
    IngestRun.objects.filter(pk=runs[0].pk).update(lease_until=None)
    assert undo.open_runs() == [runs[0].pk]
    while undo.work(runs[0].pk, seconds=0):
        pass
    runs[0].refresh_from_db()
    assert (runs[0].state, runs[0].undone_lines) == ("undone", loss.lines)
    same(content(srv1()), expected)


def test_a_line_that_arrives_while_its_run_is_undone_is_kept(
    lines: list[bytes], write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "_PAGES_AT_ONCE", 1)
    paths = [write("a", lines[:900]), write("b", lines[:900])]
    first = read(paths[0])
    expected = clean(paths[1])
    undo.begin(first, by="helen")
    assert undo.work(first.pk, seconds=0)
    read(paths[1])  # the same bytes: must not take what is half gone for whole
    while undo.work(first.pk):
        pass
    same(content(srv1()), expected)


def test_what_is_not_over_or_undone_already_is_left_alone(lines: list[bytes], write: Write) -> None:
    run = read(write("a", lines[:50]))
    IngestRun.objects.filter(pk=run.pk).update(state="running")
    assert not undo.begin(run, by="helen")
    IngestRun.objects.filter(pk=run.pk).update(state="finished")
    undone(run)
    assert not undo.begin(run, by="helen")
    assert not undo.work(run.pk)
    assert LogFile.objects.get().state == "undone"
