"""The new lines of a batch into pages and rows: the usual ones straight away, the others event by event."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ingest import (
    batch_rows,
    classification,
    known_lines,
    load,
    log_host_counts,
    marks,
    pages,
    partitions,
    sorted_lines,
    usual_counts,
    usual_rows,
    whole_messages,
)
from ingest.known_lines import NewEntry, PlainNew
from ingest.models import LogFile, Piece
from ingest.pages import month_number
from ingest.sorted_lines import SortedLines
from ingest.stored_log_hosts import log_host_facts
from ingest.usual_counts import Touched
from ingest.usual_rows import Taken

_OF_EACH, _SAMPLES = 5, 50  # unreadable lines kept for the page of the run: of each reason, and in all


def store(piece: Piece, new: Sequence[NewEntry], fallback: datetime, brought: LogFile) -> set[int]:
    """Store entries that the log host does not have; ``brought`` counts them. Returns the ids of their pages.

    ``fallback``: the time of entries without one where all lack it. Call it inside the batch's transaction.
    """
    texts, zone = _texts(new), piece.file.log_host.zone
    found = sorted_lines.sort(texts, _plain(new), zone)
    if found is None:
        return _store_events(piece, new, texts, fallback, brought)
    return _store_sorted(piece, new, found, fallback, brought)


def _store_events(
    piece: Piece, new: Sequence[NewEntry], texts: Sequence[bytes], fallback: datetime, brought: LogFile
) -> set[int]:
    """Store a batch event by event."""
    file = piece.file
    read = batch_rows.read(new, file.log_host.zone, fallback=fallback)
    batch_rows.require_partitions(read)
    times = [stamped.logged_at for stamped in read.stamped]
    refs = pages.store(file.log_host_id, texts, times, _lines(new))
    page_ids = {ref >> pages.OFFSET_BITS for ref in refs}
    known_lines.claim_pages(file, page_ids)
    rows = batch_rows.gather(read, refs)
    _store_rows(piece, rows)
    _count(brought, read, rows, times)
    return page_ids


def _store_sorted(
    piece: Piece, new: Sequence[NewEntry], found: SortedLines, fallback: datetime, brought: LogFile
) -> set[int]:
    """Store the usual lines of a batch straight away, and the others event by event."""
    file, at = piece.file, found.clock.at
    host_id = file.log_host_id
    chosen = whole_messages.whole(found, host_id)
    read = batch_rows.read([new[place] for place in chosen.others], file.log_host.zone, fallback=fallback)
    bounds = at(min(found.stamps)), at(max(found.stamps))
    partitions.require(
        of_ids=batch_rows.months_of_ids(read) | chosen.months_of_ids, of_times=set(map(month_number, bounds))
    )
    refs = pages.store(host_id, found.texts, found.stamps, _lines(new), at=at)
    page_ids = {ref >> pages.OFFSET_BITS for ref in refs}
    known_lines.claim_pages(file, page_ids)
    rows = batch_rows.gather(read, [refs[place] for place in chosen.others])
    taken = usual_rows.take(found, chosen, refs, _copies(new), host_id, log_host_facts(file.log_host))
    touched = usual_counts.count(taken, found.clock, rows)
    _store_rows(piece, rows, taken, touched)
    _count(brought, read, rows, bounds)
    brought.new_lines += taken.lines
    brought.rejections += len(taken.refusals)
    votes = batch_rows.zone_votes(read.stamped, read.events)
    votes.add(usual_counts.votes(found, chosen.message_ids))
    brought.zone_votes = votes.as_json()
    return page_ids


def _texts(new: Sequence[NewEntry]) -> list[bytes]:
    return new.entries.texts if isinstance(new, PlainNew) else [item.entry.text for item in new]


def _plain(new: Sequence[NewEntry]) -> list[bool] | None:
    """Which entries are one stamped line that is no copy and tells something new; None: all of them."""
    if isinstance(new, PlainNew):
        return None
    return [
        item.entry.lines == 1 and item.entry.is_stamped and not item.copy and not item.is_told for item in new
    ]


def _copies(new: Sequence[NewEntry]) -> Mapping[int, int]:
    return new.copies if isinstance(new, PlainNew) else {}


def _lines(new: Sequence[NewEntry]) -> list[int] | None:
    return None if isinstance(new, PlainNew) else [item.entry.lines for item in new]


def _store_rows(
    piece: Piece,
    rows: batch_rows.Rows,
    taken: Taken | None = None,
    touched: Touched | None = None,
) -> None:
    host_id, host = piece.file.log_host_id, log_host_facts(piece.file.log_host)
    taken, touched = taken or Taken(), touched or Touched([], [])
    merged = load.merge_messages(host_id, rows.messages, taken.messages)
    load.add_attempts(host_id, rows.messages, taken.deliveries)
    load.add_refusals(host_id, rows.refusals, taken.refusals)
    load.add_headers(host_id, rows.headers)
    found = classification.classify_merged(host_id, host, merged)
    found |= classification.classify(host_id, host, taken.to_judge)
    messages = [message.gathered.first_at for message in merged if message.gathered.arrival]
    refusals = [refusal.logged_at for refusal in rows.refusals]
    marks.store(
        host_id,
        piece.pk,
        messages=messages + touched.messages,
        refusals=refusals + touched.refusals,
        found=found,
    )
    log_host_counts.add(host_id, rows.counts)  # last: all batches of a log host count up the same rows


def _count(
    brought: LogFile, read: batch_rows.ReadBatch, rows: batch_rows.Rows, times: Sequence[datetime]
) -> None:
    brought.new_lines += sum(new.new_lines for new in read.new)
    brought.unparsed_lines += len(read.unparsed)
    brought.messages += rows.arrivals
    brought.deliveries += rows.deliveries
    brought.rejections += len(rows.refusals)
    brought.kinds = dict(Counter(brought.kinds) + rows.kinds)
    brought.unparsed_reasons = dict(Counter(bad.reason for bad in read.unparsed))
    brought.unparsed_samples = few_of_each({"reason": bad.reason, "text": bad.text} for bad in read.unparsed)
    brought.zone_votes = batch_rows.zone_votes(read.stamped, read.events).as_json()
    brought.features = sorted(rows.features)
    brought.own_addresses = sorted(rows.own_addresses)
    brought.first_at, brought.last_at = min(times), max(times)


def few_of_each(samples: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """The first unreadable lines of each reason."""
    kept: list[dict[str, str]] = []
    counts: Counter[str] = Counter()
    for sample in samples:
        counts[sample["reason"]] += 1
        if counts[sample["reason"]] <= _OF_EACH and len(kept) < _SAMPLES:
            kept.append(sample)
    return kept
