"""The monthly partitions of the big tables: made before a batch needs them, never inside its transaction.

LIKE and ATTACH take a SHARE UPDATE EXCLUSIVE lock on the parent, so readers go on; CREATE TABLE .. PARTITION OF
would shut them out. Months outside 2000 to 2049 need nothing: the edge partitions hold them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection, transaction

from ingest.exim import message_id
from ingest.pages import PAGE_NUMBER_BITS, month_number

FIRST_MONTH = month_number(datetime(2000, 1, 1, tzinfo=UTC))
END_MONTH = month_number(datetime(2050, 1, 1, tzinfo=UTC))
_LOCK = 4_820_001  # one maker of partitions at a time

_known: set[tuple[str, int]] = set()


@dataclass(frozen=True, slots=True)
class Months:
    """The months that a batch writes to, counted since January 1970."""

    of_ids: frozenset[int]
    of_rejections: frozenset[int]
    of_pages: frozenset[int]


def month_start(month: int) -> datetime:
    """The first moment of a month counted since January 1970, in UTC."""
    return datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def ensure(months: Months) -> None:
    """Make the partitions that are not there yet. Call it outside a transaction of your own."""
    missing = [pair for pair in _wanted(months) if pair not in _known]
    for table, month in sorted(missing):
        _make(table, month)
        _known.add((table, month))


def forget() -> None:
    """Look again next time: a partition that was there has gone (retention, another database)."""
    _known.clear()


def _wanted(months: Months) -> Iterable[tuple[str, int]]:
    tables = {
        "ingest_message": months.of_ids,
        "ingest_delivery": months.of_ids,
        "ingest_message_finding": months.of_ids,
        "ingest_rejection": months.of_rejections,
        "ingest_page": months.of_pages,
    }
    for table, wanted in tables.items():
        for month in wanted:
            if FIRST_MONTH <= month < END_MONTH:
                yield table, month


def _bound(table: str, month: int) -> str:
    start = month_start(month)
    if table == "ingest_page":
        return str(month << PAGE_NUMBER_BITS)
    if table == "ingest_rejection":
        return f"'{start:%Y-%m-%d} 00:00:00+00'"
    return f"'{message_id.first_id(start)}'"


def _make(table: str, month: int) -> None:
    name = f"{table}_{month_start(month):%Y_%m}"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        if cursor.fetchone()[0]:
            return
        # names and bounds are made from a number of ours, never from log text
        cursor.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING STORAGE)")
        cursor.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} "
            f"FOR VALUES FROM ({_bound(table, month)}) TO ({_bound(table, month + 1)})"
        )
