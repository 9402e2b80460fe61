"""Files into rows: the passes over log files, one batch a transaction.

What remains to be done stands in the database: a run has files, a file has pieces, and a piece has an offset that
moves in the transaction that stores the lines before it. Whoever works on a piece holds its lease, which each
commit renews; a worker that dies leaves an offset and a lease that runs out.
"""

import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.timezone import now

from ingest import (
    batch_rows,
    classification,
    known_lines,
    load,
    pages,
    partitions,
    stored_files,
    unpacking,
    zones,
)
from ingest.models import UNFINISHED, IngestRun, LineShare, LogFile, LogHost, Piece, State
from ingest.sources.batches import Batch, batches, refuse_foreign
from ingest.sources.limits import Refused
from ingest.sources.streams import LogStream
from ingest.stored_facts import log_host_facts

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=settings.MAILWATCH_LEASE)  # a batch takes about a second
MOST_ATTEMPTS = 5  # without a commit between them
_SAMPLES = 20  # unreadable lines kept for the page of the run
_ERRORS = 20  # files named in the sentence of a run


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingFile:
    """A file to read."""

    name: str  # as its owner calls it, made safe to show
    path: str  # in the file storage for an upload, else on this machine
    size: int  # bytes
    is_upload: bool
    is_continuation: bool = False  # of a log whose beginning was read before, and was an Exim log


# ---- beginning


def log_host(name: str, timezone: str | None = None) -> tuple[LogHost, bool]:
    """Get the log host of that name or make it (zone UTC unless given); the second value says whether it is new.

    Raises ValueError, with one sentence, for a name or a zone that cannot be.
    """
    found = LogHost.objects.filter(name=name).first()
    if found is not None:
        if timezone is not None and timezone != found.timezone:
            raise ValueError(
                f"The log host {name} has the zone {found.timezone}, not {timezone}. "
                "Its zone is changed on the log host, not with a file."
            )
        return found, False
    made = LogHost(name=name, timezone=timezone or "UTC")
    try:
        made.full_clean()
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error
    made.save()
    return made, True


@transaction.atomic
def new_run(*, log_host: LogHost, files: Sequence[IncomingFile], started_by: str) -> IngestRun:
    """Note what is to be read; nothing is read yet."""
    run = IngestRun.objects.create(log_host=log_host, started_by=started_by)
    for file in files:
        row = LogFile.objects.create(
            run=run,
            log_host=log_host,
            name=file.name[:255],
            path=file.path,
            size=file.size,
            is_upload=file.is_upload,
            is_continuation=file.is_continuation,
        )
        Piece.objects.create(file=row)
    return run


# ---- leases


def open_pieces(run: IngestRun | None = None) -> list[int]:
    """The pieces that nobody works on, oldest first."""
    waiting = Piece.objects.filter(state__in=UNFINISHED).filter(_lease_is_free())
    if run is not None:
        waiting = waiting.filter(file__run=run)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def open_runs() -> list[int]:
    """Runs whose files are all read but whose findings are not computed, with nobody at it."""
    waiting = IngestRun.objects.filter(state__in=UNFINISHED).filter(_lease_is_free())
    return list(waiting.exclude(files__state__in=UNFINISHED).order_by("pk").values_list("pk", flat=True))


def _lease_is_free() -> Q:
    return Q(lease_until=None) | Q(lease_until__lt=Now())


def _take(piece_id: int) -> Piece | None:
    """Take the lease of a piece; None if it is done or somebody holds it."""
    taken = (
        Piece.objects.filter(pk=piece_id, state__in=UNFINISHED)
        .filter(_lease_is_free())
        .update(lease_until=Now() + LEASE, state=State.RUNNING, attempts=F("attempts") + 1)
    )
    return Piece.objects.select_related("file__log_host", "file__run").get(pk=piece_id) if taken else None


# ---- working


class _TakenOver(Exception):
    """The lease ran out during a batch and somebody else has the piece: what this one read is not stored."""


