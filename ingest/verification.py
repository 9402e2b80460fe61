"""Whether what is stored agrees with itself: pages with their checksums, rows with what the pages say.

Everything is derived a second time from the pages into temporary tables (ingest.beside), some pages at a time, and
compared by the database. All of it sees one moment of the database, whatever comes in meanwhile, and is rolled back.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any

import zstandard
from django.db import connection, transaction

from ingest import beside, classification, pages
from ingest.models import UNFINISHED, LogHost, LogPage

EXAMPLES = 10
_JUDGED = (
    "ingest_message_finding",
    "ingest_suspect",
    "ingest_finding",
    "ingest_subjectstate",
    "ingest_addresslogin",
    "ingest_hoursign",
)
_READ_BY = (  # what ingest.stored_facts looks subjects up by
    "ingest_message (sender_host_address)",
    "ingest_message (authenticated_id)",
    "ingest_message (local_user)",
    "ingest_rejection (sender_host_address, logged_at)",
    "ingest_rejection (account, logged_at)",
)
_POINTERS = ("line_ref", "headers_ref")

type Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is stored otherwise than the pages say."""

    what: str  # "message_id=1x5dJQ-00000002ksM-1pMm"
    how: str  # "missing", "extra", or which columns say what


@dataclass(frozen=True, slots=True)
class Compared:
    """A kind of rows."""

    kind: str
    checked: int  # rows that are stored
    missing: int = 0  # the pages tell of them, and they are not stored
    extra: int = 0  # stored, and the pages tell nothing of them
    changed: int = 0
    examples: tuple[Difference, ...] = ()  # the first EXAMPLES
    skipped: str = ""  # a sentence: why it was not compared

    @property
    def differences(self) -> int:
        return self.missing + self.extra + self.changed


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows to compare: two selects with the same columns, of which some tell a row from another."""

    kind: str
    stored: str
    derived: str
    key: Sequence[str]


def verify(log_host: LogHost, *, progress: Progress = lambda lines: None) -> list[Compared]:
    """Compare all that is stored of a log host with its pages; ``progress`` is told the lines derived so far.

    Memory does not grow with what is stored; the temporary tables need room for its rows a second time.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            if not connection.savepoint_ids:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        schema = beside.ordinary_schema()
        beside.make_tables("TEMPORARY", "pg_temp")
        compared = [_derive(log_host, progress)]
        compared += [_compare(log_host.pk, table) for table in _rows(schema)]
        waiting = _unsettled(log_host)
        if waiting:
            compared += [
                Compared(kind, 0, skipped=waiting) for kind in ("message findings", "suspects", "findings")
            ]
        else:
            _judge(log_host, schema)
            compared += [_compare(log_host.pk, table) for table in _findings(schema)]
        transaction.set_rollback(True)
    return compared


def _unsettled(log_host: LogHost) -> str:
    """Why the findings cannot be compared now; empty if they can."""
    log_host.refresh_from_db()
    if log_host.runs.filter(state__in=UNFINISHED).exists():
        return "A run is not finished, so its findings are not computed yet."
    if log_host.has_lost_lines:
        return "Lines were deleted, and the findings are not computed since."
    return ""


# ---- pages


def _derive(log_host: LogHost, progress: Progress) -> Compared:
    """Check every page and derive its rows; what cannot be decompressed has none."""
    ids = LogPage.objects.filter(log_host=log_host).order_by("page_id").values_list("page_id", flat=True)
    count = lines = damaged = 0
    examples: list[Difference] = []
    for chunk_ids in batched(ids.iterator(chunk_size=5000), beside.PAGES_AT_ONCE, strict=False):
        rows = LogPage.objects.filter(log_host=log_host, page_id__in=chunk_ids).order_by("page_id")
        good = []
        for row in rows:
            page, faults = _checked(row)
            count += 1
            damaged += bool(faults)
            if faults and len(examples) < EXAMPLES:
                examples.append(Difference(f"page_id={row.page_id}", "; ".join(faults)))
            if page is not None:
                good.append(page)
        if good:
            chunk = beside.read_chunk(good, log_host.zone)
            beside.derive(log_host, chunk, good)
            lines += sum(page.lines for page in good)
        progress(lines)
    return Compared("pages", count, changed=damaged, examples=tuple(examples))


def _checked(row: LogPage) -> tuple[pages.Page | None, list[str]]:
    """The page, if it can be read, and what is wrong with it."""
    try:
        text = zstandard.ZstdDecompressor().decompress(row.body)
    except zstandard.ZstdError as error:
        return None, [f"cannot be decompressed: {error}"]
    page = pages.Page(row.page_id, row.first_at, row.last_at, row.lines, text)
    lines = sum(entry.lines for _, entry in page.entries())
    faults = []
    if pages.checksum(text) != row.checksum:
        faults.append("the text does not have its checksum")
    if len(text) != row.size:
        faults.append(f"has {len(text):,} bytes, not {row.size:,}")
    if lines != row.lines:
        faults.append(f"has {lines:,} lines, not {row.lines:,}")
    return page, faults


# ---- rows


