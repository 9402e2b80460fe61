"""The hostile log, read once for all tests of a module."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import DjangoDbBlocker

from ingest import partitions
from ingest.models import LogHost
from mailwatch.models import Role
from tests.web.attacks import hostile_log
from tests.web.conftest import read_file, somebody


@pytest.fixture(scope="module")
def hostile(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LogHost]:
    """The log host that has read it; what a test adds goes with the test, the log when the module is over."""
    path = tmp_path_factory.mktemp("hostile") / "mainlog"
    path.write_bytes(hostile_log.log())
    with django_db_blocker.unblock(), transaction.atomic():
        partitions.forget()
        run = read_file(path, hostile_log.LOG_HOST, "UTC")
        assert run.state == "finished", run.error
        yield run.log_host
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def chief(hostile: LogHost) -> Client:
    """The browser of somebody who may do everything."""
    client = Client()
    client.force_login(somebody("chief", Role.ADMINISTRATOR))
    return client
