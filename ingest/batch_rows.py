"""The new entries of a batch into rows: parse, gather by message id, count."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from ingest import log_host_counts, partitions, zones
from ingest.assembly import Attempt, Gathered, Place, absorb, absorb_again, attempt_of
from ingest.copy_text import INDEXED_TEXT
from ingest.exim.events import (
    Arrival,
    AuthFailure,
    Bounce,
    Completion,
    Connection,
    Deferral,
    Delivery,
    Event,
    Note,
    Rejection,
    Topic,
    Unparsed,
)
from ingest.exim.line import readable
from ingest.exim.message_id import received_at
from ingest.exim.notes import hands_in
from ingest.exim.parse import parse
from ingest.exim.syslog import first_line
from ingest.known_lines import NewEntry
from ingest.log_host_counts import Counts, Hour, Logins
from ingest.models.hour_counts import Counted
from ingest.pages import StampedEntry, checksum, month_number
from ingest.refusals import Refusal, discard_of, refusal_of
from ingest.sources.entries import Entry, is_continuation

_SHOWN = 500
_NO_STAMP = "no time stamp"


@dataclass(frozen=True, slots=True)
class UnreadLine:
    """A line that says nothing to us, for the page of the run."""

    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """New entries with their time, and what each says; None where a line could not be read."""

    stamped: list[StampedEntry]
    events: list[Event | None]
    new: Sequence[NewEntry]
    unparsed: list[UnreadLine]


@dataclass(slots=True)
class Rows:
    """What a batch brings."""

    messages: dict[str, Gathered] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    headers: list[Refusal] = field(default_factory=list)  # of refusals that are stored
    counts: Counts = field(default_factory=Counts)
    features: set[str] = field(default_factory=set)
    own_addresses: set[str] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)
    arrivals: int = 0
    deliveries: int = 0

    def hour(self, at: datetime) -> Hour:
        """The counts of the hour of a time (UTC)."""
        start = at.replace(minute=0, second=0, microsecond=0)
        hour = self.counts.hours.get(start)
        if hour is None:
            hour = self.counts.hours[start] = Hour()
        return hour

    def count_named(self, kind: Counted, at: datetime, value: str) -> None:
        """Count one line of the hour of a time (UTC) that names a value."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        self.counts.named[kind, hour, value[: log_host_counts.LONGEST_VALUE]] += 1

    def count_local(self, domain: str, number: int = 1) -> None:
        """Count deliveries by a local transport to a domain."""
        counts, domain = self.counts.local_deliveries, domain[:255]
        counts[domain] = counts.get(domain, 0) + number

    def count_script(self, at: datetime, directory: str) -> None:
        """Count a program that handed in a message, by the directory it ran in."""
        key = at.replace(minute=0, second=0, microsecond=0), directory[:INDEXED_TEXT]
        self.counts.script_runs[key] = self.counts.script_runs.get(key, 0) + 1

    def count_login(self, authenticator: str, authenticated_id: str | None, number: int = 1) -> None:
        """Count arrivals through an authenticator by how they name their user."""
        count = self.counts.logins.setdefault(authenticator[:255], Logins())
        if authenticated_id is None:
            count.unrecorded += number
        elif authenticated_id == "":
            count.nameless += number
        else:
            count.named += number


def read(entries: Sequence[NewEntry], zone: tzinfo, *, fallback: datetime) -> ReadBatch:
    """Parse the first line of each entry. Entries without a time take that of the one before, else of the next."""
    events: list[Event | None] = []
    unparsed: list[UnreadLine] = []
    times: list[datetime | None] = []
    for new in entries:
        head = first_line(new.entry.text) if new.entry.lines > 1 else new.entry.text
        event = parse(head, zone=zone)
        if isinstance(event, Unparsed):
            events.append(None)
            times.append(None)
            unparsed.extend(_unread(new.entry, event.reason))
        else:
            events.append(event)
            times.append(event.logged_at)
            if new.entry.unread_lines:
                unparsed.extend(_unread_followers(new.entry))
    first = next((at for at in times if at is not None), fallback)
    stamped = []
    at = first
    for new, own in zip(entries, times, strict=True):
        at = own or at
        stamped.append(StampedEntry(new.entry, at))
    return ReadBatch(stamped, events, entries, unparsed)


def zone_votes(entries: Iterable[StampedEntry], events: Iterable[Event | None]) -> zones.Votes:
    """What the arrivals among entries say of the zone of their log."""
    votes = zones.Votes()
    for stamped, event in zip(entries, events, strict=True):
        if type(event) is Arrival:
            votes.take(stamped.entry.text, event.message_id, event.logged_at)
    return votes


def _unread(entry: Entry, reason: str) -> Iterator[UnreadLine]:
    head, _, rest = entry.text.partition(b"\n")
    yield _shown(reason, head)
    for line in rest.split(b"\n") if rest else ():
        yield _shown(_NO_STAMP, line)


