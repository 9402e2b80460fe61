"""Runs that people stop and go on with.

A run that is cancelled stops at its next batch: pieces in progress are no longer anybody's, so whoever works on one
stores nothing more. What was read stays, and its findings are computed like those of any run.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.timezone import now

from ingest import stored_files, storing, unpacking
from ingest.models import RETRIED, UNFINISHED, IngestRun, LogFile, Piece, State

_DELETED_AT_ONCE = 500


def cancel(run: IngestRun, *, by: str) -> bool:
    """Stop a run at its next batch; False for one that is over. ``pipeline.finish`` has to be called afterwards."""
    with transaction.atomic():
        held = IngestRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        if held.is_over:
            return False
        # again for pieces that others made before the first look was through
        while Piece.objects.filter(pk__in=_unfinished_pieces(held)).update(
            state=State.CANCELLED, lease_until=None
        ):
            pass
        for file in held.files.filter(state__in=UNFINISHED):
            unpacking.discard_leftovers(file)
        held.files.filter(state__in=UNFINISHED).update(state=State.CANCELLED, error="", finished_at=now())
        IngestRun.objects.filter(pk=run.pk).update(stopped_by=by, state=State.RUNNING)
    return True


def _unfinished_pieces(run: IngestRun) -> Sequence[int]:
    return list(
        Piece.objects.filter(file__run=run, state__in=UNFINISHED).order_by("pk").values_list("pk", flat=True)
    )


def retry(run: IngestRun) -> int:
    """Let a run go on with what failed, was cancelled or was refused; returns how many files that are.

    0 where there is nothing that could be read: their bytes are gone. What was refused is read from its start, the
    rest from where it stopped. The pieces remain to be woken up.
    """
    with transaction.atomic():
        held = IngestRun.objects.select_for_update(no_key=True).get(pk=run.pk)
        if not can_retry(held):
            return 0
        files = list(retried_files(held).select_for_update(of=("self",), no_key=True))
        for file in files:
            _open_again(file)
        aside = [file for file in _with_set_aside(held) if file not in files]
        for file in aside:
            storing.store_set_aside(file.pieces.select_related("file__log_host", "file__run")[0])
        IngestRun.objects.filter(pk=run.pk).update(
            state=State.RUNNING, error="", stopped_by="", started_at=None, finished_at=None, lease_until=None
        )
    return len(files) + len(aside)


def can_retry(run: IngestRun) -> bool:
    """Whether ``retry`` would do something."""
    is_over = run.is_over and run.state not in (State.UNDOING, State.UNDONE)
    return is_over and (retried_files(run).exists() or _with_set_aside(run).exists())


def retried_files(run: IngestRun) -> QuerySet[LogFile]:
    """The files that ``retry`` goes on with: those whose bytes are still there."""
    has_bytes = Q(is_upload=False) | ~Q(path="")
    stopped = Piece.objects.filter(file__run=run, state__in=RETRIED).values("file_id")
    return LogFile.objects.filter(has_bytes, run=run, state__in=RETRIED, pk__in=stopped)


def _with_set_aside(run: IngestRun) -> QuerySet[LogFile]:
    return LogFile.objects.filter(run=run, set_aside_lines__gt=0).exclude(state__in=UNFINISHED)


def _open_again(file: LogFile) -> None:
    stopped = Piece.objects.filter(file=file, state__in=RETRIED)
    if file.state == State.REFUSED:
        file.members.all().delete()  # none of them was a log
        stopped.update(offset=F("start"))
    stopped.update(state=State.WAITING, lease_until=None, attempts=0, outages=0, error="")
    LogFile.objects.filter(pk=file.pk).update(state=State.WAITING, error="", finished_at=None)


# ---- the bytes of what could be retried


def forget_bytes(run: IngestRun) -> None:
    """Delete what is kept of a run's uploads for a retry."""
    _forget(LogFile.objects.filter(run=run))


def forget_expired(at: datetime) -> None:
    """The same for uploads that nobody went on with for as long as an unfinished upload would wait."""
    before = at - timedelta(hours=settings.MAILWATCH_UPLOAD_EXPIRES)
    _forget(LogFile.objects.filter(finished_at__lt=before))


def _forget(files: QuerySet[LogFile]) -> None:
    kept = files.filter(is_upload=True, state__in=(*RETRIED, State.UNDONE)).exclude(path="")
    if settings.MAILWATCH_KEEP_UPLOADS:
        kept = kept.exclude(archive=None)
    for file in kept.iterator(chunk_size=_DELETED_AT_ONCE):
        stored_files.delete(file.path)
        LogFile.objects.filter(pk=file.pk, state__in=(*RETRIED, State.UNDONE)).update(path="")
