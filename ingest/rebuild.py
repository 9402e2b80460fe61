"""Every row derived again from the pages, with no new upload: after a better grammar or rule, or in another zone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import batched

from django.db import connection, transaction

from ingest import batch_rows, classification, load, pages, partitions, zones
from ingest.batch_rows import ReadBatch
from ingest.known_lines import Copies, NewEntry
from ingest.models import LineShare, LocalDomain, LogFile, LogHost, LoginCount

_PAGES_AT_ONCE = 16
_BIG_TABLES = ("ingest_message_finding", "ingest_delivery", "ingest_rejection", "ingest_message")
_MOVING = 4_820_004

type Progress = Callable[[int], None]


def _silent(lines: int) -> None:
    pass


def rebuild(log_host: LogHost, *, progress: Progress = _silent) -> int:
    """Replace the rows of a log host by what its pages say now; returns the number of lines.

    One transaction, findings included: readers see the old rows until it commits. Batches of the same log host
    wait for it.
    """
    return _again(lambda: _rebuild(log_host, progress))


def move(log_host: LogHost, *, progress: Progress = _silent) -> int:
    """Read all that is stored in the wanted zone of the log host, which becomes its zone; returns the lines.

    0 where no zone is wanted, or where another process is at it.
    """
    lines = _again(lambda: _move(log_host, progress))
    log_host.refresh_from_db()
    return lines


def _again(derive: Callable[[], int]) -> int:
    """Run ``derive`` in a transaction, from its beginning where partitions had to be made first."""
    while True:
        try:
            with transaction.atomic():
                return derive()
        except partitions.Missing as missing:
            partitions.make(missing)


def _move(log_host: LogHost, progress: Progress) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_MOVING, log_host.pk])
        if not cursor.fetchone()[0]:
            return 0
    zones.wait_to_change(log_host.pk)
    log_host.refresh_from_db()
    if not log_host.wanted_timezone:
        return 0
    log_host.timezone, log_host.wanted_timezone = log_host.wanted_timezone, ""
    log_host.save(update_fields=["timezone", "wanted_timezone"])
    return _rebuild(log_host, progress)


def _rebuild(log_host: LogHost, progress: Progress) -> int:
    zones.wait_to_change(log_host.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [log_host.pk])
        for table in _BIG_TABLES:
            cursor.execute(f"DELETE FROM {table} WHERE log_host_id = %s", [log_host.pk])
        for model in (LocalDomain, LoginCount):
            model.objects.filter(log_host=log_host).delete()
        cursor.execute("DELETE FROM ingest_hourlyvolume WHERE log_host_id = %s", [log_host.pk])
    files = _Files(log_host.pk)
    lines = 0
    for chunk in batched(pages.scan(log_host.pk), _PAGES_AT_ONCE, strict=False):
        lines += _derive(log_host, chunk, files)
        progress(lines)
    files.store()
    classification.reclassify(log_host)
    return lines


def _derive(log_host: LogHost, chunk: Sequence[pages.Page], files: "_Files") -> int:
    """Store the rows of some pages; returns the number of their lines."""
    placed = [item for page in chunk for item in page.entries()]
    entries = [NewEntry(entry, 0) for _, entry in placed]
    read = batch_rows.read(entries, log_host.zone, fallback=chunk[0].first_at)
    refs = [line_ref for line_ref, _ in placed]
    spans = _spans(read, refs)
    read = replace(read, new=_numbered(log_host.pk, read, chunk[0].page_id, spans.values()))
    pages.move(log_host.pk, spans)
    files.take(read, refs)
    batch_rows.require_partitions(read)
    rows = batch_rows.gather(read, refs)
    load.merge_messages(log_host.pk, rows.messages)
    load.add_attempts(log_host.pk, rows.messages)
    load.add_refusals(log_host.pk, rows.refusals)
    load.add_headers(log_host.pk, rows.headers)
    load.add_counts(log_host.pk, rows.counts)
    return sum(page.lines for page in chunk)


type _Span = tuple[datetime, datetime]


def _spans(read: ReadBatch, refs: Sequence[int]) -> dict[int, _Span]:
    """First and last time on each page, as its lines are read now."""
    spans: dict[int, _Span] = {}
    for stamped, line_ref in zip(read.stamped, refs, strict=True):
        page_id, at = line_ref >> pages.OFFSET_BITS, stamped.logged_at
        first_at, last_at = spans.get(page_id, (at, at))
        spans[page_id] = (min(first_at, at), max(last_at, at))
    return spans


def _numbered(log_host_id: int, read: ReadBatch, first_page: int, spans: Iterable[_Span]) -> list[NewEntry]:
    """The entries with their copy, counted from those on earlier pages, which are moved already."""
    heads = {new.entry.head for new in read.new}
    copies = Copies()
    first_at, last_at = min(first for first, _ in spans), max(last for _, last in spans)
    for page in pages.overlapping(log_host_id, first_at, last_at):
        if page.page_id < first_page:
            for _, entry in page.entries():
                if entry.head in heads:
                    copies.add(entry)
    return [copies.add(new.entry) for new in read.new]


@dataclass(slots=True)
class _Files:
    """What the pages say of the files that brought them."""

    log_host_id: int
    votes: dict[int, zones.Votes] = field(init=False)  # by file
    _file_of: dict[int, int] = field(init=False)  # by page

    def __post_init__(self) -> None:
        # a file that shares whole pages and brought no line has the same bytes as the one that brought them
        brought = LineShare.objects.filter(
            log_host_id=self.log_host_id, offsets__isnull=True, log_file__new_lines__gt=0
        )
        self._file_of = dict(brought.values_list("page_id", "log_file_id"))
        self.votes = {file_id: zones.Votes() for file_id in self._file_of.values()}

    def take(self, read: ReadBatch, refs: Sequence[int]) -> None:
        """Count the votes of some pages' arrivals."""
        start = 0
        for index, line_ref in enumerate(refs):
            is_last = index + 1 == len(refs)
            if is_last or refs[index + 1] >> pages.OFFSET_BITS != line_ref >> pages.OFFSET_BITS:
                end = index + 1
                file_id = self._file_of.get(line_ref >> pages.OFFSET_BITS)
                if file_id is not None:
                    votes = batch_rows.zone_votes(read.stamped[start:end], read.events[start:end])
                    self.votes[file_id].add(votes)
                start = end

    def store(self) -> None:
        """Votes, and the first and last line of each file: those of the pages that it holds whole."""
        for file_id, votes in self.votes.items():
            LogFile.objects.filter(pk=file_id).update(zone_votes=votes.as_json())
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ingest_logfile AS file SET first_at = held.first_at, last_at = held.last_at"
                " FROM (SELECT share.log_file_id, min(page.first_at) AS first_at, max(page.last_at) AS last_at"
                " FROM ingest_lineshare AS share JOIN ingest_page AS page USING (log_host_id, page_id)"
                " WHERE share.log_host_id = %s AND share.offsets IS NULL GROUP BY share.log_file_id) AS held"
                " WHERE file.id = held.log_file_id",
                [self.log_host_id],
            )
