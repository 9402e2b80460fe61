"""`make run`: everything on this machine, until Ctrl-C.

PostgreSQL, Valkey, then web server, Celery worker and beat are started, and stopped in the opposite order. All
but PostgreSQL end with the supervisor, however it ends; PostgreSQL, which commands may be using, is taken over
by the next start.
"""

import contextlib
import fcntl
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import FrameType

import psycopg
from django.conf import settings

from mailwatch.standalone import (
    ServiceError,
    administrator,
    listening,
    logs,
    processes,
    session,
    sizes,
    static,
)
from mailwatch.standalone.children import Child, Family
from mailwatch.standalone.listening import Listening
from mailwatch.standalone.restarts import Restarts
from mailwatch.standalone.valkey import Broker

_PATIENCE = 20.0  # seconds that a child has to end
_START = 60.0  # seconds that the web server has to answer
_NEVER_STARTED = 4  # ends of a child before the pages answer: somebody watches, and should be told
_CHECK = 0.5  # seconds between two looks at the children
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class AlreadyRunning(ServiceError):
    """Another supervisor has this home."""


def url_of_running(home: Path) -> str:
    """Where the pages of this home's running supervisor are.

    Raises ServiceError while it is not that far yet.
    """
    try:
        url: str = json.loads((home / "supervisor.json").read_text())["url"]
    except FileNotFoundError:
        raise ServiceError("Mailwatch is just starting or stopping in this home") from None
    return url


