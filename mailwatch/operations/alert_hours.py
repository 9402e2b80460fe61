"""When people are told: by their hours, in their zone."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db import transaction

from mailwatch.models import AlertChoice, AlertDelivery
from mailwatch.reader import preferences


def zone_of(user: User) -> tzinfo:
    """The zone that somebody chose, else UTC."""
    name = preferences(user).timezone
    return ZoneInfo(name) if name else UTC


def choose(choice: AlertChoice, *, at: datetime) -> None:
    """Keep how somebody wants to be told; what still waits for them goes by it too."""
    with transaction.atomic():
        choice.save()
        zone = zone_of(choice.user)
        waiting = AlertDelivery.objects.filter(user=choice.user, state=AlertDelivery.State.WAITING, tries=0)
        for delivery in waiting.select_related("alert").select_for_update(of=("self",)):
            delivery.due_at = choice.due(delivery.alert.severity, at, zone)
            delivery.save(update_fields=["due_at"])
