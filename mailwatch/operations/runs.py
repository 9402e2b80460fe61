"""Runs stopped, gone on with, and undone."""

import logging
from collections.abc import Callable

from django.contrib.auth.models import User
from kombu.exceptions import OperationalError

from ingest import steering, tasks
from ingest import undo as undoing
from ingest.models import IngestRun
from mailwatch.access import Permission, may

log = logging.getLogger(__name__)


def may_steer(person: User, run: IngestRun) -> bool:
    """Cancel it and go on with it: whoever handed the files in, and those who may undo runs."""
    if may(person, Permission.UNDO):
        return True
    return may(person, Permission.UPLOAD) and run.started_by == person.get_username()


def cancel(run: IngestRun, *, by: str) -> bool:
    """Stop a run at its next batch; False for one that is over."""
    return steering.cancel(run, by=by) and _queued(tasks.finish_soon, run)


def retry(run: IngestRun) -> int:
    """Go on with what failed, was cancelled or was refused; how many files that are."""
    files = steering.retry(run)
    if files:
        _queued(tasks.wake, run)
        _queued(tasks.finish_soon, run)  # where only set-aside lines were tried again
    return files


def undo(run: IngestRun, *, by: str) -> bool:
    """Remove what a run added; False for one that cannot be undone."""
    return undoing.begin(run, by=by) and _queued(tasks.undo_soon, run)


def _queued(queue: Callable[[IngestRun], None], run: IngestRun) -> bool:
    """A broker that is away costs seconds only: beat queues what nobody works on."""
    try:
        queue(run)
    except OperationalError:
        log.warning("The broker did not answer; run %s waits until it is back.", run.pk)
    return True
