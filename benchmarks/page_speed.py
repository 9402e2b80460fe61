"""How long the server takes for each page on a large log, and a message looked up against exigrep on the same lines.

Pages go through all middleware by the test client, in this process; the database is an embedded PostgreSQL of its own,
or that of a home that is given. Beside the time by the clock stands the processor time of both processes, which says
more where others use the machine too.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, connections
from django.db.models import F, Max
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from benchmarks.bulk import BEGINS, write_bulk
from benchmarks.ingest_speed import ingest_into
from ingest import granted
from ingest.models import Delivery, HourlyVolume, LogHost, Message
from ingest.pages import read_entries
from mailwatch.access import granted_to
from mailwatch.models import Access, Role
from mailwatch.queries.lines import once, read
from mailwatch.queries.message import find
from mailwatch.standalone import places, session
from mailwatch.wsgi import collect_seldom

_DAYS = 14
_FIRST = "mainlog.0"
_A_DAY = 86_400
_LOG_HOST = "benchmark"
_AFTER_NEW_LINES = ("overview", "overview of a week", "relays of a day")  # these keep what they counted
_HEAVIEST = ("domain", "network")  # over a week, against the week before: 5,000 rows of each are read
_LOOKUPS = 21
_STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"


@dataclass(frozen=True, slots=True)
class PageSpeed:
    """A page, or the mix of all: milliseconds on the server, and queries (of its last reading).

    ``processor``: the median of the time that page and database had a processor, and ``processor_95`` its 95th
    percentile; None: it cannot be asked here.
    """

    page: str
    median: float
    percentile_95: float
    longest: float
    processor: float | None
    processor_95: float | None
    queries: int | None = None

    def row(self) -> tuple[str, ...]:
        """Page, p50, p95, max, processor time and its p95, queries."""
        all_times = (self.median, self.percentile_95, self.longest, self.processor, self.processor_95)
        times = ("" if ms is None else f"{ms:,.0f} ms" for ms in all_times)
        return self.page, *times, "" if self.queries is None else str(self.queries)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Seconds to find a message by its id in one log of so many lines.

    ``found``: its lines and what they say, as exigrep answers; ``page``: all that the page shows. exigrep None: it is
    not here, or there is no log for it.
    """

    lines: int
    found: float
    page: float
    exigrep: float | None

    def sentence(self) -> str:
        here = f"A message by its id: {self.found * 1000:.1f} ms for its lines, {self.page * 1000:,.0f} ms for its page"
        if self.exigrep is None:
            return f"{here}; exigrep was not asked."
        ratio = self.exigrep / self.found
        told = "reached" if ratio >= 200 else "missed"
        return (
            f"{here}; exigrep on {self.lines:,} lines: {self.exigrep:.2f} s, {ratio:,.0f} times as long as the lines"
            f" (at least 200: {told}) and {self.exigrep / self.page:,.0f} times as the page."
        )


def measure(
    *, lines: int, rounds: int, home: Path | None = None, log_hosts: Sequence[str] = ()
) -> Iterator[PageSpeed | Lookup]:
    """Read logs of a million lines until ``lines`` are in, then every page ``rounds`` times, in turns.

    With ``home``: what is stored there, which is not changed but for users of the name benchmark. With ``log_hosts``:
    as somebody asks who sees these only.
    """
    if home is not None:
        yield from _in(home, None, rounds, log_hosts)
        return
    with tempfile.TemporaryDirectory(prefix="mailwatch-benchmark-") as folder:
        parent = Path(folder)
        parent.chmod(0o711)
        with filled(parent, lines) as home:
            yield from _in(home, parent / _FIRST, rounds, log_hosts)


def _in(home: Path, log: Path | None, rounds: int, log_hosts: Sequence[str]) -> Iterator[PageSpeed | Lookup]:
    # names with digests need collectstatic
    storages = {**settings.STORAGES, "staticfiles": {"BACKEND": _STATIC}}
    changed = override_settings(
        ALLOWED_HOSTS=["testserver"],
        SECURE_SSL_REDIRECT=False,
        STATIC_ROOT=settings.BASE_DIR / "static",
        STORAGES=storages,
    )
    with reading(home), changed:
        yield from _measured(log, rounds, _reader(log_hosts))


