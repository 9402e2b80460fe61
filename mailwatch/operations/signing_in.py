"""What is left of signing in once it is over."""

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection

from mailwatch.models import Invitation

_KEPT = timedelta(days=90)  # an invitation that was not taken


def forget(*, at: datetime) -> None:
    """Counts of attempts that no longer hold, sessions that are over, and invitations that nobody took."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM mailwatch_attempts WHERE expires < %s", [at])
    Session.objects.filter(expire_date__lt=at).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    Invitation.objects.filter(used_at=None, expires_at__lt=at - _KEPT).delete()
