"""The two ways from a line to a row, the short one for usual lines and the long one for all, give the same rows."""

import random
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from benchmarks.bulk import write_bulk
from ingest import batch_rows, load, pipeline, sorted_lines, usual_rows, whole_messages
from ingest.assembly import conclude
from ingest.known_lines import Copies
from ingest.models import LogHost
from ingest.rules.facts import LogHostFacts
from ingest.sources.entries import entries_of
from tests.conftest import SHARED
from tests.ingest.conftest import read_files
from tests.ingest.content import content

HOST = LogHostFacts(name="mx", local_domains=frozenset(f"customer{number}.example" for number in range(40)))
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) ?([+-]\d\d:?\d\d)")
SHARED_LOGS = sorted(path for path in (SHARED / "samples").rglob("*log*") if path.is_file())


@pytest.fixture(scope="module")
def bulk(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    path = tmp_path_factory.mktemp("bulk") / "mainlog"
    write_bulk(path, lines=6000, seed=3, days=0.3)
    return path.read_bytes().splitlines()


def as_stored(row: str) -> str:
    def same(match: re.Match[str]) -> str:
        return datetime.fromisoformat(match[1] + match[2]).astimezone(UTC).isoformat(" ")

    return re.sub(r"(?<=\t)0+(?=\d+\t)", "", _STAMP.sub(same, row))  # 0025 is 25 to PostgreSQL


def by_events(texts: Sequence[bytes], zone: tzinfo) -> dict[str, set[str]]:
    copies = Copies()
    entries = [copies.add(entry) for entry in entries_of(texts)]
    read = batch_rows.read(entries, zone, fallback=datetime(2026, 3, 1, tzinfo=UTC))
    rows = batch_rows.gather(read, range(len(entries)))
    merged = [load.Merged(name, found, conclude(found), True) for name, found in rows.messages.items()]
    return {
        "messages": {as_stored(load._message_row(1, message)) for message in merged},
        "deliveries": {as_stored(row) for row in load._attempt_rows(1, rows.messages)},
        "refusals": {as_stored(load._refusal_row(1, refusal)) for refusal in rows.refusals},
    }


def by_usual_lines(
    monkeypatch: pytest.MonkeyPatch, texts: Sequence[bytes], zone: tzinfo
) -> tuple[usual_rows.Taken, dict[str, set[str]]]:
    monkeypatch.setattr(load, "stored_between", lambda *_: set())
    copies = Copies()
    entries = [copies.add(entry) for entry in entries_of(texts)]
    assert [new.entry.text for new in entries] == list(texts), "one line an entry"
    found = sorted_lines.sort(texts, None, zone)
    assert found is not None
    refs = range(len(texts))
    numbers = {place: new.copy for place, new in enumerate(entries)}
    taken = usual_rows.take(found, whole_messages.whole(found, 1), refs, numbers, 1, HOST)
    rows = {
        "messages": {ordered(as_stored(row)) for _, row in taken.messages},
        "deliveries": set(map(as_stored, taken.deliveries)),
        "refusals": set(map(as_stored, taken.refusals)),
    }
    return taken, rows


def ordered(row: str) -> str:
    """The lines of a message in the order in which they stand in the log."""
    head, _, refs = row.rstrip("\n").rpartition("x")
    return head + "x" + "".join(sorted(refs[at : at + 16] for at in range(0, len(refs), 16))) + "\n"


def stamped(lines: Iterable[bytes], pattern: bytes) -> list[bytes]:
    return [re.sub(rb"^(\S+ \S+)", pattern, line) for line in lines]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Madrid", "Asia/Kathmandu", "America/St_Johns"])
@pytest.mark.parametrize(
    "stamp", [rb"\1", rb"\1.123", rb"\1 +0530", rb"\1.250 -0330", rb"\1 [1234]"], ids=range(5)
)
def test_a_log_gives_the_same_rows(
    monkeypatch: pytest.MonkeyPatch, bulk: list[bytes], zone: str, stamp: bytes
) -> None:
    texts = stamped(bulk, stamp)
    taken, rows = by_usual_lines(monkeypatch, texts, ZoneInfo(zone))
    expected = by_events(texts, ZoneInfo(zone))
    assert taken.lines > 0.8 * len(texts), "most lines are usual"
    for table, found in rows.items():
        assert found <= expected[table], sorted(found - expected[table])[:2]


@pytest.mark.parametrize("path", SHARED_LOGS, ids=lambda path: str(path.relative_to(SHARED)))
def test_real_lines_give_the_same_rows(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    texts = [
        line for line in path.read_bytes().split(b"\n") if re.match(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", line)
    ]
    if not texts or sorted_lines.sort(texts, None, UTC) is None:
        return
    _, rows = by_usual_lines(monkeypatch, texts, UTC)
    expected = by_events(texts, UTC)
    for table, found in rows.items():
        assert found <= expected[table], sorted(found - expected[table])[:2]


NASTY = (
    b"\\", b"\\N", b"\t", b" ", b"  ", b'"', b"<>", b"\r", b"\0", b"\xff", b"=", b":", b"(", b")", b"[", b"]", b"{",
    b"}", b",", b" A=", b" H=", b" T=", b" for ", b"99999", b" => ", b"@", b" Completed", b"<", b">", b"/", b"|",
    b"discarded",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_damaged_lines_give_the_same_rows(
    monkeypatch: pytest.MonkeyPatch, bulk: list[bytes], seed: int
) -> None:
    """Attackers write parts of lines: whatever they write there, both ways agree."""
    chance = random.Random(seed)
    texts = []
    for line in bulk[seed * 100 : seed * 100 + 400]:
        if chance.random() < 0.5:
            at = chance.randrange(20, len(line))
            line = line[:at] + chance.choice(NASTY) + line[at + chance.randrange(3) :]
        texts.append(line)
    texts = [entry.text for entry in entries_of(texts)]
    _, rows = by_usual_lines(monkeypatch, texts, UTC)
    expected = by_events(texts, UTC)
    for table, found in rows.items():
        assert found <= expected[table], sorted(found - expected[table])[:2]


def test_a_change_of_the_clock_is_left_to_the_events(bulk: list[bytes]) -> None:
    madrid = ZoneInfo("Europe/Madrid")
    night = [
        line.replace(b"2026-03-01 0", b"2026-10-25 0") for line in bulk if line.startswith(b"2026-03-01 0")
    ]
    assert sorted_lines.sort(night, None, madrid) is None
    assert sorted_lines.sort(bulk, None, madrid) is not None


@pytest.mark.parametrize("stamp", [b"2026-02-30 10:00:00", b"2026-13-01 10:00:00", b"0000-00-00 00:00:00"])
def test_days_that_are_none_are_left_to_the_events(bulk: list[bytes], stamp: bytes) -> None:
    assert sorted_lines.sort([stamp + bulk[0][19:], *bulk], None, UTC) is None


@pytest.mark.django_db(transaction=True)
def test_the_database_is_the_same_by_either_way(
    db: None, monkeypatch: pytest.MonkeyPatch, bulk: list[bytes], tmp_path: Path, small_batches: None
) -> None:
    path = tmp_path / "mainlog"
    path.write_bytes(b"\n".join(bulk[:1500]) + b"\n")
    usual = pipeline.log_host("usual", "UTC")[0]
    read_files(usual, path)
    events = pipeline.log_host("events", "UTC")[0]
    monkeypatch.setattr(sorted_lines, "sort", lambda *_: None)
    read_files(events, path)
    same(usual, events)


@pytest.mark.django_db(transaction=True)
def test_a_local_domain_that_is_too_long_is_cut_by_either_way(
    db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = "1adYz1-0007sb-Pz"
    path = tmp_path / "mainlog"
    path.write_text(
        f"2026-03-09 12:00:00 {name} <= a@x.example H=mx.x.example [203.0.113.7] P=esmtp S=900\n"
        f"2026-03-09 12:00:01 {name} => bob@{'d' * 300}.example R=local_user T=local_delivery\n"
        f"2026-03-09 12:00:01 {name} Completed\n"
    )
    usual = pipeline.log_host("usual", "UTC")[0]
    assert read_files(usual, path).files.get().set_aside_lines == 0
    events = pipeline.log_host("events", "UTC")[0]
    monkeypatch.setattr(sorted_lines, "sort", lambda *_: None)
    read_files(events, path)
    same(usual, events)


def same(one: LogHost, other: LogHost) -> None:
    first, second = content(one), content(other)
    for table in first:
        assert first[table] == second[table], table


def test_a_message_that_another_batch_stores_meanwhile_is_merged_at_once(
    srv1: LogHost, monkeypatch: pytest.MonkeyPatch, bulk: list[bytes], tmp_path: Path
) -> None:
    """What another worker commits after this one looked shows as a duplicate key: the batch begins again, unnoticed."""
    first, rest, looks = tmp_path / "mainlog.1", tmp_path / "mainlog", []
    cut = next(at + 1 for at in range(600, 1400) if b" <= " in bulk[at])  # behind an arrival
    first.write_bytes(b"\n".join(bulk[:cut]) + b"\n")
    rest.write_bytes(b"\n".join(bulk[cut:1500]) + b"\n")
    read_files(srv1, first)
    look = load.stored_ids

    def too_early(log_host_id: int, message_ids: Iterable[str]) -> set[str]:
        looks.append(1)
        return set() if len(looks) == 1 else look(log_host_id, message_ids)

    monkeypatch.setattr(load, "stored_ids", too_early)
    run = read_files(srv1, rest)
    assert (run.state, run.files.get().pieces.get().outages, run.error) == ("finished", 0, "")
    assert len(looks) > 1, "a message lies in both"
    whole = pipeline.log_host("whole", "Europe/Madrid")[0]
    monkeypatch.undo()
    path = tmp_path / "all"
    path.write_bytes(b"\n".join(bulk[:1500]) + b"\n")
    read_files(whole, path)
    same(srv1, whole)
