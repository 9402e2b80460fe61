"""However the same lines arrive, they count once, and what is stored is the same."""

import gzip
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ingest.models import LogHost, Suspect
from ingest.pipeline import log_host
from ingest.rebuild import rebuild
from tests.ingest.conftest import SAMPLES, read_files
from tests.ingest.content import content

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_batches")]

NAMES = ("mainlog.1", "mainlog")  # the last days of the attack: 1,716 lines


def _lines() -> list[bytes]:
    return b"".join((SAMPLES / "srv1" / name).read_bytes() for name in NAMES).splitlines(keepends=True)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Makes a file of lines."""

    def file(name: str, lines: list[bytes]) -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(lines))
        return path

    return file


_CLEAN: dict[str, Any] = {}  # the same for all tests of this process


@pytest.fixture
def clean(srv1: LogHost) -> dict[str, Any]:
    """What one ingest of the whole files stores; srv1 is an empty log host again afterwards."""
    if not _CLEAN:
        read_files(srv1, *(SAMPLES / "srv1" / name for name in NAMES))
        _CLEAN.update(content(srv1))
        LogHost.objects.filter(pk=srv1.pk).update(name="gone")
        log_host("srv1", "Europe/Madrid")
    assert _CLEAN["messages"] and _CLEAN["findings"]
    return _CLEAN


def _again() -> LogHost:
    return LogHost.objects.get(name="srv1")


def test_a_file_twice_changes_nothing(clean: dict[str, Any], write: Callable[..., Path]) -> None:
    path = write("mainlog", _lines())
    first = read_files(_again(), path)
    second = read_files(_again(), path)
    assert content(_again()) == clean
    assert (first.files.get().new_lines, second.files.get().new_lines) == (1716, 0)
    assert second.files.get().duplicate_lines == 1716


def test_a_file_with_one_more_line_is_known_but_for_that_line(
    clean: dict[str, Any], write: Callable[..., Path]
) -> None:
    lines = _lines()
    read_files(_again(), write("mainlog", lines[:-1]))
    run = read_files(_again(), write("mainlog.1", lines))
    assert content(_again()) == clean
    assert (run.files.get().new_lines, run.files.get().duplicate_lines) == (1, 1715)


def test_rotations_in_any_order_and_form(clean: dict[str, Any], write: Callable[..., Path]) -> None:
    lines = _lines()
    zipped = write("mainlog.2.gz", [gzip.compress(b"".join(lines[:600]))])
    files = [write("mainlog", lines[1200:]), zipped, write("mainlog.1", lines[500:1300])]
    for file in files:
        read_files(_again(), file)
    assert content(_again()) == clean


def test_a_log_that_grows_and_rotates_between_the_passes(
    clean: dict[str, Any], write: Callable[..., Path]
) -> None:
    """Handed in whole each time, as somebody does who copies the directory every hour."""
    lines = _lines()
    for size in (300, 700):
        read_files(_again(), write("mainlog", lines[:size]))
    read_files(_again(), write("mainlog.1", lines[:900]), write("mainlog", lines[900:1000]))
    read_files(_again(), write("mainlog.1", lines[900:1400]), write("mainlog", lines[1400:]))
    zipped = gzip.compress(b"".join(lines[:900]))
    run = read_files(_again(), write("mainlog.2.gz", [zipped]), write("mainlog.1", lines[900:1400]))
    assert content(_again()) == clean
    assert sum(file.new_lines for file in run.files.all()) == 0


def test_all_rotations_in_one_file(clean: dict[str, Any], write: Callable[..., Path]) -> None:
    lines = _lines()
    parts = [lines[:500], lines[500:1200], lines[1200:]]
    for number, part in enumerate(parts):
        read_files(_again(), write(f"mainlog.{number}", part))
    whole = [
        line for part in reversed(parts) for line in part
    ]  # as a shell sorts mainlog, mainlog.1, mainlog.2
    run = read_files(_again(), write("all", whole))
    assert content(_again()) == clean
    assert (run.files.get().new_lines, run.files.get().duplicate_lines) == (0, 1716)


def test_one_run_with_overlapping_files(clean: dict[str, Any], write: Callable[..., Path]) -> None:
    lines = _lines()
    read_files(_again(), write("b", lines[800:]), write("a", lines[:1000]))
    assert content(_again()) == clean


def _exigrep(lines: list[bytes]) -> list[bytes]:
    """Every third message whole, message by message, as exigrep prints them."""
    by_message: dict[bytes, list[bytes]] = {}
    for line in lines:
        part = line[20:43]
        if part.count(b"-") == 2:
            by_message.setdefault(part, []).append(line)
    extract: list[bytes] = []
    for number, of_message in enumerate(by_message.values()):
        if number % 3 == 0:
            extract += [*of_message, b"\n"]
            if not of_message[-1].endswith(b"Completed\n"):
                extract[-1:] = [b"+++ " + of_message[0][20:43] + b" has not completed +++\n", b"\n"]
    return extract


@pytest.mark.parametrize("extract_first", [True, False])
def test_an_exigrep_extract_before_or_after_the_file(
    clean: dict[str, Any], write: Callable[..., Path], extract_first: bool
) -> None:
    files = [write("extract", _exigrep(_lines())), write("mainlog", _lines())]
    runs = [read_files(_again(), file) for file in (files if extract_first else reversed(files))]
    assert content(_again()) == clean
    assert sum(run.files.get().new_lines for run in runs) == 1716


@pytest.mark.parametrize("extract_first", [True, False])
def test_what_exigrep_itself_finds(
    clean: dict[str, Any], write: Callable[..., Path], extract_first: bool
) -> None:
    exigrep = shutil.which("exigrep", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if exigrep is None:
        pytest.skip("exigrep is not installed")
    whole = write("mainlog", _lines())
    found = subprocess.run([exigrep, "plain", str(whole)], capture_output=True, check=True).stdout
    extract = write("extract", [found])
    assert found.count(b"\n") > 300
    files = [extract, whole] if extract_first else [whole, extract]
    runs = [read_files(_again(), file) for file in files]
    assert content(_again()) == clean
    assert sum(run.files.get().new_lines for run in runs) == 1716


@pytest.mark.parametrize("seed", [1, 2])
def test_pieces_cut_anywhere_in_random_order(
    clean: dict[str, Any], write: Callable[..., Path], seed: int
) -> None:
    dice = random.Random(seed)
    lines = _lines()
    cuts = [0, *sorted(dice.sample(range(1, len(lines)), 6)), len(lines)]
    pieces = [lines[start:end] for start, end in pairwise(cuts)]
    dice.shuffle(pieces)
    for number, piece in enumerate(pieces):
        read_files(_again(), write(f"piece{number}", piece))
    assert content(_again()) == clean


def test_line_ends_of_windows_are_no_difference(clean: dict[str, Any], write: Callable[..., Path]) -> None:
    lines = _lines()
    read_files(_again(), write("dos", [line.replace(b"\n", b"\r\n") for line in lines]))
    run = read_files(_again(), write("unix", lines))
    assert content(_again()) == clean
    assert run.files.get().new_lines == 0


def test_rebuild_gives_the_same_rows(srv1: LogHost) -> None:
    read_files(srv1, *(SAMPLES / "srv1" / name for name in NAMES))
    before = content(srv1)
    Suspect.objects.all().delete()
    assert rebuild(srv1) == 1716
    assert content(srv1) == before


TWICE = b"2026-03-02 10:00:00 no host name found for IP address 198.51.100.9\n"


def test_identical_lines_of_one_file_stay(read_bytes: Callable[[bytes], Any], srv1: LogHost) -> None:
    read_bytes(TWICE * 3)
    assert len(content(srv1)["lines"]) == 3


def test_more_identical_lines_in_another_file_add_the_difference(
    read_bytes: Callable[[bytes], Any], srv1: LogHost
) -> None:
    read_bytes(TWICE * 2)
    run = read_bytes(TWICE * 3)
    assert len(content(srv1)["lines"]) == 3
    assert (run.files.get().new_lines, run.files.get().duplicate_lines) == (1, 2)


def test_identical_deliveries_and_refusals_have_rows_of_their_own(
    read_bytes: Callable[[bytes], Any], srv1: LogHost
) -> None:
    delivery = (
        b"2026-03-02 10:00:02 1vwz8C-00000000001-0001 => bob@remote.example R=dnslookup T=remote_smtp\n"
    )
    refusal = b"2026-03-02 11:00:00 H=(x) [203.0.113.9] F=<a@b.example> rejected RCPT <c@d.example>: no\n"
    read_bytes((delivery + refusal) * 2)
    assert [len(content(srv1)[name]) for name in ("deliveries", "rejections")] == [2, 2]
    assert [len(row["line_refs"]) for row in content(srv1)["messages"]] == [2]
    rebuild(srv1)
    assert [len(content(srv1)[name]) for name in ("deliveries", "rejections")] == [2, 2]
