"""Archives as people hand them in: every format, archives within archives, what is no log, paths and links."""

import bz2
import gzip
import io
import lzma
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest import pipeline
from ingest.models import LogHost, LogPage, State
from ingest.sources.archives import shown_path
from tests.ingest.conftest import SAMPLES, Reader, read_files
from tests.ingest.content import content
from tests.ingest.packing import (
    COMPRESSIONS,
    ENCRYPTED,
    MAINLOG,
    OLDER,
    PANICLOG,
    REJECTLOG,
    TEXT,
    Members,
    archive_of,
    hand_made_zip,
    left_in,
    stamped,
    states,
    tar,
    texts,
    told,
    total,
    zipped,
    zstd,
)

pytestmark = pytest.mark.django_db

# ---- every format


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_a_compressed_log_is_read_as_one_file(read_archive: Reader, srv1: LogHost, name: str) -> None:
    run = read_archive(COMPRESSIONS[name](MAINLOG))
    file = run.files.get()
    assert (run.state, file.state, file.lines) == (State.FINISHED, State.FINISHED, 665)
    assert texts(srv1) == MAINLOG.splitlines()


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_streams_in_a_row_are_one_log(read_archive: Reader, srv1: LogHost, name: str) -> None:
    pack = COMPRESSIONS[name]
    half = MAINLOG.index(b"\n", len(MAINLOG) // 2) + 1
    assert read_archive(pack(MAINLOG[:half]) + pack(MAINLOG[half:])).state == State.FINISHED
    assert texts(srv1) == MAINLOG.splitlines()


@pytest.mark.parametrize("pack", [*COMPRESSIONS.values(), bytes], ids=[*COMPRESSIONS, "plain"])
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_the_logs_in_a_tar_are_files_of_their_own(
    read_archive: Reader, pack: Callable[[bytes], bytes], form: int
) -> None:
    members = [("exim4/mainlog", MAINLOG), ("exim4/rejectlog", REJECTLOG), ("exim4/paniclog", PANICLOG)]
    run = read_archive(pack(tar(members, form)))
    assert run.state == State.FINISHED
    assert archive_of(run).state == State.UNPACKED
    assert [(file.name, file.state, file.lines) for file in run.files.exclude(archive=None)] == [
        ("exim4/mainlog", State.FINISHED, 665),
        ("exim4/rejectlog", State.FINISHED, 1),
        ("exim4/paniclog", State.FINISHED, 1),
    ]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_the_logs_in_a_zip_are_files_of_their_own(read_archive: Reader, srv1: LogHost, method: int) -> None:
    run = read_archive(zipped([("mainlog", MAINLOG), ("rejectlog", REJECTLOG)], method))
    assert states(run) == {"mainlog": State.FINISHED, "rejectlog": State.FINISHED}
    assert sorted(texts(srv1)) == sorted(MAINLOG.splitlines() + REJECTLOG.splitlines())


@pytest.mark.parametrize(("number", "pack"), [(93, zstd), (95, lzma.compress)], ids=["zstd", "xz"])
def test_newer_methods_of_zip_are_read(
    read_archive: Reader, number: int, pack: Callable[[bytes], bytes]
) -> None:
    assert states(read_archive(hand_made_zip(pack(MAINLOG), MAINLOG, method=number))) == {
        "mainlog": State.FINISHED
    }


def test_compressed_members_are_read_too(read_archive: Reader, srv1: LogHost) -> None:
    members = [(f"mainlog.{name}", pack(OLDER)) for name, pack in COMPRESSIONS.items()]
    run = read_archive(tar(members))
    assert set(states(run).values()) == {State.FINISHED}
    assert texts(srv1) == OLDER.splitlines()


def test_archives_within_archives_are_read(read_archive: Reader, srv1: LogHost) -> None:
    inner = gzip.compress(tar([("var/log/exim4/mainlog", MAINLOG)]))
    run = read_archive(
        bz2.compress(tar([("srv1.zip", zipped([("old/srv1.tar.gz", inner)])), ("rejectlog", REJECTLOG)]))
    )
    assert states(run) == {
        "srv1.zip/old/srv1.tar.gz/var/log/exim4/mainlog": State.FINISHED,
        "rejectlog": State.FINISHED,
    }
    assert sorted(texts(srv1)) == sorted(MAINLOG.splitlines() + REJECTLOG.splitlines())


def test_an_archive_gives_the_rows_that_its_files_give(
    read_archive: Reader, srv1: LogHost, tmp_path: Path, storage: Path
) -> None:
    paths = sorted((SAMPLES / "srv1").glob("mainlog*"))
    read_archive(gzip.compress(tar([(path.name, path.read_bytes()) for path in paths])))
    from_archive = content(srv1)
    assert left_in(storage) == []
    srv1.delete()
    LogPage.objects.all().delete()
    again = pipeline.log_host("srv1", "Europe/Madrid")[0]
    read_files(again, *paths)
    from_files = content(again)
    assert from_archive == from_files


def test_the_same_archive_twice_adds_nothing(read_archive: Reader, srv1: LogHost) -> None:
    packed = gzip.compress(tar([("mainlog", MAINLOG), ("mainlog.2.gz", gzip.compress(OLDER))]))
    first = read_archive(packed)
    before = content(srv1)
    second = read_archive(packed)
    assert content(srv1) == before
    assert total(second, "new_lines") == 0
    assert total(second, "duplicate_lines") == total(first, "new_lines") > 0


@pytest.mark.parametrize("archive_first", [True, False])
def test_a_log_counts_once_in_an_archive_and_beside_it(
    read_archive: Reader, srv1: LogHost, archive_first: bool
) -> None:
    ways = [zipped([("mainlog", MAINLOG)]), MAINLOG]
    runs = [read_archive(way) for way in (ways if archive_first else reversed(ways))]
    assert [total(run, "new_lines") for run in runs] == [665, 0]
    assert texts(srv1) == MAINLOG.splitlines()


# ---- what is no log, or cannot be read


def test_members_that_are_no_exim_logs_are_listed_and_skipped(read_archive: Reader) -> None:
    members = [
        ("mainlog", MAINLOG), ("README", TEXT), ("empty", b""), ("disk.img", bytes(range(256)) * 400),
        ("screen.png", b"\x89PNG\r\n" + b"\0" * 600), ("notes.gz", gzip.compress(TEXT)), ("blank", b"\n\n"),
    ]  # fmt: skip
    run = read_archive(tar(members))
    reasons = told(run)
    assert run.state == State.FINISHED
    assert run.error == ""
    assert reasons.pop("mainlog") == (State.FINISHED, "")
    assert {state for state, _ in reasons.values()} == {State.SKIPPED}
    assert reasons["empty"][1] == "The file is empty."
    assert reasons["blank"][1] == "The file has no text in it."
    assert reasons["screen.png"][1] == "This is a picture, not a log."
    assert reasons["README"][1].startswith("This is not an Exim log")
    assert reasons["notes.gz"][1] == reasons["README"][1]


@pytest.mark.parametrize("pack", [tar, zipped])
def test_an_archive_without_a_log_is_refused(read_archive: Reader, pack: Callable[[Members], bytes]) -> None:
    run = read_archive(pack([("README", TEXT)]))
    assert (run.state, archive_of(run).state) == (State.REFUSED, State.REFUSED)
    assert archive_of(run).error == "There is no Exim log in this archive."
    assert not LogPage.objects.exists()


def test_the_hand_made_zip_is_one_that_others_read() -> None:
    packed = hand_made_zip(MAINLOG, MAINLOG, method=0)
    assert zipfile.ZipFile(io.BytesIO(packed)).read("mainlog") == MAINLOG


@pytest.mark.parametrize(
    ("packed", "sentence"),
    [
        (ENCRYPTED, "It is encrypted; unpack it with its password"),
        (
            hand_made_zip(b"\x9c" * 80, MAINLOG, method=99, flags=1),
            "It is encrypted; unpack it with its password",
        ),
        (hand_made_zip(b"\x9c" * 80, MAINLOG, method=9), "It is packed by a method of zip that is not read"),
        (hand_made_zip(MAINLOG, MAINLOG, method=0, checksum=1), "It is damaged: what it holds is not what"),
        (hand_made_zip(MAINLOG[:-9], MAINLOG, method=0), "It is damaged: what it holds is not what"),
        (hand_made_zip(MAINLOG + TEXT, MAINLOG, method=0), "It is damaged: what it holds is not what"),
        (hand_made_zip(b"\xff" * 900, MAINLOG, method=8), "damaged"),
        (hand_made_zip(b"7z\xbc\xaf\x27\x1c", b"7z\xbc\xaf\x27\x1c", method=0), "This is a 7-Zip archive;"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name_and_the_rest_goes_in(
    read_archive: Reader, srv1: LogHost, storage: Path, packed: bytes, sentence: str
) -> None:
    run = read_archive(tar([("bad.zip", packed), ("rejectlog", REJECTLOG)]))
    state, reason = told(run)["bad.zip/mainlog"]
    assert state == State.REFUSED
    assert sentence in reason
    assert states(run)["rejectlog"] == State.FINISHED
    assert run.state == State.FINISHED
    assert run.error.startswith("bad.zip/mainlog: ")
    assert texts(srv1) == REJECTLOG.splitlines()
    assert left_in(storage) == []


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_cut_short_keeps_what_came_before_the_cut(
    read_archive: Reader, srv1: LogHost, method: int
) -> None:
    packed = zipped([("rejectlog", REJECTLOG), ("mainlog", MAINLOG), ("paniclog", PANICLOG)], method)
    run = read_archive(packed[: packed.index(b"paniclog") - 3000])
    assert archive_of(run).error.startswith("The zip archive is damaged or cut off")
    assert states(run) == {"rejectlog": State.FINISHED, "mainlog": State.FAILED}
    assert told(run)["mainlog"][1] == "The archive ends within this file; the rest of the log is missing."
    kept = texts(srv1)
    assert len(kept) > 400
    assert set(kept[1:-1]) <= set(MAINLOG.splitlines())


def test_a_zip_of_which_nothing_is_left_is_refused(read_archive: Reader) -> None:
    run = read_archive(zipped([("mainlog", MAINLOG)])[:33])
    assert archive_of(run).error.startswith("The zip archive is damaged or cut off")
    assert run.state == State.REFUSED


@pytest.mark.parametrize(
    "pack", [gzip.compress, lzma.compress, zstd, bytes], ids=["gz", "xz", "zst", "plain"]
)
def test_a_tar_cut_short_keeps_what_came_before_the_cut(
    read_archive: Reader, srv1: LogHost, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(tar([("rejectlog", REJECTLOG), ("mainlog", MAINLOG), ("mainlog.2", OLDER)]))
    run = read_archive(packed[: len(packed) * 2 // 3])
    files = {file.name: file for file in run.files.all()}
    archive = archive_of(run)
    assert (run.state, archive.state) == (State.FAILED, State.FAILED)
    assert "ends too early" in archive.error
    assert files["rejectlog"].state == State.FINISHED
    last = list(files.values())[-1]
    assert last.state == State.FAILED
    assert "missing" in last.error
    kept = texts(srv1)
    assert len(kept) > 100
    assert set(kept[:-1]) <= {*REJECTLOG.splitlines(), *MAINLOG.splitlines(), *OLDER.splitlines()}


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_a_compressed_log_cut_short_keeps_what_came_before_the_cut(
    read_archive: Reader, srv1: LogHost, name: str
) -> None:
    file = read_archive(COMPRESSIONS[name](b"".join(stamped(20_000)))[:-300]).files.get()
    assert file.state == State.FAILED
    assert "ends too early; the rest of the log is missing" in file.error
    assert file.lines > 100


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_a_damaged_log_says_so(read_archive: Reader, name: str) -> None:
    packed = bytearray(COMPRESSIONS[name](b"".join(stamped(20_000))))
    packed[-2000:-1800] = b"\xff" * 200
    file = read_archive(bytes(packed)).files.get()
    assert "damaged; what comes after the damage could not be read" in file.error


def test_a_tar_damaged_between_members_says_so(read_archive: Reader) -> None:
    packed = bytearray(tar([("rejectlog", REJECTLOG), ("mainlog", MAINLOG)]))
    packed[1024 + 148 : 1024 + 156] = b"7777777\0"  # the checksum of the second header
    run = read_archive(bytes(packed))
    assert (
        archive_of(run).error == "The tar archive is damaged; what comes after the damage could not be read."
    )
    assert (run.state, states(run)) == (State.FAILED, {"rejectlog": State.FINISHED})


# ---- paths and links


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/cron.d/evil", "etc/cron.d/evil"),
        ("/etc/passwd", "etc/passwd"),
        (r"..\..\windows\mainlog", "windows/mainlog"),
        ("a/./b//mainlog", "a/b/mainlog"),
        ("evil\x1b[31m\u202egol\n", "evil[31mgol"),
        ("\udcff\udcfe", "unnamed file"),
        ("..", "unnamed file"),
        ("x/" * 300 + "mainlog", "\N{HORIZONTAL ELLIPSIS}" + ("x/" * 300 + "mainlog")[-199:]),
    ],
)
def test_a_path_is_shown_safely(name: str, shown: str) -> None:
    assert shown_path(name) == shown


@pytest.mark.parametrize("pack", [tar, zipped])
@pytest.mark.parametrize("name", ["../../../outside", "/tmp/mailwatch-outside", "a/../../../outside"])
def test_nothing_is_written_where_an_archive_says(
    read_archive: Reader, storage: Path, tmp_path: Path, pack: Callable[[Members], bytes], name: str
) -> None:
    run = read_archive(pack([(name, MAINLOG)]))
    assert run.state == State.FINISHED
    (member,) = run.files.exclude(archive=None)
    assert re.fullmatch(r"unpacked/[0-9a-f]{32}\.zst", member.path)
    assert {path.name for path in tmp_path.iterdir()} == {"storage", "0-logs"}
    assert not Path("/tmp/mailwatch-outside").exists()


def test_links_and_devices_are_never_followed(read_archive: Reader, tmp_path: Path, srv1: LogHost) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(REJECTLOG)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo(f"log-{kind.decode()}")
            info.type, info.linkname = kind, str(secret)
            archive.addfile(info)
        info = tarfile.TarInfo("mainlog")
        info.size = len(MAINLOG)
        archive.addfile(info, io.BytesIO(MAINLOG))
    run = read_archive(out.getvalue())
    assert sorted(states(run).values()) == [State.FINISHED] + [State.SKIPPED] * 5
    assert texts(srv1) == MAINLOG.splitlines()


def test_a_link_in_a_zip_is_not_followed(read_archive: Reader, tmp_path: Path) -> None:
    info = zipfile.ZipInfo("mainlog")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, str(tmp_path / "secret"))
        archive.writestr("rejectlog", REJECTLOG)
    run = read_archive(out.getvalue())
    assert told(run)["mainlog"] == (
        State.SKIPPED, "This is a link or a device, not a file; links are not followed.",
    )  # fmt: skip
    assert states(run)["rejectlog"] == State.FINISHED