def _unread_followers(entry: Entry) -> Iterator[UnreadLine]:
    for line in entry.text.split(b"\n")[1:]:
        if not is_continuation(line):
            yield _shown(_NO_STAMP, line)


def _shown(reason: str, line: bytes) -> UnreadLine:
    text = readable(line[:_SHOWN])
    return UnreadLine(reason, text + ("..." if len(line) > _SHOWN else ""))


def months_of_ids(batch: ReadBatch) -> set[int]:
    """The months of the messages of a batch (ingest.pages.month_number)."""
    ids = {event.message_id for event in batch.events if event is not None}
    return {month_number(received_at(message_id)) for message_id in ids if message_id is not None}


def require_partitions(batch: ReadBatch) -> None:
    """See that what the batch brings has a place; raises ingest.partitions.Missing."""
    partitions.require(
        of_ids=months_of_ids(batch),
        of_times={month_number(stamped.logged_at) for stamped in batch.stamped},
    )


def gather(batch: ReadBatch, line_refs: Sequence[int]) -> Rows:
    """The rows of a batch whose entries are stored at ``line_refs``."""
    rows = Rows()
    for stamped, event, new, line_ref in zip(batch.stamped, batch.events, batch.new, line_refs, strict=True):
        hour = rows.hour(stamped.logged_at)
        hour.lines += new.new_lines
        if event is not None:
            place = Place(checksum(new.entry.head), new.copy, line_ref, new.entry.header_lines)
            if new.is_told:
                _take_again(rows, event, place)
            else:
                rows.kinds[kind_name(event)] += 1
                _take(rows, hour, event, place)
    return rows


def kind_name(event: Event) -> str:
    """The kind of a line as the glossary names it; a note by its topic."""
    return f"note: {event.topic}" if isinstance(event, Note) else event.kind.value


def _take(rows: Rows, hour: Hour, event: Event, place: Place) -> None:
    message_id = event.message_id
    if message_id is not None:
        rows.messages[message_id] = absorb(rows.messages.get(message_id), event, place)
    match event:
        case Delivery():
            rows.deliveries += event.flag != "*>"
            rows.features.add("deliveries")
            hour.delivered += 1
            _count_delivery(rows, attempt_of(event, place))
        case Deferral():
            hour.deferred += event.is_attempt
            if event.is_attempt:
                provider = log_host_counts.provider_of(event.remote_host_name, event.recipient)
                rows.count_named(Counted.PROVIDER, event.logged_at, provider)
        case Bounce():
            hour.bounced += 1
        case Arrival():
            hour.messages += 1
            _take_arrival(rows, event)
        case Rejection() | AuthFailure():
            _take_refusal(rows, hour, refusal_of(event, place))
        case Completion():
            rows.count_named(Counted.COMPLETED, event.logged_at, "")
        case Connection():
            rows.features.add("connections")
        case Note() if event.topic is Topic.DISCARDED:
            _take_refusal(rows, hour, discard_of(event, place))
        case Note() if event.topic is Topic.ARGUMENTS:
            rows.features.add("arguments")
            if event.directory is not None and hands_in(event.text):
                rows.count_script(event.logged_at, event.directory)


def _take_again(rows: Rows, event: Event, place: Place) -> None:
    """A line whose event is stored: the message points at it too, and the refusal gets its headers."""
    message_id = event.message_id
    if message_id is not None:
        rows.messages[message_id] = absorb_again(rows.messages.get(message_id), event, place)
    if isinstance(event, Rejection | AuthFailure) and place.header_lines:
        rows.headers.append(refusal_of(event, place))


def _count_delivery(rows: Rows, attempt: Attempt) -> None:
    if attempt.transport is not None:
        rows.count_named(Counted.TRANSPORT, attempt.logged_at, attempt.transport)
    local = log_host_counts.domain_of_local_delivery(attempt)
    if local is not None:
        rows.count_local(local)


def _take_arrival(rows: Rows, arrival: Arrival) -> None:
    rows.arrivals += 1
    client = arrival.client
    rows.features.update(_features(arrival))
    if client.interface_address is not None:
        rows.own_addresses.add(client.interface_address)
    if arrival.authenticator is not None:
        rows.count_login(arrival.authenticator, arrival.authenticated_id)


def _features(arrival: Arrival) -> Iterator[str]:
    """What an arrival shows that the log selector decides about (ingest.stored_log_hosts.FEATURES)."""
    yield "arrivals"
    if arrival.recipients is not None:
        yield "listed_recipients"
    if arrival.client.sender_host_port is not None:
        yield "ports"
    if arrival.client.interface_address is not None:
        yield "interface"
    if arrival.subject is not None:
        yield "subjects"
    if arrival.client.sender_host_address is None:
        yield "local_arrivals"


def _take_refusal(rows: Rows, hour: Hour, refusal: Refusal) -> None:
    rows.refusals.append(refusal)
    rows.features.add("rejections")
    if refusal.is_login:
        hour.failed_logins += 1
    else:
        hour.rejected += 1
        rows.count_named(Counted.REASON, refusal.logged_at, refusal.reason)
