"""Whether anything was stored of a log host since: by it processes know how long they may keep what they counted."""

from typing import Any

from django.db.models import BigIntegerField, Count, Max, Sum
from django.db.models.expressions import RawSQL

from ingest.models import HourlyVolume, LogHost

type State = tuple[Any, ...]


def stored_state(log_host: LogHost) -> State:
    """Another value after every batch, and after lines were removed or read again.

    Each of these writes an hour: the transaction that wrote a row last is part of it (xmin).
    """
    written = RawSQL("xmin::text::bigint", [], output_field=BigIntegerField())
    hours = HourlyVolume.objects.filter(log_host=log_host).aggregate(
        written=Max(written), hours=Count("*"), lines=Sum("lines")
    )
    return (log_host.name, log_host.timezone, *hours.values())
