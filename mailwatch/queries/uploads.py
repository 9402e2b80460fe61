"""Uploads that are still arriving."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from mailwatch.models import Upload


def unfinished(owner: User) -> QuerySet[Upload]:
    """Those of one person that are not handed over, oldest first."""
    return Upload.objects.filter(owner=owner, run=None)
