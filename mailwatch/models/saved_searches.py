"""Searches that somebody keeps."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.timezone import now

from mailwatch.models.granting import KeptForAllManager


class SavedSearch(models.Model):
    """A search under a name: of one person, or of that person for all. ``query`` is the query string of its page."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_searches"
    )
    name = models.CharField(max_length=100)
    query = models.TextField(blank=True)
    is_shared = models.BooleanField(default=False)
    # that it looks at; null: all. Whoever may not read all of them does not see it, though it is for all
    log_host_ids = ArrayField(models.BigIntegerField(), null=True)
    saved_at = models.DateTimeField(default=now)
    removed_at = models.DateTimeField(null=True)  # for a while it can be had back

    objects = KeptForAllManager()

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
