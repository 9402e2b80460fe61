"""Findings decided again after what is known of a log host changed: by a worker, or by ``manage.py reclassify``."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.db import OperationalError

from ingest import classification, reevaluation_leases
from ingest.judging import allow_again
from ingest.leases import TakenOver
from ingest.models import LogHost, Reevaluation

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Called with how much is done, and of how much."""

_PAUSE = 0.5  # seconds between two looks at what another worker does


def nobody_looks(done: int, total: int) -> None:
    """Progress that is told to nobody."""


def now(log_host: LogHost, why: str, progress: Progress = nobody_looks) -> Reevaluation:
    """Decide every finding again and come back when that is done; what waits for this log host is done with it.

    Where a worker is at it, it is waited for.
    """
    asked = reevaluation_leases.ask(log_host, why, is_new=False)
    return finished(asked, progress)


def finished(asked: Reevaluation, progress: Progress = nobody_looks) -> Reevaluation:
    """Do what was asked for, or wait until whoever is at it has done it."""
    while True:
        for open_id in reevaluation_leases.open_reevaluations(asked.log_host):
            work(open_id, progress)  # one that came before and was left half done is in the way
        asked.refresh_from_db()
        if asked.is_over:
            return asked
        progress(asked.done, asked.total)
        time.sleep(_PAUSE)


def work(reevaluation_id: int, progress: Progress = nobody_looks) -> None:
    """Do a re-evaluation that was asked for, unless somebody is at it or it is done."""
    taken = reevaluation_leases.take(reevaluation_id)
    if taken is None:
        return
    if taken.attempts > reevaluation_leases.MOST_ATTEMPTS:
        reevaluation_leases.finish(taken, error="Given up: every worker that began it died.")
        return
    try:
        _do(taken, progress)
    except TakenOver:
        log.warning("Another worker has taken over: %s", taken)
    except OperationalError:  # the database went away: the lease runs out, then somebody begins again
        raise
    except Exception as error:
        log.exception("Not re-evaluated: %s", taken)
        reevaluation_leases.finish(taken, error=f"{type(error).__name__}: {error}"[:500])


def _do(taken: Reevaluation, progress: Progress) -> None:
    def hold(done: int, total: int) -> None:
        reevaluation_leases.hold(taken, done, total)
        progress(done, total)

    before, messages = answer(taken), 0
    if taken.scope == Reevaluation.Scope.ALLOWED:
        allow_again(taken.log_host)
    else:
        messages = classification.reclassify(taken.log_host, progress=hold)
    reevaluation_leases.finish(taken, messages=messages, before=before, after=answer(taken))


def answer(reevaluation: Reevaluation) -> dict[str, Any]:
    """The answer as it is now: ``relaying``, ``headline``, and ``suspects`` as [kind, value, severity]."""
    log_host = LogHost.objects.get(pk=reevaluation.log_host_id)
    told = classification.verdict_for(log_host)
    suspects = classification.subject_reports(log_host)
    return {
        "relaying": str(told.relaying),
        "headline": told.headline,
        "suspects": [
            [str(suspect.kind), suspect.value, str(suspect.severity)]
            for suspect in suspects
            if suspect.is_suspect
        ],
    }
