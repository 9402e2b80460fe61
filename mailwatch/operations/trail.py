"""The audit trail is kept for a time."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from mailwatch.models import TrailEntry


@transaction.atomic
def forget_old(*, now: datetime) -> int:
    """Delete entries older than ``MAILWATCH_TRAIL_DAYS`` (0: never), which alone the database allows; how many."""
    days = settings.MAILWATCH_TRAIL_DAYS
    if not days:
        return 0
    begins = now - timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('mailwatch.trail_begins', %s, true)", [begins.isoformat()])
    deleted, _ = TrailEntry.objects.filter(at__lt=begins).delete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('mailwatch.trail_begins', '', true)")
    return deleted
