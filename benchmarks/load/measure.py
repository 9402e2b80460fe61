"""The measurement from its beginning to its end, and what it says."""

import dataclasses
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Max, Sum
from django.test import override_settings

from benchmarks.bulk import BEGINS
from benchmarks.load import crowd, names, sessions, stack
from benchmarks.load.crowd import Person
from benchmarks.load.handing_in import LogWriter, Uploader
from benchmarks.load.memory import Course, Watch
from benchmarks.load.sessions import SignedIn
from benchmarks.load.tally import Speed, Tally
from benchmarks.page_speed import filled, reading
from ingest.models import HourlyVolume, LogFile, LogHost, Message

MOST_GROWTH = 0.05  # of the memory at the end, in the second half: what counts as flat
SLOWEST = 1000.0  # milliseconds within which 95 of 100 answers have to be there
_COME_WITHIN = 10.0  # seconds until everybody is there, and a tenth of the time at most
_LOOKS = 60  # at the processes
_OFTEN = 2.0  # seconds between two of them at least
_WAITS_FOR_ANSWERS = 90.0  # seconds for those that are under way at the end
_AN_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was asked for, and what came. Rates are by the second, memory in MB, times in milliseconds."""

    people: int
    uploads: int
    minutes: float
    thinks: float
    stored: int  # messages in the beginning
    cores: int
    requests: int
    rate: float
    waited_rate: float
    wrong: dict[str, int]
    all: Speed | None
    pages: list[Speed]
    lines: int
    lines_rate: float
    memory: list[Course]
    resident: float
    clients: float  # processors that people and uploads had

    @property
    def errors(self) -> int:
        return sum(self.wrong.values())

    @property
    def is_quick(self) -> bool:
        return self.all is not None and self.all.percentile_95 < SLOWEST

    @property
    def is_flat(self) -> bool:
        """Whether what can grow without a limit grew less than MOST_GROWTH in the second half."""
        whole = self.memory[-1]
        return whole.growth <= MOST_GROWTH * whole.last

    def as_json(self) -> dict[str, Any]:
        met = {"no error": not self.errors, "p95 under a second": self.is_quick, "memory flat": self.is_flat}
        return {**dataclasses.asdict(self), "errors": self.errors, "met": met}


def measure(
    *, people: int, minutes: float, uploads: int, lines: int, home: Path | None, thinks: float
) -> Load:
    """Fill a home with ``lines`` lines, or take one that is there, and let everybody come.

    A home that is given keeps what is handed in. ``lines``: of each log that is handed in at most, too.
    """
    with ExitStack() as until_the_end:
        folder = Path(until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="mailwatch-load-")))
        folder.chmod(0o711)
        if home is None:
            home = until_the_end.enter_context(filled(folder, lines))
        server = until_the_end.enter_context(stack.running(home))
        until_the_end.enter_context(reading(home))
        until_the_end.enter_context(_signing_as(home))
        everybody = until_the_end.enter_context(sessions.signed_in(people + uploads, limited=people))
        measured = _Measured(server, everybody, people, uploads, thinks, minutes * 60)
        return measured.run(folder, min(lines, _LINES_OF_A_LOG))


_LINES_OF_A_LOG = 250_000


@contextmanager
def _signing_as(home: Path) -> Iterator[None]:
    """Sessions are signed with the key of the home, which is not that of this process."""
    with override_settings(SECRET_KEY=(home / "secret_key").read_text().strip()):
        yield


class _Measured:
    def __init__(
        self,
        server: stack.Stack,
        everybody: list[SignedIn],
        people: int,
        uploads: int,
        thinks: float,
        seconds: float,
    ) -> None:
        self._server, self._seconds, self._thinks = server, seconds, thinks
        self._readers, self._helpers = everybody[:people], everybody[people:]
        self._tally, self._over = Tally(), threading.Event()
        self._watch = Watch(server, max(_OFTEN, seconds / _LOOKS), self._over)

    def run(self, folder: Path, lines: int) -> Load:
        known = names.known(sharer=self._readers[0].user)
        stored, before = Message.objects.count(), _lines_read()
        writer = LogWriter(folder, lines)
        try:
            uploaders = self._uploaders(writer)
            for uploader in uploaders:
                uploader.prepare()
            spent = time.process_time()
            self._tally.began = time.monotonic()
            at_work = [self._watch.go_on, *(uploader.go_on for uploader in uploaders)]
            threads = [threading.Thread(target=work, daemon=True) for work in at_work]
            for thread in threads:
                thread.start()
            threads += crowd.start(
                [
                    Person(one.user.username, one.session, "ja" if n % 5 == 1 else "en", self._thinks)
                    for n, one in enumerate(self._readers)
                ],
                url=self._server.url,
                known=known,
                tally=self._tally,
                over=self._over,
                within=min(_COME_WITHIN, self._seconds / 10),
            )
            time.sleep(self._seconds)
            took = time.monotonic() - self._tally.began
            read, spent = _lines_read() - before, time.process_time() - spent
            self._over.set()
            self._wait(threads)
        finally:
            self._over.set()
            writer.close()
        return self._load(stored, took, read, spent)

    def _uploaders(self, writer: LogWriter) -> list[Uploader]:
        """The first one goes on with the log that is stored, each other has a log host of its own."""
        newest = HourlyVolume.objects.aggregate(hour=Max("hour"))["hour"]
        begins = newest.timestamp() + _AN_HOUR if newest else BEGINS
        first = LogHost.objects.order_by("pk").first()
        hosts = [first.name if first else "load-0", *(f"load-{n}" for n in range(1, len(self._helpers)))]
        return [
            Uploader(
                url=self._server.url,
                session=helper.session,
                tally=self._tally,
                writer=writer,
                log_host=hosts[number],
                timezone="" if LogHost.objects.filter(name=hosts[number]).exists() else "UTC",
                begins=begins,
                seed=1000 + number,
                over=self._over,
            )
            for number, helper in enumerate(self._helpers)
        ]

    def _wait(self, threads: list[threading.Thread]) -> None:
        deadline = time.monotonic() + _WAITS_FOR_ANSWERS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for thread in threads:
            if thread.is_alive():
                self._tally.add("people", time.monotonic(), "no answer at the end", is_waited_for=False)

    def _load(self, stored: int, took: float, read: int, spent: float) -> Load:
        answers = self._tally.answers
        waited = sum(1 for answer in answers if answer.is_waited_for)
        wrong = self._tally.wrongs()
        for line in self._server.complaints:
            wrong[f"the server said: {line}"] = wrong.get(f"the server said: {line}", 0) + 1
        return Load(
            people=len(self._readers),
            uploads=len(self._helpers),
            minutes=self._seconds / 60,
            thinks=self._thinks,
            stored=stored,
            cores=len(os.sched_getaffinity(0)),
            requests=len(answers),
            rate=len(answers) / took,
            waited_rate=waited / took,
            wrong=wrong,
            all=self._tally.of_all(),
            pages=self._tally.speeds(),
            lines=read,
            lines_rate=read / took,
            memory=self._watch.courses(),
            resident=self._watch.resident,
            clients=spent / took,
        )


def _lines_read() -> int:
    return int(LogFile.objects.aggregate(lines=Sum("lines"))["lines"] or 0)
