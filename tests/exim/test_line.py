"""The head of a line: stamp, zone, pid, id; and what time it was."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ingest.exim.events import Unparsed
from ingest.exim.line import Line, has_stamp, read_line, readable
from ingest.exim.message_id import first_id

MADRID = ZoneInfo("Europe/Madrid")
ID = "1vwa0G-00000000001-0001"


def read(text: str, zone: ZoneInfo = MADRID) -> Line:
    line = read_line(text.encode(), zone=zone)
    assert isinstance(line, Line)
    return line


@pytest.mark.parametrize("milliseconds", ["", ".25", ".250", ".250000"])
@pytest.mark.parametrize("offset", ["", " +0100"])
@pytest.mark.parametrize("pid", ["", " [5791]"])
@pytest.mark.parametrize("message_id", ["", f" {ID}", " 1RwtJa-0009RI-2d"])
def test_every_part_of_the_head_may_be_missing(
    milliseconds: str, offset: str, pid: str, message_id: str
) -> None:
    line = read(f"2026-03-01 10:00:00{milliseconds}{offset}{pid}{message_id} some text")
    assert line.logged_at == datetime(
        2026, 3, 1, 9, 0, 0, 250_000 if milliseconds else 0, tzinfo=UTC
    )  # winter time
    assert line.pid == (5791 if pid else None)
    assert line.message_id == (message_id.strip() or None)
    assert line.text[line.start :] == "some text"


def test_a_zone_on_the_line_overrides_that_of_the_log_host() -> None:
    assert read("2026-03-01 10:00:00 -0230 x").logged_at == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("received_at", "expected_hour"),
    [
        (datetime(2026, 10, 25, 0, 29, 58, tzinfo=UTC), 0),
        (datetime(2026, 10, 25, 1, 29, 58, tzinfo=UTC), 1),
        (datetime(2026, 10, 20, 12, 0, 0, tzinfo=UTC), 0),  # received long before: nothing tells
    ],
)
def test_the_hour_that_comes_twice_is_told_apart_by_the_id(received_at: datetime, expected_hour: int) -> None:
    line = read(f"2026-10-25 02:30:00 {first_id(received_at)}-00000000001-0001 Completed")
    assert line.logged_at == datetime(2026, 10, 25, expected_hour, 30, tzinfo=UTC)


def test_without_an_id_the_hour_that_comes_twice_is_the_first() -> None:
    assert read("2026-10-25 02:30:00 x").logged_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_time_that_the_clock_skipped_is_read_all_the_same() -> None:
    assert read("2026-03-29 02:30:00 x").logged_at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_times_are_ordered_across_the_change_of_the_clock() -> None:
    """Two times of one zone would compare by the wall clock, so all times are in UTC."""
    early, late = read("2026-10-25 02:59:00 +0200 x"), read("2026-10-25 02:01:00 +0100 x")
    assert early.logged_at < late.logged_at


@pytest.mark.parametrize("text", ["0001-01-01 00:00:00 x", "9999-12-31 23:59:59 -1200 x"])
def test_a_stamp_beyond_what_a_datetime_holds_is_impossible(text: str) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    assert read_line(text.encode(), zone=zone) == Unparsed("impossible stamp", text.encode())


@pytest.mark.parametrize("pid", ["[1/2] ", "[2\\2] ", ""])
def test_syslog_in_front_of_the_stamp_is_no_part_of_the_line(pid: str) -> None:
    line = read(f"<22>Mar 11 10:00:00 mx exim[77]: {pid}2026-03-01 10:00:00 {ID} Completed")
    assert line.text == f"2026-03-01 10:00:00 {ID} Completed"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"caf\xe9", "caf\\xe9"),
        ("café".encode(), "café"),
        (b"a\0b", "a\\x00b"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),  # a lone surrogate
        (b"\x1b[31m\t", "\x1b[31m\t"),
    ],
)
def test_any_bytes_become_text_that_a_database_takes(raw: bytes, expected: str) -> None:
    assert readable(raw) == expected


@pytest.mark.parametrize("ending", [b"", b"\r", b"\r\n", b"\n"])
def test_the_end_of_the_line_is_no_part_of_it(ending: bytes) -> None:
    raw = f"2026-03-01 10:00:00 {ID} Completed".encode() + ending
    line = read_line(raw, zone=UTC)
    assert isinstance(line, Line)
    assert line.text.endswith("Completed")
    assert has_stamp(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"2026-03-01 10:00:00",
        b"2026-03-01 10:00:00.123 +0000 [1] text",
        b"Mar  1 10:00:00 mx exim[77]: 2026-03-01 10:00:00 text",
    ],
)
def test_a_stamp_is_seen(raw: bytes) -> None:
    assert has_stamp(raw)


@pytest.mark.parametrize(
    "raw",
    [b"", b"  text", b"2026-03-01", b"P Received: from x", b"2026-03-01 10:00", b"x2026-03-01 10:00:00 y"],
)
def test_an_unstamped_line_belongs_to_the_line_before(raw: bytes) -> None:
    assert not has_stamp(raw)


def test_a_second_of_milliseconds_keeps_its_order() -> None:
    first, second = read("2026-03-01 10:00:00.009 x"), read("2026-03-01 10:00:00.010 x")
    assert second.logged_at - first.logged_at == timedelta(milliseconds=1)