def run(say: Callable[[str], None], *, afterwards: Callable[[str], list[str]] | None = None) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP.

    afterwards: given the URL, the command that is run once when the pages answer.
    What ends is started again. Raises ServiceError if something cannot be started in the first place.
    """
    home = settings.MAILWATCH_HOME
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(home), _stop_asked() as asked, contextlib.suppress(_Stopped):
        _stop_orphans(home)
        _remove_half_arrived(settings.FILE_UPLOAD_TEMP_DIR)
        with session.database(migrated=False):
            session.migrate()  # a database that was given, too
            _serve(home, say, afterwards, asked)
    say("stopped")


def _serve(
    home: Path,
    say: Callable[[str], None],
    afterwards: Callable[[str], list[str]] | None,
    asked: Event,
) -> None:
    static.collect(home / "static-collected")
    sign_in = administrator.make_first(home)
    taken = listening.listen(settings.MAILWATCH_LISTEN, settings.MAILWATCH_PORT)
    if taken.port != settings.MAILWATCH_PORT:
        say(f"Port {settings.MAILWATCH_PORT} is taken, so this is port {taken.port}; MAILWATCH_PORT sets it.")
    url = taken.url(settings.MAILWATCH_LISTEN)
    family = Family(home=home, directory=settings.BASE_DIR, environment=_environment(home), say=say)
    broker = Broker(home, is_embedded=settings.BROKER_IS_EMBEDDED)
    broker.start()
    try:
        for child in _children(home, taken):
            family.start(child)
        _wait_for_pages(family, url, asked)
        _tell(home, url, [])
        say(f"Mailwatch runs at {url} (Ctrl-C stops it)")
        say(_sign_in_line(home, sign_in))
        if afterwards:
            family.start(Child("demo", afterwards(url), once=True))
        _Watch(family, url, broker).until(asked)
    finally:
        asked.set()
        family.stop(patience=_PATIENCE)
        broker.stop(patience=_PATIENCE)
        _stop_orphans(home)
        (home / "supervisor.json").unlink(missing_ok=True)


def _children(home: Path, taken: Listening) -> list[Child]:
    """In the order of their start."""
    logs.open_for_append(home, "access").close()  # a large one is put aside; gunicorn opens it by itself
    descriptors = [bound.fileno() for bound in taken.sockets]
    concurrency = settings.MAILWATCH_WORKERS or sizes.workers()
    celery = [_program("celery"), "--app=mailwatch", "--quiet"]
    worker = [*celery, "worker", f"--concurrency={concurrency}", "--without-gossip", "--without-mingle"]
    return [
        Child("web", _web(home, descriptors), pass_fds=descriptors),
        Child("worker", [*worker, "--loglevel=warning"]),
        Child("beat", [*celery, "beat", "--pidfile=", "--loglevel=warning"]),
    ]


def _web(home: Path, descriptors: list[int]) -> list[str]:
    return [
        _program("gunicorn"),
        "mailwatch.wsgi",
        "--preload",  # read the code once for all workers
        f"--workers={sizes.web_processes()}",
        "--threads=4",
        "--timeout=120",
        "--log-level=warning",
        f"--access-logfile={logs.path(home, 'access')}",
        "--no-control-socket",
        *(f"--bind=fd://{descriptor}" for descriptor in descriptors),
    ]


def _program(name: str) -> str:
    """A program of the environment that runs this."""
    return str(Path(sys.executable).with_name(name))


def _environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "mailwatch.settings",
        "MAILWATCH_HOME": str(home),
        "PYTHONUNBUFFERED": "1",
    }


def _wait_for_pages(family: Family, url: str, asked: Event) -> None:
    deadline = time.monotonic() + _START
    while not _answers(f"{url}/healthz") and not asked.is_set():
        family.attend(timeout=0.05)
        _restart_ended(family)
        for child in family.children:
            if child.restarts.quick_ends >= _NEVER_STARTED:
                raise ServiceError(f"{child.name} keeps ending: {logs.last_line(family.home, child.name)}")
        if time.monotonic() > deadline:
            raise ServiceError(f"the pages do not answer; see {logs.path(family.home, 'web')}")


def _answers(url: str) -> bool:
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with directly.open(url, timeout=10):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


@dataclass(slots=True)
class _Service:
    """What is no child of ours, or needs more than a start: has it ended, and how it is started again."""

    name: str
    has_ended: Callable[[], bool]
    start: Callable[[], object]
    restarts: Restarts = field(default_factory=Restarts)
    is_away: bool = False


class _Watch:
    """Passes on what the children say, and starts again what ended."""

    def __init__(self, family: Family, url: str, broker: Broker) -> None:
        self._family = family
        self._url = url
        self._told: list[str] = []
        self._services = [_Service("PostgreSQL", session.has_ended, session.restart)]
        if broker.is_embedded:
            self._services.append(_Service("Valkey", broker.has_ended, broker.start))

    def until(self, asked: Event) -> None:
        while not asked.is_set():
            self._family.attend(timeout=_CHECK)
            for service in self._services:
                self._look_at(service)
            _restart_ended(self._family)
            self._tell()

    def _look_at(self, service: _Service) -> None:
        if not service.has_ended():
            service.is_away = False
            return
        if not service.is_away:
            service.is_away = True
            self._family.say(
                f"{service.name} ended and is started again{_in_words(service.restarts.ended())}"
            )
        if service.restarts.is_due:
            service.restarts.started()
            try:
                service.start()
            except (
                ServiceError,
                OSError,
                psycopg.OperationalError,
            ) as error:  # no room, or it ended once more
                pause = _in_words(service.restarts.ended())
                self._family.say(f"{service.name} cannot be started: {error}; tried again{pause}")

    def _tell(self) -> None:
        """Keep for /healthz what ends again and again."""
        restarts = {service.name: service.restarts for service in self._services}
        restarts |= {child.name: child.restarts for child in self._family.children if not child.once}
        sentences = [
            f"{name} ended {each.quick_ends} times in a row soon after its start."
            for name, each in restarts.items()
            if not each.is_steady
        ]
        if sentences != self._told:
            with contextlib.suppress(OSError):  # no room: then the next time
                _tell(self._family.home, self._url, sentences)
                self._told = sentences


def _tell(home: Path, url: str, unsteady: Sequence[str]) -> None:
    """Where the pages are, and what does not stay, for commands and for the pages."""
    fresh = home / "supervisor.json.new"
    fresh.write_text(json.dumps({"url": url, "unsteady": unsteady}))
    fresh.replace(home / "supervisor.json")


def _in_words(pause: float) -> str:
    return f" in {pause:.0f} s" if pause else ""


def _restart_ended(family: Family) -> None:
    for child in family.ended():
        if not child.once:
            family.say(f"{child.name} ended and is started again{_in_words(child.restarts.pause)}")
    for child in family.due():
        family.start(child)


def _sign_in_line(home: Path, sign_in: administrator.SignIn | None) -> str:
    if sign_in is None:
        return f"Sign in as before; the first administrator's password is in {administrator.path(home)}"
    return (
        f"Sign in as {sign_in.username} with the password {sign_in.password} "
        f"(shown once, kept in {administrator.path(home)})"
    )


def _stop_orphans(home: Path) -> None:
    """What a supervisor left that was killed."""
    orphans = processes.marked(home)
    for orphan in orphans:
        processes.stop(orphan, signal.SIGTERM, patience=0)
    for orphan in orphans:
        if not processes.wait(orphan, patience=5):
            processes.stop(orphan, signal.SIGKILL, patience=5)


def _remove_half_arrived(directory: Path) -> None:
    """Uploads that were cut short when a web server was killed; none runs now."""
    for file in directory.iterdir():
        file.unlink()


class _Stopped(BaseException):
    """A signal asked for the end. Like KeyboardInterrupt no error, so nothing on the way takes it for one."""


@contextlib.contextmanager
def _stop_asked() -> Iterator[Event]:
    """Set once a signal came. The signal also raises _Stopped, which ends what is waiting.

    That alone would not do: Python drops what is raised while it runs a callback, as around a fork.
    """
    asked = Event()

    def stop(number: int, frame: FrameType | None) -> None:
        if not asked.is_set():  # a second Ctrl-C would leave the end half done
            asked.set()
            raise _Stopped

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    with (home / "supervisor.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning("Mailwatch already runs in this home") from None
        yield
