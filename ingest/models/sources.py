"""Directories that are looked at again and again, and how far each file in them was read."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.timezone import now

from ingest import sealing
from ingest.models.granting import GrantedManager, SourceFileManager
from ingest.models.log_hosts import LogHost
from ingest.models.runs import IngestRun

PATTERNS = "*main*log* *reject*log* *panic*log*"
_LONGEST_INTERVAL = 7 * 24 * 60


class Source(models.Model):
    """A directory with the logs of one log host."""

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="sources")
    url = models.CharField(max_length=500)  # without a password
    patterns = models.CharField(max_length=200, default=PATTERNS)  # of file names, with blanks between them
    every_minutes = models.PositiveIntegerField(
        default=5, validators=[MinValueValidator(1), MaxValueValidator(_LONGEST_INTERVAL)]
    )
    is_paused = models.BooleanField(default=False)
    sealed_password = models.TextField(blank=True)  # see ingest.sealing
    sealed_private_key = models.TextField(blank=True)
    host_key = models.TextField(blank=True)  # of an SSH server, pinned: "ssh-ed25519 AAAA..."
    offered_host_key = models.TextField(blank=True)  # that the server showed, not confirmed yet
    created_at = models.DateTimeField(default=now)
    due_at = models.DateTimeField(default=now)
    lease_until = models.DateTimeField(null=True)
    passes = models.BigIntegerField(default=0)  # begun; the number of a pass is its token
    began_at = models.DateTimeField(null=True)  # the last pass
    ended_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)  # the end of the last one without an error
    error = models.TextField(blank=True)  # of the last pass, one sentence

    objects = GrantedManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["log_host__name", "url", "pk"]

    def __str__(self) -> str:
        return f"{self.log_host} {self.url}"

    @property
    def has_credentials(self) -> bool:
        return bool(self.sealed_password or self.sealed_private_key)

    def set_password(self, password: str) -> None:
        """Keep it, encrypted."""
        self.sealed_password = sealing.seal(password)

    def set_private_key(self, private_key: str) -> None:
        """Keep it, encrypted."""
        self.sealed_private_key = sealing.seal(private_key)

    def is_running(self, at: datetime) -> bool:
        """Whether a pass is under way."""
        return self.lease_until is not None and self.lease_until > at

    def is_late(self, at: datetime) -> bool:
        """Whether passes have stopped coming: one should have begun a while ago."""
        return not self.is_paused and at - self.due_at > timedelta(minutes=2)


class SourceFile(models.Model):
    """A file of a source, under whatever name it was seen last. Sizes and offsets in bytes.

    It is known again by the first bytes of its text, and by those before the place up to which it was read
    (ingest.sources.growth).
    """

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=500)
    size = models.BigIntegerField(default=0)  # as it stands in the directory
    modified_at = models.DateTimeField(null=True)
    offset = models.BigIntegerField(default=0)  # into its decompressed text: what was handed on
    waiting = models.BigIntegerField(default=0)  # of its text behind that: a last second, a half-written line
    head_size = models.IntegerField(default=0)
    head = models.CharField(max_length=64, blank=True)
    tail_size = models.IntegerField(default=0)
    tail = models.CharField(max_length=64, blank=True)
    run = models.ForeignKey(IngestRun, on_delete=models.SET_NULL, null=True)  # the last that read of it
    seen_in_pass = models.BigIntegerField(default=0)
    seen_at = models.DateTimeField(default=now)
    error = models.TextField(blank=True)

    objects = SourceFileManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["name", "pk"]

    def __str__(self) -> str:
        return self.name
