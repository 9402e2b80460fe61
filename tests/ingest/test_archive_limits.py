"""Archives made to do harm end in one sentence, in little memory, and leave nothing."""

import gzip
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from ingest.models import State
from tests.ingest.conftest import Reader
from tests.ingest.packing import (
    COMPRESSIONS,
    MAINLOG,
    PANICLOG,
    REJECTLOG,
    Members,
    archive_of,
    hand_made_zip,
    left_in,
    states,
    tar,
    told,
    total,
    zipped,
    zstd,
)

pytestmark = pytest.mark.django_db


def one_sentence(text: str) -> bool:
    return text.endswith(".") and "\n" not in text and len(text) < 300


@pytest.fixture
def small_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bombs of a size that tests have time for."""
    monkeypatch.setattr("ingest.sources.limits.FLOOR", 1_000_000)
    monkeypatch.setattr("ingest.sources.archives.FLOOR", 1_000_000)


BOMB = b"2026-03-02 10:00:09 Start queue run: pid=1\n" * 100_000


@pytest.mark.usefixtures("small_floor")
@pytest.mark.parametrize("name", ["bz2", "xz", "zst"])
def test_a_log_that_unpacks_beyond_measure_ends_there(read_archive: Reader, name: str) -> None:
    run = read_archive(COMPRESSIONS[name](BOMB))
    error = run.files.get().error
    assert run.state in (State.FAILED, State.REFUSED)
    assert error.startswith("It unpacks to more than 250 times its size")
    assert one_sentence(error)


@pytest.mark.usefixtures("small_floor")
@pytest.mark.parametrize(
    "pack",
    [lambda bomb: zstd(tar(bomb)), zipped, lambda bomb: tar([("b.zip", zipped(bomb))])],
    ids=["tar.zst", "zip", "zip in tar"],
)
def test_a_bomb_in_an_archive_ends_in_one_sentence_and_leaves_nothing(
    read_archive: Reader, storage: Path, settings: Settings, pack: Callable[[Members], bytes]
) -> None:
    settings.MAILWATCH_MAX_RATIO = 50
    run = read_archive(pack([("mainlog", BOMB)]))
    errors = [file.error for file in run.files.all() if file.error]
    assert run.state in (State.FAILED, State.REFUSED)
    assert any("50 times its size" in error for error in errors)
    assert all(map(one_sentence, errors))
    assert left_in(storage) == []


@pytest.mark.usefixtures("small_floor")
def test_a_log_of_lines_that_repeat_is_no_bomb_in_a_plain_tar(read_archive: Reader) -> None:
    """It is compressed while it waits to be read, far beyond the ratio that a foreign file may have."""
    run = read_archive(tar([("mainlog", BOMB)]))
    assert (run.state, total(run, "lines")) == (State.FINISHED, BOMB.count(b"\n"))


@pytest.mark.usefixtures("small_floor")
def test_members_that_share_their_bytes_are_counted_each_time(read_archive: Reader, storage: Path) -> None:
    """The overlapping zip bomb: one kernel, and a table of contents that names it a thousand times."""
    single = hand_made_zip(zlib.compress(BOMB[:400_000], wbits=-15), BOMB[:400_000], method=8)
    at = single.index(b"PK\x01\x02")
    end = single.index(b"PK\x05\x06")
    table = single[at:end] * 1000
    tail = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1000, 1000, len(table), at, 0)
    run = read_archive(single[:at] + table + tail)
    assert archive_of(run).error.startswith("The archive unpacks to more than 250 times its size")
    assert run.files.count() < 100


def test_a_member_too_large_is_refused_by_name(
    read_archive: Reader, settings: Settings, storage: Path
) -> None:
    settings.MAILWATCH_MAX_MEMBER = len(MAINLOG) - 1
    for pack in (tar, zipped):
        run = read_archive(pack([("mainlog", MAINLOG), ("rejectlog", REJECTLOG)]))
        state, reason = told(run)["mainlog"]
        assert state == State.REFUSED
        assert reason.startswith("It is larger than ")
        assert states(run)["rejectlog"] == State.FINISHED
    assert left_in(storage) == []


def test_a_zip_that_lies_about_a_size_is_found_out(read_archive: Reader, storage: Path) -> None:
    text = MAINLOG * 3
    packed = hand_made_zip(zlib.compress(text, wbits=-15), MAINLOG, method=8)
    run = read_archive(packed)
    assert told(run)["mainlog"][1].startswith("It is damaged")
    assert left_in(storage) == []


def test_an_archive_that_unpacks_to_too_much_keeps_what_came_before(
    read_archive: Reader, settings: Settings, storage: Path
) -> None:
    settings.MAILWATCH_MAX_UNPACKED = len(REJECTLOG) + len(MAINLOG) - 1
    run = read_archive(tar([("rejectlog", REJECTLOG), ("mainlog", MAINLOG), ("paniclog", PANICLOG)]))
    assert states(run) == {"rejectlog": State.FINISHED}
    assert archive_of(run).state == State.FAILED
    assert archive_of(run).error.startswith("The archive unpacks to more than ")
    assert left_in(storage) == []


@pytest.mark.parametrize("pack", [tar, zipped])
def test_more_members_than_are_read_end_in_one_sentence(
    read_archive: Reader, settings: Settings, pack: Callable[[Members], bytes]
) -> None:
    settings.MAILWATCH_MAX_MEMBERS = 600
    run = read_archive(pack([("mainlog", MAINLOG), *((f"empty-{number}", b"") for number in range(1200))]))
    assert archive_of(run).error.startswith("The archive has more than 600 members;")
    assert run.state == State.FAILED
    assert run.files.count() == 601
    assert states(run)["mainlog"] == State.FINISHED


def test_a_tar_of_a_million_empty_members_takes_little_memory(
    read_archive: Reader, settings: Settings
) -> None:
    settings.MAILWATCH_MAX_MEMBERS = 1000
    one = tar([("empty", b"")])[:512]
    packed = zstd(one * 1_000_000)
    tracemalloc.start()
    run = read_archive(packed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert one_sentence(archive_of(run).error)
    assert run.state == State.REFUSED
    assert peak < 60_000_000


def test_a_zip_whose_table_of_contents_is_huge_is_refused_before_it_is_read(
    read_archive: Reader, settings: Settings
) -> None:
    settings.MAILWATCH_MAX_MEMBERS = 10
    entry = hand_made_zip(b"", b"", method=0)
    at, end = entry.index(b"PK\x01\x02"), entry.index(b"PK\x05\x06")
    table = entry[at:end] * 60_000
    tail = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 60_000, 60_000, len(table), at, 0)
    run = read_archive(entry[:at] + table + tail)
    assert archive_of(run).error == "The archive has more than 10 members; nothing of it was read."


def nested(depth: int) -> bytes:
    packed = tar([("mainlog", MAINLOG)])
    for _ in range(depth - 1):
        packed = zipped([("inner", packed)])
    return packed


def test_archives_are_read_to_a_depth(read_archive: Reader, settings: Settings) -> None:
    assert states(read_archive(nested(3))) == {"inner/inner/mainlog": State.FINISHED}
    assert told(read_archive(nested(4)))["inner/inner/inner"] == (
        State.REFUSED, "It is an archive within 3 archives; archives are read 3 deep.",
    )  # fmt: skip
    settings.MAILWATCH_MAX_DEPTH = 4
    assert total(read_archive(nested(4)), "lines") == 665


def test_compressions_around_each_other_end_somewhere(read_archive: Reader) -> None:
    packed = MAINLOG
    for _ in range(4):
        packed = gzip.compress(packed)
    assert (
        read_archive(packed).files.get().error
        == "It is compressed more than 3 times over, which is not read."
    )


def test_an_archive_that_holds_itself_ends_at_the_depth(
    read_archive: Reader, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quine: every way into it finds the archive again."""
    wide = zipped([(f"again-{number}", nested(4)) for number in range(8)])
    run = read_archive(wide)
    assert run.state == State.REFUSED
    assert all(reason.endswith("3 deep.") for _, reason in told(run).values())


@pytest.mark.parametrize(
    "header",
    [
        b"L" + b"77777777777\0",  # a long name of 8 GB
        b"x" + b"77777777777\0",  # pax headers of 8 GB
        b"S" + b"00000000000\0",  # old GNU sparse
        b"0" + b"\xff" * 12,  # a negative size
    ],
)
def test_headers_that_ask_for_memory_or_lead_backwards_are_damage(
    read_archive: Reader, header: bytes
) -> None:
    block = bytearray(tar([("mainlog", b"")])[:512])
    block[156:157], block[124:136] = header[:1], header[1:]
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    tracemalloc.start()
    run = read_archive(tar([("rejectlog", REJECTLOG)])[:1024] + bytes(block) + bytes(4096))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert states(run)["rejectlog"] == State.FINISHED
    assert peak < 60_000_000
    assert all(map(one_sentence, filter(None, (file.error for file in run.files.all()))))
