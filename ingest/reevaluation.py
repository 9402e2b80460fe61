"""Findings decided again after what is known of a log host changed: by a worker, or by ``manage.py reclassify``."""

import logging
from collections.abc import Callable
from typing import Any

from django.db import OperationalError

from ingest import classification, reevaluation_leases
from ingest.judging import allow_again
from ingest.leases import TakenOver
from ingest.models import Reevaluation

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Called with how much is done, and of how much."""


def work(reevaluation_id: int) -> None:
    """Do a re-evaluation that was asked for, unless somebody is at it or it is done."""
    taken = reevaluation_leases.take(reevaluation_id)
    if taken is None:
        return
    if taken.attempts > reevaluation_leases.MOST_ATTEMPTS:
        reevaluation_leases.finish(taken, error="Given up: every worker that began it died.")
        return
    try:
        _do(taken)
    except TakenOver:
        log.warning("Another worker has taken over: %s", taken)
    except OperationalError:  # the database went away: the lease runs out, then somebody begins again
        raise
    except Exception as error:
        log.exception("Not re-evaluated: %s", taken)
        reevaluation_leases.finish(taken, error=f"{type(error).__name__}: {error}"[:500])


def _do(taken: Reevaluation) -> None:
    def hold(done: int, total: int) -> None:
        reevaluation_leases.hold(taken, done, total)

    before = answer(taken)
    if taken.scope == Reevaluation.Scope.ALLOWED:
        allow_again(taken.log_host)
    else:
        classification.reclassify(taken.log_host, progress=hold)
    reevaluation_leases.finish(taken, before=before, after=answer(taken))


def answer(reevaluation: Reevaluation) -> dict[str, Any]:
    """The answer as it is now: ``relaying``, ``headline``, and ``suspects`` as [kind, value, severity]."""
    log_host = reevaluation.log_host
    told = classification.verdict_for(log_host)
    return {
        "relaying": str(told.relaying),
        "headline": told.headline,
        "suspects": [
            [str(report.kind), report.value, str(report.severity)]
            for report in classification.subject_reports(log_host)
            if report.is_suspect
        ],
    }
