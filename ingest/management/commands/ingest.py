"""``manage.py ingest``: log files into the database."""

import json
import resource
import shutil
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Sum

from ingest import pipeline, workers, zones
from ingest.models import UNFINISHED, IngestRun, State
from ingest.models.runs import measured, unpacking

_FILE_COUNTS = ("lines", "new_lines", "duplicate_lines", "unparsed_lines", "set_aside_lines")
_COUNTS = (*_FILE_COUNTS, "messages", "deliveries")
_NAMED = 20  # files named one by one


class Command(BaseCommand):
    help = "Reads Exim logs: plain, compressed, or in archives. Lines that are known already count once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="+", help="logs or archives of logs; - is standard input")
        parser.add_argument("--log-host", required=True, help="the machine that wrote them; made if unknown")
        parser.add_argument(
            "--timezone", help="of the log, for a new log host: Europe/Madrid; UTC if not given"
        )
        parser.add_argument(
            "--processes", type=int, help="that read at a time; as many as cores if not given"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(
        self,
        *,
        path: list[str],
        log_host: str,
        timezone: str | None,
        json: bool,
        processes: int | None = None,
        **_: Any,
    ) -> None:
        with _incoming(path) as files:
            try:
                host, is_new = pipeline.log_host(log_host, timezone)
            except ValueError as error:
                raise CommandError(str(error)) from error
            if is_new and timezone is None:
                self.stderr.write(
                    f"New log host {host}: its times are read as UTC; --timezone says otherwise."
                )
            began = time.monotonic()
            run = pipeline.new_run(log_host=host, files=files, started_by="command line")
            workers.read_all(run, progress=_Progress(run, self.stderr).show, processes=processes)
            seconds = time.monotonic() - began
        check = zones.check(zones.votes_of(run.files.all()), host.timezone)
        if check.is_wrong:
            self.stderr.write(f"{check.sentence} {check.advice(host.name)}")
        self._report(run, seconds, as_json=json)

    def _report(self, run: IngestRun, seconds: float, *, as_json: bool) -> None:
        result = _result(run, seconds)
        if as_json:
            self.stdout.write(json.dumps(result, ensure_ascii=False, indent=2))
        else:
            for line in _sentences(result):
                self.stdout.write(line)
        wrong = [file for file in result["files"] if file["state"] in (State.REFUSED, State.FAILED)]
        if wrong:
            raise CommandError(" ".join([_told(file) for file in wrong[:_NAMED]] + _rest(wrong)))


def _result(run: IngestRun, seconds: float) -> dict[str, Any]:
    files = [
        {
            "name": file.name,
            **{name: getattr(file, name) for name in _FILE_COUNTS},
            "error": file.error or None,
            "state": file.state,
            "archive": file.archive.name if file.archive else None,
        }
        for file in run.files.select_related("archive")
    ]
    totals = run.files.aggregate(**{name: Sum(name) for name in _COUNTS})
    counts = {name: totals[name] or 0 for name in _COUNTS}
    return {"files": files, **counts, "seconds": round(seconds, 3), "peak_memory": _peak_memory()}


def _peak_memory() -> int:
    """Bytes of the largest of the processes that read."""
    return 1024 * max(
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


def _sentences(result: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{result['lines']:,} lines in {result['seconds']:.1f} s: {result['new_lines']:,} new, "
        f"{result['duplicate_lines']:,} already known, {result['unparsed_lines']:,} unreadable."
    )
    yield f"{result['messages']:,} messages, {result['deliveries']:,} deliveries."
    if result["set_aside_lines"]:
        yield f"{result['set_aside_lines']:,} could not be stored and were set aside; the page of the run says why."
    skipped = [file for file in result["files"] if file["state"] == State.SKIPPED]
    if skipped:
        yield f"{len(skipped):,} members of archives were skipped, being no Exim logs."
        yield from ["  " + _told(file) for file in skipped[:_NAMED]] + _rest(skipped)


def _told(file: dict[str, Any]) -> str:
    return f"{file['name']}: {file['error']}"


def _rest(files: Sequence[dict[str, Any]]) -> list[str]:
    return [f"And {len(files) - _NAMED:,} more; --json lists all."] if len(files) > _NAMED else []


@contextmanager
def _incoming(paths: Sequence[str]) -> Iterator[list[pipeline.IncomingFile]]:
    """The files as they will be read; what comes by a pipe is written to a file first, so that it can be read again."""
    settings.MAILWATCH_HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.MAILWATCH_HOME, prefix="stdin-") as folder:
        files = []
        for path in paths:
            if path == "-":
                name, place = "standard input", _kept(sys.stdin.buffer, folder)
            elif Path(path).is_fifo():  # as <(zcat mainlog.2.gz) is
                with Path(path).open("rb") as pipe:
                    name, place = Path(path).name, _kept(pipe, folder)
            else:
                name, place = Path(path).name, Path(path).absolute()
            files.append(_incoming_file(name, place))
        yield files


def _kept(pipe: BinaryIO, folder: str) -> Path:
    """A file with all that comes out of a pipe, which cannot be read twice."""
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as out:
        shutil.copyfileobj(pipe, out, 1 << 20)
    return Path(out.name)


def _incoming_file(name: str, place: Path) -> pipeline.IncomingFile:
    if place.is_dir():
        raise CommandError(f"{place} is a directory; name the log files in it.")
    try:
        size = place.stat().st_size
    except OSError as error:
        raise CommandError(f"{place}: {error.strerror}.") from error
    return pipeline.IncomingFile(name=name, path=str(place), size=size, is_upload=False)


class _Progress:
    """A line on a terminal that says how far the run is."""

    def __init__(self, run: IngestRun, stream: Any) -> None:
        self._run = run
        self._stream = stream
        self._shown_at = 0.0
        self._is_terminal = sys.stderr.isatty()

    def show(self) -> None:
        if not self._is_terminal or time.monotonic() - self._shown_at < 0.5:
            return
        self._shown_at = time.monotonic()
        files = list(self._run.files.only("archive", "state", "size", "size_read", "lines"))
        counted = measured(files)
        share = sum(file.size_read for file in counted) / (sum(file.size for file in counted) or 1)
        bar, lines = "#" * int(share * 30), sum(file.lines for file in files)
        what = "unpacking, " if unpacking(files) else ""
        self._stream.write(f"\r[{bar:<30}] {share:4.0%}  {what}{lines:,} lines    ", ending="")
        if not any(file.state in UNFINISHED for file in files):
            self._stream.write("")
