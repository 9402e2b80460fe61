"""A file that ends in the middle of a line: nothing is lost, and when the whole line comes, no half of it stays."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from ingest import pipeline, stored_log_hosts, undo
from ingest.models import IngestRun, LogHost, Unfinished
from tests.ingest.conftest import read_files
from tests.ingest.content import content

pytestmark = pytest.mark.django_db

ID, OTHER = "1vwz8C-00000000001-0001", "1vwz8D-00000000002-0001"
BEFORE = f"2026-03-02 10:00:00 {OTHER} <= bob@b.example U=bob P=local S=9\n"
MAINLOG = (
    f"2026-03-02 10:00:01 {ID} <= a@b.example H=m.b.example (helo) [203.0.113.45]:4433 I=[192.0.2.25]:587"
    " P=esmtpsa A=plain:al S=912 for c@d.example\n"
    f"2026-03-02 10:00:02 {ID} => c@d.example R=dnslookup T=smtp H=mx.d.example [198.51.100.7]\n"
    "2026-03-02 10:00:02 H=(x) [203.0.113.9] F=<a@b.example> rejected RCPT <c@d.example>: no\n"
    "2026-03-02 10:00:02 Start queue run: pid=1\n"
    "2026-03-02 10:00:02 Start queue run: pid=12\n"
)
AFTER = (
    f"2026-03-02 10:00:03 {ID} Completed\n2026-03-02 10:00:04 {OTHER} => bob <bob@b.example> R=local T=mail\n"
)
REJECTLOG = (
    f"2026-03-02 10:00:01 {ID} H=(x) [203.0.113.9] F=<a@b.example> rejected after DATA: no spam\n"
    "Envelope-from: <a@b.example>\nEnvelope-to: <c@d.example>\nP Received: from x\n\tby mx\n"
    f"2026-03-02 10:00:02 {OTHER} H=(y) [203.0.113.9] rejected after DATA: no\nP Received: from y\n"
)
SYSLOG = "".join(f"Mar  2 10:00:05 mx exim[7]: {line}\n" for line in MAINLOG.splitlines()[2:4])
SOURCES = {"mainlog": (BEFORE, MAINLOG, AFTER), "rejectlog": ("", REJECTLOG, ""), "syslog": ("", SYSLOG, "")}


@pytest.fixture
def read(srv1: LogHost, tmp_path: Path) -> Callable[[bytes], IngestRun]:
    def read_text(text: bytes) -> IngestRun:
        path = tmp_path / str(IngestRun.objects.count())
        path.write_bytes(text)
        return read_files(srv1, path)

    return read_text


@pytest.fixture(autouse=True)
def _partitions(srv1: LogHost, tmp_path: Path) -> None:
    """Made beforehand, so that they stay when nothing else does."""
    path = tmp_path / "warm"
    path.write_bytes((BEFORE + MAINLOG + AFTER).encode())
    read_files(pipeline.log_host("other")[0], path)


@contextmanager
def nothing_stays() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _everything(srv1: LogHost) -> dict[str, Any]:
    """What is stored, and what the log shows of its host."""
    coverage = stored_log_hosts.coverage(srv1)
    facts = stored_log_hosts.log_host_facts(srv1)
    return content(srv1) | {"coverage": coverage, "own addresses": facts.own_addresses}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("whole_first", [False, True], ids=["half first", "whole first"])
def test_a_file_cut_anywhere_and_continued(
    srv1: LogHost, read: Callable[[bytes], IngestRun], source: str, whole_first: bool
) -> None:
    before, window, after = (part.encode() for part in SOURCES[source])
    whole = before + window + after
    with nothing_stays():
        read(whole)
        clean = _everything(srv1)
    wrong = []
    step = 1 if source == "mainlog" and not whole_first else 3
    for cut in range(len(before), len(before + window) + 1, step):
        part = whole[:cut]
        if not part.strip() or (not before and b"\n" not in part):
            continue  # less than a line is no log
        with nothing_stays():
            runs = [read(text) for text in ((whole, part) if whole_first else (part, whole))]
            for run in runs:
                file = run.files.get()
                assert file.lines == file.new_lines + file.duplicate_lines, part
            stored = _everything(srv1)
            if stored != clean:
                wrong.append((part[-60:], [name for name in clean if clean[name] != stored[name]]))
    assert wrong == []


def test_half_a_line_is_there_until_the_whole_comes(
    srv1: LogHost, read: Callable[[bytes], IngestRun]
) -> None:
    text = (BEFORE + MAINLOG).encode()
    half = text[: text.index(b" for c@d.example")]
    first = read(half)
    assert content(srv1)["lines"] == half.splitlines()
    assert first.files.get().messages == 2
    read(text)
    assert content(srv1)["lines"] == sorted(text.splitlines())
    assert not Unfinished.objects.exists()


@pytest.mark.parametrize("undone", [0, 1], ids=["half", "whole"])
def test_an_undo_leaves_what_the_other_file_had(
    srv1: LogHost, read: Callable[[bytes], IngestRun], undone: int
) -> None:
    """Where the half is undone the whole stays; where the whole is undone, the line stays for whom had its half."""
    text = (BEFORE + MAINLOG).encode()
    cut = text.index(b" for c@d.example")
    with nothing_stays():
        read(text)
        clean = content(srv1)
    runs = [read(text[:cut]), read(text)]
    undo.begin(runs[undone], by="helen")
    undo.work(runs[undone].pk)
    if undone == 0:
        assert content(srv1) == clean
    else:
        assert content(srv1)["lines"] == text[: text.index(b"\n", cut)].splitlines()


def test_a_line_that_only_begins_like_another_is_not_taken_for_its_half(
    srv1: LogHost, read: Callable[[bytes], IngestRun]
) -> None:
    one, twelve = (line.encode() for line in MAINLOG.splitlines()[3:5])
    read(BEFORE.encode() + one)
    read(BEFORE.encode() + one + b"\n")  # so it is whole
    read(BEFORE.encode() + twelve + b"\n")
    assert content(srv1)["lines"] == [*BEFORE.encode().splitlines(), one, twelve]


def test_shorter_and_longer_halves_in_any_order(srv1: LogHost, read: Callable[[bytes], IngestRun]) -> None:
    text = (BEFORE + MAINLOG).encode()
    cuts = [text.index(mark) for mark in (b"(helo)", b" S=912", b"P=esmtpsa")]
    for cut in (*cuts, cuts[0], len(text)):
        read(text[:cut])
    assert content(srv1)["lines"] == sorted(text.splitlines())


def test_the_last_line_of_a_file_without_a_newline_counts(
    srv1: LogHost, read: Callable[[bytes], IngestRun]
) -> None:
    with nothing_stays():
        read(MAINLOG.encode())
        clean = _everything(srv1)
    read(MAINLOG.encode().rstrip(b"\n"))
    assert _everything(srv1) == clean
