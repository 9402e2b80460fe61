"""Files into rows: the passes over log files, one batch a transaction.

What remains to be done stands in the database: a run has files, a file has pieces, and a piece has an offset that
moves in the transaction that stores the lines before it. Whoever works on a piece holds its lease, which each
commit renews; a worker that dies leaves an offset and a lease that runs out.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, NamedTuple, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.timezone import now

from ingest import (
    classification,
    faults,
    granted,
    leases,
    partitions,
    pieces,
    retries,
    stored_files,
    storing,
    twins,
    unpacking,
)
from ingest.languages import say
from ingest.leases import LEASE, TakenOver
from ingest.models import RETRIED, UNFINISHED, IngestRun, LogFile, LogHost, Piece, State
from ingest.pieces import Text
from ingest.sources.batches import Batch, batches, refuse_foreign
from ingest.sources.limits import Refused
from ingest.sources.streams import Peeked

log = logging.getLogger(__name__)

open_pieces = leases.open_pieces
open_runs = leases.open_runs

_ERRORS = 20  # files named in the sentence of a run
_PAUSE = 0.2  # seconds between two looks at what others do


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
    if not granted.here().is_all:  # whether there is one of this name is not for them to know
        raise ValueError(say("{name} is none of the log hosts that were granted to you.", name=name))
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


# ---- working


class Calls(NamedTuple):
    """Who is told of what happens while a piece is read."""

    progress: Callable[[LogFile], None] | None = None  # after each batch
    wake: Callable[[Sequence[int]], None] | None = None  # for pieces that were made

    def after_batch(self, file: LogFile) -> None:
        if self.progress is not None:
            self.progress(file)

    def made(self, piece_ids: Sequence[int]) -> None:
        if self.wake is not None:
            self.wake(piece_ids)


def work(
    piece_id: int,
    *,
    seconds: float | None = None,
    progress: Callable[[LogFile], None] | None = None,
    wake: Callable[[Sequence[int]], None] | None = None,
) -> bool:
    """Read a piece; True if something of it remains for another call.

    After about ``seconds``, if given, a piece that can be gone on with at no cost is left to another call. Errors end
    in the file's state: a refused or damaged file is a result, not an exception. Raises OperationalError when the
    database is not there.
    """
    piece = leases.take(piece_id)
    if piece is None:
        return False
    deadline = None if seconds is None else time.monotonic() + seconds
    try:
        return _work(piece, deadline, Calls(progress, wake))
    except TakenOver:
        log.warning("piece %s: the lease ran out, and another worker has gone on with it", piece.pk)
        return False


def _work(piece: Piece, deadline: float | None, calls: Calls) -> bool:
    try:
        return _read(piece, deadline, calls)
    except TakenOver:
        raise
    except Refused as refusal:
        _refuse(piece, str(refusal))
    except OSError as error:
        _end_piece(piece, State.FAILED, f"The file could not be read: {error.strerror or error}.")
    except Exception as error:  # a fault of the database or of ours: logged, told, tried again, given up
        log.exception("piece %s: the batch was rolled back", piece.pk)
        return _after_error(piece, error)
    return False


def _after_error(piece: Piece, error: Exception) -> bool:
    """Leave the piece to be tried again, later each time, or give up."""
    partitions.forget()
    retries.reconnect()
    if faults.is_of_database(error):
        retries.wait_for_database(piece, error)
        return True
    reason = faults.reason(error)
    if storing.is_apart(piece):
        _end_piece(piece, State.FAILED, f"A batch failed {piece.attempts} times and was given up. {reason}.")
        return False
    retries.put_off(piece, f"Trying again: {reason}.", lease_until=Now() + faults.pause(piece.attempts))
    return True


def _read(piece: Piece, deadline: float | None, calls: Calls) -> bool:
    file = piece.file
    if file.state == State.WAITING:
        _begin(file)
    with pieces.opened(piece) as opened:
        text = pieces.text_of(piece, opened)
        if isinstance(text.stream, Peeked) and text.stream.archive and file.archive_id is None:
            opened.seek(0)
            _unpack(piece, opened, calls)
            return False
        is_first = piece.number == 0 and piece.offset == 0
        if is_first and twins.share(piece):
            _end_piece(piece, State.FINISHED, "")
            return False
        if pieces.is_to_be_handed_on(piece, text):
            readers = pieces.Readers(calls.made, partial(_help, calls=calls))
            pieces.hand_on(piece, cast("Peeked", text.stream), readers)
        elif _read_batches(piece, text, opened, deadline, calls):
            return True
    if piece.number == 0 and piece.offset == 0:
        raise Refused(text.stream.damage or "The file has no text in it.")
    damage = text.stream.damage or (file.damage if piece.end is None else "")
    _end_piece(piece, State.FAILED if damage else State.FINISHED, damage)
    return False


def _read_batches(piece: Piece, text: Text, opened: BinaryIO, deadline: float | None, calls: Calls) -> bool:
    """Store the text of a piece batch by batch; True if something of it remains for another call."""
    size = storing.batch_size(piece)
    for batch in batches(text.stream, start=piece.offset, stream_at=text.at, size=size):
        if piece.number == 0 and piece.offset == 0 and not piece.file.is_continuation:
            refuse_foreign(batch.entries, piece.file.log_host.zone, name=piece.file.name)
        was_apart = storing.is_apart(piece)
        _store(piece, batch, text, pieces.places(piece, text, opened), calls)
        if was_apart or (deadline is not None and text.plain is not None and time.monotonic() > deadline):
            leases.put_back(piece)
            return True
    return False


def _store(piece: Piece, batch: Batch, text: Text, places: Sequence[int], calls: Calls) -> None:
    """Store a batch; the first of a large file makes pieces of the file."""
    made: list[int] = []

    def divide(held: Piece) -> None:
        made[:] = pieces.divide(held, places) if places else []

    size_read = pieces.bytes_of(piece, text, batch.end)
    file = storing.store(piece, batch, size_read=size_read, then=divide)
    if places and text.plain is not None:
        piece.end = text.plain.end = places[0]
        calls.made(made)
    calls.after_batch(file)


def _help(reader: Piece, *, calls: Calls) -> None:
    """Work on a piece that the reader of a compressed file handed on, while it may not hand on more."""
    waiting = Piece.objects.filter(file=reader.file_id, number__gt=0, state=State.WAITING)
    first = waiting.filter(leases.is_free()).order_by("number").first()
    leases.hold(reader, reader.offset)
    if first is None:
        time.sleep(_PAUSE)
        return

    def after_batch(file: LogFile) -> None:
        leases.hold(reader, reader.offset)
        calls.after_batch(file)

    work(first.pk, progress=after_batch)


def _unpack(piece: Piece, opened: BinaryIO, calls: Calls) -> None:
    holding = unpacking.Holding(piece, partial(leases.hold, piece), calls.progress)
    state, sentence = unpacking.unpack(holding, opened)
    _end_piece(piece, state, sentence)


def archives(run: IngestRun) -> list[int]:
    """The pieces of a run that nobody works on and that are archives to be unpacked."""
    waiting = Piece.objects.filter(pk__in=open_pieces(run), file__archive=None).select_related("file")
    return [piece.pk for piece in waiting if _is_archive(piece.file)]


def _is_archive(file: LogFile) -> bool:
    try:
        with pieces.opened_file(file) as opened:
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


# ---- ending


def _refuse(piece: Piece, sentence: str) -> None:
    """What a file was stored of before it was refused stays: then it has failed."""
    if piece.offset:
        _end_piece(piece, State.FAILED, sentence)
    else:
        _end_piece(piece, State.SKIPPED if piece.file.archive_id else State.REFUSED, sentence)


def _end_piece(piece: Piece, state: State, error: str) -> None:
    """End a piece, and the file with its last one."""
    with transaction.atomic():
        ours = Piece.objects.filter(pk=piece.pk, state=State.RUNNING, attempts=piece.attempts)
        if not ours.update(state=state, error=error, lease_until=None):
            raise TakenOver
        file = LogFile.objects.select_for_update(no_key=True).get(pk=piece.file_id)
        if piece.path:
            transaction.on_commit(partial(pieces.forget_text, piece.pk, piece.path))
        ended = list(Piece.objects.filter(file=file).order_by("number").values_list("state", "error"))
        if not any(state in UNFINISHED for state, _ in ended):
            _end_file(file, [State(state) for state, _ in ended], [error for _, error in ended if error])


def _end_file(file: LogFile, states: Sequence[State], errors: Sequence[str]) -> None:
    """End a file whose pieces ended so."""
    state = State.FAILED if State.FAILED in states else states[0]
    unpacking.discard_leftovers(file)
    ended = {"state": state, "error": errors[0] if errors else "", "finished_at": now()}
    if state in (State.FINISHED, State.UNPACKED):
        ended["size_read"] = file.size
    LogFile.objects.filter(pk=file.pk).update(**ended)
    is_kept = settings.MAILWATCH_KEEP_UPLOADS and file.archive_id is None
    if file.is_upload and not is_kept and state not in RETRIED:
        transaction.on_commit(partial(stored_files.delete, file.path))


def _forget_uploads(run: IngestRun) -> None:
    """Delete the bytes of uploads that have ended: what a worker left that died right after it ended one."""
    ended = run.files.filter(is_upload=True).exclude(state__in=RETRIED).exclude(path="")
    if settings.MAILWATCH_KEEP_UPLOADS:
        ended = ended.exclude(archive=None)
    for path in ended.values_list("path", flat=True).iterator():
        stored_files.delete(path)


def finish(run_id: int) -> bool:
    """Compute a run's findings and end it, once all its files are read. False: not yet, or another does it."""
    waiting = IngestRun.objects.filter(pk=run_id, state__in=UNFINISHED).filter(leases.is_free())
    ready = waiting.exclude(files__state__in=UNFINISHED)
    if not ready.update(lease_until=Now() + LEASE):
        return False
    run = IngestRun.objects.get(pk=run_id)

    def renew() -> None:
        IngestRun.objects.filter(pk=run_id).update(lease_until=Now() + LEASE)

    classification.settle(run, renew=renew)
    pieces.forget_texts(run_id)
    _forget_uploads(run)
    states = Counter(run.files.values_list("state", flat=True))
    ends = (State.CANCELLED, State.FAILED, State.FINISHED)
    state = next((state for state in ends if states[state]), State.REFUSED)
    errors = run.files.exclude(error="").exclude(state=State.SKIPPED).values_list("name", "error")
    sentence = " ".join(f"{name}: {error}" for name, error in errors[:_ERRORS])
    if (more := errors.count() - _ERRORS) > 0:
        sentence += f" And {more:,} more files."
    IngestRun.objects.filter(pk=run_id).update(
        state=state, error=sentence, finished_at=now(), lease_until=None
    )
    return True
