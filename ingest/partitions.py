"""The monthly partitions of the big tables: made before a batch needs them, never inside its transaction.

LIKE and ATTACH take a SHARE UPDATE EXCLUSIVE lock on the parent, so readers go on; CREATE TABLE .. PARTITION OF
would shut them out. Months outside 2000 to 2049 need nothing: the edge partitions hold them.
"""

from collections.abc import Collection
from datetime import UTC, datetime

from django.db import connection, transaction

from ingest.exim.message_id import first_id
from ingest.locks import Lock
from ingest.pages import PAGE_NUMBER_BITS, month_number

FIRST_MONTH = month_number(datetime(2000, 1, 1, tzinfo=UTC))
END_MONTH = month_number(datetime(2050, 1, 1, tzinfo=UTC))

_known: set[tuple[str, int]] = set()


class Missing(Exception):
    """Partitions that a batch needs are not there: make them outside its transaction and begin it again."""

    def __init__(self, pairs: frozenset[tuple[str, int]]) -> None:
        super().__init__(f"{len(pairs)} partitions are missing")
        self.pairs = pairs


def month_start(month: int) -> datetime:
    """The first moment of a month counted since January 1970, in UTC."""
    return datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC)


TABLES_BY_ID = ("ingest_message", "ingest_delivery", "ingest_message_finding")
TABLES_BY_TIME = ("ingest_page", "ingest_rejection")


def require(*, of_ids: Collection[int], of_times: Collection[int]) -> None:
    """Raise Missing unless there are partitions for the months of a batch's message ids and of its lines.

    All that are missing at once, since each time the batch begins again.
    """
    needed = [(table, month) for table in TABLES_BY_ID for month in of_ids]
    needed += [(table, month) for table in TABLES_BY_TIME for month in of_times]
    wanted = {(table, month) for table, month in needed if FIRST_MONTH <= month < END_MONTH} - _known
    missing = frozenset(pair for pair in wanted if not _exists(*pair))
    _known.update(wanted - missing)
    if missing:
        raise Missing(missing)


def make(missing: Missing) -> None:
    """Make partitions. Call it outside the batch's transaction."""
    for table, month in sorted(missing.pairs):
        _make(table, month)


def forget() -> None:
    """Look again next time: a partition that was there has gone (retention, another database)."""
    _known.clear()


def name_of(table: str, month: int) -> str:
    """The partition of a month counted since January 1970."""
    return f"{table}_{month_start(month):%Y_%m}"


def _exists(table: str, month: int) -> bool:
    with connection.cursor() as cursor:
        # not to_regclass: it may answer from the cache of before another worker's commit
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
            " WHERE inhparent = %s::regclass AND relname = %s)",
            [table, name_of(table, month)],
        )
        return bool(cursor.fetchone()[0])


def _bound(table: str, month: int) -> str:
    start = month_start(month)
    if table == "ingest_page":
        return str(month << PAGE_NUMBER_BITS)
    if table == "ingest_rejection":
        return f"'{start:%Y-%m-%d} 00:00:00+00'"
    return f"'{first_id(start)}'"


def _make(table: str, month: int) -> None:
    name = name_of(table, month)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.PARTITIONS])
        if _exists(table, month):
            return
        # names and bounds are made from a number of ours, never from log text
        cursor.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING STORAGE)")
        cursor.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {name} "
            f"FOR VALUES FROM ({_bound(table, month)}) TO ({_bound(table, month + 1)})"
        )
