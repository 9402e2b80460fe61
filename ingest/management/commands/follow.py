"""``manage.py follow``: a log as it grows."""

import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ingest import pipeline, workers
from ingest.following import Follower
from ingest.models import IngestRun, State
from ingest.sources.limits import Refused

_PAUSE = 1.0  # seconds between two looks


class Command(BaseCommand):
    help = "Reads a log of this machine as it grows, through rotation, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the log, as in /var/log/exim4/mainlog")
        parser.add_argument("--log-host", required=True, help="the machine that writes it; made if unknown")
        parser.add_argument("--timezone", help="of the log, for a new log host; UTC if not given")

    def handle(self, *, file: str, log_host: str, timezone: str | None, **_: Any) -> None:
        path = Path(file).absolute()
        if not path.is_file():
            raise CommandError(f"{path}: there is no such file.")
        try:
            host, is_new = pipeline.log_host(log_host, timezone)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if is_new and timezone is None:
            self.stderr.write(f"New log host {host}: its times are read as UTC; --timezone says otherwise.")
        follower = Follower(path, host)
        enough = _until_asked()
        try:
            while not enough.is_set():
                run = follower.look()
                if run is not None:
                    workers.read_all(run, progress=lambda: None, processes=1)
                    self._tell(run)
                enough.wait(_PAUSE)
        except (OSError, Refused) as error:
            raise CommandError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
        finally:
            follower.close()

    def _tell(self, run: IngestRun) -> None:
        """One line a look; a file that is no log ends it."""
        file = run.files.get()
        if file.state == State.REFUSED:
            raise CommandError(f"{file.name}: {file.error}")
        self.stdout.write(f"{file.new_lines:,} new lines, {file.duplicate_lines:,} already known.")
        self.stdout.flush()


def _until_asked() -> threading.Event:
    """Set by Ctrl-C or a request to end; what is being read is finished first."""
    asked = threading.Event()

    def ask(_: int, __: FrameType | None) -> None:
        asked.set()

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, ask)
        signal.signal(signal.SIGTERM, ask)
    return asked
