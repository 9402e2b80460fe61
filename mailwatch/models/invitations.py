"""Links by which somebody who was invited becomes a user."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from ingest.models import LogHost
from mailwatch.models.people import Role


class Invitation(models.Model):
    """What somebody may do and read once they have chosen a name and a password. The link holds once.

    The token stands in the link and nowhere else: here is its digest.
    """

    token_digest = models.CharField(max_length=64, unique=True)
    email = models.EmailField(max_length=254, blank=True)  # becomes the new user's
    role = models.CharField(max_length=20, choices=Role)
    has_all_log_hosts = models.BooleanField(default=False)
    log_hosts = models.ManyToManyField(LogHost, related_name="+")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invitations"
    )
    made_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    used_by = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="invitation"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return self.email or f"invitation {self.pk}"

    def is_open(self, at: datetime) -> bool:
        return self.withdrawn_at is None and self.used_at is None and self.expires_at > at
