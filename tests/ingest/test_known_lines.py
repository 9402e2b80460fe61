"""The span of a batch, and who waits for whom."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ingest import known_lines
from ingest.known_lines import span_of
from ingest.marks import Span
from ingest.models import IngestRun, LogHost
from ingest.sources.entries import entries_of
from tests.ingest.content import content

MADRID = ZoneInfo("Europe/Madrid")


def _span(*lines: str, zone: ZoneInfo = MADRID) -> Span | None:
    return span_of(list(entries_of(line.encode() for line in lines)), zone)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "first", "last"),
    [
        (["2026-03-02 10:00:07 b", "2026-03-02 10:00:05 a"], "2026-03-02 09:00:05", "2026-03-02 09:00:07"),
        # the hour that is there twice
        (["2026-10-25 02:10:00 a", "2026-10-25 02:20:00 b"], "2026-10-25 00:10:00", "2026-10-25 01:20:00"),
        (["2026-10-25 01:59:59 a", "2026-10-25 03:00:00 b"], "2026-10-24 23:59:59", "2026-10-25 02:00:00"),
        # the hour that is not there, as read with a zone that is not the log's
        (["2026-03-29 02:30:00 a", "2026-03-29 03:00:00 b"], "2026-03-29 01:00:00", "2026-03-29 01:30:00"),
        # with zones of their own, fractions, and syslog's part before the stamp
        (["2026-03-02 10:00:07 +0500 b", "2026-03-02 10:00:05 a"], "2026-03-02 05:00:07", "2026-03-02 09:00:05"),
        (["2026-03-02 10:00:07.123 b", "2026-03-02 10:00:05.9 a"], "2026-03-02 09:00:05", "2026-03-02 09:00:07"),
        (
            ["Mar  2 10:00:00 mx exim[77]: 2026-03-02 10:00:00 a", "2026-03-02 10:00:05 b"],
            "2026-03-02 09:00:00",
            "2026-03-02 09:00:05",
        ),
        # what is no time is passed over
        (["2026-13-45 99:99:99 a", "2026-03-02 10:00:05 b"], "2026-03-02 09:00:05", "2026-03-02 09:00:05"),
        (["2026-03-02 10:00:99 a", "2026-03-02 10:00:05 b"], "2026-03-02 09:00:05", "2026-03-02 09:00:05"),
    ],
)  # fmt: skip
def test_a_span_goes_from_the_lowest_stamp_to_the_highest(lines: list[str], first: str, last: str) -> None:
    assert _span(*lines) == Span(_utc(first), _utc(f"{last}.999999"))


def test_no_stamp_is_no_span() -> None:
    assert _span("2026-13-45 99:99:99 nonsense") is None


def _conflict(one: Span, other: Span) -> bool:
    locks = dict(known_lines._locks(one))
    return any(key in locks and not (locks[key] and shared) for key, shared in known_lines._locks(other))


HOUR = Span(_utc("2026-03-02 10:00:00"), _utc("2026-03-02 10:59:59"))
NEXT = Span(_utc("2026-03-02 11:00:00"), _utc("2026-03-02 11:30:00"))
DAYS = Span(_utc("2026-02-28 10:00:00"), _utc("2026-03-02 10:30:00"))
YEAR = Span(_utc("2026-01-01 10:00:00"), _utc("2026-12-02 10:30:00"))
LATER = Span(_utc("2026-03-03 00:00:00"), _utc("2026-03-03 23:30:00"))


def test_spans_that_share_an_hour_exclude_each_other_and_short_ones_of_a_day_do_not() -> None:
    assert _conflict(HOUR, HOUR) and _conflict(HOUR, DAYS) and _conflict(DAYS, YEAR) and _conflict(YEAR, HOUR)
    assert _conflict(NEXT, DAYS)  # a long span takes its days for itself
    assert not _conflict(HOUR, NEXT)
    assert not _conflict(DAYS, LATER)


@pytest.mark.parametrize("span", [HOUR, NEXT, DAYS, YEAR, LATER])
def test_locks_are_taken_in_one_order_and_once(span: Span) -> None:
    keys = [key for key, _ in known_lines._locks(span)]
    assert keys == sorted(set(keys))


# Summer time ends at 03:00 on 25 October: 02:30 is there twice. The ids tell which it was, where there is one.
WITHOUT = "2026-10-25 02:30:00 no host name found for IP address 198.51.100.9"


def _id_of(at: datetime) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    seconds, text = int(at.timestamp()), ""
    for _ in range(6):
        seconds, digit = divmod(seconds, 62)
        text = digits[digit] + text
    return f"{text}-00000000001-0001"


@pytest.mark.django_db
def test_lines_of_the_repeated_hour_are_known_again(
    srv1: LogHost, read_lines: Callable[[list[str]], IngestRun]
) -> None:
    summer, winter = (_id_of(_utc(f"2026-10-25 {hour}:29:58")) for hour in ("00", "01"))
    lines = [
        "2026-10-25 02:05:00 Start queue run: pid=1",
        f"2026-10-25 02:30:00 {summer} Completed",
        WITHOUT,
        "2026-10-25 02:59:59 End queue run: pid=1",
        f"2026-10-25 02:30:00 {winter} Completed",
        WITHOUT,
        "2026-10-25 03:10:00 Start queue run: pid=2",
    ]
    read_lines(lines)
    before = content(srv1)
    assert len({row["completed_at"] for row in before["messages"]}) == 2
    for part in (lines[4:5], lines[1:3], lines[5:6], lines[4:7], lines[::-1], [*lines, ""]):
        assert read_lines(part).files.get().new_lines == 0, part
    assert content(srv1) == before
