"""Every row derived again from the pages: after a better grammar or rule, with no new upload."""

from collections.abc import Callable, Sequence
from itertools import batched

from django.db import connection, transaction

from ingest import batch_rows, classification, load, pages, partitions
from ingest.known_lines import Copies
from ingest.models import LocalDomain, LogHost, LoginCount

_PAGES_AT_ONCE = 16
_BIG_TABLES = ("ingest_message_finding", "ingest_delivery", "ingest_rejection", "ingest_message")


def rebuild(log_host: LogHost, *, progress: Callable[[int], None] = lambda lines: None) -> int:
    """Replace the rows of a log host by what its pages say now; returns the number of lines.

    One transaction: readers see the old rows until it commits. Batches of the same log host wait for it.
    """
    while True:
        try:
            with transaction.atomic():
                lines = _rebuild(log_host, progress)
        except partitions.Missing as missing:
            partitions.make(missing)
        else:
            classification.reclassify(log_host)
            return lines


def _rebuild(log_host: LogHost, progress: Callable[[int], None]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [log_host.pk])
        for table in _BIG_TABLES:
            cursor.execute(f"DELETE FROM {table} WHERE log_host_id = %s", [log_host.pk])
        for model in (LocalDomain, LoginCount):
            model.objects.filter(log_host=log_host).delete()
        cursor.execute("DELETE FROM ingest_hourlyvolume WHERE log_host_id = %s", [log_host.pk])
    lines = 0
    for chunk in batched(pages.scan(log_host.pk), _PAGES_AT_ONCE, strict=False):
        lines += _derive(log_host, chunk)
        progress(lines)
    return lines


def _derive(log_host: LogHost, chunk: Sequence[pages.Page]) -> int:
    """Store the rows of some pages; returns the number of their lines."""
    placed = [item for page in chunk for item in page.entries()]
    copies = _copies_before(log_host.pk, chunk, {entry.head for _, entry in placed})
    entries = [copies.add(entry) for _, entry in placed]
    read = batch_rows.read(entries, log_host.zone, fallback=chunk[0].first_at)
    rows = batch_rows.gather(read, [line_ref for line_ref, _ in placed])
    for table in ("ingest_message", "ingest_delivery", "ingest_message_finding"):
        partitions.require(table, rows.months_of_ids)
    partitions.require("ingest_rejection", rows.months_of_refusals)
    load.merge_messages(log_host.pk, rows.messages)
    load.add_attempts(log_host.pk, rows.messages)
    load.add_refusals(log_host.pk, rows.refusals)
    load.add_headers(log_host.pk, rows.headers)
    load.add_counts(log_host.pk, rows.counts)
    return sum(page.lines for page in chunk)


def _copies_before(log_host_id: int, chunk: Sequence[pages.Page], heads: set[bytes]) -> Copies:
    """The copies that stand on pages before the chunk: pages that share time with it."""
    copies = Copies()
    first_at, last_at = min(page.first_at for page in chunk), max(page.last_at for page in chunk)
    for page in pages.overlapping(log_host_id, first_at, last_at):
        if page.page_id < chunk[0].page_id:
            for _, entry in page.entries():
                if entry.head in heads:
                    copies.add(entry)
    return copies
