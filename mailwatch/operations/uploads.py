"""Files handed in over the web: into the file storage, and a run for them.

A file comes whole, as part of a form, or in pieces (Upload): begun, sent on piece by piece, handed over.
"""

import logging
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext
from kombu.exceptions import OperationalError

from ingest import pipeline, stored_files, tasks
from ingest.models import IngestRun
from mailwatch.models import Upload, UploadPiece

log = logging.getLogger(__name__)

_LONGEST_NAME = 200
_NAMELESS = "unnamed file"


def start(
    *, files: "Sequence[UploadedFile[bytes]]", log_host: str, timezone: str | None, started_by: str
) -> IngestRun:
    """Keep the files under names of our own and queue a run; on any error none of them stays.

    Raises ValueError, with one sentence, for a log host or a zone that cannot be.
    """
    kept: list[str] = []
    try:
        with transaction.atomic():
            host, _ = pipeline.log_host(log_host, timezone)
            incoming = [_keep(file, kept) for file in files]
            run = pipeline.new_run(log_host=host, files=incoming, started_by=started_by)
    except BaseException:
        for path in kept:
            default_storage.delete(path)
        raise
    _wake(run)
    return run


def safe_name(name: str | None) -> str:
    """A file's name as it may be shown: no path, no control or direction characters. Never used as a path."""
    last = (name or "").replace("\\", "/").rstrip("/").rpartition("/")[2]
    visible = "".join(character for character in last if not unicodedata.category(character).startswith("C"))
    visible = visible.strip()
    return visible[:_LONGEST_NAME] if visible not in ("", ".", "..") else _NAMELESS


def _keep(file: "UploadedFile[bytes]", kept: list[str]) -> pipeline.IncomingFile:
    """Store one file; its path is added to ``kept`` first, so that what a failure leaves is deleted too."""
    path = _free_path()
    kept.append(path)
    stored = default_storage.save(path, file)
    if stored != path:
        kept.append(stored)
    return pipeline.IncomingFile(name=safe_name(file.name), path=stored, size=file.size or 0, is_upload=True)


def _free_path() -> str:
    return default_storage.get_available_name(str(PurePosixPath("uploads", uuid4().hex)))


def _wake(run: IngestRun) -> None:
    """A broker that is away costs seconds only: beat queues what nobody works on."""
    try:
        tasks.wake(run)
    except OperationalError:
        log.warning("The broker did not answer; run %s waits until it is back.", run.pk)


# ---- in pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A file that a browser is about to send."""

    name: str
    size: int  # bytes
    fingerprint: str  # of the name, the size, the time of its last change and its first bytes
    log_host: str
    timezone: str  # "": the log host's own


class OutOfPlace(Exception):
    """A piece that does not begin where the next one has to."""

    def __init__(self, arrived: int) -> None:
        super().__init__(f"The next piece begins at {arrived}.")
        self.arrived = arrived


def begin(announced: Announced, *, owner: User) -> Upload:
    """Go on with the owner's unfinished upload of that file, or begin one.

    Raises ValueError, with one sentence, for a log host or a zone that cannot be.
    """
    _check_log_host(announced)
    waiting = Upload.objects.filter(owner=owner, run=None, fingerprint=announced.fingerprint)
    known = waiting.filter(size=announced.size).order_by("-arrived").first()
    if known is None:
        return Upload.objects.create(
            owner=owner,
            name=safe_name(announced.name),
            size=announced.size,
            fingerprint=announced.fingerprint,
            log_host=announced.log_host,
            timezone=announced.timezone,
        )
    known.log_host, known.timezone = announced.log_host, announced.timezone
    known.save(update_fields=["log_host", "timezone"])
    return known


def _check_log_host(announced: Announced) -> None:
    """Nobody sends gigabytes to learn that the zone was wrong. Nothing is made yet."""
    with transaction.atomic():
        pipeline.log_host(announced.log_host, announced.timezone or None)
        transaction.set_rollback(True)


def receive(upload: Upload, *, offset: int, piece: bytes, at: datetime) -> int:
    """Keep a piece; how many bytes there are now. One that is there already changes nothing.

    Raises OutOfPlace where the piece leaves a gap, overlaps what is there, or goes beyond the end of the file.
    """
    end = offset + len(piece)
    if end <= upload.arrived:
        return upload.arrived
    if offset != upload.arrived or end > upload.size:
        raise OutOfPlace(upload.arrived)
    row = UploadPiece.objects.create(upload=upload, offset=offset, size=len(piece), path=_free_path())
    stored = default_storage.save(row.path, ContentFile(piece))
    try:
        return _append(row, stored, at)
    except OutOfPlace:
        default_storage.delete(stored)
        row.delete()
        raise


