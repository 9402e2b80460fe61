"""Files handed in over the web: into the file storage, and a run for them."""

import logging
import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath
from uuid import uuid4

from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from kombu.exceptions import OperationalError

from ingest import pipeline, tasks
from ingest.models import IngestRun

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
    path = default_storage.get_available_name(str(PurePosixPath("uploads", uuid4().hex)))
    kept.append(path)
    stored = default_storage.save(path, file)
    if stored != path:
        kept.append(stored)
    return pipeline.IncomingFile(name=safe_name(file.name), path=stored, size=file.size or 0, is_upload=True)


def _wake(run: IngestRun) -> None:
    """A broker that is away costs seconds only: beat queues what nobody works on."""
    try:
        tasks.wake(run)
    except OperationalError:
        log.warning("The broker did not answer; run %s waits until it is back.", run.pk)
