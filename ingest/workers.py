"""The work of a run in this process, or in several, without Celery: for the command line."""

import logging
import os
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import wait

from django.db import DatabaseError, InterfaceError, connection, connections

from ingest import faults, pieces, pipeline
from ingest.models import UNFINISHED, IngestRun, LogFile, Piece

log = logging.getLogger(__name__)

_PAUSE = 0.2  # seconds between two looks at what is left
_NICE = 10


def read_all(run: IngestRun, *, progress: Callable[[], None], processes: int | None = None) -> None:
    """Read every file of a run, in as many processes as there are cores and pieces, and end the run.

    Archives are unpacked first, so that their members are among the files.
    """
    for piece_id in pipeline.archives(run):
        pipeline.work(piece_id, progress=lambda _: progress())
    files = run.files.filter(state__in=UNFINISHED)
    count = min(processes or os.cpu_count() or 1, sum(pieces.expected(file) for file in files))
    if count > 1:
        _in_processes(run.pk, count, progress)
    drain(run.pk, progress)
    while not _patiently(lambda: _is_ended(run)):
        time.sleep(_PAUSE)


def _is_ended(run: IngestRun) -> bool:
    if pipeline.finish(run.pk):
        return True
    run.refresh_from_db()
    return run.is_over


def drain(run_id: int, progress: Callable[[], None] | None = None) -> None:
    """Read pieces of a run until none is left, those of workers that died included.

    Waits for a database that is not there.
    """
    while _patiently(lambda: _read_some(run_id, progress)):
        pass


def _read_some(run_id: int, progress: Callable[[], None] | None) -> bool:
    """Read what nobody works on; False when nothing of the run is left to be read."""

    def after_batch(_: LogFile) -> None:
        if progress is not None:
            progress()

    run = IngestRun.objects.get(pk=run_id)
    free = pipeline.open_pieces(run)
    if free:
        pipeline.work(free[0], progress=after_batch)
    elif Piece.objects.filter(file__run=run, state__in=UNFINISHED).exists():
        after_batch(LogFile())
        time.sleep(_PAUSE)
    else:
        return False
    return True


def _patiently[Result](step: Callable[[], Result]) -> Result:
    """Do it, again and again while the database is not there."""
    times = 0
    while True:
        try:
            return step()
        except (DatabaseError, InterfaceError) as error:
            if not faults.is_of_database(error) or connection.in_atomic_block:
                raise
            times += 1
            log.warning("waiting for the database: %s", faults.reason(error))
            connection.close()
            time.sleep(faults.pause(times).total_seconds())


def _stand_back_and_drain(run_id: int) -> None:
    """The pages go before: they answer somebody who waits."""
    os.nice(_NICE)
    drain(run_id)


def _in_processes(run_id: int, count: int, progress: Callable[[], None]) -> None:
    """Each process opens a connection of its own; this one only watches."""
    connections.close_all()
    context = get_context("fork")  # at once, with Django set up; there are no threads here
    workers = [context.Process(target=_stand_back_and_drain, args=(run_id,)) for _ in range(count)]
    for worker in workers:
        worker.start()
    try:
        while alive := [worker.sentinel for worker in workers if worker.is_alive()]:
            _patiently(progress)
            wait(alive, _PAUSE)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
