"""Configurations of log hosts: kept with their passwords masked, and given up again."""

from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from ingest import reevaluation, reevaluation_leases, tasks
from ingest.exim.configuration import mask
from ingest.languages import later
from ingest.models import LogFile, LogHost, StoredConfiguration

MOST_AT_ONCE = 5000  # messages that are judged again while somebody waits: about two seconds


@transaction.atomic
def keep_configuration(
    *, log_host: LogHost, name: str, text: str, replace: bool, now: datetime
) -> StoredConfiguration:
    """Store a text for a log host, masked, instead of all that was kept (``replace``) or of the same name."""
    LogHost.objects.select_for_update().get(pk=log_host.pk)
    kept = log_host.configurations.all()
    (kept if replace else kept.filter(name=name)).delete()
    return StoredConfiguration.objects.create(log_host=log_host, name=name, text=mask(text), stored_at=now)


def drop_configuration(*, stored_id: int) -> LogHost | None:
    """Give up a kept configuration; returns whose it was, None if there was none."""
    stored = StoredConfiguration.objects.select_related("log_host").filter(pk=stored_id).first()
    if stored is None:
        return None
    stored.delete()
    return stored.log_host


def judge_again(*, log_host: LogHost) -> bool:
    """Decide the findings again by what the configuration says of domains and networks.

    False where that would take too long for somebody who waits: a worker does it then.
    """
    asked = reevaluation_leases.ask(log_host, later("configuration changed"))
    messages = LogFile.objects.filter(log_host=log_host).aggregate(total=Sum("messages", default=0))["total"]
    if messages > MOST_AT_ONCE:
        tasks.reevaluate_soon(log_host)
        return False
    reevaluation.finished(asked)
    return True