@contextmanager
def reading(home: Path) -> Iterator[None]:
    """This process reads and writes the tables of a home, whose PostgreSQL runs as long as this lasts."""
    database = connections["default"].settings_dict
    before = dict(database)
    with session.services(home):
        database.update(places.database(home))
        try:
            yield
        finally:
            connections.close_all()
            database.update(before)


@contextmanager
def filled(parent: Path, lines: int) -> Iterator[Path]:
    """A home in the folder with logs of a million lines until ``lines`` are in; it is gone afterwards."""
    home = parent / "home"
    home.mkdir(mode=0o711)
    try:
        _fill(home, parent, lines)
        yield home
    finally:
        where = places.known(home)
        for directory in (where.root, where.sockets):
            shutil.rmtree(directory, ignore_errors=True)


def _fill(home: Path, parent: Path, lines: int) -> None:
    """A fortnight each. The first log stays, for exigrep."""
    for number in range(max(1, lines // 1_000_000)):
        log = parent / f"mainlog.{number}"
        # short ids, since exigrep 4.96 passes over lines with long ones and would seem to be fast
        begins = BEGINS + number * _DAYS * _A_DAY
        count = min(lines, 1_000_000)
        write_bulk(log, lines=count, seed=number + 1, days=_DAYS, long_ids=False, begins=begins)
        ingest_into(home, log)
        if log.name != _FIRST:
            log.unlink()


def _reader(log_hosts: Sequence[str]) -> User:
    """Somebody who sees these log hosts, or all where none is named."""
    if not log_hosts:
        return User.objects.get_or_create(username="benchmark", is_superuser=True)[0]
    user, _ = User.objects.get_or_create(username="benchmark-limited")
    access, _ = Access.objects.update_or_create(
        user=user, defaults={"role": Role.POSTMASTER, "has_all_log_hosts": False}
    )
    access.log_hosts.set(LogHost.objects.filter(name__in=log_hosts))
    return user


def _measured(log: Path | None, rounds: int, reader: User) -> Iterator[PageSpeed | Lookup]:
    client = Client()
    client.force_login(reader)
    with granted.only(granted_to(User.objects.get(pk=reader.pk))):
        pages = _pages()
    for path in pages.values():
        _read(client, path)  # templates are read once in a server's life
    collect_seldom()
    times: dict[str, list[_Time]] = {page: [] for page in pages}
    for _ in range(rounds):
        for page, path in pages.items():
            times[page].append(_read(client, path))
    for page in _AFTER_NEW_LINES:
        touched = f"{page}, new lines"
        pages[touched], times[touched] = pages[page], []
        for _ in range(rounds):
            _touch()
            times[touched].append(_read(client, pages[page]))
    for page, path in pages.items():
        if page.endswith("new lines"):
            _touch()
        else:
            _read(client, path)
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        yield _speed(page, times[page], queries=len(queries))
    yield _speed("all of them", [one for measured in times.values() for one in measured])
    for page in _HEAVIEST:
        path = f"{pages[page]}?range=week"
        _read(client, path)
        yield _speed(f"{page}, a week", [_read(client, path) for _ in range(rounds)])
    message_id = pages["message"].rstrip("/").rpartition("/")[2]
    found = median(_look_up(message_id) for _ in range(_LOOKUPS))
    yield Lookup(
        lines=_count(log) if log else 0,
        found=found,
        page=median(one.clock for one in times["message"]) / 1000,
        exigrep=_exigrep(log, message_id) if log else None,
    )


def _pages() -> dict[str, str]:
    """A message with an account in the middle of the first log, and what is known of its names."""
    within = Message.objects.exclude(envelope_sender=None).exclude(sender_host_address=None)
    picked = within.exclude(authenticated_id=None).select_related("log_host").order_by("message_id")[1000]
    sender, account = picked.envelope_sender or "", picked.authenticated_id or ""
    delivery = Delivery.objects.exclude(remote_host_address=None).exclude(transport=None)[1000]
    local, _, domain = sender.rpartition("@")
    log_host = picked.log_host.name
    return {
        "overview": "/",
        "overview of a week": "/?range=week",
        "search, nothing asked": "/search/",
        "search, address": f"/search/?q={quote(sender)}",
        "search, domain": f"/search/?q={quote('@' + domain)}",
        "search, domain, a week": f"/search/?q={quote('@' + domain)}&range=week",
        "search, beginning": f"/search/?q={quote(local + '@')}",
        "search, network": f"/search/?q={picked.sender_host_address}/24",
        "search, rejected": "/search/?status=rejected",
        "search, message id": f"/search/?q={picked.message_id}",
        "suggestions": f"/search/suggestions/?q={quote(local[:3])}",
        "message": f"/messages/{log_host}/{picked.message_id}/",
        "sender": f"/senders/{picked.sender_host_address}/",
        "network": f"/networks/{picked.sender_host_address}/24/",
        "account": f"/accounts/{quote(account)}/",
        "account, a week": f"/accounts/{quote(account)}/?range=week",
        "address": f"/addresses/{quote(sender)}/",
        "address, a week": f"/addresses/{quote(sender)}/?range=week",
        "domain": f"/domains/{quote(domain)}/",
        "transport": f"/transports/{quote(delivery.transport or '')}/",
        "remote host": f"/remote-hosts/{delivery.remote_host_address}/",
        "relays": "/relays/",
        "relays of a day": "/relays/?range=day",
        "daily report": f"/daily/{log_host}/{picked.first_at:%Y-%m-%d}/",
        "explain": "/explain/",
        "rules": "/rules/",
        "glossary": "/glossary/",
        "uploads": "/uploads/",
        "runs": "/runs/",
        "sources": "/sources/",
        "log hosts": "/log-hosts/",
        "log host": f"/log-hosts/{log_host}/",
        "shares": "/shares/",
    }


def _touch() -> None:
    """Write the newest hour again, as every batch of lines does: what is kept of the log is no longer taken."""
    newest = HourlyVolume.objects.aggregate(hour=Max("hour"))["hour"]
    HourlyVolume.objects.filter(hour=newest).update(lines=F("lines"))


@dataclass(frozen=True, slots=True)
class _Time:
    """Milliseconds by the clock, and of the processors."""

    clock: float
    processor: float | None


def _read(client: Client, path: str) -> _Time:
    connection.ensure_connection()
    began, processor, database = time.perf_counter(), time.process_time(), _of_database()
    response = client.get(path, follow=True)
    _ = response.content if not response.streaming else b"".join(response)
    took, own, theirs = time.perf_counter() - began, time.process_time() - processor, _of_database()
    if response.status_code != 200:
        raise RuntimeError(f"{path} is answered with {response.status_code}")
    whole = None if database is None or theirs is None else (own + theirs - database) * 1000
    return _Time(took * 1000, whole)


def _of_database() -> float | None:
    """Seconds that the process of the database that answers us had a processor."""
    try:
        spent = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat").read_text()
    except OSError:
        return None
    return int(spent.split()[0]) / 1e9


def _speed(page: str, times: Sequence[_Time], *, queries: int | None = None) -> PageSpeed:
    clock = sorted(one.clock for one in times)
    processor = sorted(one.processor for one in times if one.processor is not None)
    return PageSpeed(
        page=page,
        median=_share(clock, 0.5),
        percentile_95=_share(clock, 0.95),
        longest=clock[-1],
        processor=_share(processor, 0.5) if processor else None,
        processor_95=_share(processor, 0.95) if processor else None,
        queries=queries,
    )


def _share(ordered: Sequence[float], share: float) -> float:
    """What such a share of the values lies below."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _look_up(message_id: str) -> float:
    """Seconds until the lines of a message are there, each with what it says."""
    began = time.perf_counter()
    for message in find(message_id):
        entries = once(read_entries(message.log_host_id, message.line_refs))
        if not read(entries, message.log_host):
            raise RuntimeError(f"{message_id} has no lines")
    return time.perf_counter() - began


def _count(log: Path) -> int:
    with log.open("rb") as text:
        return sum(1 for _ in text)


def _exigrep(log: Path, message_id: str) -> float | None:
    program = shutil.which("exigrep", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        return None
    began = time.perf_counter()
    subprocess.run([program, "--no-pager", message_id, str(log)], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began
