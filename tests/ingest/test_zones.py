"""A log read in the wrong zone is noticed by its message ids, and corrected without a new upload."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from ingest import pages, pipeline, tasks, zones
from ingest.exim.message_id import first_id
from ingest.models import HourlyVolume, LogFile, LogHost, LogPage, Message
from ingest.rebuild import move, rebuild
from ingest.zones import Agreement, Votes, check
from tests.ingest.conftest import read_files
from tests.ingest.content import content

MADRID = ZoneInfo("Europe/Madrid")


def message(number: int, at: datetime, *, zone: ZoneInfo = MADRID, own_zone: bool = False) -> list[str]:
    """The lines of one message, as a server in that zone writes them; ``own_zone``: with log_timezone."""
    message_id = f"{first_id(at)}-{number:011d}-0001"

    def stamp(seconds: int) -> str:
        local = (at + timedelta(seconds=seconds)).astimezone(zone)
        return f"{local:%Y-%m-%d %H:%M:%S %z}" if own_zone else f"{local:%Y-%m-%d %H:%M:%S}"

    return [
        f"{stamp(1)} {message_id} <= a{number % 3}@far.example H=(pc{number}) [198.51.100.{number % 5}] P=esmtpa"
        f" A=plain:user{number % 2} S=100 for bob@example.org x@away.example",
        f"{stamp(2)} {message_id} => bob <bob@example.org> R=local_user T=maildir",
        f"{stamp(3)} {message_id} == x@away.example R=dnslookup T=remote_smtp defer (-44): try again",
        f"{stamp(4)} no host name found for IP address 203.0.113.{number % 7}",
        f"{stamp(5)} H=(bad) [203.0.113.{number % 7}] F=<q@far.example> rejected RCPT <z{number}@else.example>:"
        " relay not permitted",
        f"{stamp(5)} plain authenticator failed for (bad) [203.0.113.{number % 7}]: 535 Incorrect"
        f" authentication data (set_id=user{number % 2})",
        f"{stamp(1800)} {message_id} ** x@away.example R=dnslookup T=remote_smtp: 550 no",
        f"{stamp(1801)} {message_id} Completed",
    ]


def course() -> Iterator[datetime]:
    """Moments around both changes of the clock in Madrid, the ends of months, and days between."""
    for start, hours in (("2026-02-28T20:00", 8), ("2026-03-28T20:00", 10), ("2026-03-31T18:00", 10)):
        yield from _from(start, hours)
    yield from _from("2026-07-14T10:00", 3)
    yield from _from("2026-10-24T20:00", 10)


def _from(start: str, hours: int) -> Iterator[datetime]:
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    return (begin + timedelta(minutes=20 * step) for step in range(hours * 3))


def log() -> list[str]:
    lines = []
    for number, at in enumerate(course()):
        lines += message(number, at, own_zone=number % 10 == 3)
    return lines


@pytest.fixture
def madrid_log(tmp_path: Path) -> list[Path]:
    """Two files that share lines, and a third one with the bytes of the first."""
    lines = [f"{line}\n" for line in log()]
    texts = {"mainlog.1": lines[: len(lines) * 2 // 3], "mainlog": lines[len(lines) // 2 :]}
    texts["copy"] = texts["mainlog.1"]
    for name, text in texts.items():
        (tmp_path / name).write_text("".join(text))
    return [tmp_path / name for name in texts]


def stored(host: LogHost) -> dict[str, Any]:
    """Everything of a log host that times stand in."""
    files = LogFile.objects.filter(log_host=host).order_by("name")
    spans = LogPage.objects.filter(log_host=host).order_by("first_at", "last_at", "lines")
    return content(host) | {
        "files": list(files.values_list("name", "new_lines", "first_at", "last_at", "zone_votes")),
        "times of pages": (spans[0].first_at, max(page.last_at for page in spans)),
    }


def ingested(timezone: str, files: Sequence[Path]) -> LogHost:
    """The files as the log host srv1, which content() looks up by its name."""
    LogHost.objects.filter(name="srv1").update(name="before")
    host, _ = pipeline.log_host("srv1", timezone)
    for file in files:
        read_files(host, file)
    return host


def want(host: LogHost, timezone: str) -> None:
    host.wanted_timezone = timezone
    host.save()


@pytest.mark.django_db
@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("wrong", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kathmandu"])
def test_corrected_is_the_same_as_right_from_the_start(madrid_log: list[Path], wrong: str) -> None:
    right = stored(ingested("Europe/Madrid", madrid_log))
    host = ingested(wrong, madrid_log)
    assert stored(host) != right
    want(host, "Europe/Madrid")
    assert move(host) == len(right["lines"])
    assert (host.timezone, host.wanted_timezone) == ("Europe/Madrid", "")
    for table, rows in stored(host).items():
        assert rows == right[table], table


@pytest.mark.django_db
def test_after_the_correction_every_line_is_known(madrid_log: list[Path], tmp_path: Path) -> None:
    host = ingested("Pacific/Honolulu", madrid_log)
    want(host, "Pacific/Kiritimati")
    move(host)
    want(host, "Europe/Madrid")
    move(host)
    before = stored(host)
    shuffled = log()
    random.Random(7).shuffle(shuffled)
    again = tmp_path / "again"
    again.write_text("".join(f"{line}\n" for line in shuffled))
    file = read_files(host, again).files.get()
    assert (file.new_lines, file.duplicate_lines) == (0, len(shuffled))
    assert content(host).items() <= before.items()


@pytest.mark.django_db
def test_lines_with_a_zone_of_their_own_do_not_move(read_lines: Callable[..., Any], srv1: LogHost) -> None:
    at = datetime(2026, 7, 14, 10, tzinfo=UTC)
    read_lines([*message(1, at, own_zone=True), *message(2, at)])
    want(srv1, "UTC")
    move(srv1)
    received = (
        Message.objects.filter(log_host=srv1).order_by("message_id").values_list("received_at", flat=True)
    )
    second = timedelta(seconds=1)
    assert list(received) == [at + second, at + second + timedelta(hours=2)]


@pytest.mark.django_db
def test_a_zone_that_nobody_wants_changes_nothing(madrid_log: list[Path]) -> None:
    host = ingested("UTC", madrid_log[:1])
    before = stored(host)
    assert move(host) == 0
    assert stored(host) == before


@pytest.mark.django_db
def test_rebuild_keeps_votes_and_spans(madrid_log: list[Path]) -> None:
    host = ingested("UTC", madrid_log)
    before = stored(host)
    rebuild(host)
    assert stored(host) == before


@pytest.mark.django_db
def test_hours_are_counted_where_they_belong(read_lines: Callable[..., Any], srv1: LogHost) -> None:
    read_lines(message(1, datetime(2026, 7, 14, 10, tzinfo=UTC)))
    want(srv1, "Asia/Kolkata")
    move(srv1)
    hours = HourlyVolume.objects.filter(log_host=srv1, messages=1).values_list("hour", flat=True)
    assert list(hours) == [datetime(2026, 7, 14, 6, tzinfo=UTC)]  # 12:00:01 in Kolkata


@pytest.mark.django_db
def test_a_worker_moves_what_waits(madrid_log: list[Path]) -> None:
    host = ingested("UTC", madrid_log[:1])
    want(host, "Europe/Madrid")
    tasks.move_log_host.apply(kwargs={"log_host_id": host.pk}).get()
    assert LogHost.objects.get(pk=host.pk).timezone == "Europe/Madrid"


# ---- what the ids say


def votes(*moments: datetime, zone: ZoneInfo = MADRID, read_in: str = "UTC") -> Votes:
    """The votes of arrivals in a zone, read in another."""
    told = Votes()
    for number, at in enumerate(moments):
        line = message(number, at, zone=zone)[0]
        local = datetime.fromisoformat(line[:19])
        told.take(line.encode(), line[20:43], local.replace(tzinfo=ZoneInfo(read_in)).astimezone(UTC))
    return told


def days(first: str, count: int) -> list[datetime]:
    begin = datetime.fromisoformat(first).replace(tzinfo=UTC)
    return [begin + timedelta(days=day) for day in range(count)]


def test_all_ids_agree_with_the_right_zone() -> None:
    checked = check(votes(*days("2026-01-05", 20), read_in="Europe/Madrid"), "Europe/Madrid")
    assert checked.agreement is Agreement.ALL
    assert checked.sentence == "Zone +01:00, read from 20 message ids. They all agree."


def test_both_offsets_of_a_year_are_told() -> None:
    checked = check(votes(*days("2026-01-05", 300), read_in="Europe/Madrid"), "Europe/Madrid")
    assert checked.sentence == "Zone +01:00 and +02:00, read from 300 message ids. They all agree."


@pytest.mark.parametrize(
    ("zone", "read_in", "first", "count", "best"),
    [
        ("UTC", "Europe/Madrid", "2026-01-05", 20, "UTC"),
        ("Europe/Madrid", "UTC", "2026-03-01", 60, "Europe/Berlin"),  # the same clock
        ("America/New_York", "UTC", "2026-03-01", 30, "America/New_York"),
        ("Asia/Kolkata", "UTC", "2026-01-05", 20, "Asia/Kolkata"),
        ("Asia/Kathmandu", "UTC", "2026-01-05", 20, "Asia/Kathmandu"),
        ("Australia/Sydney", "Europe/Berlin", "2026-03-20", 40, "Australia/Sydney"),
        ("Europe/London", "UTC", "2026-05-01", 20, "Europe/London"),
    ],
)
def test_the_right_zone_is_offered(zone: str, read_in: str, first: str, count: int, best: str) -> None:
    checked = check(votes(*days(first, count), zone=ZoneInfo(zone), read_in=read_in), read_in)
    assert checked.is_wrong
    assert checked.best == best
    assert zone in checked.offered


def test_a_fixed_offset_is_offered_where_the_clock_did_not_change() -> None:
    checked = check(votes(*days("2026-01-05", 20)), "UTC")
    assert checked.offered[-1] == "Etc/GMT-1"
    changed = check(votes(*days("2026-03-01", 60)), "UTC")
    assert not [name for name in changed.offered if name.startswith("Etc/")]


def test_few_ids_give_no_alarm() -> None:
    assert not check(votes(*days("2026-01-05", 4)), "UTC").is_wrong
    assert check(votes(*days("2026-01-05", 5)), "UTC").is_wrong


def test_a_few_that_differ_are_told_without_an_alarm() -> None:
    told = votes(*days("2026-01-05", 60), read_in="Europe/Madrid")
    told.add(votes(*days("2026-02-05", 3), zone=ZoneInfo("UTC"), read_in="Europe/Madrid"))
    checked = check(told, "Europe/Madrid")
    assert checked.agreement is Agreement.MOST
    assert checked.sentence == "Zone +01:00, read from 63 message ids. 3 of them say another time."


def test_a_log_of_two_zones_fits_none() -> None:
    told = votes(*days("2026-01-05", 20))
    told.add(votes(*days("2026-01-05", 20), zone=ZoneInfo("Asia/Tokyo")))
    checked = check(told, "UTC")
    assert checked.is_wrong
    assert checked.offered == ()
    assert "+01:00 and +09:00" in checked.sentence


@pytest.mark.parametrize(
    ("line", "message_id"),
    [
        ("2026-01-05 10:00:00 SGUQ1C-000AB1-2D <= a@b.example P=local", "SGUQ1C-000AB1-2D"),  # base 36
        ("2026-01-05 10:00:00 10HmaX-000000005vi-0000 <= a@b.example P=local", "10HmaX-000000005vi-0000"),
        (
            "2026-01-05 10:00:00 +0100 1vwz8C-00000000001-0001 <= a@b.example P=local",
            "1vwz8C-00000000001-0001",
        ),
        ("zzzzzz-zzzzzzzzzzz-zzzz <= 2026-01-05", "zzzzzz-zzzzzzzzzzz-zzzz"),
    ],
)
def test_what_tells_no_zone_is_no_vote(line: str, message_id: str) -> None:
    told = Votes()
    told.take(line.encode(), message_id, datetime(2026, 1, 5, 10, tzinfo=UTC))
    assert check(told, "UTC").agreement is Agreement.NONE


def test_votes_are_the_same_in_every_order() -> None:
    moments = days("2026-01-05", 300)
    halves = [votes(*moments[:100]), votes(*moments[100:])]
    one, other = Votes(), Votes()
    for half in halves:
        one.add(half)
    for half in reversed(halves):
        other.add(Votes.from_json(half.as_json()))
    assert one.as_json() == other.as_json() == votes(*reversed(moments)).as_json()


@pytest.mark.parametrize(
    ("stamp", "agreement"),
    [("10:01:40", Agreement.ALL), ("09:59:30", Agreement.ALL), ("10:12:40", Agreement.NONE)],
)
def test_a_slow_reception_is_no_other_zone(stamp: str, agreement: Agreement) -> None:
    told = Votes()
    line = message(1, datetime(2026, 1, 5, 10, tzinfo=UTC), zone=ZoneInfo("UTC"))[0]
    late = line.replace("10:00:01", stamp)
    told.take(late.encode(), line[20:43], datetime.fromisoformat(f"2026-01-05 {stamp}+00:00"))
    assert check(told, "UTC").agreement is agreement


# ---- commands


@pytest.mark.django_db
def test_ingest_warns_of_a_wrong_zone(madrid_log: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("ingest", str(madrid_log[0]), log_host="srv1", timezone="UTC")
    told = capsys.readouterr().err
    assert "read in the zone UTC" in told
    assert "manage.py log_host srv1 --timezone Europe/" in told


@pytest.mark.django_db
def test_log_host_says_and_corrects_the_zone(
    madrid_log: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    host = ingested("UTC", madrid_log[:1])
    call_command("log_host", "srv1")
    assert "+01:00 and +02:00" in capsys.readouterr().out
    call_command("log_host", "srv1", timezone="Europe/Madrid")
    out = capsys.readouterr().out
    assert "zone Europe/Madrid" in out
    assert "They all agree." in out
    assert zones.check_of(LogHost.objects.get(pk=host.pk)).agreement is Agreement.ALL


@pytest.mark.django_db
def test_a_zone_that_does_not_exist_is_refused(madrid_log: list[Path]) -> None:
    host = ingested("UTC", madrid_log[:1])
    with pytest.raises(CommandError, match="no time zone named Mars"):
        call_command("log_host", "srv1", timezone="Mars/Base")
    assert LogHost.objects.get(pk=host.pk).wanted_timezone == ""


def test_pages_are_found_a_day_beyond_the_month_of_their_id() -> None:
    first, last = pages.page_range(datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 30, 23, tzinfo=UTC))
    march = pages.month_number(datetime(2026, 3, 1, tzinfo=UTC)) << pages.PAGE_NUMBER_BITS
    may = pages.month_number(datetime(2026, 5, 1, tzinfo=UTC)) << pages.PAGE_NUMBER_BITS
    assert first <= march
    assert may <= last
