"""The last line of a file that ends without a newline, or among the headers of a rejectlog: perhaps half of one.

Whether more was to come only another file can tell. So the entry is stored like any other, on a page of its own, and
goes when a file brings a longer one that begins with it. If such a one is stored already, it is taken for that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from ingest import known_lines, marks, pages, removal
from ingest.known_lines import NewEntry
from ingest.marks import Span
from ingest.models import LineShare, LogFile, LogHost, Piece, Unfinished
from ingest.sources.entries import Entry, texts_of


class Appeared(Exception):
    """Another batch has stored the beginning of a line of this one meanwhile: begin again."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An entry that may go on."""

    page_id: int
    text: bytes
    is_cut: bool  # within its last line

    @property
    def beginning(self) -> bytes:
        """What a longer form of it begins with."""
        return self.text if self.is_cut else self.text + b"\n"

    def goes_on_in(self, texts: Iterable[bytes]) -> bool:
        """Whether one of these is longer and begins with it."""
        length, beginning = len(self.text), self.beginning
        return any(len(text) > length and text.startswith(beginning) for text in texts)


def within(log_host_id: int, span: Span) -> list[Begun]:
    """The begun entries whose time lies in a span."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT u.page_id FROM ingest_unfinished u"
            " JOIN ingest_page p ON p.log_host_id = u.log_host_id AND p.page_id = u.page_id"
            " WHERE u.log_host_id = %s AND p.first_at <= %s AND p.last_at >= %s",
            [log_host_id, span.last_at, span.first_at],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return on_pages(log_host_id, ids)


def on_pages(log_host_id: int, page_ids: Iterable[int]) -> list[Begun]:
    """The begun entries among those of some pages."""
    rows = Unfinished.objects.filter(log_host_id=log_host_id, page_id__in=list(page_ids))
    cut = dict(rows.values_list("page_id", "is_cut"))
    found = pages.pages(log_host_id, cut)
    return [Begun(page.page_id, page.text.removesuffix(b"\n"), cut[page.page_id]) for page in found]


def reserve(log_host_id: int, entries: Sequence[Entry], span: Span) -> None:
    """Reserve a span; with the log host to itself for a batch that brings more of a begun entry. Raises Appeared."""
    is_alone = _bring_more(log_host_id, entries, span)
    known_lines.reserve(log_host_id, span, alone=is_alone)
    if not is_alone and _bring_more(log_host_id, entries, span):
        raise Appeared


def _bring_more(log_host_id: int, entries: Sequence[Entry], span: Span) -> bool:
    begun = within(log_host_id, span)
    return bool(begun) and any(each.goes_on_in(texts_of(entries)) for each in begun)


def keep(file: LogFile, page_ids: Iterable[int], brought: LogFile, *, is_cut: bool) -> None:
    """Remember that the entry on a page may go on; what it shows of the log host moves from ``brought`` to there."""
    for page_id in page_ids:
        Unfinished.objects.create(
            log_host_id=file.log_host_id,
            log_file_id=file.pk,
            page_id=page_id,
            is_cut=is_cut,
            features=brought.features,
            own_addresses=brought.own_addresses,
        )
    brought.features, brought.own_addresses = [], []


def close(log_host_id: int, claimed: Iterable[int]) -> None:
    """Entries that a file has too, and not at its end, are whole."""
    page_ids = {ref >> pages.OFFSET_BITS for ref in claimed}
    for row in Unfinished.objects.filter(log_host_id=log_host_id, page_id__in=page_ids).order_by("pk"):
        file = LogFile.objects.select_for_update(no_key=True).get(pk=row.log_file_id)
        file.features = sorted({*file.features, *row.features})
        file.own_addresses = sorted({*file.own_addresses, *row.own_addresses})
        file.save(update_fields=["features", "own_addresses"])
        row.delete()


def longer(file: LogFile, beginning: bytes, span: Span) -> int | None:
    """The packed LineRef of a stored entry that begins so and that the file has not claimed yet."""
    for page in pages.overlapping(file.log_host_id, span.first_at, span.last_at):
        if beginning not in page.text:
            continue
        claimed = known_lines.claimed_by(file, page)
        if claimed is None:
            continue
        for packed, entry in page.entries():
            if entry.text.startswith(beginning) and pages.LineRef.unpack(packed).offset not in claimed:
                return packed
    return None


@dataclass(frozen=True, slots=True)
class Gone:
    """A begun entry that was removed, and the files that had it."""

    beginning: bytes
    file_ids: Sequence[int]


def remove(piece: Piece, new: Sequence[NewEntry], begun: Iterable[Begun]) -> list[Gone]:
    """Remove the begun entries that new ones go on from, with all that they told."""
    log_host_id = piece.file.log_host_id
    texts = [each.entry.text for each in new]
    going = [each for each in begun if each.goes_on_in(texts)]
    if not going:
        return []
    gone = [Gone(each.beginning, _holders(log_host_id, each.page_id)) for each in going]
    log_host = LogHost.objects.select_for_update(no_key=True).get(pk=log_host_id)
    removal.remove_pages(log_host, [each.page_id for each in going])
    # the mark of this run says that suspects are to be judged again, not the one of retention
    LogHost.objects.filter(pk=log_host_id).update(has_lost_lines=log_host.has_lost_lines)
    marks.store_loss(log_host_id, piece.pk)
    return gone


def _holders(log_host_id: int, page_id: int) -> list[int]:
    shares = LineShare.objects.filter(log_host_id=log_host_id, page_id=page_id)
    return list(shares.order_by("log_file_id").values_list("log_file_id", flat=True))


def hand_over(gone: Iterable[Gone], span: Span) -> None:
    """The files that had the beginning have the whole now."""
    for each in gone:
        for file in LogFile.objects.filter(pk__in=each.file_ids).order_by("pk"):
            ref = longer(file, each.beginning, span)
            if ref is not None:
                known_lines.claim(file, [ref])
