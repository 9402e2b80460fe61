"""Pages that go, and with them all that their lines told: what is stored is then what the other pages tell.

A message goes with its last line. One that has lines on other pages is assembled again from those, as if the log
began or ended there.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import connection

from ingest import classification, derivation, load, log_host_counts, pages, zones
from ingest.assembly import Gathered
from ingest.derivation import Placed
from ingest.locks import WHOLE_LOG
from ingest.log_host_counts import Counts
from ingest.models import (
    HourCount,
    HourlyVolume,
    LocalDomain,
    LogHost,
    LoginCount,
    Message,
    ScriptRuns,
    Unfinished,
)
from ingest.sources.entries import Entry
from ingest.stored_log_hosts import log_host_facts

_OF_MESSAGES = ("ingest_message_finding", "ingest_delivery", "ingest_message")


def hold(log_host_id: int) -> None:
    """Let the batches of a log host wait until this transaction ends."""
    zones.keep(log_host_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [log_host_id, WHOLE_LOG])


def remove_pages(log_host: LogHost, page_ids: Sequence[int]) -> int:
    """Remove some pages and what their lines told; returns the number of lines. All pages are held in memory.

    Call it in a transaction that holds the log host. Suspects are to be judged again afterwards.
    """
    going = list(pages.pages(log_host.pk, page_ids))
    if not going:
        return 0
    ids = {page.page_id for page in going}
    entries = derivation.placed(going)
    told = list(_told_elsewhere(log_host.pk, going, {entry.head for _, entry in entries}))
    fallback = going[0].first_at
    before = derivation.rows_of(log_host, sorted([*entries, *told]), fallback=fallback)
    after = derivation.rows_of(log_host, told, fallback=fallback)
    _remove_refusals(log_host.pk, going, told)
    load.add_refusals(log_host.pk, after.refusals)
    load.add_headers(log_host.pk, after.headers)
    keep_only(log_host, _left(log_host.pk, before.messages, ids))
    add_counts(log_host.pk, derivation.less(before.counts, after.counts))
    forget_shares(log_host, ids)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ingest_page WHERE log_host_id = %s AND page_id = ANY(%s)", [log_host.pk, list(ids)]
        )
    return sum(page.lines for page in going)


def _told_elsewhere(
    log_host_id: int, going: Sequence[pages.Page], heads: Collection[bytes]
) -> Iterable[tuple[int, Entry]]:
    """The entries on other pages that tell an event of a going page too: identical copies, and those with headers."""
    ids = {page.page_id for page in going}
    first_at, last_at = min(page.first_at for page in going), max(page.last_at for page in going)
    for page in pages.overlapping(log_host_id, first_at, last_at):
        if page.page_id not in ids:
            yield from (item for item in page.entries() if item[1].head in heads)


def _remove_refusals(log_host_id: int, going: Sequence[pages.Page], told: Placed) -> None:
    """Those of the going pages, and those that are told again by other entries."""
    ids = [page.page_id for page in going]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ingest_rejection WHERE log_host_id = %s AND logged_at BETWEEN %s AND %s"
            f" AND (line_ref >> {pages.OFFSET_BITS} = ANY(%s) OR headers_ref >> {pages.OFFSET_BITS} = ANY(%s)"
            " OR line_ref = ANY(%s))",
            [
                log_host_id,
                min(page.first_at for page in going),
                max(page.last_at for page in going),
                ids,
                ids,
                [line_ref for line_ref, _ in told],
            ],
        )


def _left(log_host_id: int, message_ids: Iterable[str], page_ids: Collection[int]) -> dict[str, list[int]]:
    """The lines of messages on other pages than these, by message id."""
    rows = Message.objects.filter(log_host_id=log_host_id, message_id__in=list(message_ids))
    return {
        message_id: [ref for ref in line_refs if ref >> pages.OFFSET_BITS not in page_ids]
        for message_id, line_refs in rows.values_list("message_id", "line_refs")
    }


def keep_only(log_host: LogHost, line_refs: Mapping[str, Sequence[int]]) -> None:
    """Replace messages by what these lines of theirs say; those that have none left go."""
    ids = list(line_refs)
    with connection.cursor() as cursor:
        for table in _OF_MESSAGES:
            cursor.execute(
                f"DELETE FROM {table} WHERE log_host_id = %s AND message_id = ANY(%s)", [log_host.pk, ids]
            )
    left = {message_id: refs for message_id, refs in line_refs.items() if refs}
    add_messages(log_host, derivation.messages_of(log_host, left))


def add_messages(log_host: LogHost, messages: Mapping[str, Gathered]) -> None:
    """Store messages with their deliveries and findings, merged with what is stored of them."""
    merged = load.merge_messages(log_host.pk, messages)
    load.add_attempts(log_host.pk, messages)
    classification.classify_merged(log_host.pk, log_host_facts(log_host), merged)


def forget_shares(log_host: LogHost, page_ids: Collection[int]) -> None:
    """The files no longer hold these pages. Until its suspects are judged again the log host is marked."""
    Unfinished.objects.filter(log_host=log_host, page_id__in=list(page_ids)).delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ingest_lineshare WHERE log_host_id = %s AND page_id = ANY(%s)",
            [log_host.pk, list(page_ids)],
        )
    LogHost.objects.filter(pk=log_host.pk).update(has_lost_lines=True)


def add_counts(log_host_id: int, counts: Counts) -> None:
    """Count down, by counts below zero; what has come to nothing goes."""
    log_host_counts.add(log_host_id, counts)
    HourlyVolume.objects.filter(log_host_id=log_host_id, hour__in=list(counts.hours), lines__lte=0).delete()
    LocalDomain.objects.filter(log_host_id=log_host_id, deliveries__lte=0).delete()
    ScriptRuns.objects.filter(log_host_id=log_host_id, runs__lte=0).delete()
    hours = {hour for _, hour, _ in counts.named}
    HourCount.objects.filter(log_host_id=log_host_id, hour__in=hours, number__lte=0).delete()
    LoginCount.objects.filter(
        log_host_id=log_host_id, named__lte=0, nameless__lte=0, unrecorded__lte=0
    ).delete()
