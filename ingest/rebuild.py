"""Every row derived again from the pages, with no new upload: after a better grammar or rule, or in another zone.

The rows are derived into tables beside the stored ones (ingest.beside), some pages a transaction, while readers and
batches go on. What is done stands beside them, so a call that was killed is continued by the next one. The last
transaction derives what came meanwhile, takes the place of the stored rows, and decides the findings.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from ingest import batch_rows, beside, classification, pages, partitions, zones
from ingest.locks import WHOLE_LOG, Lock
from ingest.models import LineShare, LogFile, LogHost

_TABLES = ("ingest_message_finding", *beside.KEYS)

type Progress = Callable[[int], None]
"""Told how many lines are derived, those of an earlier call included."""


class Busy(Exception):
    """Another process derives the rows of this log host."""


def _silent(lines: int) -> None:
    pass


def rebuild(log_host: LogHost, *, progress: Progress = _silent) -> int:
    """Replace the rows of a log host by what its pages say now; returns the number of lines.

    Readers see the old rows until all is done. Batches of the same log host wait for the last transaction only.
    Raises Busy.
    """
    with _alone(log_host.pk):
        return _Rebuild(log_host, log_host.timezone, progress).run()


def move(log_host: LogHost, *, progress: Progress = _silent) -> int:
    """Read all that is stored in the wanted zone of the log host, which becomes its zone; returns the lines.

    0 where no zone is wanted, or where another process is at it.
    """
    try:
        with _alone(log_host.pk):
            log_host.refresh_from_db()
            wanted = log_host.wanted_timezone
            return _Rebuild(log_host, wanted, progress).run() if wanted else 0
    except Busy:
        return 0
    finally:
        log_host.refresh_from_db()


@contextmanager
def _alone(log_host_id: int) -> Iterator[None]:
    """Until the end, or until the connection ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [Lock.REBUILD, log_host_id])
        if not cursor.fetchone()[0]:
            raise Busy
        try:
            yield
        finally:
            if connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [Lock.REBUILD, log_host_id])


