"""What people have in their hands when they come: names from all of the log, and links to shared reports."""

import random
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Max, Min
from django.utils.timezone import now

from benchmarks.load.visits import Known
from ingest.models import Delivery, Message
from mailwatch.models import SharedReport
from mailwatch.operations import sharing
from mailwatch.queries.ranges import Range

_MOMENTS = 150  # at which the log is looked into
_AT_A_MOMENT = 4  # messages


def known(*, sharer: User) -> Known:
    """Raises ValueError where nothing is stored. ``sharer``: who made the links."""
    messages = [message for moment in _moments() for message in _after(moment)]
    if not messages:
        raise ValueError("there is nothing in this home that anybody could ask for")
    recipients = Delivery.objects.filter(message_id__in=[message.message_id for message in messages])
    addresses = {message.envelope_sender or "" for message in messages}
    addresses |= set(recipients.values_list("recipient", flat=True))
    return Known(
        addresses=sorted(address for address in addresses if "@" in address),
        hosts=sorted({str(one.sender_host_address) for one in messages if one.sender_host_address}),
        message_ids=sorted({one.message_id for one in messages}),
        shared=_shared(messages[0], sharer),
    )


def _moments() -> list[datetime]:
    span = Message.objects.aggregate(first=Min("first_at"), last=Max("first_at"))
    if span["first"] is None:
        return []
    return [span["first"] + random.random() * (span["last"] - span["first"]) for _ in range(_MOMENTS)]


def _after(moment: datetime) -> list[Message]:
    return list(Message.objects.filter(first_at__gte=moment).order_by("first_at")[:_AT_A_MOMENT])


def _shared(message: Message, sharer: User) -> list[str]:
    """The report and a message, frozen for whoever has the link."""
    terms = sharing.Terms(redaction=SharedReport.Redaction.MASKED, days=1, made_by=sharer, now=now())
    report = sharing.freeze_report(log_host=None, asked=Range(), terms=terms)
    single = sharing.freeze_message(message=message, terms=terms)
    return [f"/shared/{made.token}/" for made in (report, report, single)]
