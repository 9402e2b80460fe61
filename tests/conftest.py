"""What all tests share: a real PostgreSQL 18 of the test process' own, and CI's rule about skipped tests."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings

from ingest import partitions
from mailwatch.standalone import places, postgres

# The folder of material beside the checkout; tests that read it skip where it is absent.
SHARED = Path(__file__).resolve().parents[2] / "shared"

ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """Start the embedded PostgreSQL in this process' own home, unless DATABASE_URL names a server.

    Several people and pytest-xdist's workers each have their own server, so nothing can clash. On a given
    server each process has a database of its own.
    """
    default = connections.settings["default"]
    if not settings.DATABASE_IS_EMBEDDED:
        default["TEST"]["NAME"] = f"test_{default['NAME']}_{os.getpid()}"
        yield
        return
    home = settings.MAILWATCH_HOME
    postgres.start(home, durable=False, dies_with_parent=True)
    default.update(places.database(home))
    yield
    connections.close_all()
    postgres.stop(home)


@pytest.fixture(autouse=True, scope="session")
def _static_files_under_their_own_names() -> Iterator[None]:
    """The names with digests need collectstatic first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture(autouse=True)
def _own_partitions() -> None:
    """Those that an earlier test made have gone with its transaction."""
    partitions.forget()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _refuse_skip((yield))


def _refuse_skip[Report: (pytest.TestReport, pytest.CollectReport)](report: Report) -> Report:
    """In CI a skipped test has failed, unless its reason is on the list."""
    if os.environ.get("CI") == "true" and report.skipped and isinstance(report.longrepr, tuple):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        if not hasattr(report, "wasxfail") and reason not in _allowed_skips():
            report.outcome = "failed"
            report.longrepr = f"skipped in CI, and its reason is not in {ALLOWED_SKIPS.name}: {reason}"
    return report


def _allowed_skips() -> frozenset[str]:
    lines = ALLOWED_SKIPS.read_text().splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
