"""Ask a registry who answers for an address, and keep the answer."""

from datetime import datetime, timedelta
from ipaddress import ip_address

from django.conf import settings

from mailwatch.abuse import rdap
from mailwatch.models import AbuseContact

KEPT = timedelta(days=30)
FAILURE_KEPT = timedelta(minutes=10)


class NotAllowed(Exception):
    """Nobody is asked: MAILWATCH_RDAP is off."""


def look_up(address: str, *, now: datetime) -> AbuseContact:
    """What is kept, or else what a registry says now. A failed lookup is an answer too: see its ``error``.

    Raises NotAllowed, and rdap.NotAsked for an address that no registry knows.
    """
    if not settings.MAILWATCH_RDAP:
        raise NotAllowed
    plain = str(ip_address(address))
    kept = AbuseContact.objects.filter(address=plain).first()
    if kept is not None and now - kept.asked_at < (FAILURE_KEPT if kept.error else KEPT):
        return kept
    try:
        found = rdap.lookup(plain, url=settings.MAILWATCH_RDAP_URL)
    except rdap.NoAnswer as failure:
        return _keep(plain, now, error=str(failure)[:300])
    return _keep(plain, now, network=found.network, name=found.name, mails=list(found.mails))


def _keep(address: str, now: datetime, **found: object) -> AbuseContact:
    empty = {"network": "", "name": "", "mails": [], "error": ""}
    row, _ = AbuseContact.objects.update_or_create(
        address=address, defaults={**empty, **found, "asked_at": now}
    )
    return row
