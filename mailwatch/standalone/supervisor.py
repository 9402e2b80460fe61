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
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from types import FrameType

from django.conf import settings

from mailwatch.standalone import (
    ServiceError,
    administrator,
    listening,
    logs,
    processes,
    session,
    static,
    valkey,
)
from mailwatch.standalone.children import Child, Family
from mailwatch.standalone.listening import Listening

_PATIENCE = 20.0  # seconds that a child has to end
_START = 60.0  # seconds that the web server has to answer
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
    Raises ServiceError if something cannot be started or keeps ending.
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
    broker = valkey.start(home) if settings.BROKER_IS_EMBEDDED else None
    try:
        for child in _children(home, taken):
            family.start(child)
        _wait_for_pages(family, url, asked)
        (home / "supervisor.json").write_text(json.dumps({"url": url}))
        say(f"Mailwatch runs at {url} (Ctrl-C stops it)")
        say(_sign_in_line(home, sign_in))
        if afterwards:
            family.start(Child("demo", afterwards(url), once=True))
        _watch(family, broker, asked)
    finally:
        asked.set()
        family.stop(patience=_PATIENCE)
        if broker:
            processes.stop(broker, signal.SIGTERM, patience=_PATIENCE)
        _stop_orphans(home)
        (home / "supervisor.json").unlink(missing_ok=True)


def _children(home: Path, taken: Listening) -> list[Child]:
    """In the order of their start."""
    logs.open_for_append(home, "access").close()  # a large one is put aside; gunicorn opens it by itself
    descriptors = [bound.fileno() for bound in taken.sockets]
    concurrency = settings.MAILWATCH_WORKERS or os.cpu_count() or 1
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
        "--preload",  # read the code once for both workers
        "--workers=2",
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


def _watch(family: Family, broker: processes.Process | None, asked: Event) -> None:
    """Until a signal: pass on what the children say and start again what ended."""
    while not asked.is_set():
        family.attend(timeout=_CHECK)
        _restart_ended(family)
        if broker and not processes.is_alive(broker):
            family.say("Valkey ended and is started again")
            broker = valkey.start(family.home)
        session.restart_if_ended()


def _restart_ended(family: Family) -> None:
    for child in family.ended():
        if child.once:
            continue
        if child.ends_too_often:
            raise ServiceError(f"{child.name} keeps ending: {logs.last_line(family.home, child.name)}")
        family.say(f"{child.name} ended and is started again")
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
