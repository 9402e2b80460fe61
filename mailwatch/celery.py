"""The Celery application. A task is only a wake-up: what is to be done stands in PostgreSQL."""

import contextlib
import os
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import worker_init
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from ingest import granted

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailwatch.settings")

# Tasks are JSON from a broker that only this account reaches, so a worker of root is meant.
warnings.filterwarnings("ignore", category=SecurityWarning)

_NICE = 10  # the pages go before: they answer somebody who waits


@worker_init.connect
def _stand_back(**_: Any) -> None:
    """The worker and the processes of its pool, which inherit it. Tasks work for nobody in particular."""
    os.nice(_NICE)
    granted.everything_in_this_process()
    if settings.DATABASE_IS_EMBEDDED:
        connection_created.connect(_its_database_too)


def _its_database_too(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """The process of PostgreSQL that works for a worker, on this machine: half of what reading a log takes is there."""
    with contextlib.suppress(OSError):  # of an account that is not ours: then it stays as quick as the others
        os.setpriority(os.PRIO_PROCESS, connection.connection.info.backend_pid, _NICE)


app = Celery("mailwatch")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
