"""Whether anything was stored of a log host since: by it processes know how long they may keep what they counted."""

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
    written = RawSQL("xmin::text::bigint", [], output_field=BigIntegerField())
    rows = HourlyVolume.objects.filter(log_host=log_host)
    if since is not None:
        rows = rows.filter(hour__gt=since - timedelta(hours=1))
    if until is not None:
        rows = rows.filter(hour__lt=until)
    hours = rows.aggregate(written=Max(written), hours=Count("*"), lines=Sum("lines"))
    return (log_host.name, log_host.timezone, *hours.values())
