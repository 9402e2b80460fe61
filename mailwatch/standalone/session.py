"""The embedded database for the time of one command.

Every process that uses the services of a home holds services.lock in it, shared. Who comes first starts what
is missing, and who leaves last stops it; starting.lock makes coming and leaving one at a time.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

import django
from django.conf import settings
from django.core.management import call_command, get_commands
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from mailwatch.standalone import ServiceError, places, postgres

__all__ = ["ServiceError", "database", "for_command", "has_ended", "migrate", "restart", "services"]

# Commands that read and write no table, or (run, demo) start the services themselves.
WITHOUT_DATABASE = frozenset(
    {
        "audit_config",
        "benchmark",
        "check",
        "collectstatic",
        "compilemessages",
        "demo",
        "diffsettings",
        "document_rules",
        "explain",
        "findstatic",
        "makemessages",
        "makemigrations",
        "post_samples",
        "run",
        "startapp",
        "startproject",
        "testserver",
    }
)
# These see the tables as they are: migrate is what brings them up to date.
AS_IT_STANDS = frozenset({"migrate", "showmigrations", "sqlmigrate", "squashmigrations", "dbshell"})


def for_command(arguments: Sequence[str]) -> AbstractContextManager[None]:
    """What manage.py wraps around a command, given sys.argv: the embedded database, if it is needed."""
    name = next(iter(arguments[1:2]), "")
    if not settings.DATABASE_IS_EMBEDDED or name in WITHOUT_DATABASE or {"--help", "-h"} & set(arguments):
        return nullcontext()
    django.setup()
    if name not in get_commands():
        return nullcontext()
    return database(migrated=name not in AS_IT_STANDS)


@contextmanager
def database(*, migrated: bool = True) -> Iterator[None]:
    """The embedded PostgreSQL of MAILWATCH_HOME runs, its tables up to date. Another one is left alone."""
    if not settings.DATABASE_IS_EMBEDDED:
        yield
        return
    with services(settings.MAILWATCH_HOME):
        if migrated:
            migrate()
        yield


@contextmanager
def services(home: Path) -> Iterator[None]:
    """PostgreSQL runs while this lasts, and afterwards only if somebody else uses it."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "services.lock").open("a") as users, (home / "starting.lock").open("a") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            postgres.start(home)
            _point_to(home)
            fcntl.flock(starting, fcntl.LOCK_UN)
            yield
        finally:
            connections.close_all()
            fcntl.flock(starting, fcntl.LOCK_EX)
            if _nobody_else(users):
                postgres.stop(home)


def has_ended() -> bool:
    """For a process that lives long inside `database`: whether the embedded PostgreSQL is gone."""
    return settings.DATABASE_IS_EMBEDDED and postgres.running(settings.MAILWATCH_HOME) is None


def restart() -> None:
    """Start the embedded PostgreSQL again. Raises ServiceError."""
    with _exclusively(settings.MAILWATCH_HOME / "starting.lock"):
        postgres.start(settings.MAILWATCH_HOME)


def _nobody_else(users: TextIO) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _point_to(home: Path) -> None:
    """The settings were read before the first start, which decides where the socket lies."""
    connections.settings["default"].update(places.database(home))


def migrate() -> None:
    """Bring the tables up to date, quietly. To ask what is missing is cheaper than to call migrate."""
    with _exclusively(settings.MAILWATCH_HOME / "migrate.lock"):
        executor = MigrationExecutor(connections["default"])
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _exclusively(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
