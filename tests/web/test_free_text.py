"""Free text in raw lines: every hit once, newest first, however the text is cut into slices."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from ingest import pages
from ingest.models import LogHost
from mailwatch.queries import free_text
from mailwatch.queries.free_text import Asked, Hit
from mailwatch.queries.patterns import any_of
from mailwatch.queries.ranges import Bounds
from tests.web.conftest import Ingested
from tests.web.logs import DAY, SENT


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_SIZE", 2000)


def lines(number: int, word: str = "needle") -> list[str]:
    """One line a minute, every tenth with the word."""
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    return [
        f"{begin + timedelta(minutes=minute):%Y-%m-%d %H:%M:%S} SMTP connection from"
        f" [192.0.2.{minute % 250}] {word if minute % 10 == 0 else 'hay'} {minute}"
        for minute in range(number)
    ]


def asked(word: str, *, bounds: Bounds = Bounds(), hosts: Sequence[LogHost] = ()) -> Asked:  # noqa: B008
    chosen = hosts or list(LogHost.objects.all())
    return Asked(pattern=any_of([word]), hosts=[(host, bounds) for host in chosen])


def by_slices(wanted: Asked, *, hits: int, seconds: float) -> tuple[list[Hit], int]:
    found: list[Hit] = []
    cursor, slices = "", 0
    while slices == 0 or cursor:
        part = free_text.read(wanted, cursor=cursor, hits=hits, seconds=seconds)
        found += part.hits
        assert part.hits_so_far == len(found)
        assert 0 <= part.percent <= 100
        cursor, slices = part.cursor, slices + 1
    assert part.lines_read == part.lines
    assert part.pages_read == part.pages
    return found, slices


@pytest.mark.parametrize("hits", [1, 3, 1000])
@pytest.mark.parametrize("seconds", [0, 60])
@pytest.mark.usefixtures("small_pages")
def test_every_hit_once_and_newest_first(ingested: Ingested, hits: int, seconds: float) -> None:
    ingested(lines(300))

    found, slices = by_slices(asked("NEEDLE"), hits=hits, seconds=seconds)

    assert [hit.raw.decode() for hit in found] == lines(300)[::-1][9::10]
    assert (slices > 1) == (hits < 30 or seconds == 0)
    assert list(free_text.every_hit(asked("needle"))) == found


@pytest.mark.usefixtures("small_pages")
def test_only_the_chosen_range_and_log_host_are_read(ingested: Ingested) -> None:
    ingested(lines(300))
    ingested(lines(20), log_host="mx2")
    host = LogHost.objects.get(name="srv1")
    since = datetime(2026, 3, 2, 2, tzinfo=UTC)
    bounds = Bounds(since=since, until=since + timedelta(minutes=31))

    found, _ = by_slices(asked("needle", bounds=bounds, hosts=[host]), hits=5, seconds=60)

    assert [hit.raw.decode()[11:16] for hit in found] == ["02:30", "02:20", "02:10", "02:00"]
    assert len(by_slices(asked("needle"), hits=5, seconds=0)[0]) == 32


def test_a_hit_knows_its_message(ingested: Ingested) -> None:
    ingested(DAY)
    hit = free_text.read(asked("carol@remote.example")).hits[0]
    assert (hit.message_id, hit.log_host.name) == (SENT, "srv1")
    assert hit.logged_at is not None


@pytest.mark.parametrize(
    "cursor",
    ["x", "e30", "W251bGwsbnVsbF0", "W1siMjAyNi0wMy0wMlQwMDowMDowMCswMDowMCIsMSwxXSxbLTEsMCwwLDBdXQ"],
)
def test_a_mangled_cursor_begins_anew(ingested: Ingested, cursor: str) -> None:
    ingested(DAY)
    assert free_text.read(asked("carol"), cursor=cursor).hits == free_text.read(asked("carol")).hits


def test_nothing_stored_is_all_read(db: None) -> None:
    part = free_text.read(asked("x"))
    assert (part.is_done, part.hits, part.percent) == (True, (), 100)