def work(
    piece_id: int, *, seconds: float | None = None, progress: Callable[[LogFile], None] | None = None
) -> bool:
    """Read a piece, for about ``seconds`` if given; True if something of it remains for another call.

    Errors end in the file's state: a refused or damaged file is a result, not an exception.
    """
    piece = _take(piece_id)
    if piece is None:
        return False
    deadline = None if seconds is None else time.monotonic() + seconds
    try:
        return _work(piece, deadline, progress)
    except _TakenOver:
        log.warning("piece %s: the lease ran out, and another worker has gone on with it", piece.pk)
        return False


def _work(piece: Piece, deadline: float | None, progress: Callable[[LogFile], None] | None) -> bool:
    try:
        return _read(piece, deadline, progress)
    except _TakenOver:
        raise
    except Refused as refusal:
        _refuse(piece, str(refusal))
    except OSError as error:
        _end_file(piece, State.FAILED, f"The file could not be read: {error.strerror or error}.")
    except Exception as error:  # a fault of the database or of ours: logged, told, tried again, given up
        log.exception("piece %s: the batch was rolled back", piece.pk)
        return _after_error(piece, error)
    return False


def _after_error(piece: Piece, error: Exception) -> bool:
    """Leave the piece to be tried again, later each time, or give up."""
    partitions.forget()
    if not connection.in_atomic_block and not connection.is_usable():
        connection.close()  # the next query opens another
    reason = f"{type(error).__name__}: {str(error).strip() or 'no more is known'}".splitlines()[0].rstrip(".")
    if piece.attempts >= MOST_ATTEMPTS:
        _end_file(piece, State.FAILED, f"A batch failed {piece.attempts} times and was given up. {reason}.")
        return False
    wait = timedelta(seconds=2**piece.attempts)
    Piece.objects.filter(pk=piece.pk).update(lease_until=Now() + wait)
    LogFile.objects.filter(pk=piece.file_id).update(error=f"Trying again: {reason}.")
    return True


def _opened(file: LogFile) -> AbstractContextManager[BinaryIO]:
    if file.is_upload:
        return stored_files.opened(file.path)
    return Path(file.path).open("rb")


def _read(piece: Piece, deadline: float | None, progress: Callable[[LogFile], None] | None) -> bool:
    file = piece.file
    if file.state == State.WAITING:
        _begin(file)
    with _opened(file) as opened:
        stream = unpacking.stream_of(file, opened)
        if stream.archive and file.archive_id is None:
            opened.seek(0)
            _unpack(piece, opened, progress)
            return False
        if piece.offset == 0 and _share_with_twin(piece):
            return False
        for batch in batches(stream, start=piece.offset):
            if piece.offset == 0 and not file.is_continuation:
                refuse_foreign(batch.entries, file.log_host.zone, name=file.name)
            _commit(piece, batch, stream)
            if progress is not None:
                progress(file)
            if deadline is not None and time.monotonic() > deadline:
                Piece.objects.filter(pk=piece.pk).update(lease_until=None)
                return True
    if piece.offset == 0:
        raise Refused(stream.damage or "The file has no text in it.")
    damage = stream.damage or file.damage
    _end_file(piece, State.FAILED if damage else State.FINISHED, damage)
    return False


def _unpack(piece: Piece, opened: BinaryIO, progress: Callable[[LogFile], None] | None) -> None:
    def hold(offset: int) -> None:
        """Renew the lease and note how far the piece is; an attempt counts until it came further."""
        attempts = piece.attempts if offset == piece.offset else 1
        ours = Piece.objects.filter(
            pk=piece.pk, state=State.RUNNING, attempts=piece.attempts, offset=piece.offset
        )
        if not ours.update(offset=offset, attempts=attempts, lease_until=Now() + LEASE):
            raise _TakenOver
        piece.offset, piece.attempts = offset, attempts

    state, sentence = unpacking.unpack(unpacking.Holding(piece, hold, progress), opened)
    _end_file(piece, state, sentence)


def archives(run: IngestRun) -> list[int]:
    """The pieces of a run that nobody works on and that are archives to be unpacked."""
    waiting = Piece.objects.filter(pk__in=open_pieces(run), file__archive=None).select_related("file")
    return [piece.pk for piece in waiting if _is_archive(piece.file)]


