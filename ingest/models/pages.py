"""The raw text: every distinct line of a log host once, verbatim."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from ingest.models.granting import GrantedManager
from ingest.models.log_hosts import LogHost
from ingest.models.runs import LogFile


class LogPage(models.Model):
    """About 256 KB of consecutive text, compressed. Partitioned by month through ``page_id``."""

    pk = models.CompositePrimaryKey("log_host_id", "page_id")
    log_host = models.ForeignKey(LogHost, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    page_id = models.BigIntegerField()  # see ingest.pages.LineRef
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    lines = models.IntegerField()
    size = models.IntegerField()  # bytes of text
    checksum = models.BigIntegerField()  # blake2b of the text, 8 bytes
    body = models.BinaryField()  # zstd

    objects = GrantedManager()

    class Meta:
        db_table = "ingest_page"

    def __str__(self) -> str:
        return f"page {self.page_id}"


class LineShare(models.Model):
    """Which lines of a page a file holds. Lines are stored once; a file shares those it has in common."""

    pk = models.CompositePrimaryKey("log_host_id", "log_file_id", "page_id")
    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, db_index=False)
    log_file = models.ForeignKey(LogFile, on_delete=models.CASCADE, related_name="shares")
    page_id = models.BigIntegerField()
    offsets = ArrayField(models.IntegerField(), null=True)  # None: all lines of the page

    objects = GrantedManager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["log_host", "page_id"], name="line_share_page")
        ]

    def __str__(self) -> str:
        return f"lines of page {self.page_id} in file {self.log_file_id}"
