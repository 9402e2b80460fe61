"""What pages keep of their own: frozen reports, uploads still arriving, searches, and how somebody reads."""

import secrets
from datetime import datetime
from typing import ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from ingest.models import IngestRun, LogHost

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

    objects = SharedReportQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["expires_at"], name="shared_report_expires")
        ]

    def __str__(self) -> str:
        return self.title

    def is_open(self, now: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > now


class Upload(models.Model):
    """A file that arrives in pieces. Only its owner may go on with it, hand it over or discard it.

    Once handed over it has a run, and is kept for a while only so that handing it over again gives that run.
    """

    id = models.UUIDField(primary_key=True, default=uuid4)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="uploads"
    )
    name = models.CharField(max_length=200)  # made safe to show; never used as a path
    size = models.BigIntegerField()  # bytes, when all is there
    fingerprint = models.CharField(max_length=64)  # as the browser made it, to know the file again
    log_host = models.CharField(max_length=100)
    timezone = models.CharField(max_length=64, blank=True)
    arrived = models.BigIntegerField(default=0)  # bytes, from the beginning, without a gap
    created_at = models.DateTimeField(default=now)
    touched_at = models.DateTimeField(default=now)  # when the last piece arrived
    run = models.ForeignKey(IngestRun, on_delete=models.CASCADE, null=True, related_name="+")

    class Meta:
        ordering: ClassVar[list[str]] = ["created_at"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["touched_at"], name="upload_touched")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_whole(self) -> bool:
        return self.arrived == self.size


class UploadPiece(models.Model):
    """A stretch of an upload as an object of the file storage. Its row is there before its bytes are."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="pieces")
    offset = models.BigIntegerField()
    size = models.BigIntegerField()
    path = models.CharField(max_length=200)
    is_stored = models.BooleanField(default=False)  # its bytes count

    class Meta:
        ordering: ClassVar[list[str]] = ["offset"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["upload", "offset"], condition=models.Q(is_stored=True), name="upload_piece_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.size} bytes of {self.upload} at {self.offset}"


class Preferences(models.Model):
    """How somebody reads the pages. "" leaves it to the browser (the language) or to each log (the zone)."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="preferences"
    )
    language = models.CharField(max_length=10, blank=True)
    timezone = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user}"


class SavedSearch(models.Model):
    """A search under a name: of one person, or of that person for all. ``query`` is the query string of its page."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_searches"
    )
    name = models.CharField(max_length=100)
    query = models.TextField(blank=True)
    is_shared = models.BooleanField(default=False)
    saved_at = models.DateTimeField(default=now)
    removed_at = models.DateTimeField(null=True)  # for a while it can be had back

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["owner", "name"],
                condition=models.Q(removed_at=None),
                name="saved_search_named_once",
            )
        ]

    def __str__(self) -> str:
        return self.name


class DailyRecipient(models.Model):
    """Somebody who gets the daily report of a log host by mail, from one day of its log on."""

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="daily_recipients")
    address = models.EmailField(max_length=254)
    from_day = models.DateField(null=True)  # earlier ones are not sent; null: there was no log yet
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField(default=now)

    class Meta:
        ordering: ClassVar[list[str]] = ["address"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["log_host", "address"], name="daily_recipient_once")
        ]

    def __str__(self) -> str:
        return self.address


class DailyMail(models.Model):
    """The daily report of one day to one address. Whoever sends it holds its row, so that it goes out once."""

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="daily_mails")
    day = models.DateField()
    address = models.EmailField(max_length=254)
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)  # of the last try

    class Meta:
        ordering: ClassVar[list[str]] = ["day", "address"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["log_host", "day", "address"], name="daily_mail_once")
        ]

    def __str__(self) -> str:
        return f"{self.log_host}, {self.day}, to {self.address}"
