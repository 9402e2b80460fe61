"""What else to look at beside one message, on the same log host: counts, relatives, suspects, files."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from django.db.models import QuerySet

from ingest.models import Finding, LogFile, Message
from ingest.pages import LineRef
from mailwatch.queries import relatives
from mailwatch.queries.counting import Count, counted
from mailwatch.queries.matching import address_is, with_delivery
from mailwatch.queries.message import Timeline
from mailwatch.queries.recipients import RecipientOutcome
from mailwatch.queries.relatives import Neighbours, Relative

_LISTED = 10  # bounces and files near a message
_FILES_READ = 100  # the same name may have been handed in again and again
_REFS_READ = 20_000  # lines of a message whose files are named


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbySuspect:
    """A subject of the message that has findings of its own, with their rules."""

    kind: str
    value: str
    severity: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearby:
    """A count is None where the message does not say what to count by."""

    sender_host: Count | None
    envelope_sender: Count | None
    recipient: Count | None
    connection: Neighbours | None  # None: it did not come over the network
    reports: tuple[str, ...]  # ids of bounces and warnings about this message
    parent_is_here: bool
    onward: tuple[Relative, ...]  # what the next servers call it
    more_onward: int  # of such names, beyond those
    origin: Relative | None  # what the server before called it
    suspects: tuple[NearbySuspect, ...]
    files: tuple[str, ...]
    has_more_reports: bool
    has_more_files: bool


def nearby(timeline: Timeline) -> Nearby:
    """Counts on the same log host, and the messages that belong to this one."""
    message, recipients = timeline.message, timeline.recipients
    here = Message.objects.filter(log_host_id=message.log_host_id)
    files = _files(message)
    parent = message.parent_message_id
    onward = list(dict.fromkeys(one.next_message_id for one in recipients if one.next_message_id))
    return Nearby(
        sender_host=_same_host(here, message.sender_host_address),
        envelope_sender=_same_sender(here, message.envelope_sender),
        recipient=_same_recipient(here, recipients),
        connection=relatives.same_connection(message),
        reports=timeline.reports[:_LISTED],
        has_more_reports=len(timeline.reports) > _LISTED,
        onward=relatives.onward(message, onward),
        more_onward=max(len(onward) - relatives.LISTED, 0),
        origin=relatives.origin(message),
        parent_is_here=bool(parent) and here.filter(message_id=parent).exists(),
        suspects=_suspects(message),
        files=files[:_LISTED],
        has_more_files=len(files) > _LISTED,
    )


def _same_host(here: QuerySet[Message], address: str | None) -> Count | None:
    return counted([here.filter(sender_host_address=address).values("message_id")]) if address else None


def _same_sender(here: QuerySet[Message], address: str | None) -> Count | None:
    if not address:
        return None
    return counted([here.filter(address_is("envelope_sender", address)).values("message_id")])


def _same_recipient(here: QuerySet[Message], recipients: Sequence[RecipientOutcome]) -> Count | None:
    """Only where there is one recipient: otherwise "the same" has no meaning."""
    if len(recipients) != 1:
        return None
    address = recipients[0].original_recipient
    branches = [with_delivery(address_is(field, address)) for field in ("recipient", "original_recipient")]
    return counted([here.filter(branch).values("message_id") for branch in branches])


def _suspects(message: Message) -> tuple[NearbySuspect, ...]:
    """Who is behind it, where rules found something over time."""
    subjects = [
        ("sender_host_address", message.sender_host_address),
        ("authenticated_id", message.authenticated_id),
        ("local_user", None if message.sender_host_address else message.local_user),
    ]
    known = {kind: value for kind, value in subjects if value}
    found = Finding.objects.filter(
        suspect__log_host_id=message.log_host_id, suspect__value__in=known.values()
    )
    rows = found.order_by("suspect_id", "pk").values_list(
        "suspect__kind", "suspect__value", "suspect__severity", "rule"
    )
    return tuple(
        NearbySuspect(kind=kind, value=value, severity=severity, rules=tuple(row[3] for row in group))
        for (kind, value, severity), group in groupby(rows, key=itemgetter(0, 1, 2))
        if known.get(kind) == value
    )


def _files(message: Message) -> tuple[str, ...]:
    """Names of the files that hold its lines."""
    pages = {LineRef.unpack(ref).page_id for ref in message.line_refs[:_REFS_READ]}
    files = LogFile.objects.filter(shares__log_host_id=message.log_host_id, shares__page_id__in=pages)
    named = files.order_by("first_at", "pk").values_list("name", flat=True).distinct()
    return tuple(dict.fromkeys(named[:_FILES_READ]))[: _LISTED + 1]
