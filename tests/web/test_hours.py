"""What the process keeps of the hours is what is stored, whatever was stored or undone since."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum

from ingest import undo
from ingest.models import Counted, HourCount, HourlyVolume, LogHost
from mailwatch.queries.hours import COUNTS, hours_of, within
from mailwatch.queries.ranges import Bounds, spans
from tests.web.conftest import Ingested
from tests.web.logs import DAY, many
from tests.web.test_drilldown import tomorrow

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RANGES = (
    Bounds(),
    Bounds(since=NOON),
    Bounds(until=NOON),
    Bounds(since=NOON, until=NOON + timedelta(days=1)),
)


def kept(host: LogHost) -> list[object]:
    hours = hours_of(host, spans([host])[host.pk])
    names = [dict(hours.names(kind, bounds)) for kind in Counted for bounds in RANGES]
    return [[tuple(row) for row in hours.all()], names]


def stored(host: LogHost) -> list[object]:
    counts = HourCount.objects.filter(log_host=host)
    went = dict(counts.filter(kind=Counted.COMPLETED).values_list("hour", "number"))
    rows = HourlyVolume.objects.filter(log_host=host).order_by("hour").values_list("hour", *COUNTS)
    names = [
        dict(counts.filter(within(bounds), kind=kind).values_list("value").annotate(Sum("number")))
        for kind in Counted
        for bounds in RANGES
    ]
    return [[(*row, went.get(row[0], 0)) for row in rows], names]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_it_is_what_is_stored_in_whatever_order_lines_come_and_go(
    ingested: Ingested, order: tuple[int, ...]
) -> None:
    logs = (DAY, tomorrow(DAY), [*many(5), *tomorrow(many(3))])
    runs = []
    for number in order:
        runs.append(ingested(logs[number]))
        host = LogHost.objects.get(name="srv1")
        assert kept(host) == stored(host)
        assert kept(host) == stored(host)  # now from what is kept
    for run in runs:
        assert undo.begin(run, by="test")
        undo.work(run.pk)
        assert kept(host) == stored(host)
