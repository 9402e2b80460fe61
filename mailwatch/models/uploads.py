"""Files that are still arriving, piece by piece."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.timezone import now

from ingest.models import IngestRun


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
