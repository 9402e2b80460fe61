"""Pieces whose batch failed: when each is tried again, and what is done while there is no database to note it in."""

import time
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Now

from ingest import faults
from ingest.leases import LEASE
from ingest.models import LogFile, Piece, State

_PAUSE = 1  # seconds between two looks for the database


def put_off(piece: Piece, sentence: str, **columns: Any) -> None:
    """Note when a piece is tried again, and why; nothing if it is no longer ours.

    So it is where the last commit went through and its answer was lost, or another worker went on meanwhile.
    """
    with transaction.atomic():
        ours = Piece.objects.filter(
            pk=piece.pk, state=State.RUNNING, attempts=piece.attempts, offset=piece.offset
        )
        if ours.update(**columns):
            LogFile.objects.filter(pk=piece.file_id).update(error=sentence)


def reconnect() -> None:
    """Let the next query open another connection where this one is lost."""
    if not connection.in_atomic_block and not connection.is_usable():
        connection.close()


def wait_for_database(piece: Piece, error: Exception) -> None:
    """Note that this piece waits, as soon as there is a database to note it in, and try again for as long as it takes.

    An outage is no attempt. If none comes back while the lease lasts, the lease will have run out.
    """
    until = time.monotonic() + LEASE.total_seconds()
    sentence = f"Waiting for the database: {faults.reason(error)}."
    while True:
        try:
            put_off(
                piece,
                sentence,
                lease_until=Now() + faults.pause(piece.outages + 1),
                attempts=Greatest(F("attempts") - 1, 0),
                outages=F("outages") + 1,
            )
        except (DatabaseError, InterfaceError):
            if connection.in_atomic_block or time.monotonic() > until:
                return
            time.sleep(_PAUSE)
            reconnect()
        else:
            return
