"""One log of this machine, read as it grows, through rotation.

The file is held open, so that what was written to it before it was renamed is read to its end. A file that was
emptied in place is read from its beginning again; its copy is looked for beside it, since lines may have been
written between the last look and the emptying.
"""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import BinaryIO, cast

from ingest import pipeline, unpacking
from ingest.models import IngestRun, LogHost
from ingest.sources.directories import Listed, reached
from ingest.sources.growth import Mark, Reading, read_new
from ingest.sources.limits import Refused
from ingest.sources.places import Credentials, Place
from ingest.syncing import QUIET, keep, spool

_FOLDER = "followed"


@dataclass(slots=True)
class _Size:
    """The size of a file, and since when it has it."""

    bytes: int
    since: float

    def is_quiet(self, size: int) -> bool:
        """Note the size of now; whether it has been the same for long enough."""
        if size != self.bytes:
            self.bytes, self.since = size, time.monotonic()
        return time.monotonic() - self.since >= QUIET


class Follower:
    """Looks at one file, again and again."""

    def __init__(self, path: Path, log_host: LogHost) -> None:
        self._path = path
        self._log_host = log_host
        self._file: BinaryIO | None = None
        self._mark: Mark | None = None
        self._size = _Size(-1, 0.0)

    def look(self) -> IngestRun | None:
        """Make a run of what is new; None where nothing is. Raises OSError, and Refused for what is no log."""
        if self._file is None and not self._open():
            return None
        file = cast("BinaryIO", self._file)
        size = os.fstat(file.fileno()).st_size
        if self._mark is not None and size < self._mark.offset:
            return self._begin_again()
        is_quiet = self._size.is_quiet(size)
        run = self._read(file, self._listed(size), is_quiet=is_quiet)
        if run is None and is_quiet and self._is_rotated(file):
            self.close()
        return run

    def close(self) -> None:
        """Let go of the file; the next look opens the one that has its name then."""
        if self._file is not None:
            self._file.close()
        self._file, self._mark, self._size = None, None, _Size(-1, 0.0)

    def _open(self) -> bool:
        try:
            self._file = self._path.open("rb")
        except FileNotFoundError:  # between the renaming and the new file
            return False
        return True

    def _is_rotated(self, file: BinaryIO) -> bool:
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(file.fileno()))
        except FileNotFoundError:
            return True

    def _listed(self, size: int) -> Listed:
        return Listed(name=self._path.name, size=size, modified_at=datetime.now(UTC))

    def _read(self, file: BinaryIO, listed: Listed, *, is_quiet: bool) -> IngestRun | None:
        marks = [self._mark] if self._mark else []
        with spool() as into:
            reading = read_new(
                file,
                listed,
                marks,
                cast("BinaryIO", into),
                is_quiet=is_quiet,
                limits=unpacking.limits(),
                alive=lambda: None,
            )
            if not reading.size:
                return None
            self._mark = reading.mark
            return self._run(keep(reading, into, _FOLDER))

    def _run(self, *files: pipeline.IncomingFile) -> IngestRun:
        return pipeline.new_run(
            log_host=self._log_host, files=files, started_by=f"follow {self._path.name}"[:150]
        )

    def _begin_again(self) -> IngestRun | None:
        """The file was emptied: what its copy has more than was read, and then the file from its beginning."""
        mark = cast("Mark", self._mark)
        found = self._rest_in_copy(mark)
        self._mark, self._size = None, _Size(-1, 0.0)
        return found

    def _rest_in_copy(self, mark: Mark) -> IngestRun | None:
        name = escape(self._path.name)
        place = Place(scheme="file", host="", port=None, username="", path=str(self._path.parent), url="")
        with reached(place, Credentials()) as directory:
            for listed in reversed(directory.files([f"{name}.*", f"{name}-*"])):
                with directory.open(listed.name) as copy, spool() as into:
                    reading = _rest(copy, listed, mark, cast("BinaryIO", into))
                    if reading is not None:
                        return self._run(keep(reading, into, _FOLDER)) if reading.size else None
        return None


def _rest(copy: BinaryIO, listed: Listed, mark: Mark, into: BinaryIO) -> Reading | None:
    """What is behind the mark in a copy of the file; None where it is a copy of another."""
    try:
        reading = read_new(
            copy, listed, [mark], into, is_quiet=True, limits=unpacking.limits(), alive=lambda: None
        )
    except Refused:
        return None
    return reading if reading.known is not None else None
