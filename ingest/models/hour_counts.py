"""What the lines of an hour name, counted: so that a page of any range need not read the rows behind it."""

from enum import StrEnum

from django.db import models

from ingest.models.granting import GrantedManager
from ingest.models.log_hosts import LogHost


class Counted(StrEnum):
    """What is counted by the hour, each by the line that says it.

    Of each there are few in an hour. Addresses and accounts are nearly as many as messages: they are counted from rows.
    """

    COMPLETED = "completed"  # messages that left the queue; the value is empty
    REASON = "reason"  # rejections, by ingest.exim.reasons.Reason; failed logins are counted apart
    PROVIDER = "provider"  # deferred attempts, by whose server put us off
    TRANSPORT = "transport"  # delivered recipients


class HourCount(models.Model):
    """How often the lines of one hour name a value. Counted up in the transaction that stores the lines."""

    pk = models.CompositePrimaryKey("log_host_id", "kind", "hour", "value")
    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, db_index=False)
    kind = models.CharField(max_length=13)  # Counted
    hour = models.DateTimeField()
    value = models.TextField(db_collation="C")
    number = models.BigIntegerField()

    objects = GrantedManager()

    def __str__(self) -> str:
        return f"{self.number} {self.kind} {self.value}"
