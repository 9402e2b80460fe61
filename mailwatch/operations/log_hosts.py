"""Settings of a log host."""

import logging

from django.db import transaction
from django.db.models import Sum
from kombu.exceptions import OperationalError

from ingest import rebuild, tasks
from ingest.models import LogFile, LogHost

log = logging.getLogger(__name__)

MOST_AT_ONCE = 5000  # lines that are read again while somebody waits: about two seconds


def correct_zone(*, log_host: LogHost, timezone: str) -> bool:
    """Read what is stored of a log host in another zone, which becomes its own. No file is needed again.

    False where that takes too long for somebody who waits: a worker does it then, and until it is done every page
    shows what it showed before. ``timezone`` names a zone (ingest.models.log_hosts.zone_name).
    """
    LogHost.objects.filter(pk=log_host.pk).update(wanted_timezone=timezone)
    lines = LogFile.objects.filter(log_host=log_host).aggregate(total=Sum("new_lines", default=0))["total"]
    if lines <= MOST_AT_ONCE:
        rebuild.move(log_host)
        return True
    try:
        with transaction.atomic():
            tasks.move_soon(log_host)
    except OperationalError:
        log.warning("The broker did not answer; the zone of %s waits until it is back.", log_host)
    return False