def _append(row: UploadPiece, stored: str, at: datetime) -> int:
    """Of two who sent the same piece at once, one is too late."""
    with transaction.atomic():
        upload = Upload.objects.select_for_update().filter(pk=row.upload_id, run=None).first()
        if upload is None or upload.arrived != row.offset:
            raise OutOfPlace(0 if upload is None else upload.arrived)
        row.path, row.is_stored = stored, True
        row.save(update_fields=["path", "is_stored"])
        upload.arrived, upload.touched_at = row.offset + row.size, at
        upload.save(update_fields=["arrived", "touched_at"])
    return upload.arrived


def hand_over(upload_ids: Sequence[UUID], *, owner: User) -> IngestRun:
    """Make one run of whole uploads and queue it; the run they have already where it is asked for again.

    Raises ValueError, with one sentence, where that cannot be.
    """
    lists: list[str] = []
    try:
        with transaction.atomic():
            run, is_new = _hand_over(upload_ids, owner, lists)
    except BaseException:
        for path in lists:  # the pieces stay: it can be tried again
            default_storage.delete(path)
        raise
    if is_new:
        _wake(run)
    return run


def _hand_over(upload_ids: Sequence[UUID], owner: User, lists: list[str]) -> tuple[IngestRun, bool]:
    found = Upload.objects.select_for_update(of=("self",)).filter(pk__in=upload_ids, owner=owner)
    uploads = list(found.select_related("run").order_by("created_at", "pk"))
    if not uploads or len(uploads) != len(set(upload_ids)):
        raise ValueError(gettext("An upload is gone: it was discarded, or it waited too long."))
    runs = {upload.run for upload in uploads}
    if len(runs) == 1 and (run := runs.pop()) is not None:
        return run, False
    if any(not upload.is_whole or upload.run for upload in uploads):
        raise ValueError(gettext("An upload is not whole yet."))
    if len({(upload.log_host, upload.timezone) for upload in uploads}) > 1:
        raise ValueError(gettext("The files belong to different log hosts."))
    host, _ = pipeline.log_host(uploads[0].log_host, uploads[0].timezone or None)
    files = [_joined(upload, lists) for upload in uploads]
    run = pipeline.new_run(log_host=host, files=files, started_by=owner.get_username())
    found.update(run=run)
    return run, True


def _joined(upload: Upload, lists: list[str]) -> pipeline.IncomingFile:
    _drop_pieces(upload, is_stored=False)
    parts = [stored_files.Part(piece.path, piece.size) for piece in upload.pieces.all()]
    path = stored_files.join(_free_path(), parts)
    if len(parts) > 1:
        lists.append(path)
    upload.pieces.all().delete()  # the rows: the file owns the bytes now
    return pipeline.IncomingFile(name=upload.name, path=path, size=upload.size, is_upload=True)


def discard(upload: Upload) -> None:
    """Throw away what has arrived of an upload. One that was handed over keeps its bytes: they are its run's."""
    with transaction.atomic():
        held = Upload.objects.select_for_update().filter(pk=upload.pk).first()
        if held is not None:
            _drop_pieces(held)
            held.delete()


def _drop_pieces(upload: Upload, **of: bool) -> None:
    """Bytes go when the rows surely have gone."""
    pieces = upload.pieces.filter(**of)
    paths = list(pieces.values_list("path", flat=True))
    pieces.delete()

    def delete_bytes() -> None:
        for path in paths:
            default_storage.delete(path)

    transaction.on_commit(delete_bytes)


def discard_expired(*, at: datetime) -> int:
    """Throw away uploads that nobody went on with, and those whose owner is gone; how many that were."""
    old = Upload.objects.filter(Q(touched_at__lt=at - expiry()) | Q(owner=None))
    uploads = list(old)
    for upload in uploads:
        discard(upload)
    return len(uploads)


def expiry() -> timedelta:
    """How long an upload waits for its next piece."""
    return timedelta(hours=settings.MAILWATCH_UPLOAD_EXPIRES)