def _rows(schema: str) -> Iterator[_Table]:
    """What lines say."""
    yield _Table(
        "page spans",
        f"SELECT page_id, first_at, last_at FROM {schema}.ingest_page WHERE log_host_id = %(log_host_id)s",
        "SELECT page_id, first_at, last_at FROM pg_temp.derived_page",
        ["page_id"],
    )
    kinds = {
        "messages": "ingest_message",
        "deliveries": "ingest_delivery",
        "rejections": "ingest_rejection",
        "hourly volumes": "ingest_hourlyvolume",
        "local domains": "ingest_localdomain",
        "logins": "ingest_logincount",
        "script runs": "ingest_scriptruns",
        "counts of hours": "ingest_hourcount",
    }
    for kind, table in kinds.items():
        yield _whole(kind, schema, table, beside.KEYS[table][1:])
    for kind, table in {
        "lines of deliveries": "ingest_delivery",
        "lines of rejections": "ingest_rejection",
    }.items():
        # which of identical copies has which copy number does not matter
        key = [column for column in beside.KEYS[table][1:] if column != "copy"]
        selected = ", ".join([*key, "line_ref", "count(*) AS copies"])
        grouped = ", ".join([*key, "line_ref"])
        yield _Table(
            kind,
            f"SELECT {selected} FROM {schema}.{table} WHERE log_host_id = %(log_host_id)s GROUP BY {grouped}",
            f"SELECT {selected} FROM pg_temp.{table} GROUP BY {grouped}",
            [*key, "line_ref"],
        )


def _whole(kind: str, schema: str, table: str, key: Sequence[str]) -> _Table:
    """All columns but for pointers, which may lead to another copy of a line."""
    columns = ", ".join(
        "(SELECT array_agg(ref ORDER BY ref) FROM unnest(line_refs_of(line_refs)) AS ref) AS line_refs"
        if name == "line_refs"
        else name
        for name in beside.columns_of(table)
        if name not in _POINTERS and name != "log_host_id"
    )
    return _Table(
        kind,
        f"SELECT {columns} FROM {schema}.{table} WHERE log_host_id = %(log_host_id)s",
        f"SELECT {columns} FROM pg_temp.{table} WHERE log_host_id = %(log_host_id)s",
        key,
    )


# ---- findings


def _judge(log_host: LogHost, schema: str) -> None:
    """Decide all findings again from the derived rows, into temporary tables too."""
    with connection.cursor() as cursor:
        for table in _JUDGED:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{schema}.{table}"])
            if cursor.fetchone()[0]:
                cursor.execute(f"CREATE TEMPORARY TABLE {table} (LIKE {schema}.{table} INCLUDING ALL)")
        cursor.execute(f"CREATE TEMPORARY TABLE ingest_loghost (LIKE {schema}.ingest_loghost INCLUDING ALL)")
        cursor.execute(f"INSERT INTO pg_temp.ingest_loghost SELECT * FROM {schema}.ingest_loghost")
        for columns in _READ_BY:
            cursor.execute(f"CREATE INDEX ON pg_temp.{columns}")
        for table in beside.KEYS:
            cursor.execute(f"ANALYZE pg_temp.{table}")
    classification.reclassify(LogHost.objects.get(pk=log_host.pk))


def _findings(schema: str) -> Iterator[_Table]:
    yield _whole("message findings", schema, "ingest_message_finding", ("message_id", "rule"))
    yield _whole("suspects", schema, "ingest_suspect", ("kind", "value"))
    yield _whole("signs of hours", schema, "ingest_hoursign", ("hour", "sign", "value"))
    columns = [
        name for name in beside.columns_of("ingest_finding") if name not in ("suspect_id", "line_refs")
    ]
    select = ", ".join(f"finding.{name}" for name in columns)
    of = (
        f"SELECT suspect.kind, suspect.value, {select} FROM {{0}}.ingest_finding AS finding"
        " JOIN {0}.ingest_suspect AS suspect ON suspect.id = finding.suspect_id"
        " WHERE suspect.log_host_id = %(log_host_id)s"
    )
    yield _Table("findings", of.format(schema), of.format("pg_temp"), ("kind", "value", "rule"))


# ---- comparing


def _compare(log_host_id: int, table: _Table) -> Compared:
    on = " AND ".join(f"stored.{name} = derived.{name}" for name in table.key)
    parameters = {"log_host_id": log_host_id}
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.difference")
        cursor.execute(
            "CREATE TEMPORARY TABLE difference AS"
            f" WITH stored AS ({table.stored}), derived AS ({table.derived})"
            " SELECT to_jsonb(stored) AS stored, to_jsonb(derived) AS derived"
            f" FROM stored FULL JOIN derived ON {on} WHERE stored IS DISTINCT FROM derived",
            parameters,
        )
        cursor.execute(
            "SELECT count(*) FILTER (WHERE stored IS NULL), count(*) FILTER (WHERE derived IS NULL),"
            " count(*) FILTER (WHERE stored IS NOT NULL AND derived IS NOT NULL) FROM pg_temp.difference"
        )
        missing, extra, changed = cursor.fetchone()
        cursor.execute(
            "SELECT stored::text, derived::text FROM pg_temp.difference ORDER BY coalesce(stored, derived) LIMIT %s",
            [EXAMPLES],
        )
        examples = tuple(_difference(table.key, *row) for row in cursor.fetchall())
        cursor.execute(f"SELECT count(*) FROM ({table.stored}) AS stored", parameters)
        checked = cursor.fetchone()[0]
    return Compared(table.kind, checked, missing, extra, changed, examples)


def _difference(key: Sequence[str], stored_text: str | None, derived_text: str | None) -> Difference:
    stored: Mapping[str, Any] | None = None if stored_text is None else json.loads(stored_text)
    derived: Mapping[str, Any] | None = None if derived_text is None else json.loads(derived_text)
    row = stored or derived or {}
    what = ", ".join(f"{name}={row[name]}" for name in key)
    if stored is None:
        return Difference(what, "missing")
    if derived is None:
        return Difference(what, "extra")
    columns = [name for name in stored if stored[name] != derived[name]]
    told = (f"{name} is {_shown(stored[name])}, the lines say {_shown(derived[name])}" for name in columns)
    return Difference(what, "; ".join(told))


def _shown(value: object) -> str:
    """A value on one line of ASCII: log text is hostile."""
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
