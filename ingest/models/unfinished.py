"""The last lines of files that may go on."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from ingest.models.granting import GrantedManager
from ingest.models.log_hosts import LogHost
from ingest.models.runs import LogFile


class Unfinished(models.Model):
    """A page with nothing on it but the last entry of a file that may end within it (ingest.unfinished).

    What such an entry shows of its log host is kept here and not with the file, so that it goes with the entry.
    """

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE)
    log_file = models.ForeignKey(LogFile, on_delete=models.CASCADE, related_name="unfinished")
    page_id = models.BigIntegerField()
    is_cut = models.BooleanField()  # within its last line; else behind it, and more lines may follow
    features = ArrayField(models.CharField(max_length=30), default=list)  # as LogFile has them
    own_addresses = ArrayField(models.CharField(max_length=45), default=list)

    objects = GrantedManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["log_host", "page_id"], name="unfinished_once")
        ]

    def __str__(self) -> str:
        return f"the end of {self.log_file}"