class _Rebuild:
    """One rebuild of a log host, as far as it came."""

    def __init__(self, log_host: LogHost, timezone: str, progress: Progress) -> None:
        self._log_host = log_host
        self._timezone = timezone
        self._progress = progress
        self._schema = f"rebuild_{log_host.pk}"
        self._derived = 0  # lines

    def run(self) -> int:
        while True:
            try:
                self._begin()
                while self._again(self._step):
                    self._progress(self._derived)
                self._again(self._finish)
            except beside.Stale:
                self._drop()
            else:
                return self._derived

    def _again(self, part: Callable[[], bool]) -> bool:
        """Do a part in a transaction, from its beginning where partitions had to be made first."""
        while True:
            try:
                with transaction.atomic():
                    return part()
            except partitions.Missing as missing:
                partitions.make(missing)

    def _begin(self) -> None:
        """Make the tables beside, unless an earlier call of the same code and zone left them."""
        purpose = f"{self._timezone} {_code_digest()}"
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s",
                [self._schema],
            )
            found = cursor.fetchone()
            if found is None or found[0] != purpose:
                cursor.execute(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE")
                cursor.execute(f"CREATE SCHEMA {self._schema}")
                beside.make_tables("UNLOGGED", self._schema)
                cursor.execute(f"COMMENT ON SCHEMA {self._schema} IS '{purpose}'")
            cursor.execute(f"SELECT coalesce(sum(lines), 0) FROM {self._schema}.derived_page")
            self._derived = int(cursor.fetchone()[0])

    def _drop(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA {self._schema} CASCADE")

    def _step(self) -> bool:
        """Derive some more pages; False if there are no more."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT page_id FROM ingest_page AS page WHERE log_host_id = %s AND NOT EXISTS"
                f" (SELECT FROM {self._schema}.derived_page AS derived WHERE derived.page_id = page.page_id)"
                " ORDER BY page_id LIMIT %s",
                [self._log_host.pk, beside.PAGES_AT_ONCE],
            )
            ids = [row[0] for row in cursor.fetchall()]
        of_pages = list(pages.pages(self._log_host.pk, ids))
        if not of_pages:
            return False
        chunk = beside.read_chunk(of_pages, ZoneInfo(self._timezone))
        batch_rows.require_partitions(chunk.read)
        with beside.first_in_path(self._schema):
            beside.derive(self._log_host, chunk, of_pages)
        self._derived += sum(page.lines for page in of_pages)
        return True

    def _finish(self) -> bool:
        """Put the rows beside in the place of the stored ones, with all that came meanwhile."""
        host = self._log_host
        zones.wait_to_change(host.pk)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [host.pk, WHOLE_LOG])
        self._refuse_stale()
        while self._step():
            pass
        self._change_zone()
        self._take_place()
        self._move_pages()
        self._store_files()
        self._drop()
        classification.reclassify(host)
        return False

    def _refuse_stale(self) -> None:
        """Retention or undo may have taken pages away, and the zone may have been changed."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT EXISTS (SELECT FROM {self._schema}.derived_page AS derived WHERE NOT EXISTS"
                " (SELECT FROM ingest_page AS page"
                " WHERE page.log_host_id = %s AND page.page_id = derived.page_id"
                " AND page.checksum = derived.checksum))",
                [self._log_host.pk],
            )
            is_stale = cursor.fetchone()[0]
        self._log_host.refresh_from_db()
        if self._timezone not in (self._log_host.timezone, self._log_host.wanted_timezone):
            self._timezone = self._log_host.timezone
            is_stale = True
        if is_stale:
            raise beside.Stale

    def _change_zone(self) -> None:
        if self._timezone == self._log_host.wanted_timezone:
            self._log_host.timezone, self._log_host.wanted_timezone = self._timezone, ""
            self._log_host.save(update_fields=["timezone", "wanted_timezone"])

    def _take_place(self) -> None:
        with connection.cursor() as cursor:
            for table in _TABLES:
                cursor.execute(f"DELETE FROM {table} WHERE log_host_id = %s", [self._log_host.pk])
            for table in beside.KEYS:
                columns = ", ".join(beside.columns_of(table))
                cursor.execute(
                    f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {self._schema}.{table}"
                )

    def _move_pages(self) -> None:
        """First and last time of pages, as their lines are read now."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE ingest_page AS page SET first_at = derived.first_at, last_at = derived.last_at"
                f" FROM {self._schema}.derived_page AS derived"
                " WHERE page.log_host_id = %s AND page.page_id = derived.page_id"
                " AND (page.first_at, page.last_at) <> (derived.first_at, derived.last_at)",
                [self._log_host.pk],
            )

    def _store_files(self) -> None:
        """Zone votes, and first and last line, of the files that brought lines."""
        for file_id, votes in self._votes().items():
            LogFile.objects.filter(pk=file_id).update(zone_votes=votes.as_json())
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ingest_logfile AS file SET first_at = held.first_at, last_at = held.last_at"
                " FROM (SELECT share.log_file_id, min(page.first_at) AS first_at, max(page.last_at) AS last_at"
                " FROM ingest_lineshare AS share JOIN ingest_page AS page USING (log_host_id, page_id)"
                " WHERE share.log_host_id = %s AND share.offsets IS NULL GROUP BY share.log_file_id) AS held"
                " WHERE file.id = held.log_file_id",
                [self._log_host.pk],
            )

    def _votes(self) -> Mapping[int, zones.Votes]:
        """By file. One that shares whole pages and brought no line has the bytes of the one that brought them."""
        brought = LineShare.objects.filter(
            log_host_id=self._log_host.pk, offsets__isnull=True, log_file__new_lines__gt=0
        )
        file_of = dict(brought.values_list("page_id", "log_file_id"))
        by_file = {file_id: zones.Votes() for file_id in file_of.values()}
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT page_id, votes::text FROM {self._schema}.derived_page WHERE votes <> '{{}}'"
            )
            for page_id, votes in cursor.fetchall():
                if page_id in file_of:
                    by_file[file_of[page_id]].add(zones.Votes.from_json(json.loads(votes)))
        return by_file


def _code_digest() -> str:
    """Changes with the code that derives rows, and with the tables."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".sql"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
