"""Rows made again from lines that are stored: of whole pages, or of single messages."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from ingest import batch_rows, pages
from ingest.assembly import Gathered
from ingest.batch_rows import Rows
from ingest.known_lines import Copies, NewEntry
from ingest.log_host_counts import Counts, Hour, Logins
from ingest.models import LogHost
from ingest.sources.entries import Entry, entries_of

type Placed = Sequence[tuple[int, Entry]]
"""Entries with their packed LineRef, in the order of the pages: copies are counted in it."""

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # for entries without a stamp where nothing else is known


def placed(of_pages: Iterable[pages.Page]) -> list[tuple[int, Entry]]:
    """The entries of pages."""
    return [item for page in of_pages for item in page.entries()]


def rows_of(log_host: LogHost, entries: Placed, *, fallback: datetime = _NO_TIME) -> Rows:
    """What entries say, if the log host had no others."""
    if not entries:
        return Rows()
    copies = Copies()
    new: list[NewEntry] = [copies.add(entry) for _, entry in entries]
    read = batch_rows.read(new, log_host.zone, fallback=fallback)
    return batch_rows.gather(read, [line_ref for line_ref, _ in entries])


def messages_of(log_host: LogHost, line_refs: Mapping[str, Sequence[int]]) -> dict[str, Gathered]:
    """Messages from all of their lines, by message id; those none of whose lines is stored are left out."""
    refs = sorted({line_ref for of_message in line_refs.values() for line_ref in of_message})
    texts = pages.read_entries(log_host.pk, refs)
    entries = [
        (line_ref, entry)
        for line_ref, text in zip(refs, texts, strict=True)
        for entry in entries_of(text.split(b"\n"))
    ]
    return rows_of(log_host, entries).messages


def less(before: Counts, after: Counts) -> Counts:
    """What must be added to ``before`` to make it ``after``."""
    counts = Counts()
    for at, hour in before.hours.items():
        left = after.hours.get(at, Hour())
        counts.hours[at] = Hour(*(getattr(left, name) - getattr(hour, name) for name in Hour.__slots__))
    for domain, deliveries in before.local_deliveries.items():
        counts.local_deliveries[domain] = after.local_deliveries.get(domain, 0) - deliveries
    for name, logins in before.logins.items():
        kept = after.logins.get(name, Logins())
        counts.logins[name] = Logins(
            kept.named - logins.named,
            kept.nameless - logins.nameless,
            kept.unrecorded - logins.unrecorded,
        )
    for key, runs in before.script_runs.items():
        counts.script_runs[key] = after.script_runs.get(key, 0) - runs
    for name_of_hour, number in before.named.items():
        counts.named[name_of_hour] = after.named[name_of_hour] - number
    return counts
