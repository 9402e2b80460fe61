"""Frozen copies that whoever has the link may read, who opened them, and who guessed."""

import hashlib
import secrets
from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from mailwatch.models.granting import AboutLogHostsManager, OfReportManager
from mailwatch.models.incidents import Incident


def new_token() -> str:
    """256 bits that nobody can guess; 43 characters that need no escaping in a URL."""
    return secrets.token_urlsafe(32)


def nobodys_digest() -> str:
    """Of a token that nobody has."""
    return digest_of(new_token())


def digest_of(token: str) -> str:
    """What is kept of a token: SHA-256 in hexadecimal. Of 256 random bits it needs neither salt nor time."""
    return hashlib.sha256(token.encode()).hexdigest()


class SharedReportQuerySet(models.QuerySet["SharedReport"]):
    def open_at(self, now: datetime) -> Self:
        """Those that are neither ended nor withdrawn, also where all views are used up."""
        return self.filter(revoked_at=None, expires_at__gt=now)

    def closed_at(self, now: datetime) -> Self:
        return self.exclude(revoked_at=None, expires_at__gt=now)

    def with_views_left(self) -> Self:
        return self.filter(Q(most_views=None) | Q(views__lt=F("most_views")))


class SharedReport(models.Model):
    """A frozen copy of a report or of one message, readable by whoever has its link, until it is closed.

    ``snapshot`` is all that the page shows (``mailwatch.queries.shared``); no log table is read for it, so it
    outlives the retention of the log. Once the report is closed the snapshot is emptied.
    """

    class Kind(models.TextChoices):
        REPORT = "report", "relays report"
        MESSAGE = "message", "message"
        INCIDENT = "incident", "incident report"

    class Redaction(models.TextChoices):
        """The values are those of ``mailwatch.redaction.Level``."""

        MASKED = "masked", "Mailbox names masked"
        PSEUDONYMS = "pseudonyms", "Addresses and domains replaced"
        FULL = "full", "Addresses in full"

    # The token itself is shown once and kept nowhere.
    token_digest = models.CharField(max_length=64, unique=True, default=nobodys_digest)
    kind = models.CharField(max_length=10, choices=Kind)
    redaction = models.CharField(max_length=10, choices=Redaction)
    title = models.CharField(max_length=200)
    log_hosts = models.TextField()  # their names as outsiders read them, ", " between them
    log_host_ids = ArrayField(
        models.BigIntegerField(), null=True
    )  # those, or null: only who sees all sees it
    incident = models.ForeignKey(  # of whose report it is a copy
        Incident, on_delete=models.SET_NULL, null=True, related_name="shared_reports"
    )
    rules_version = models.IntegerField()
    snapshot = models.JSONField()
    content_hash = models.CharField(max_length=64)  # mailwatch.operations.sharing.content_hash
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="shared_reports"
    )
    frozen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    password = models.CharField(
        max_length=128, blank=True
    )  # as Django keeps passwords; "": the link is enough
    most_views = models.IntegerField(
        null=True
    )  # after which it is closed to others; null: as often as wanted
    views = models.IntegerField(default=0)  # how often it was revealed
    last_viewed_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

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

    @property
    def has_views_left(self) -> bool:
        return self.most_views is None or self.views < self.most_views


class ReportOpening(models.Model):
    """One time that a shared report was revealed."""

    report = models.ForeignKey(SharedReport, on_delete=models.CASCADE, related_name="openings")
    opened_at = models.DateTimeField()
    network = models.GenericIPAddressField(null=True)  # of the reader, without its last bits; null: not known
    prefix = models.SmallIntegerField(default=0)  # how many bits of it count
    user_agent = models.CharField(max_length=200, blank=True)  # what the browser calls itself: a claim

    objects = OfReportManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-opened_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.report} at {self.opened_at}"


class WrongGuess(models.Model):
    """A link that is not there, or a wrong password of a link; kept for as long as it slows down the next guess."""

    network = models.GenericIPAddressField()  # an IPv4 address, or the first address of an IPv6 /64
    report = models.ForeignKey(SharedReport, on_delete=models.CASCADE, null=True, related_name="+")
    guessed_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["network", "guessed_at"], name="wrong_guess_from"),
            models.Index(fields=["report", "guessed_at"], condition=~Q(report=None), name="wrong_guess_at"),
        ]

    def __str__(self) -> str:
        return f"{self.network} at {self.guessed_at}"


class SharingStop(models.Model):
    """A time in which no link of the organisation opens and none is made; the one that lasts has no end."""

    stopped_at = models.DateTimeField()
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["-stopped_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(models.Value(1), condition=Q(lifted_at=None), name="sharing_stopped_once")
        ]

    def __str__(self) -> str:
        return f"from {self.stopped_at}"
