"""Celery's wake-ups for the pages."""

from typing import Any

from celery import shared_task
from django.utils.timezone import now

from mailwatch.operations import (
    alert_deliveries,
    alerts,
    daily_mails,
    incident_matching,
    judged_ahead,
    revealing,
    sharing,
    signing_in,
    trail,
    uploads,
)

_SECONDS = 15  # of work in one task, so that lines that come meanwhile find a free worker


@shared_task
def empty_closed_reports(**_: Any) -> None:
    """Drop the contents of shared reports that have ended."""
    sharing.empty_closed(now=now())
    revealing.forget_guesses(now=now())


@shared_task
def forget_attempts(**_: Any) -> None:
    """Drop what was counted of attempts to sign in and no longer holds, sessions that are over, and old invitations."""
    signing_in.forget(at=now())


@shared_task
def forget_old_trail(**_: Any) -> None:
    """Delete what the audit trail has kept for long enough."""
    trail.forget_old(now=now())


@shared_task
def discard_expired_uploads(**_: Any) -> None:
    """Throw away what arrived of uploads that nobody went on with."""
    uploads.discard_expired(at=now())


@shared_task
def judge_ahead(**_: Any) -> None:
    """Judge the days that lines or settings have touched, before somebody asks for them."""
    judged_ahead.judge_ahead(seconds=_SECONDS)


@shared_task
def attach_findings(**_: Any) -> None:
    """Bring to the incidents what was found on their suspects, and open again those that were settled."""
    incident_matching.attach_findings(now=now(), reopened=alerts.incident_reopened)


@shared_task
def send_daily_reports(**_: Any) -> None:
    """Send the daily reports of days that are over."""
    daily_mails.send_due(at=now())


@shared_task
def watch_for_alerts(**_: Any) -> None:
    """Write alerts of what was found since."""
    alerts.look(at=now())


@shared_task
def deliver_alerts(**_: Any) -> None:
    """Hand alerts on that are due."""
    alert_deliveries.deliver(at=now(), seconds=_SECONDS)


@shared_task
def forget_alerts(**_: Any) -> None:
    """Drop alerts of long ago."""
    alert_deliveries.forget(at=now())
