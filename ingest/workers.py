"""The work of a run in this process, or in several, without Celery: for the command line."""

import os
import time
from collections.abc import Callable
from multiprocessing import get_context

from django.db import connections

from ingest import pipeline
from ingest.models import UNFINISHED, IngestRun, LogFile, Piece

_PAUSE = 0.2  # seconds between two looks at what is left


def read_all(run: IngestRun, *, progress: Callable[[], None], processes: int | None = None) -> None:
    """Read every file of a run, in as many processes as there are cores and files, and end the run.

    Archives are unpacked first, so that their members are among the files.
    """
    for piece_id in pipeline.archives(run):
        pipeline.work(piece_id, progress=lambda _: progress())
    count = min(processes or os.cpu_count() or 1, run.files.filter(state__in=UNFINISHED).count())
    if count > 1:
        _in_processes(run.pk, count, progress)
    drain(run.pk, progress)
    while not pipeline.finish(run.pk):
        run.refresh_from_db()
        if run.is_over:
            return
        time.sleep(_PAUSE)


def drain(run_id: int, progress: Callable[[], None] | None = None) -> None:
    """Read pieces of a run until none is left, those of workers that died included."""
    run = IngestRun.objects.get(pk=run_id)

    def after_batch(_: LogFile) -> None:
        if progress is not None:
            progress()

    while Piece.objects.filter(file__run=run, state__in=UNFINISHED).exists():
        free = pipeline.open_pieces(run)
        for piece_id in free:
            pipeline.work(piece_id, progress=after_batch)
        if not free:
            after_batch(LogFile())
            time.sleep(_PAUSE)


def _in_processes(run_id: int, count: int, progress: Callable[[], None]) -> None:
    """Each process opens a connection of its own; this one only watches."""
    connections.close_all()
    context = get_context("fork")  # at once, with Django set up; there are no threads here
    workers = [context.Process(target=drain, args=(run_id,)) for _ in range(count)]
    for worker in workers:
        worker.start()
    try:
        while any(worker.is_alive() for worker in workers):
            progress()
            time.sleep(_PAUSE)
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()