def _is_archive(file: LogFile) -> bool:
    try:
        with _opened(file) as opened:
            return unpacking.is_archive(file, opened)
    except OSError:  # told when it is read
        return False


def _begin(file: LogFile) -> None:
    started_at = now()
    waiting = LogFile.objects.filter(pk=file.pk, state=State.WAITING)
    if waiting.update(started_at=started_at, state=State.RUNNING):
        IngestRun.objects.filter(pk=file.run_id, started_at=None).update(
            started_at=started_at, state=State.RUNNING
        )
    file.refresh_from_db(fields=["state", "started_at"])


def _commit(piece: Piece, batch: Batch, stream: LogStream) -> None:
    """Store one batch: pages, rows, findings, counts and the offset, or nothing of it."""
    while True:
        try:
            with transaction.atomic():
                file = _store_batch(piece, batch, stream)
        except partitions.Missing as missing:
            partitions.make(missing)
        else:
            piece.file, piece.offset, piece.attempts = file, batch.end, 1
            return


def _store_batch(piece: Piece, batch: Batch, stream: LogStream) -> LogFile:
    """The file as it is when the transaction commits."""
    zones.keep(piece.file.log_host_id)
    held = Piece.objects.select_for_update(of=("self",)).select_related("file__log_host").get(pk=piece.pk)
    if (held.offset, held.attempts) != (piece.offset, piece.attempts):
        raise _TakenOver
    file = held.file
    file.run = piece.file.run
    span = known_lines.span_of(batch.entries, file.log_host.zone) or _known_span(file)
    if batch.entries and span is not None:
        known_lines.reserve(file.log_host_id, span)
        _store(held, batch, span)
    file.size_read = stream.consumed
    file.lines += sum(entry.lines for entry in batch.entries)
    file.error = ""
    file.save()
    Piece.objects.filter(pk=piece.pk).update(offset=batch.end, attempts=1, lease_until=Now() + LEASE)
    return file


def _known_span(file: LogFile) -> known_lines.Span | None:
    """Where a stretch without any stamp belongs: behind what the file had so far."""
    return None if file.last_at is None else known_lines.Span(file.last_at, file.last_at)


def _store(piece: Piece, batch: Batch, span: known_lines.Span) -> None:
    file = piece.file
    host_id, zone = file.log_host_id, file.log_host.zone
    sifted = known_lines.sift(file, batch.entries, span)
    known_lines.claim(file, sifted.claimed)
    file.duplicate_lines += sifted.duplicate_lines
    if not sifted.new:
        return
    read = batch_rows.read(sifted.new, zone, fallback=file.last_at or span.first_at)
    batch_rows.require_partitions(read)
    refs = pages.store(host_id, read.stamped)
    known_lines.claim_pages(file, {ref >> pages.OFFSET_BITS for ref in refs})
    rows = batch_rows.gather(read, refs)
    merged = load.merge_messages(host_id, rows.messages)
    load.add_attempts(host_id, rows.messages)
    load.add_refusals(host_id, rows.refusals)
    load.add_headers(host_id, rows.headers)
    load.add_counts(host_id, rows.counts)
    load.mark_subjects(host_id, piece.pk, rows.subjects)
    classification.classify_merged(host_id, log_host_facts(file.log_host), merged)
    _count(file, read, rows)


def _count(file: LogFile, read: batch_rows.ReadBatch, rows: batch_rows.Rows) -> None:
    file.new_lines += sum(new.new_lines for new in read.new)
    file.unparsed_lines += len(read.unparsed)
    file.messages += rows.arrivals
    file.deliveries += rows.deliveries
    file.rejections += len(rows.refusals)
    file.kinds = dict(Counter(file.kinds) + rows.kinds)
    room = _SAMPLES - len(file.unparsed_samples)
    file.unparsed_samples += [{"reason": bad.reason, "text": bad.text} for bad in read.unparsed[:room]]
    votes = zones.votes_of([file])
    votes.add(batch_rows.zone_votes(read.stamped, read.events))
    file.zone_votes = votes.as_json()
    file.features = sorted({*file.features, *rows.features})
    file.own_addresses = sorted({*file.own_addresses, *rows.own_addresses})
    times = [stamped.logged_at for stamped in read.stamped]
    file.first_at = min([*times, *filter(None, [file.first_at])])
    file.last_at = max([*times, *filter(None, [file.last_at])])


