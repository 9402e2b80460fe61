"""Which lines of a batch the log host has already, whatever file brought them.

A line's identity is (log host, text, its how-manieth identical copy within its file). So each file claims stored
copies: a line of the batch takes a copy that this file has not claimed yet, and only when there is none is the line
new. What a file has claimed stands in LineShare, so a run that was cut off goes on exactly.

A rejectlog repeats lines of the mainlog and writes the headers of the message below. Both entries are stored, since
their texts differ, and tell one event: the k-th copy of the one is the k-th copy of the other, whichever came first.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import overload

from django.db import connection

from ingest import pages
from ingest.locks import FIRST_HOUR, WHOLE_LOG
from ingest.marks import Span
from ingest.models import LineShare, LogFile
from ingest.sources.entries import Entry, PlainLines, texts_of

# What is locked in place of the hours of a batch, by its length: the days, or the log host.
_MOST_HOURS = 24
_MOST_DAYS = 31
_PREFIX = 400  # bytes in which a stamp stands, behind syslog's part
_STAMP = re.compile(
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}):([0-9]{2})(?:\.[0-9]{1,6})?( [+-][0-9]{4})?(?= |\Z)"
)
_WITH_ZONE = (b" +", b" -")  # behind the seconds, as far as 21 bytes tell
_A_SECOND = timedelta(microseconds=999_999)


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


class PlainNew(Sequence[NewEntry]):
    """A batch whose lines are all new; ``copies`` counts up those that repeat an earlier one, by place."""

    def __init__(self, entries: PlainLines, copies: Mapping[int, int]) -> None:
        self.entries = entries
        self.copies = copies

    def __len__(self) -> int:
        return len(self.entries)

    @overload
    def __getitem__(self, index: int) -> NewEntry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[NewEntry]: ...
    def __getitem__(self, index: int | slice) -> NewEntry | Sequence[NewEntry]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return NewEntry(self.entries[index], self.copies.get(index, 0))


@dataclass(frozen=True, slots=True)
class Sifted:
    """A batch, divided."""

    new: Sequence[NewEntry]
    claimed: list[int]  # packed LineRefs of the stored copies that the other entries are
    duplicate_lines: int


def span_of(entries: Iterable[Entry], zone: tzinfo) -> Span | None:
    """A span that surely holds the lines of a batch; None when no entry has a stamp that can be read.

    A stamp of the repeated autumn hour is told apart by its message id, which is not looked at here: the span goes
    from the earlier reading of its lowest stamp to the later reading of its highest.
    """
    bounds: list[tuple[datetime, datetime]] = []
    for (minute, offset), seconds in _stamps(entries).items():
        readings = _readings(minute, offset, zone)
        valid = [second for second in seconds if second < b"60"]
        if readings is not None and valid:
            first, last = int(min(valid)), int(max(valid))
            bounds.append((readings[0] + timedelta(seconds=first), readings[1] + timedelta(seconds=last)))
    if not bounds:
        return None
    return Span(min(first for first, _ in bounds), max(last for _, last in bounds) + _A_SECOND)


def _stamps(entries: Iterable[Entry]) -> dict[tuple[bytes, bytes | None], set[bytes]]:
    """The first and the last second of each minute in a batch, by the minute and the zone behind it, if any."""
    texts = texts_of(entries)
    if not {text[19:21] for text in texts}.isdisjoint(_WITH_ZONE):
        return _stamps_anywhere(texts)
    stamps = sorted({text[:19] for text in texts})  # one for many lines
    if any(_STAMP.fullmatch(stamp) is None for stamp in (*stamps[:1], *stamps[-1:])):
        return _stamps_anywhere(texts)
    valid = [stamp for stamp in stamps if stamp[17:] < b"60"]
    first = {stamp[:16]: stamp[17:] for stamp in reversed(valid)}
    last = {stamp[:16]: stamp[17:] for stamp in valid}
    return {(minute, None): {second, last[minute]} for minute, second in first.items()}


def _stamps_anywhere(texts: Iterable[bytes]) -> dict[tuple[bytes, bytes | None], set[bytes]]:
    """The same where some stamps have a fraction, a zone, or syslog's part before them."""
    seconds: dict[tuple[bytes, bytes | None], set[bytes]] = defaultdict(set)
    for text in texts:
        found = _STAMP.search(text, 0, _PREFIX)
        if found is not None:
            seconds[found[1], found[3]].add(found[2])
    return seconds


