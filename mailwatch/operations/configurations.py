"""Configurations of log hosts: kept with their passwords masked, and given up again."""

from datetime import datetime

from django.db import transaction

from ingest.exim.configuration import mask
from ingest.models import LogHost, StoredConfiguration


@transaction.atomic
def keep_configuration(
    *, log_host: LogHost, name: str, text: str, replace: bool, now: datetime
) -> StoredConfiguration:
    """Store a text for a log host, masked, instead of all that was kept (``replace``) or of the same name."""
    LogHost.objects.select_for_update().get(pk=log_host.pk)
    kept = log_host.configurations.all()
    (kept if replace else kept.filter(name=name)).delete()
    return StoredConfiguration.objects.create(log_host=log_host, name=name, text=mask(text), stored_at=now)


def drop_configuration(*, stored_id: int) -> bool:
    """Give up a kept configuration; False if there was none."""
    deleted, _ = StoredConfiguration.objects.filter(pk=stored_id).delete()
    return deleted > 0
