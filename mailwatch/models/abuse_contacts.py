"""Who answers for an address, as registries told it."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models


class AbuseContact(models.Model):
    """An answer about one address, or why there is none; kept for a while, so that nobody is asked twice."""

    address = models.GenericIPAddressField(unique=True)
    network = models.CharField(max_length=100, blank=True)  # in CIDR, or first and last
    name = models.CharField(max_length=200, blank=True)  # of the network, as the registry calls it
    mails = ArrayField(models.CharField(max_length=254), default=list)
    error = models.CharField(max_length=300, blank=True)  # why it is not known, in a sentence
    asked_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["address"]

    def __str__(self) -> str:
        return f"{self.address}: {', '.join(self.mails) or self.error or 'nobody'}"
