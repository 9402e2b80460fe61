"""One batch of lines into the database: pages, rows, findings, counts and the place in the file, or nothing of it."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from ingest import faults, known_lines, new_lines, partitions, unfinished, zones
from ingest.leases import LEASE, TakenOver
from ingest.marks import Span
from ingest.models import LogFile, Piece, SetAside, State
from ingest.sources import batches
from ingest.sources.batches import Batch
from ingest.sources.entries import Entry, entries_of, lines_of

MOST_ATTEMPTS = 5  # at a batch as a whole, without a commit between them; then it is stored in parts
_HALVINGS = 23  # of a batch, to come to one entry
_MOST_COLLISIONS = 5
_COUNTS = (
    "lines", "new_lines", "duplicate_lines", "unparsed_lines", "set_aside_lines", "messages", "deliveries",
    "rejections", "size_read",
)  # fmt: skip


def batch_size(piece: Piece) -> int:
    """Bytes of the next batch: less and less of what ended the worker time and again."""
    return max(1, batches.BATCH_SIZE >> min(_HALVINGS, max(0, piece.attempts - MOST_ATTEMPTS - 1)))


def is_apart(piece: Piece) -> bool:
    """Whether the next batch failed as a whole so often that it is stored in parts."""
    return piece.attempts > MOST_ATTEMPTS


def store(
    piece: Piece, batch: Batch, *, size_read: int, then: Callable[[Piece], None] = lambda _: None
) -> LogFile:
    """Store the batch that begins at the piece's offset, in one transaction, at whose end ``then`` is called.

    Returns the file as it is then; ``size_read``: bytes of it that the batch took. Raises TakenOver.
    """
    collisions = 0
    while True:
        try:
            with _uncollected(), transaction.atomic():
                held, file = _store_batch(piece, batch, size_read)
                then(held)
        except partitions.Missing as missing:
            partitions.make(missing)
        except unfinished.Appeared:
            continue
        except IntegrityError:  # another batch stored lines of one of its messages first: now they are there
            collisions += 1
            if collisions == _MOST_COLLISIONS:
                raise
        else:
            piece.file, piece.offset, piece.last_at = file, held.offset, held.last_at
            piece.attempts, piece.outages = 1, 0
            return file


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's search for circles: a batch makes a million objects that all go by themselves when it ends.

    Measured: a sixth of the time of ``read_usual``.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _store_batch(piece: Piece, batch: Batch, size_read: int) -> tuple[Piece, LogFile]:
    zones.keep(piece.file.log_host_id)
    rows = Piece.objects.select_for_update(of=("self",)).select_related("file__log_host", "file__run")
    held = rows.get(pk=piece.pk)
    if (held.state, held.offset, held.attempts) != (State.RUNNING, piece.offset, piece.attempts):
        raise TakenOver  # or cancelled
    brought = LogFile(lines=lines_of(batch.entries), size_read=size_read)
    if batch.entries:
        span = _reserve(held, batch.entries)
        store_part = _store_apart if is_apart(held) else _store
        if not batch.beginning:
            store_part(held, batch.entries, span, brought)
        else:
            if len(batch.entries) > 1:
                store_part(held, batch.entries[:-1], span, brought)
            store_part(held, batch.entries[-1:], span, brought, beginning=batch.beginning)
    times = list(filter(None, [held.last_at, brought.last_at]))
    held.last_at, held.offset = max(times, default=None), batch.end
    Piece.objects.filter(pk=piece.pk).update(
        offset=batch.end, last_at=held.last_at, attempts=1, outages=0, lease_until=Now() + LEASE
    )
    return held, _count_up(piece, brought)


def _count_up(piece: Piece, brought: LogFile) -> LogFile:
    """Add to the counts of the file: at the end, since batches of its other pieces wait for its row."""
    file = LogFile.objects.select_for_update(of=("self",), no_key=True).get(pk=piece.file_id)
    _add(file, brought)
    if piece.attempts > 1 or piece.outages:
        file.error = ""  # it is no longer tried again
    file.save()
    file.run, file.log_host = piece.file.run, piece.file.log_host
    return file


def _add(total: LogFile, part: LogFile) -> None:
    for name in _COUNTS:
        setattr(total, name, getattr(total, name) + getattr(part, name))
    total.kinds = dict(Counter(total.kinds) + Counter(part.kinds))
    total.unparsed_reasons = dict(Counter(total.unparsed_reasons) + Counter(part.unparsed_reasons))
    total.unparsed_samples = new_lines.few_of_each([*total.unparsed_samples, *part.unparsed_samples])
    total.zone_votes = zones.votes_of([total, part]).as_json()
    total.features = sorted({*total.features, *part.features})
    total.own_addresses = sorted({*total.own_addresses, *part.own_addresses})
    total.first_at = min(filter(None, [total.first_at, part.first_at]), default=None)
    total.last_at = max(filter(None, [total.last_at, part.last_at]), default=None)


def _reserve(piece: Piece, entries: Sequence[Entry]) -> Span:
    """Reserve the span of entries; those without any stamp belong behind what was read so far."""
    known = piece.last_at or piece.file.last_at or piece.file.run.created_at
    span = known_lines.span_of(entries, piece.file.log_host.zone) or Span(known, known)
    unfinished.reserve(piece.file.log_host_id, entries, span)
    return span


def _store_apart(
    piece: Piece,
    entries: Sequence[Entry],
    reserved: Span,
    brought: LogFile,
    *,
    beginning: bytes = b"",
) -> None:
    """Store what can be stored, by halves down to single entries; those that cannot be are set aside."""
    if piece.attempts > MOST_ATTEMPTS + _HALVINGS:
        for entry in entries:
            _set_aside(piece.file, entry, "The worker ended each time it was to be stored.", brought)
        return
    part = LogFile()
    try:
        with transaction.atomic():
            span = known_lines.span_of(entries, piece.file.log_host.zone) or reserved
            _store(piece, entries, span, part, beginning=beginning)
    except (partitions.Missing, unfinished.Appeared, TakenOver):
        raise
    except Exception as error:
        if faults.is_of_database(error):
            raise
        if len(entries) == 1:
            _set_aside(piece.file, entries[0], f"{faults.reason(error)}.", brought)
            return
        middle = len(entries) // 2
        _store_apart(piece, entries[:middle], reserved, brought)
        _store_apart(piece, entries[middle:], reserved, brought)
    else:
        _add(brought, part)


def _set_aside(file: LogFile, entry: Entry, reason: str, brought: LogFile) -> None:
    SetAside.objects.create(file_id=file.pk, text=entry.text, lines=entry.lines, reason=reason)
    brought.set_aside_lines += entry.lines


def _fallback(piece: Piece, span: Span) -> datetime:
    """The time of entries without one where all new entries lack it; within what is reserved."""
    return min(max(piece.last_at or span.first_at, span.first_at), span.last_at)


def _store(
    piece: Piece,
    entries: Sequence[Entry],
    span: Span,
    brought: LogFile,
    *,
    beginning: bytes = b"",
) -> None:
    """Store the new ones of these entries and claim the others; ``brought`` counts them.

    ``beginning``: it is one entry, and may stand in another file as a longer one that begins so.
    """
    file = piece.file
    begun = unfinished.within(file.log_host_id, span)
    sifted = known_lines.sift(file, entries, span, last={each.page_id for each in begun})
    if begun and not beginning:
        unfinished.close(file.log_host_id, sifted.claimed)
        begun = unfinished.within(file.log_host_id, span)
    gone = unfinished.remove(piece, sifted.new, begun)
    if gone:
        sifted = known_lines.sift(file, entries, span, last={each.page_id for each in begun})
    if beginning and sifted.new:
        whole = unfinished.longer(file, beginning, span)
        if whole is not None:
            sifted = known_lines.Sifted([], [whole], entries[0].lines)
    known_lines.claim(file, sifted.claimed)
    brought.duplicate_lines += sifted.duplicate_lines
    if sifted.new:
        part = LogFile()
        page_ids = new_lines.store(piece, sifted.new, _fallback(piece, span), part)
        if beginning:
            unfinished.keep(file, page_ids, part, is_cut=not beginning.endswith(b"\n"))
        _add(brought, part)
    unfinished.hand_over(gone, span)


def store_set_aside(piece: Piece) -> int:
    """Try again what was set aside of a piece's file; returns how many lines still cannot be stored.

    One transaction. The findings of the run are to be computed afterwards.
    """
    while True:
        try:
            with transaction.atomic():
                return _store_set_aside(piece)
        except partitions.Missing as missing:
            partitions.make(missing)
        except unfinished.Appeared:
            continue


def _store_set_aside(piece: Piece) -> int:
    zones.keep(piece.file.log_host_id)
    waiting = list(SetAside.objects.filter(file=piece.file_id).select_for_update())
    entries = [entry for row in waiting for entry in entries_of(bytes(row.text).split(b"\n"))]
    if not entries:
        return 0
    SetAside.objects.filter(pk__in=[row.pk for row in waiting]).delete()
    brought = LogFile()
    _store_apart(piece, entries, _reserve(piece, entries), brought)
    again = brought.set_aside_lines
    brought.set_aside_lines -= sum(row.lines for row in waiting)
    _count_up(piece, brought)
    return again


def store_again(file: LogFile, entries: Sequence[Entry], *, begun: Mapping[bytes, bytes]) -> None:
    """Store entries that a file has and that went with a file that had them first: now they are this one's.

    ``begun``: of those that may go on in another file, what they then begin with, by their text. Call it in a
    transaction that holds the log host (ingest.removal.hold).
    """
    of_file = Piece.objects.select_related("file__log_host", "file__run").filter(file=file)
    piece = of_file.order_by("number")[0]
    brought = LogFile()
    for stretch in _stretches([entry for entry in entries if entry.text not in begun]):
        _store(piece, stretch, _reserve(piece, stretch), brought)
    for entry in entries:
        if entry.text in begun:
            _store(piece, [entry], _reserve(piece, [entry]), brought, beginning=begun[entry.text])
    brought.duplicate_lines -= lines_of(entries)
    _count_up(piece, brought)


def _stretches(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Cut before entries without a stamp, which would join the entry above them on a page."""
    start = 0
    for place, entry in enumerate(entries):
        if place > start and not entry.is_stamped:
            yield entries[start:place]
            start = place
    if entries:
        yield entries[start:]
