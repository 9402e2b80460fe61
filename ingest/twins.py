"""A file whose bytes were read before holds the same lines: nothing is read again."""

import hashlib
from typing import BinaryIO

from django.db import transaction

from ingest import known_lines, pieces, zones
from ingest.models import LineShare, LogFile, Piece, State


def share(piece: Piece) -> bool:
    """Give a file the lines of another that has the same bytes and was read to its end; False if there is none."""
    file = piece.file
    if file.archive_id is None:  # a member's was made when it was unpacked
        with pieces.opened_file(file) as opened:
            file.digest = _digest(opened)
    twin = (
        LogFile.objects.filter(log_host_id=file.log_host_id, digest=file.digest, state=State.FINISHED)
        .filter(set_aside_lines=0)
        .exclude(pk=file.pk)
        .order_by("pk")
        .first()
    )
    LogFile.objects.filter(pk=file.pk).update(digest=file.digest)
    if twin is None:
        return False
    with transaction.atomic():
        zones.keep(file.log_host_id)
        known_lines.share(file.log_host_id)
        twin.refresh_from_db()
        if twin.state != State.FINISHED:  # it was undone meanwhile
            return False
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
    return True


def _digest(opened: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := opened.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()
