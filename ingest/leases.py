"""Who works on what, until when: pieces of files, and runs whose findings are to be computed.

A lease is taken by one UPDATE that finds it free or run out, and renewed with each commit. Whoever lost it notices at
the next renewal and stores nothing more.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from ingest.models import UNFINISHED, IngestRun, Piece, State

LEASE = timedelta(seconds=settings.MAILWATCH_LEASE)  # a batch takes about a second


class TakenOver(Exception):
    """The lease ran out and somebody else has the piece: what this one read since then is not stored."""


def is_free() -> Q:
    """Of pieces and runs: nobody works on it."""
    return Q(lease_until=None) | Q(lease_until__lt=Now())


def open_pieces(run: IngestRun | None = None) -> list[int]:
    """The pieces that nobody works on, oldest first."""
    waiting = Piece.objects.filter(state__in=UNFINISHED).filter(is_free())
    if run is not None:
        waiting = waiting.filter(file__run=run)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def open_runs() -> list[int]:
    """Runs whose files are all read but whose findings are not computed, with nobody at it."""
    waiting = IngestRun.objects.filter(state__in=UNFINISHED).filter(is_free())
    return list(waiting.exclude(files__state__in=UNFINISHED).order_by("pk").values_list("pk", flat=True))


def take(piece_id: int) -> Piece | None:
    """Take the lease of a piece; None if it is done or somebody holds it."""
    taken = (
        Piece.objects.filter(pk=piece_id, state__in=UNFINISHED)
        .filter(is_free())
        .update(lease_until=Now() + LEASE, state=State.RUNNING, attempts=F("attempts") + 1)
    )
    return Piece.objects.select_related("file__log_host", "file__run").get(pk=piece_id) if taken else None


def hold(piece: Piece, offset: int) -> None:
    """Renew the lease and note how far the piece is; an attempt counts until it came further.

    Raises TakenOver.
    """
    attempts = piece.attempts if offset == piece.offset else 1
    ours = Piece.objects.filter(
        pk=piece.pk, state=State.RUNNING, attempts=piece.attempts, offset=piece.offset
    )
    if not ours.update(offset=offset, attempts=attempts, lease_until=Now() + LEASE):
        raise TakenOver
    piece.offset, piece.attempts = offset, attempts


def put_back(piece: Piece) -> None:
    """Leave the rest of a piece to whoever is free."""
    Piece.objects.filter(pk=piece.pk, attempts=piece.attempts, offset=piece.offset).update(lease_until=None)
