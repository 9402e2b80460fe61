"""Celery's wake-ups for the pages."""

from typing import Any

from celery import shared_task
from django.utils.timezone import now

from mailwatch.operations import sharing, uploads


@shared_task
def empty_closed_reports(**_: Any) -> None:
    """Drop the contents of shared reports that have ended."""
    sharing.empty_closed(now=now())


@shared_task
def discard_expired_uploads(**_: Any) -> None:
    """Throw away what arrived of uploads that nobody went on with."""
    uploads.discard_expired(at=now())
