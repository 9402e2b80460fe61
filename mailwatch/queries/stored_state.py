"""Whether anything was stored of a log host since: by it processes know how long they may keep what they counted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Count, Max, Sum
from django.db.models.expressions import RawSQL

from ingest.models import HourlyVolume, LogHost

type State = tuple[Any, ...]


def stored_state(log_host: LogHost, *, since: datetime | None = None, until: datetime | None = None) -> State:
    """Another value after every batch, and after lines were removed or read again.

    Each of these writes an hour: the transaction that wrote a row last is part of it (xmin). With ``since`` and
    ``until`` only of lines in the hours of that span.
    """
    return stored_states([log_host], since=since, until=until)[log_host.pk]


def stored_states(
    log_hosts: Sequence[LogHost], *, since: datetime | None = None, until: datetime | None = None
) -> dict[int, State]:
    """The same of several, by id: one query."""
    written = RawSQL("xmin::text::bigint", [], output_field=BigIntegerField())
    rows = HourlyVolume.objects.filter(log_host__in=log_hosts)
    if since is not None:
        rows = rows.filter(hour__gt=since - timedelta(hours=1))
    if until is not None:
        rows = rows.filter(hour__lt=until)
    counted = (
        rows.order_by()
        .values_list("log_host_id")
        .annotate(written=Max(written), number=Count("*"), total=Sum("lines"))
    )
    hours = {log_host_id: tuple(values) for log_host_id, *values in counted}
    return {one.pk: (one.name, one.timezone, *hours.get(one.pk, ())) for one in log_hosts}