def _share_with_twin(piece: Piece) -> bool:
    """A file whose bytes were read before, to the end, holds the same lines: nothing is read again."""
    file = piece.file
    if file.archive_id is None:  # a member's was made when it was unpacked
        with _opened(file) as opened:
            file.digest = _digest(opened)
    twin = (
        LogFile.objects.filter(log_host_id=file.log_host_id, digest=file.digest, state=State.FINISHED)
        .exclude(pk=file.pk)
        .order_by("pk")
        .first()
    )
    LogFile.objects.filter(pk=file.pk).update(digest=file.digest)
    if twin is None:
        return False
    with transaction.atomic():
        zones.keep(file.log_host_id)
        twin.refresh_from_db()
        shares = LineShare.objects.filter(log_host_id=file.log_host_id, log_file_id=twin.pk)
        LineShare.objects.bulk_create(
            LineShare(log_host_id=file.log_host_id, log_file_id=file.pk, page_id=page_id, offsets=offsets)
            for page_id, offsets in shares.values_list("page_id", "offsets")
        )
        file.lines = file.duplicate_lines = twin.lines
        file.size_read = file.size
        for name in ("features", "own_addresses", "first_at", "last_at"):
            setattr(file, name, getattr(twin, name))
        file.save()
    _end_file(piece, State.FINISHED, "")
    return True


def _digest(opened: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := opened.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


# ---- ending


def _refuse(piece: Piece, sentence: str) -> None:
    """What a file was stored of before it was refused stays: then it has failed."""
    if piece.offset:
        _end_file(piece, State.FAILED, sentence)
    else:
        _end_file(piece, State.SKIPPED if piece.file.archive_id else State.REFUSED, sentence)


def _end_file(piece: Piece, state: State, error: str) -> None:
    file = piece.file
    with transaction.atomic():
        ours = Piece.objects.filter(pk=piece.pk, state=State.RUNNING, attempts=piece.attempts)
        if not ours.update(state=state, lease_until=None):
            raise _TakenOver
        unpacking.discard_leftovers(file)
        ended = {"state": state, "error": error, "finished_at": now()}
        if state in (State.FINISHED, State.UNPACKED):
            ended["size_read"] = file.size
        LogFile.objects.filter(pk=file.pk).update(**ended)
        if file.is_upload and not (settings.MAILWATCH_KEEP_UPLOADS and file.archive_id is None):
            transaction.on_commit(lambda: stored_files.delete(file.path))


def finish(run_id: int) -> bool:
    """Compute a run's findings and end it, once all its files are read. False: not yet, or another does it."""
    waiting = IngestRun.objects.filter(pk=run_id, state__in=UNFINISHED).filter(_lease_is_free())
    ready = waiting.exclude(files__state__in=UNFINISHED)
    if not ready.update(lease_until=Now() + LEASE):
        return False
    run = IngestRun.objects.get(pk=run_id)

    def renew() -> None:
        IngestRun.objects.filter(pk=run_id).update(lease_until=Now() + LEASE)

    classification.settle(run, renew=renew)
    states = Counter(run.files.values_list("state", flat=True))
    state = next((state for state in (State.FAILED, State.FINISHED) if states[state]), State.REFUSED)
    errors = run.files.exclude(error="").exclude(state=State.SKIPPED).values_list("name", "error")
    sentence = " ".join(f"{name}: {error}" for name, error in errors[:_ERRORS])
    if (more := errors.count() - _ERRORS) > 0:
        sentence += f" And {more:,} more files."
    IngestRun.objects.filter(pk=run_id).update(
        state=state, error=sentence, finished_at=now(), lease_until=None
    )
    return True
