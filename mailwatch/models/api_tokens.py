"""Tokens by which programs read what somebody may read."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from ingest.models import LogHost


class Scope(models.TextChoices):
    """One part of the JSON API."""

    SEARCH = "search", _("Search")
    TIMELINE = "timeline", _("Timelines of messages")
    SENDER = "sender", _("Sender hosts")
    RELAYS = "relays", _("Suspicious relays")
    RUNS = "runs", _("Runs")


class ApiToken(models.Model):
    """What a program comes with instead of somebody who is signed in. It reads no more than its owner may then.

    The token itself is shown once and kept nowhere: here is its digest.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)  # what its owner calls it
    token_digest = models.CharField(max_length=64, unique=True)
    beginning = models.CharField(max_length=10)  # of the token, by which its owner tells which one it is
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope))
    has_all_log_hosts = models.BooleanField(default=False)  # all that its owner may read at the time
    log_hosts = models.ManyToManyField(LogHost, related_name="+")  # where not all
    made_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    last_used_at = models.DateTimeField(null=True)  # to the hour
    last_network = models.GenericIPAddressField(null=True)  # of the program, without its last bits
    last_prefix = models.SmallIntegerField(default=0)  # how many bits of it count
    minute = models.DateTimeField(null=True)  # in which it was used last
    calls = models.IntegerField(default=0)  # in that minute

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.beginning}…)"

    def is_open(self, at: datetime) -> bool:
        return self.revoked_at is None and self.expires_at > at
