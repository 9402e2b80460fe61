"""Frozen copies that whoever has the link may read."""

import secrets
from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from mailwatch.models.granting import AboutLogHostsManager

DEFAULT_DAYS = 7
LONGEST_DAYS = 31


def new_token() -> str:
    """256 bits that nobody can guess; 43 characters that need no escaping in a URL."""
    return secrets.token_urlsafe(32)


class SharedReportQuerySet(models.QuerySet["SharedReport"]):
    def open_at(self, now: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=now)

    def closed_at(self, now: datetime) -> Self:
        return self.exclude(revoked_at=None, expires_at__gt=now)


class SharedReport(models.Model):
    """A frozen copy of a report or of one message, readable by whoever has its link, until it is closed.

    ``snapshot`` is all that the page shows (``mailwatch.queries.shared``); no log table is read for it, so it
    outlives the retention of the log. Once the report is closed the snapshot is emptied.
    """

    class Kind(models.TextChoices):
        REPORT = "report", "relays report"
        MESSAGE = "message", "message"

    class Redaction(models.TextChoices):
        MASKED = "masked", "Addresses masked"
        FULL = "full", "Addresses in full"

    # In clear: the list must be able to show the link again (docs/decisions/0009).
    token = models.CharField(max_length=43, unique=True, default=new_token)
    kind = models.CharField(max_length=10, choices=Kind)
    redaction = models.CharField(max_length=10, choices=Redaction)
    title = models.CharField(max_length=200)
    log_hosts = models.TextField()  # their names, ", " between them: the log hosts themselves may go
    log_host_ids = ArrayField(
        models.BigIntegerField(), null=True
    )  # those, or null: only who sees all sees it
    rules_version = models.IntegerField()
    snapshot = models.JSONField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="shared_reports"
    )
    frozen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    views = models.IntegerField(default=0)  # how often the link was opened
    last_viewed_at = models.DateTimeField(null=True)

    objects = AboutLogHostsManager.from_queryset(SharedReportQuerySet)()

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["expires_at"], name="shared_report_expires")
        ]

    def __str__(self) -> str:
        return self.title

    def is_open(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now
