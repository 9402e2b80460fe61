"""A page takes as many queries for two rows as for two hundred."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from ingest.models import IngestRun, LogFile, LogHost, Source, State
from mailwatch.models import SharedReport
from tests.web.conftest import Ingested
from tests.web.logs import many


@pytest.fixture
def chief(admin: User, client_of: Callable[[User], Client]) -> Client:
    """The browser of the administrator."""
    return client_of(admin)


def queries(client: Client, path: str) -> list[str]:
    client.get(path)  # what is kept by the process is kept now
    with CaptureQueriesContext(connection) as taken:
        response = client.get(path)
    assert response.status_code == 200
    return [query["sql"] for query in taken.captured_queries]


def same(client: Client, path: str, more: Callable[[], object]) -> None:
    before = queries(client, path)
    more()
    after = queries(client, path)
    assert len(after) == len(before), "\n".join(after)


SEARCHES = (
    "/search/",
    "/search/?q=198.51.100.20",
    "/search/?q=@many.example",
    "/search/?q=list@example.org",
    "/search/?q=list@",
    "/search/?status=delivered",
    "/search/?direction=relay",
    "/search/?q=@many.example&range=day",
)


@pytest.mark.parametrize("path", SEARCHES)
def test_search(desk: Client, ingested: Ingested, path: str) -> None:
    ingested(many(2))
    same(desk, path, lambda: ingested(many(200)))


def test_overview(desk: Client, ingested: Ingested) -> None:
    ingested(many(2))
    same(desk, "/", lambda: ingested(many(200)))


def runs(number: int) -> list[IngestRun]:
    """So many runs of a log host each, with a file each."""
    made = []
    for _ in range(number):
        host = LogHost.objects.create(name=f"host{LogHost.objects.count()}")
        run = IngestRun.objects.create(log_host=host, state=State.FINISHED)
        LogFile.objects.create(run=run, log_host=host, name="mainlog")
        made.append(run)
    return made


@pytest.mark.parametrize("path", ["/runs/", "/", "/uploads/", "/log-hosts/"])
def test_lists_of_runs_and_log_hosts(chief: Client, ingested: Ingested, path: str) -> None:
    ingested(many(2))
    runs(2)
    if path == "/":
        path = "/?log_host=srv1"
    same(chief, path, lambda: runs(40))


def test_sources(chief: Client) -> None:
    def more(number: int) -> None:
        for run in runs(number):
            Source.objects.create(log_host=run.log_host, url=f"file:///var/log/{run.log_host.name}")

    more(2)
    same(chief, "/sources/", lambda: more(40))


def test_shares(chief: Client, admin: User) -> None:
    def more(number: int) -> None:
        for _ in range(number):
            SharedReport.objects.create(
                kind="report", redaction="masked", title="A report", log_hosts="srv1", rules_version=1,
                snapshot={}, made_by=admin, frozen_at=now(), expires_at=now() + timedelta(days=1),
            )  # fmt: skip

    more(2)
    same(chief, "/shares/", lambda: more(200))


def test_rules(desk: Client, ingested: Ingested) -> None:
    ingested(many(2))
    same(desk, "/rules/", lambda: ingested(many(200)))
