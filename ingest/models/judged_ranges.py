"""What the rules found in parts of a log that somebody asked for."""

from typing import ClassVar

from django.db import models

from ingest.models.granting import GrantedManager
from ingest.models.log_hosts import LogHost


class JudgedRange(models.Model):
    """The subjects that rules found something on in a range, kept until something on a suspect changes.

    Judging a day of an attack reads each message of it. Whoever asks for the same day again, opens a row of its
    report or exports it, gets what was found.
    """

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, db_index=False)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    basis = models.TextField()  # ingest.judged_ranges: equal as long as the answer is the same
    judged_at = models.DateTimeField(auto_now=True)
    reports = models.BinaryField()

    objects = GrantedManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["log_host", "since", "until"], nulls_distinct=False, name="judged_range_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.since} to {self.until}"


class KeptReading(models.Model):
    """What was read of the rows of suspects in a range, kept until something on a suspect changes.

    The messages of a large attack are counted by whom, from where and to whom they came: a second of reading for
    each click.
    """

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, db_index=False)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    what = models.CharField(max_length=50)  # ingest.kept_readings: which reading, of whom
    basis = models.TextField()  # equal as long as the same would be read
    read_at = models.DateTimeField(auto_now=True)
    reading = models.BinaryField()

    objects = GrantedManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["log_host", "what", "since", "until"], nulls_distinct=False, name="kept_reading_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.what}, {self.since} to {self.until}"
