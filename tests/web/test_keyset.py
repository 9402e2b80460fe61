"""Keyset pages: complete, in order, by one index condition, and safe against mangled links."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from ingest.models import IngestRun, LogHost, Message
from mailwatch.queries import keyset

AT = datetime(2026, 3, 1, 10, tzinfo=UTC)
KEY = ("first_at", "message_id", "log_host_id")


def make_messages(count: int) -> LogHost:
    """Three in each second, so that the time alone is no key. Ids of before 2000 need no partition made."""
    log_host = LogHost.objects.create(name="srv1")
    Message.objects.bulk_create(
        Message(
            log_host=log_host,
            message_id=f"0vwZZZ-{number:011d}-0001",
            first_at=(at := AT + timedelta(seconds=number // 3)),
            last_at=at,
            status="delivered",
            line_refs=[number],
        )
        for number in range(count)
    )
    return log_host


@pytest.mark.django_db
@pytest.mark.parametrize("size", [1, 4, 50])
def test_pages_together_hold_every_row_once_newest_first(size: int) -> None:
    make_messages(31)
    seen: list[str] = []
    after: keyset.Key | None = None
    while rows := list(keyset.newest_first(Message.objects.all(), fields=KEY, after=after)[:size]):
        seen += [row.message_id for row in rows]
        after = (rows[-1].first_at, rows[-1].message_id, rows[-1].log_host_id)
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 31


@pytest.mark.django_db
def test_a_page_is_one_condition_on_an_index() -> None:
    make_messages(3000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ingest_message")
    after = (AT + timedelta(seconds=500), "0vwZZZ-00000001500-0001", 1)
    plan = keyset.newest_first(Message.objects.all(), fields=KEY, after=after)[:50].explain()
    assert "Index Cond: (first_at <= " in plan  # the rest of the key breaks ties
    assert "Seq Scan on ingest_message_" not in plan


@pytest.mark.django_db
def test_the_first_page_begins_with_the_newest() -> None:
    log_host = LogHost.objects.create(name="srv1")
    runs = [IngestRun.objects.create(log_host=log_host) for _ in range(3)]
    first = keyset.newest_first(IngestRun.objects.all(), fields=("id",), after=None).first()
    assert first == runs[-1]


def test_a_cursor_brings_its_keys_back() -> None:
    keys = ((AT, "0vwZZZ-00000000001-0001", 3), None)
    shapes = ((datetime, str, int), (datetime, int))
    assert keyset.decode(keyset.encode(*keys), shapes=shapes) == keys


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "%%%",
        "é",
        keyset.encode(),
        keyset.encode(("2026-03-01T10:00:00", "x", 1)),  # no zone
        keyset.encode((AT, "x")),  # too short
        keyset.encode((AT, "x", 2**70)),
        keyset.encode((AT, "\0", 1)),
        keyset.encode((AT, 5, 1)),
    ],
)
def test_a_mangled_cursor_is_none(cursor: str) -> None:
    assert keyset.decode(cursor, shapes=((datetime, str, int),)) is None
