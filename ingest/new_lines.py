"""The new lines of a batch into pages and rows: the usual ones straight away, the others event by event."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ingest import batch_rows, classification, known_lines, load, marks, pages, partitions, usual_rows
from ingest.known_lines import NewEntry, PlainNew
from ingest.models import LogFile, Piece
from ingest.pages import StampedEntry, month_number
from ingest.rules.facts import LogHostFacts
from ingest.stored_facts import log_host_facts
from ingest.usual_rows import SortedLines, Taken, Touched

_OF_EACH, _SAMPLES = 5, 50  # unreadable lines kept for the page of the run: of each reason, and in all


def store(piece: Piece, new: Sequence[NewEntry], fallback: datetime, brought: LogFile) -> None:
    """Store entries that the log host does not have; ``brought`` counts them.

    ``fallback``: the time of entries without one where all lack it. Call it inside the batch's transaction.
    """
    file = piece.file
    host_id, host = file.log_host_id, log_host_facts(file.log_host)
    texts = _texts(new)
    found = usual_rows.sort(texts, _plain(new), file.log_host.zone)
    taken = Taken() if found is None else usual_rows.take(found, texts, _copies(new), host_id, host)
    others = range(len(new)) if found is None else taken.others
    read = batch_rows.read([new[place] for place in others], file.log_host.zone, fallback=fallback)
    times = _times(read, found, others)
    _require_partitions(read, taken, times)
    refs = pages.store(host_id, texts, times, _lines(new))
    known_lines.claim_pages(file, {ref >> pages.OFFSET_BITS for ref in refs})
    rows = batch_rows.gather(read, [refs[place] for place in others])
    if found is not None:
        usual_rows.count(taken, found.clock, rows)
    touched = None if found is None else taken.touched(found.clock)
    _store_rows(piece, host, rows, taken, refs, touched)
    _count(brought, read, rows, times)
    brought.new_lines += taken.lines
    brought.rejections += len(taken.refusals)
    if found is not None:
        votes = batch_rows.zone_votes(read.stamped, read.events)
        votes.add(usual_rows.votes(found, taken, texts))
        brought.zone_votes = votes.as_json()


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


def _times(read: batch_rows.ReadBatch, found: SortedLines | None, others: Sequence[int]) -> list[datetime]:
    """When each entry was written; ``read`` gets the times of its unreadable entries, each that of its stamp."""
    if found is None:
        return [stamped.logged_at for stamped in read.stamped]
    times = found.times
    for index, (place, event) in enumerate(zip(others, read.events, strict=True)):
        if event is None:
            read.stamped[index] = StampedEntry(read.stamped[index].entry, times[place])
        else:
            times[place] = event.logged_at
    return times


def _require_partitions(read: batch_rows.ReadBatch, taken: Taken, times: Sequence[datetime]) -> None:
    """See that the rows have a place; raises ingest.partitions.Missing."""
    first, last = month_number(min(times)), month_number(max(times))
    of_times = range(first, last + 1) if last - first < 2 else {month_number(at) for at in times}
    partitions.require(of_ids=batch_rows.months_of_ids(read) | taken.months_of_ids, of_times=set(of_times))


def _store_rows(
    piece: Piece,
    host: LogHostFacts,
    rows: batch_rows.Rows,
    taken: Taken,
    refs: Sequence[int],
    touched: Touched | None,
) -> None:
    host_id = piece.file.log_host_id
    merged = load.merge_messages(host_id, rows.messages, usual_rows.messages(taken, refs))
    load.add_attempts(host_id, rows.messages, usual_rows.attempts(taken, refs))
    load.add_refusals(host_id, rows.refusals, usual_rows.refusals(taken, refs))
    load.add_headers(host_id, rows.headers)
    found = classification.classify_merged(host_id, host, merged)
    found |= classification.classify(host_id, host, taken.to_judge)
    messages = [message.gathered.first_at for message in merged if message.gathered.arrival]
    refusals = [refusal.logged_at for refusal in rows.refusals]
    if touched is not None:
        messages += touched.messages
        refusals += touched.refusals
    marks.store(host_id, piece.pk, messages=messages, refusals=refusals, found=found)
    load.add_counts(host_id, rows.counts)  # last: all batches of a log host count up the same rows


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