@lru_cache(maxsize=65_536)
def _readings(minute: bytes, offset: bytes | None, zone: tzinfo) -> tuple[datetime, datetime] | None:
    """The earliest and the latest time (UTC) that the beginning of a minute can be; None for no time at all."""
    try:
        if offset is not None:
            at = datetime.fromisoformat((minute + offset[1:]).decode()).astimezone(UTC)
            return at, at
        local = datetime.fromisoformat(minute.decode()).replace(tzinfo=zone)
        first, later = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return first, max(first, later)


def reserve(log_host_id: int, span: Span, *, alone: bool = False) -> None:
    """Wait until no other batch of this log host works on an hour of the span; held until the commit.

    ``alone``: wait until none works on this log host at all.

    Two copies of one line have one stamp, so batches that share no hour cannot bring the same line, and work side by
    side. Locks stand for the log host, its days and its hours (UTC). A batch takes the hours of its span for itself
    and shares their days and the log host; a span of more than a day takes its days for itself, and a very long one
    the log host, which excludes all others as well: whoever works on an hour shares the day above it.

    It cannot come to a deadlock here: every batch takes its locks in one order (the log host, days ascending, hours
    ascending) and never one that it holds already, so of batches that wait for each other the one whose wanted lock
    comes last in that order would have to wait for a batch that waits for a still later one. Row locks are taken
    behind all of these.
    """
    with connection.cursor() as cursor:
        for key, is_shared in [(WHOLE_LOG, False)] if alone else _locks(span):
            name = "pg_advisory_xact_lock_shared" if is_shared else "pg_advisory_xact_lock"
            cursor.execute(f"SELECT {name}(%s, %s)", [log_host_id, key])


def share(log_host_id: int) -> None:
    """Let whoever takes a log host for itself wait until the commit; nobody else waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [log_host_id, WHOLE_LOG])


def _locks(span: Span) -> Iterator[tuple[int, bool]]:
    """The locks of a span in their order, and whether each is shared."""
    first_day, last_day = span.first_at.toordinal(), span.last_at.toordinal()
    first_hour, last_hour = first_day * 24 + span.first_at.hour, last_day * 24 + span.last_at.hour
    is_of_host, is_of_days = last_day - first_day > _MOST_DAYS, last_hour - first_hour > _MOST_HOURS
    yield WHOLE_LOG, not is_of_host
    if is_of_host:
        return
    for day in range(first_day, last_day + 1):
        yield day, not is_of_days
    if not is_of_days:
        for hour in range(first_hour, last_hour + 1):
            yield FIRST_HOUR + hour, False


def sift(
    file: LogFile, entries: Sequence[Entry], span: Span, *, last: Collection[int] = frozenset()
) -> Sifted:
    """Divide a batch into what is new and what is stored already. Call it with the span reserved.

    ``last``: the pages whose copies are taken when there are no others.
    """

    def overlapping() -> Iterator[pages.Page]:  # one after another, since a sparse batch may overlap a year
        return pages.overlapping(file.log_host_id, span.first_at, span.last_at)

    if isinstance(entries, PlainLines) and _is_nothing_known(entries.texts, overlapping()):
        return Sifted(PlainNew(entries, _copies(entries.texts)), [], 0)
    wanted = {entry.head for entry in entries}
    copies = Copies()
    free: dict[bytes, list[int]] = defaultdict(list)
    for page in overlapping():
        _find(page, wanted, claimed_by(file, page), copies, free)
    if last:
        for refs in free.values():
            refs.sort(key=lambda ref: ref >> pages.OFFSET_BITS not in last)  # taken from the end
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


def _is_nothing_known(lines: Sequence[bytes], stored: Iterable[pages.Page]) -> bool:
    """Whether no line of a batch stands on a page: the usual case, told at a tenth of the cost of dividing it."""
    distinct = set(lines)
    return all(distinct.isdisjoint(page.text.split(b"\n")) for page in stored)


def _copies(lines: Sequence[bytes]) -> dict[int, int]:
    """How many identical lines stand before each one that is no first, by its place."""
    if len(set(lines)) == len(lines):
        return {}
    seen: Counter[bytes] = Counter()
    copies = {}
    first = set()
    for place, line in enumerate(lines):
        if line in first:
            seen[line] += 1
            copies[place] = seen[line]
        else:
            first.add(line)
    return copies


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


def claimed_by(file: LogFile, page: pages.Page) -> frozenset[int] | None:
    """The offsets of a page that a file has claimed; None: all of them."""
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
