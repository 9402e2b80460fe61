"""A run undone: what it added goes, unless another file has it too, as if the run had never been.

What a file holds stands in LineShare. Page by page the lines that the run brought go with all that they told
(ingest.removal), and those that other files have are stored again, as theirs. The pages that a run still holds are
what remains to be done: a worker that dies leaves the rest to the next, and nothing is removed twice.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.timezone import now

from ingest import classification, leases, pages, partitions, removal, steering, storing, unfinished
from ingest.models import UNFINISHED, IngestRun, LineShare, LogFile, LogHost, LogPage, Mark, State
from ingest.sources.entries import Entry

_PAGES_AT_ONCE = 16  # about 4 MB of text
_COUNTS = (
    "new_lines", "duplicate_lines", "unparsed_lines", "messages", "deliveries", "rejections", "kinds",
    "unparsed_reasons", "unparsed_samples", "features", "own_addresses", "zone_votes", "first_at", "last_at",
)  # fmt: skip
# What the rules and the pages go by; the counts of an undone file stay, as what it once brought.
_NOTHING_READ: dict[str, Any] = {
    "features": [], "own_addresses": [], "zone_votes": {}, "first_at": None, "last_at": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Loss:
    """What an undo removes."""

    lines: int  # that no other file has
    kept: int  # lines that the run brought and that stay, since other files have them


@dataclass(frozen=True, slots=True)
class _Held:
    """Some pages that a run holds."""

    page_ids: list[int]
    going: list[pages.Page]  # brought by the run, and by no other file
    others: Mapping[int, Mapping[int, frozenset[int]]]  # by page: the offsets that other files have, by file

    def entries_by_file(self) -> dict[int, list[Entry]]:
        """What is to be stored again, by the file that has it; in the order of the pages."""
        found: dict[int, list[Entry]] = defaultdict(list)
        for page in self.going:
            for packed, entry in page.entries():
                offset = pages.LineRef.unpack(packed).offset
                for file_id, offsets in self.others[page.page_id].items():
                    if offset in offsets:
                        found[file_id].append(entry)
        return found

    def loss(self) -> Loss:
        lines = kept = 0
        for page in self.going:
            shared = frozenset[int]().union(*self.others[page.page_id].values())
            for packed, entry in page.entries():
                if pages.LineRef.unpack(packed).offset in shared:
                    kept += entry.lines
                else:
                    lines += entry.lines
        return Loss(lines, kept)


# ---- before


def can_undo(run: IngestRun) -> bool:
    """Whether it is over and not undone yet."""
    return run.is_over and run.state not in (State.UNDOING, State.UNDONE)


def loss(run: IngestRun) -> Loss:
    """What an undo would remove now."""
    shares = LineShare.objects.filter(log_host_id=run.log_host_id)
    of_run = shares.filter(log_file__run=run)
    brought = set(of_run.filter(offsets=None).values_list("page_id", flat=True))
    others = shares.filter(page_id__in=brought).exclude(log_file__run=run)
    shared = set(others.values_list("page_id", flat=True))
    alone = LogPage.objects.filter(log_host_id=run.log_host_id, page_id__in=brought - shared)
    lines, kept = sum(alone.values_list("lines", flat=True)), 0
    of_others = set(others.filter(offsets=None).values_list("page_id", flat=True))
    kept += sum(
        LogPage.objects.filter(log_host_id=run.log_host_id, page_id__in=of_others).values_list(
            "lines", flat=True
        )
    )
    ids = sorted(shared - of_others)
    for start in range(0, len(ids), _PAGES_AT_ONCE):
        part = _held(run, ids[start : start + _PAGES_AT_ONCE]).loss()
        lines, kept = lines + part.lines, kept + part.kept
    return Loss(lines, kept)


# ---- the undo


def begin(run: IngestRun, *, by: str) -> bool:
    """Mark a run as being undone; False for one that cannot be. The rest is for ``work``."""
    with transaction.atomic():
        removal.hold(run.log_host_id)
        held = IngestRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        if not can_undo(held):
            return False
        for file in held.files.filter(state=State.FINISHED).exclude(digest=""):
            _hand_to_twin(file)
        held.files.update(state=State.UNDONE, **_NOTHING_READ)
        IngestRun.objects.filter(pk=run.pk).update(
            state=State.UNDOING, stopped_by=by, error="", lease_until=None, undone_lines=0
        )
    return True


def _hand_to_twin(file: LogFile) -> None:
    """Another file with the same bytes holds the same lines without having been read: it brought them now."""
    twins = LogFile.objects.filter(log_host_id=file.log_host_id, digest=file.digest, state=State.FINISHED)
    twin = twins.exclude(run_id=file.run_id).order_by("pk").first()
    if twin is not None and not twin.new_lines:
        LogFile.objects.filter(pk=twin.pk).update(**{name: getattr(file, name) for name in _COUNTS})


def open_runs() -> list[int]:
    """The runs that are being undone, with nobody at it."""
    waiting = IngestRun.objects.filter(state=State.UNDOING).filter(leases.is_free())
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def work(
    run_id: int, *, seconds: float | None = None, progress: Callable[[int], None] = lambda lines: None
) -> bool:
    """Undo a run that ``begin`` marked, for about ``seconds`` if given; True if something remains for another call."""
    waiting = IngestRun.objects.filter(pk=run_id, state=State.UNDOING).filter(leases.is_free())
    if not waiting.update(lease_until=Now() + leases.LEASE):
        return False
    deadline = None if seconds is None else time.monotonic() + seconds
    run = IngestRun.objects.select_related("log_host").get(pk=run_id)
    while _remove_some(run):
        run.refresh_from_db(fields=["undone_lines"])
        progress(run.undone_lines)
        if deadline is not None and time.monotonic() > deadline:
            IngestRun.objects.filter(pk=run_id, state=State.UNDOING).update(lease_until=None)
            return True
    _end(run)
    return False


def _remove_some(run: IngestRun) -> bool:
    """Let some pages go, in one transaction; False when the run holds none any more."""
    while True:
        try:
            with transaction.atomic():
                return _remove(run)
        except partitions.Missing as missing:
            partitions.make(missing)


def _remove(run: IngestRun) -> bool:
    removal.hold(run.log_host_id)
    of_run = LineShare.objects.filter(log_host_id=run.log_host_id, log_file__run=run)
    ids = list(of_run.order_by("page_id").values_list("page_id", flat=True).distinct()[:_PAGES_AT_ONCE])
    if not ids:
        return False
    held = _held(run, ids)
    lost, stay = held.loss().lines, held.entries_by_file()
    begun = {each.text: each.beginning for each in unfinished.on_pages(run.log_host_id, ids)}
    of_run.filter(page_id__in=ids).delete()
    _remove_pages(run.log_host, [page.page_id for page in held.going])
    for file in LogFile.objects.filter(pk__in=list(stay)).order_by("pk"):
        storing.store_again(file, stay[file.pk], begun=begun)
    undone = IngestRun.objects.get(pk=run.pk).undone_lines + lost
    IngestRun.objects.filter(pk=run.pk).update(undone_lines=undone, lease_until=Now() + leases.LEASE)
    return True


def _held(run: IngestRun, page_ids: Iterable[int]) -> _Held:
    ids = list(page_ids)
    shares = LineShare.objects.filter(log_host_id=run.log_host_id, page_id__in=ids)
    mine = set(shares.filter(log_file__run=run, offsets=None).values_list("page_id", flat=True))
    others: dict[int, dict[int, frozenset[int]]] = defaultdict(dict)
    for page_id, file_id, offsets in shares.exclude(log_file__run=run).values_list(
        "page_id", "log_file_id", "offsets"
    ):
        if offsets is None:
            mine.discard(page_id)
        else:
            others[page_id][file_id] = frozenset(offsets)
    return _Held(ids, list(pages.pages(run.log_host_id, mine)), others)


def _remove_pages(log_host: LogHost, page_ids: list[int]) -> None:
    """``ingest.removal`` marks a log host whose suspects wait to be judged; here the run itself is that mark."""
    was_marked = LogHost.objects.select_for_update(no_key=True).get(pk=log_host.pk).has_lost_lines
    removal.remove_pages(log_host, page_ids)
    LogHost.objects.filter(pk=log_host.pk).update(has_lost_lines=was_marked)


def _end(run: IngestRun) -> None:
    """Judge the suspects by what remains; then the run is undone."""
    run.files.update(**_NOTHING_READ)  # another undo may have given them lines in between
    # what was known of the log host came and went meanwhile, and messages were judged by it
    LogHost.objects.filter(pk=run.log_host_id).update(facts_digest="")
    log_host = LogHost.objects.get(pk=run.log_host_id)
    classification.judge_suspects(log_host)
    settled = Mark.objects.filter(log_host=log_host).exclude(piece__file__run__state__in=UNFINISHED)
    settled.delete()  # of what was stored again for files of runs that are over
    steering.forget_bytes(run)
    IngestRun.objects.filter(pk=run.pk, state=State.UNDOING).update(
        state=State.UNDONE, finished_at=now(), lease_until=None
    )
