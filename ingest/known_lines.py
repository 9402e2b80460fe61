"""Which lines of a batch the log host has already, whatever file brought them.

A line's identity is (log host, text, its how-manieth identical copy within its file). So each file claims stored
copies: a line of the batch takes a copy that this file has not claimed yet, and only when there is none is the line
new. What a file has claimed stands in LineShare, so a run that was cut off goes on exactly.

A rejectlog repeats lines of the mainlog and writes the headers of the message below. Both entries are stored, since
their texts differ, and tell one event: the k-th copy of the one is the k-th copy of the other, whichever came first.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from django.db import connection

from ingest import pages
from ingest.exim.events import Unparsed
from ingest.exim.line import read_line
from ingest.models import LineShare, LogFile
from ingest.sources.entries import Entry

# A stamp of the repeated autumn hour is known only with its message id, which the bounds do not look at.
_MARGIN = timedelta(hours=2)
_STAMP_LENGTH = (
    29  # "2026-03-01 10:00:00.000 +0100"; with an id behind a short stamp, one value for a second's lines
)
_LONGEST_PREFIX = 400  # a syslog prefix may stand before the stamp
_MOST_DAYS = 31


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time that surely holds the lines of a batch (UTC)."""

    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry that the log host does not have; ``copy`` counts the identical ones that it has."""

    entry: Entry
    copy: int
    is_told: bool = False  # its stamped line is stored, with other lines below it or none: not a new event

    @property
    def new_lines(self) -> int:
        return self.entry.lines - self.is_told


@dataclass(frozen=True, slots=True)
class Copies:
    """How many copies there are of each text, and of each stamped line whatever stands below it."""

    of_text: Counter[bytes] = field(default_factory=Counter)
    of_head: dict[bytes, int] = field(default_factory=dict)

    def add(self, entry: Entry) -> NewEntry:
        """Count one more copy."""
        text, head = entry.text, entry.text if entry.lines == 1 else entry.head
        copy = self.of_text[text]
        self.of_text[text] = copy + 1
        told = self.of_head.get(head, 0)
        if told > copy:
            return NewEntry(entry, copy, is_told=True)
        self.of_head[head] = copy + 1
        return NewEntry(entry, copy)


@dataclass(frozen=True, slots=True)
class Sifted:
    """A batch, divided."""

    new: list[NewEntry]
    claimed: list[int]  # packed LineRefs of the stored copies that the other entries are
    duplicate_lines: int


def span_of(entries: Iterable[Entry], zone: tzinfo) -> Span | None:
    """The bounds of a batch's stamps; None when no entry has a stamp that can be read."""
    texts: dict[bytes, bytes] = {}
    for entry in entries:
        texts.setdefault(entry.text[:_STAMP_LENGTH], entry.text)
    times = []
    for prefix, text in texts.items():
        line = read_line(prefix, zone=zone)
        if isinstance(line, Unparsed):
            line = read_line(text[:_LONGEST_PREFIX], zone=zone)
        if not isinstance(line, Unparsed):
            times.append(line.logged_at)
    if not times:
        return None
    return Span(pages.shifted(min(times), -_MARGIN), pages.shifted(max(times), _MARGIN))


def reserve(log_host_id: int, span: Span) -> None:
    """Wait until no other batch of this log host works on a day of the span; held until the commit.

    Two copies of one line have one stamp, so batches that share no day cannot bring the same line.
    """
    first_day, last_day = span.first_at.toordinal(), span.last_at.toordinal()
    with connection.cursor() as cursor:
        if last_day - first_day > _MOST_DAYS:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [log_host_id])
            return
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, 0)", [log_host_id])
        for day in range(first_day, last_day + 1):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [log_host_id, day])


def sift(file: LogFile, entries: Sequence[Entry], span: Span) -> Sifted:
    """Divide a batch into what is new and what is stored already. Call it with the span reserved."""
    wanted = {entry.head for entry in entries}
    copies = Copies()
    free: dict[bytes, list[int]] = defaultdict(list)
    for page in pages.overlapping(file.log_host_id, span.first_at, span.last_at):
        _find(page, wanted, _claimed_by(file, page), copies, free)
    new: list[NewEntry] = []
    claimed: list[int] = []
    duplicate_lines = 0
    for entry in entries:
        unclaimed = free.get(entry.text)
        if unclaimed:
            claimed.append(unclaimed.pop())
            duplicate_lines += entry.lines
        else:
            added = copies.add(entry)
            new.append(added)
            duplicate_lines += added.is_told
    return Sifted(new, claimed, duplicate_lines)


def _find(
    page: pages.Page,
    wanted: set[bytes],
    claimed: frozenset[int] | None,
    copies: Copies,
    free: dict[bytes, list[int]],
) -> None:
    """Count entries on a page by their wanted heads; ``claimed`` None: all of the page is this file's already."""
    for packed, entry in page.entries():
        if (entry.text if entry.lines == 1 else entry.head) in wanted:
            copies.add(entry)
            if claimed is not None and pages.LineRef.unpack(packed).offset not in claimed:
                free[entry.text].append(packed)


def _claimed_by(file: LogFile, page: pages.Page) -> frozenset[int] | None:
    shares = LineShare.objects.filter(log_host_id=file.log_host_id, log_file_id=file.pk, page_id=page.page_id)
    share = shares.values_list("offsets", flat=True)
    for offsets in share:
        return None if offsets is None else frozenset(offsets)
    return frozenset()


def claim(file: LogFile, packed_refs: Iterable[int]) -> None:
    """Remember that the file holds these stored entries too."""
    offsets: dict[int, list[int]] = defaultdict(list)
    for packed in packed_refs:
        ref = pages.LineRef.unpack(packed)
        offsets[ref.page_id].append(ref.offset)
    for page_id, of_page in sorted(offsets.items()):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO ingest_lineshare (log_host_id, log_file_id, page_id, offsets)"
                " VALUES (%s, %s, %s, %s::int[])"
                " ON CONFLICT (log_host_id, log_file_id, page_id)"
                " DO UPDATE SET offsets = ingest_lineshare.offsets || EXCLUDED.offsets",
                [file.log_host_id, file.pk, page_id, sorted(of_page)],
            )


def claim_pages(file: LogFile, page_ids: Iterable[int]) -> None:
    """Remember that the file holds these whole pages: those it brought itself."""
    LineShare.objects.bulk_create(
        LineShare(log_host_id=file.log_host_id, log_file_id=file.pk, page_id=page_id, offsets=None)
        for page_id in sorted(set(page_ids))
    )
