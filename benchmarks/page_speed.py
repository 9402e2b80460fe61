"""How long the server takes for each page on a large log, and a message looked up against exigrep on the same lines.

Pages go through all middleware by the test client, in this process; the database is an embedded PostgreSQL of its own.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from benchmarks.bulk import BEGINS, write_bulk
from benchmarks.ingest_speed import ingest_into
from ingest.models import Message
from mailwatch.standalone import places, session

_DAYS = 14
_A_DAY = 86_400
_LOG_HOST = "benchmark"
_STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"


@dataclass(frozen=True, slots=True)
class PageSpeed:
    """A page, or the mix of all: milliseconds on the server, and queries (of its last reading)."""

    page: str
    median: float
    percentile_95: float
    longest: float
    queries: int | None = None

    def row(self) -> tuple[str, ...]:
        """Page, p50, p95, max, queries."""
        times = (f"{ms:,.0f} ms" for ms in (self.median, self.percentile_95, self.longest))
        return self.page, *times, "" if self.queries is None else str(self.queries)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Seconds to find a message by its id in one log of so many lines; exigrep None: it is not here."""

    lines: int
    page: float
    exigrep: float | None

    def sentence(self) -> str:
        if self.exigrep is None:
            return f"A message by its id: {self.page * 1000:,.0f} ms; exigrep is not here."
        ratio = self.exigrep / self.page
        told = "reached" if ratio >= 200 else "missed"
        return (
            f"A message by its id: {self.page * 1000:,.0f} ms; exigrep on {self.lines:,} lines: {self.exigrep:.2f} s,"
            f" {ratio:,.0f} times as long (at least 200: {told})."
        )


def measure(*, lines: int, rounds: int) -> Iterator[PageSpeed | Lookup]:
    """Read logs of a million lines until ``lines`` are in, then every page ``rounds`` times, in turns."""
    with tempfile.TemporaryDirectory(prefix="mailwatch-benchmark-") as folder:
        parent = Path(folder)
        parent.chmod(0o711)
        home = parent / "home"
        home.mkdir(mode=0o711)
        log = _fill(home, parent, lines)
        # names with digests need collectstatic
        storages = {**settings.STORAGES, "staticfiles": {"BACKEND": _STATIC}}
        changed = override_settings(
            ALLOWED_HOSTS=["testserver"],
            SECURE_SSL_REDIRECT=False,
            STATIC_ROOT=settings.BASE_DIR / "static",
            STORAGES=storages,
        )
        with session.services(home), changed:
            connections["default"].settings_dict.update(places.database(home))
            try:
                yield from _measured(log, rounds)
            finally:
                connections.close_all()
        where = places.known(home)
        for directory in (where.root, where.sockets):
            shutil.rmtree(directory, ignore_errors=True)


def _fill(home: Path, parent: Path, lines: int) -> Path:
    """The first log, which exigrep reads too; a fortnight each."""
    first = parent / "mainlog.0"
    for number in range(max(1, lines // 1_000_000)):
        log = parent / f"mainlog.{number}"
        # short ids, since exigrep 4.96 passes over lines with long ones and would seem to be fast
        begins = BEGINS + number * _DAYS * _A_DAY
        count = min(lines, 1_000_000)
        write_bulk(log, lines=count, seed=number + 1, days=_DAYS, long_ids=False, begins=begins)
        ingest_into(home, log)
        if log != first:
            log.unlink()
    return first


def _measured(log: Path, rounds: int) -> Iterator[PageSpeed | Lookup]:
    client = Client()
    client.force_login(User.objects.create_superuser("benchmark"))
    pages = _pages()
    for path in pages.values():
        _milliseconds(client, path)  # templates are read once in a server's life
    times: dict[str, list[float]] = {page: [] for page in pages}
    for _ in range(rounds):
        for page, path in pages.items():
            times[page].append(_milliseconds(client, path))
    for page, path in pages.items():
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        yield _speed(page, times[page], queries=len(queries))
    yield _speed("all of them", [ms for measured in times.values() for ms in measured])
    found = median(times["message"]) / 1000
    message_id = pages["message"].rstrip("/").rpartition("/")[2]
    with log.open("rb") as text:
        count = sum(1 for _ in text)
    yield Lookup(count, found, _exigrep(log, message_id))


def _pages() -> dict[str, str]:
    """A message with an account in the middle of the first log, and what is known of its names."""
    within = Message.objects.exclude(envelope_sender=None).exclude(sender_host_address=None)
    picked = within.exclude(authenticated_id=None).order_by("message_id")[1000]
    sender, account = picked.envelope_sender or "", picked.authenticated_id or ""
    domain = sender.rpartition("@")[2]
    return {
        "overview": "/",
        "overview of a week": "/?range=week",
        "search, nothing asked": "/search/",
        "search, address": f"/search/?q={quote(sender)}",
        "search, domain": f"/search/?q={quote('@' + domain)}",
        "search, network": f"/search/?q={picked.sender_host_address}/24",
        "search, rejected": "/search/?status=rejected",
        "search, message id": f"/search/?q={picked.message_id}",
        "message": f"/messages/{_LOG_HOST}/{picked.message_id}/",
        "sender": f"/senders/{picked.sender_host_address}/",
        "account": f"/accounts/{quote(account)}/",
        "address": f"/addresses/{quote(sender)}/",
        "relays": "/relays/",
        "daily report": f"/daily/{_LOG_HOST}/{picked.first_at:%Y-%m-%d}/",
        "explain": "/explain/",
        "rules": "/rules/",
        "glossary": "/glossary/",
        "uploads": "/uploads/",
        "runs": "/runs/",
        "sources": "/sources/",
        "log hosts": "/log-hosts/",
        "log host": f"/log-hosts/{_LOG_HOST}/",
        "shares": "/shares/",
    }


def _milliseconds(client: Client, path: str) -> float:
    began = time.perf_counter()
    response = client.get(path, follow=True)
    _ = response.content if not response.streaming else b"".join(response)
    took = time.perf_counter() - began
    if response.status_code != 200:
        raise RuntimeError(f"{path} is answered with {response.status_code}")
    return took * 1000


def _speed(page: str, milliseconds: list[float], *, queries: int | None = None) -> PageSpeed:
    ordered = sorted(milliseconds)
    high = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return PageSpeed(page, ordered[len(ordered) // 2], high, ordered[-1], queries)


def _exigrep(log: Path, message_id: str) -> float | None:
    program = shutil.which("exigrep", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        return None
    began = time.perf_counter()
    subprocess.run([program, "--no-pager", message_id, str(log)], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
