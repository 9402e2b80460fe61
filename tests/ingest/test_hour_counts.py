"""What is counted by the hour is what the rows say, however the lines came and whatever went."""

from importlib import import_module
from pathlib import Path

import pytest
from django.db import connection

from benchmarks.bulk import write_bulk
from ingest import pipeline
from ingest.log_host_counts import provider_of
from ingest.models import HourCount
from tests.ingest.conftest import read_files
from tests.web.logs import DAY, many

pytestmark = pytest.mark.django_db


def counted() -> set[tuple[object, ...]]:
    return set(HourCount.objects.values_list("kind", "hour", "value", "number"))


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_rows_of_before_are_counted_as_lines_are(tmp_path: Path, zone: str) -> None:
    """The migration counts what is stored; whoever upgrades sees what he would see after reading all again."""
    log = tmp_path / "mainlog"
    write_bulk(log, lines=4000, seed=7, days=0.2)
    log.write_text("".join(f"{line}\n" for line in [*DAY, *many(5)]) + log.read_text())
    read_files(pipeline.log_host("srv1", zone)[0], log)
    by_lines = counted()
    assert {kind for kind, *_ in by_lines} == {"completed", "reason", "provider", "transport"}
    HourCount.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("ingest.migrations.0047_hour_counts")._COUNT)
    assert counted() == by_lines


@pytest.mark.parametrize(
    ("server", "recipient", "provider"),
    [
        ("gmail-smtp-in.l.google.com", "a@customer.example", "google.com"),
        ("mx1.gmx.de", "a@gmx.de", "gmx.de"),
        ("MX.Example.CO.UK.", "a@b.example", "example.co.uk"),
        ("localhost", "a@b.example", "b.example"),
        (None, "a@B.example", "b.example"),
        (None, "postmaster", ""),
    ],
)
def test_a_provider_is_known_by_its_server(server: str | None, recipient: str, provider: str) -> None:
    assert provider_of(server, recipient) == provider
