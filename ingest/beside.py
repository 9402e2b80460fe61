"""Every row of a log host derived a second time from its pages, into tables beside the stored ones.

The tables have the names of the stored ones and stand in a schema of their own. With that schema first in the search
path, whatever writes or reads rows (ingest.load, ingest.classification) does it there, unchanged.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from django.db import connection

from ingest import batch_rows, load, log_host_counts, pages
from ingest.batch_rows import ReadBatch
from ingest.known_lines import Copies, NewEntry
from ingest.models import LogHost

KEYS = {
    "ingest_message": ("log_host_id", "message_id"),
    "ingest_delivery": ("log_host_id", "message_id", "logged_at", "digest", "copy"),
    "ingest_rejection": ("log_host_id", "logged_at", "digest", "copy"),
    "ingest_hourlyvolume": ("log_host_id", "hour"),
    "ingest_localdomain": ("log_host_id", "domain"),
    "ingest_logincount": ("log_host_id", "authenticator"),
    "ingest_scriptruns": ("log_host_id", "hour", "directory"),
    "ingest_hourcount": ("log_host_id", "kind", "hour", "value"),
}
"""What lines say, by table: the columns that tell a row from another."""


class Stale(Exception):
    """Pages went, or were changed, that were derived already: what stands beside must begin anew."""


PAGES_AT_ONCE = 16  # held in memory

type Span = tuple[datetime, datetime]


def ordinary_schema() -> str:
    """Where the stored tables are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def columns_of(table: str) -> list[str]:
    """The columns of a table, but for a number that the database gives."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname::text FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = ''"
            " ORDER BY attnum",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]


@contextmanager
def first_in_path(schema: str) -> Iterator[None]:
    """Let names mean the tables of a schema, those that it has. Call it inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('search_path')")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('search_path', %s, true)", [f"{schema}, {before}"])
        yield  # where an error ends the transaction, the setting ends with it
        cursor.execute("SELECT set_config('search_path', %s, true)", [before])


def make_tables(kind: str, schema: str) -> None:
    """Make the empty tables; ``kind`` is UNLOGGED or TEMPORARY, which has the schema pg_temp."""
    of = ordinary_schema()
    with connection.cursor() as cursor:
        for table, key in KEYS.items():
            cursor.execute(
                f"CREATE {kind} TABLE {schema}.{table}"
                f" (LIKE {of}.{table} INCLUDING DEFAULTS INCLUDING STORAGE INCLUDING IDENTITY,"
                f" UNIQUE ({', '.join(key)}))"
            )
        cursor.execute(
            f"CREATE {kind} TABLE {schema}.derived_page"
            " (page_id bigint PRIMARY KEY, first_at timestamptz NOT NULL, last_at timestamptz NOT NULL,"
            " lines integer NOT NULL, checksum bigint NOT NULL, votes jsonb NOT NULL)"
        )


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some pages as they are read now."""

    read: ReadBatch
    refs: Sequence[int]
    spans: dict[int, Span]  # by page


def read_chunk(of_pages: Sequence[pages.Page], zone: tzinfo) -> Chunk:
    """Parse pages; nothing is stored."""
    placed = [item for page in of_pages for item in page.entries()]
    read = batch_rows.read([NewEntry(entry, 0) for _, entry in placed], zone, fallback=of_pages[0].first_at)
    refs = [line_ref for line_ref, _ in placed]
    return Chunk(read, refs, _spans(read, refs))


def _spans(read: ReadBatch, refs: Sequence[int]) -> dict[int, Span]:
    spans: dict[int, Span] = {}
    for stamped, line_ref in zip(read.stamped, refs, strict=True):
        page_id, at = line_ref >> pages.OFFSET_BITS, stamped.logged_at
        first_at, last_at = spans.get(page_id, (at, at))
        spans[page_id] = (min(first_at, at), max(last_at, at))
    return spans


def derive(log_host: LogHost, chunk: Chunk, of_pages: Sequence[pages.Page]) -> None:
    """Add the rows of a chunk to the tables that are first in the search path."""
    read = replace(chunk.read, new=_numbered(log_host.pk, chunk))
    rows = batch_rows.gather(read, chunk.refs)
    load.merge_messages(log_host.pk, rows.messages)
    load.add_attempts(log_host.pk, rows.messages)
    load.add_refusals(log_host.pk, rows.refusals)
    load.add_headers(log_host.pk, rows.headers)
    log_host_counts.add(log_host.pk, rows.counts)
    _note(chunk, of_pages)


def _numbered(log_host_id: int, chunk: Chunk) -> list[NewEntry]:
    """The entries with their copy, counted from those on pages that were derived before."""
    heads = {new.entry.head for new in chunk.read.new}
    copies = Copies()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT page_id FROM derived_page WHERE last_at >= %s AND first_at <= %s",
            [min(first for first, _ in chunk.spans.values()), max(last for _, last in chunk.spans.values())],
        )
        earlier = [row[0] for row in cursor.fetchall()]
    found = 0
    for page in pages.pages(log_host_id, earlier):
        found += 1
        for _, entry in page.entries():
            if entry.head in heads:
                copies.add(entry)
    if found < len(earlier):
        raise Stale
    return [copies.add(new.entry) for new in chunk.read.new]


def _note(chunk: Chunk, of_pages: Sequence[pages.Page]) -> None:
    """What the pages were read as, so that nothing is derived twice."""
    by_id = {page.page_id: page for page in of_pages}
    with connection.cursor() as cursor:
        for page_id, (start, end) in _stretches(chunk.refs):
            votes = batch_rows.zone_votes(chunk.read.stamped[start:end], chunk.read.events[start:end])
            page = by_id[page_id]
            values: list[Any] = [
                page_id,
                *chunk.spans[page_id],
                page.lines,
                pages.checksum(page.text),
                json.dumps(votes.as_json()),
            ]
            cursor.execute("INSERT INTO derived_page VALUES (%s, %s, %s, %s, %s, %s::jsonb)", values)


def _stretches(refs: Sequence[int]) -> Iterable[tuple[int, tuple[int, int]]]:
    """Each page with the first of its entries and the one behind its last."""
    start = 0
    for index, line_ref in enumerate(refs):
        page_id = line_ref >> pages.OFFSET_BITS
        if index + 1 == len(refs) or refs[index + 1] >> pages.OFFSET_BITS != page_id:
            yield page_id, (start, index + 1)
            start = index + 1
