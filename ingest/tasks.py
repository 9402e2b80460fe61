"""Celery's wake-ups. What is to be done stands in the database (ingest.pipeline), never in a task.

A task that is lost costs the seconds until beat looks again; one that comes twice finds the lease taken.
"""

import logging
from collections.abc import Iterable
from typing import Any

from celery import Task, shared_task
from celery.signals import worker_ready
from django.db import OperationalError, transaction
from django.utils.timezone import now
from kombu.exceptions import OperationalError as NoBroker

from ingest import (
    pipeline,
    rebuild,
    reevaluation,
    reevaluation_leases,
    retention,
    steering,
    syncing,
    undo,
)
from ingest.models import IngestRun, LogFile, LogHost

log = logging.getLogger(__name__)

_SECONDS = 20  # of work in one task; the rest is another task, so that other runs get their turn
# Beat looks every few seconds: what it queued and nobody took up meanwhile must not pile up.
_AT_ONCE = 50
_EXPIRES = 10


def _wake_up(task: "Task[Any, Any]", **arguments: int) -> None:
    """Queue what beat would queue too: without a broker it does so when there is one again."""
    try:
        task.delay(**arguments)
    except NoBroker as error:
        log.warning("no broker to queue %s for now: %s", task.name, error)


@shared_task
def read_piece(*, piece_id: int, **_: Any) -> None:
    """Read some of a piece; at its end, see whether its run is done."""
    if pipeline.work(piece_id, seconds=_SECONDS, wake=_wake_pieces):
        _wake_up(read_piece, piece_id=piece_id)
        return
    run = IngestRun.objects.filter(files__pieces=piece_id).first()
    if run is None:
        return
    if LogFile.objects.filter(archive__pieces=piece_id).exists():  # an archive gave more to read
        wake(run)
    pipeline.finish(run.pk)


@shared_task
def finish_run(*, run_id: int, **_: Any) -> None:
    """Compute the findings of a run whose files are read."""
    pipeline.finish(run_id)


@shared_task
def undo_run(*, run_id: int, **_: Any) -> None:
    """Remove some of what a run added that is being undone."""
    if undo.work(run_id, seconds=_SECONDS):
        _wake_up(undo_run, run_id=run_id)


@shared_task
def forget_expired_bytes(**_: Any) -> None:
    """Delete uploads that were kept so that a run could go on with them."""
    steering.forget_expired(now())


@shared_task
def requeue_expired(**_: Any) -> None:
    """Wake up whatever nobody works on: new pieces whose task was lost, and those of workers that died."""
    for piece_id in pipeline.open_pieces()[:_AT_ONCE]:
        read_piece.apply_async(kwargs={"piece_id": piece_id}, expires=_EXPIRES)
    for run_id in pipeline.open_runs()[:_AT_ONCE]:
        finish_run.apply_async(kwargs={"run_id": run_id}, expires=_EXPIRES)
    for run_id in undo.open_runs()[:_AT_ONCE]:
        undo_run.apply_async(kwargs={"run_id": run_id}, expires=_EXPIRES)
    for reevaluation_id in reevaluation_leases.open_reevaluations()[:_AT_ONCE]:
        reevaluate.apply_async(kwargs={"reevaluation_id": reevaluation_id}, expires=_EXPIRES)
    for log_host_id in LogHost.objects.exclude(wanted_timezone="").values_list("pk", flat=True):
        move_log_host.apply_async(kwargs={"log_host_id": log_host_id}, expires=_EXPIRES)


@shared_task
def sync_sources(**_: Any) -> None:
    """Begin the passes over sources whose time has come."""
    for source_id in syncing.due()[:_AT_ONCE]:
        sync_source.apply_async(kwargs={"source_id": source_id}, expires=_EXPIRES)


@shared_task
def sync_source(*, source_id: int, **_: Any) -> None:
    """One pass over a source, and its runs to the workers."""
    done = syncing.sync(source_id)
    for run in done.runs if done else ():
        wake(run)


@shared_task
def reevaluate(*, reevaluation_id: int, **_: Any) -> None:
    """Decide findings of a log host again: something that the rules go by has changed."""
    reevaluation.work(reevaluation_id)


def reevaluate_soon(log_host: LogHost) -> None:
    """Queue what was asked for a log host once the surrounding transaction is committed."""

    def queue() -> None:
        for reevaluation_id in reevaluation_leases.open_reevaluations(log_host):
            _wake_up(reevaluate, reevaluation_id=reevaluation_id)

    transaction.on_commit(queue)


@shared_task
def move_log_host(*, log_host_id: int, **_: Any) -> None:
    """Read what is stored of a log host in the zone that is wanted for it.

    Beat asks again until it is done; a fault that would come again ends it instead, and the zone stays.
    """
    log_host = LogHost.objects.filter(pk=log_host_id).first()
    if log_host is None:
        return
    try:
        rebuild.move(log_host)
    except OperationalError:  # the database went away: later
        raise
    except Exception:
        log.exception("%s was not moved to the zone %s", log_host, log_host.wanted_timezone)
        LogHost.objects.filter(pk=log_host_id).update(wanted_timezone="")


def move_soon(log_host: LogHost) -> None:
    """Queue that once the surrounding transaction is committed."""
    transaction.on_commit(lambda: _wake_up(move_log_host, log_host_id=log_host.pk))


@shared_task
def delete_by_age(**_: Any) -> None:
    """Delete the lines that are old enough; what a worker that died left half done is finished."""
    retention.retain(now())


def wake(run: IngestRun) -> None:
    """Queue the pieces of a run once the surrounding transaction is committed."""

    def queue() -> None:
        for piece_id in pipeline.open_pieces(run):
            _wake_up(read_piece, piece_id=piece_id)

    transaction.on_commit(queue)


def finish_soon(run: IngestRun) -> None:
    """Queue the end of a run whose files are over, once the surrounding transaction is committed."""
    transaction.on_commit(lambda: _wake_up(finish_run, run_id=run.pk))


def undo_soon(run: IngestRun) -> None:
    """Queue the undo of a run once the surrounding transaction is committed."""
    transaction.on_commit(lambda: _wake_up(undo_run, run_id=run.pk))


def _wake_pieces(piece_ids: Iterable[int]) -> None:
    for piece_id in piece_ids:
        _wake_up(read_piece, piece_id=piece_id)


@worker_ready.connect
def _look_at_start(**_: Any) -> None:
    requeue_expired.delay()
