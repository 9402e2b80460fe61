"""The same mail on its way: reports about a message, and its names on the servers before and after."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.exim.events import Delivery
from ingest.exim.message_id import first_id, next_message_id, received_at
from ingest.models import LogHost, Message
from ingest.pages import read_entries
from mailwatch.queries.counting import Count
from mailwatch.queries.lines import read
from mailwatch.queries.matching import header_is

LISTED = 10
_COUNTED = 100  # messages of one connection
_CONNECTION = timedelta(hours=1)  # before and after; the port is used again later
_MOMENT = timedelta(seconds=30)  # before and after, where the log has no ports
_CANDIDATES = 20  # messages of one Message-ID: a list gives the same one to each of its members
_LINES = 500  # of a candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A message by the id that a server gave it; ``log_host`` is None where its log is not stored."""

    message_id: str
    log_host: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A message that came from the same client at about the same time."""

    message_id: str
    first_at: datetime
    envelope_sender: str | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Messages of the same connection, this one too; without ports, of the same client within a minute."""

    messages: tuple[Neighbour, ...]  # the first ones
    count: Count
    is_connection: bool  # the log has the port; else it cannot tell
    since: datetime  # of the first one
    until: datetime  # behind the last one that was counted


def same_connection(message: Message) -> Neighbours | None:
    """What came with a message. None: it did not come over the network.

    Bounded by the time in the ids, which tells the moment whatever the zone of the log.
    """
    if message.sender_host_address is None:
        return None
    is_connection = message.sender_host_port is not None
    around = _CONNECTION if is_connection else _MOMENT
    came_at = received_at(message.message_id)
    found = Message.objects.filter(
        log_host_id=message.log_host_id,
        message_id__gte=first_id(came_at - around),
        message_id__lt=first_id(came_at + around),
        sender_host_address=message.sender_host_address,
        **({"sender_host_port": message.sender_host_port} if is_connection else {}),
    )
    rows = found.order_by("message_id").values("message_id", "first_at", "envelope_sender", "status")
    read = list(rows[: _COUNTED + 1])
    times = [row["first_at"] for row in read] or [message.first_at]
    return Neighbours(
        messages=tuple(Neighbour(**row) for row in read[:LISTED]),
        count=Count(number=min(len(read), _COUNTED), is_more=len(read) > _COUNTED),
        is_connection=is_connection,
        since=min(times),
        until=max(times) + timedelta(seconds=1),
    )


def reports(message: Message, *, most: int = LISTED) -> list[str]:
    """Ids of the bounces and warnings that this server made about a message, oldest first; one more than ``most``."""
    here = Message.objects.filter(log_host_id=message.log_host_id, parent_message_id=message.message_id)
    return list(here.order_by("first_at").values_list("message_id", flat=True)[: most + 1])


def onward(message: Message, next_ids: Iterable[str | None]) -> tuple[Relative, ...]:
    """What the next servers call the message, in order; each with the log host that has that id."""
    ids = list(dict.fromkeys(message_id for message_id in next_ids if message_id))[:LISTED]
    if not ids:
        return ()
    found = Message.objects.filter(log_host_id__in=_log_hosts(), message_id__in=ids)
    names = dict(found.exclude(pk=message.pk).values_list("message_id", "log_host__name"))
    return tuple(Relative(message_id=message_id, log_host=names.get(message_id)) for message_id in ids)


def origin(message: Message) -> Relative | None:
    """The message whose delivery was answered with this one's id; looked for by the same Message-ID."""
    if not message.header_message_id or message.received_at is None:
        return None
    same = Message.objects.filter(header_is(message.header_message_id), first_at__lte=message.last_at)
    rows = same.exclude(pk=message.pk)
    for row in rows.select_related("log_host").order_by("first_at")[:_CANDIDATES]:
        if message.message_id in _given_ids(row):
            return Relative(message_id=row.message_id, log_host=row.log_host.name)
    return None


def _given_ids(message: Message) -> set[str]:
    """The ids that the next servers gave a message, by the answers on its lines."""
    entries = read_entries(message.log_host_id, message.line_refs[:_LINES])
    events = (line.event for line in read((entry for entry in entries if b" C=" in entry), message.log_host))
    answers = (event.text for event in events if isinstance(event, Delivery))
    return {found for answer in answers if (found := next_message_id(answer))}


def _log_hosts() -> Sequence[int]:
    return list(LogHost.objects.values_list("pk", flat=True))
