"""Messages and refusals whose lines are all usual, straight into rows: what most of a batch is.

A message is taken here if its arrival, its deliveries and its completion all stand in one batch, nothing else is said
of it there and nothing of it is stored; so there is nothing to merge. All the rest goes the way of ``batch_rows``,
which would give the same rows for these lines too (the tests compare the two): it costs 25 us a line, this one 5.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from operator import itemgetter
from typing import NamedTuple

from ingest import load, zones
from ingest.assembly import Status, same_recipient, still_listed
from ingest.batch_rows import Rows
from ingest.exim import fields, hosts
from ingest.exim.events import Kind, Stage
from ingest.exim.message_id import PATTERN, received_at, seconds_of
from ingest.exim.reasons import Reason, reason_of
from ingest.exim.usual import NULL, UsualLine, UsualLines, read_usual, stamp_width
from ingest.load import escaped
from ingest.pages import checksum, month_number
from ingest.rules.facts import LogHostFacts, MessageFacts, Outcome, RecipientFacts

_ZONE = -6  # where " +0100" begins in a stamp that has it
_LONGEST_SPAN = timedelta(days=20)  # less than lies between two changes of a clock
_AROUND = timedelta(hours=3)  # a change of the clock makes stamps of this distance ambiguous
_DELIVERED = Status.DELIVERED.value
_NOTHING_ELSE = "\t\\N" * 5  # frozen, thawed, removed, rejected, and no limit of the connection
_NOT_NOW = "435"
_MESSAGE_ID = re.compile(PATTERN.encode())
_HEAD = 700  # bytes in which the id of a line stands, behind syslog's part
_is_port = re.compile(r"\d{1,4}|[0-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]").fullmatch
_TEN_MINUTES = itemgetter(slice(0, 15))  # "2026-03-01 10:2"; zones are offset by quarters of an hour at least

# groups of an arrival that show what the log selector decides about (ingest.stored_facts.FEATURES)
_FEATURES = ((5, "ports"), (6, "interface"), (16, "subjects"), (18, "listed_recipients"))
_BOUNDS = ("0:00", "9:59.999999")


# ---- the lines of a batch


@dataclass(frozen=True, slots=True)
class Clock:
    """How all stamps of a batch are to be read."""

    suffix: str  # behind a stamp for PostgreSQL: "+01:00"; "" where stamps have a zone of their own
    offset: timedelta

    def at(self, stamp: str) -> datetime:
        """The time of a stamp, in UTC. Raises ValueError for one that is none."""
        local = stamp[:_ZONE] if stamp[_ZONE:][:1] == " " else stamp
        return (datetime.fromisoformat(local) - self.offset).replace(tzinfo=UTC)


def clock_of(stamps: Collection[str], zone: tzinfo) -> Clock | None:
    """The clock of the stamps of a batch; None where one offset may not do, near a change of the clock."""
    if min(stamps)[_ZONE:][:1] == " ":
        return _written_clock({stamp[_ZONE:] for stamp in stamps})
    try:
        lowest, highest = (datetime.fromisoformat(stamp[:19]) for stamp in (min(stamps), max(stamps)))
        around = (lowest - _AROUND, lowest, highest, highest + _AROUND)
    except (ValueError, OverflowError):
        return None
    offsets = {at.replace(tzinfo=zone).utcoffset() for at in around}
    offset = offsets.pop()
    if offsets or offset is None or highest - lowest > _LONGEST_SPAN:
        return None
    return None if offset.total_seconds() % 60 else Clock(_suffix(offset), offset)


def _suffix(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _written_clock(zones: set[str]) -> Clock | None:
    """The clock where each stamp ends with its zone (log_timezone)."""
    zone = zones.pop()[1:]
    if zones or not (zone[0] in "+-" and zone[1:].isdigit()):
        return None
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    return Clock("", -offset if zone[0] == "-" else offset)


class _Times(dict[str, datetime]):
    """Seconds by their stamp: several lines share one."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def __missing__(self, stamp: str) -> datetime:
        at = self[stamp] = self._clock.at(stamp)
        return at


@dataclass(frozen=True, slots=True)
class SortedLines:
    """The entries of a batch: what each usual line says, and when each was written, to the second."""

    lines: list[str | None]  # None: not looked at
    times: list[datetime]
    clock: Clock
    usual: UsualLines


def sort(texts: Sequence[bytes], plain: Sequence[bool] | None, zone: tzinfo) -> SortedLines | None:
    """Look for the usual lines among entries that begin with a stamp.

    ``plain`` says which are a single line that is new and no copy; None: all are. Returns None where stamps must be
    read one by one.
    """
    width = stamp_width(texts[0])
    if width is None:
        return None
    lines = _decoded(texts, plain)
    stamps = [line[:width] for line in lines if line is not None]
    clock = clock_of(stamps, zone) if stamps else None
    if clock is None:
        return None
    at = _Times(clock)
    try:
        times = (
            [at[text[:width].decode("latin-1")] for text in texts]
            if len(stamps) < len(texts)
            else (list(map(at.__getitem__, stamps)))
        )
    except ValueError:
        return None
    return SortedLines(lines, times, clock, read_usual(lines, width))


def _decoded(texts: Sequence[bytes], plain: Sequence[bool] | None) -> list[str | None]:
    """The lines that can be usual: of ASCII without control characters that COPY or the grammar would change."""
    if plain is None:
        text = b"\n".join(texts)
        if _is_ordinary(text):
            return [*text.decode("ascii").split("\n")]
        plain = [True] * len(texts)
    return [
        text.decode("ascii") if is_plain and _is_ordinary(text) else None
        for text, is_plain in zip(texts, plain, strict=True)
    ]


def _is_ordinary(text: bytes) -> bool:
    return text.isascii() and b"\t" not in text and b"\r" not in text and 0 not in text


# ---- rows


class Row(NamedTuple):
    """A row as COPY writes it, but for its last column: the number of the line at ``place``."""

    text: str
    place: int


class MessageRow(NamedTuple):
    """The same for a message, which points at several lines."""

    message_id: str
    text: str
    places: list[int]


def may_be_found(
    sender: str,
    client: str,
    helo_name: str,
    authenticator: str,
    account: str,
    is_remote: bool,
    host: LogHostFacts,
) -> bool:
    """Whether a rule may find something on a message that was delivered; most need not be asked."""
    if authenticator is not NULL:
        return account == ""
    if client is NULL:
        return False
    return is_remote or "[" in helo_name or helo_name[-1:].isdigit() or host.is_local(sender)


class Touched(NamedTuple):
    """Times that lie around what was stored."""

    messages: list[datetime]
    refusals: list[datetime]


@dataclass(slots=True)
class Taken:
    """The rows of the usual lines of a batch, and what is counted of them. Stamps are as in the log."""

    messages: list[MessageRow] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    refusals: list[Row] = field(default_factory=list)
    to_judge: list[MessageFacts] = field(default_factory=list)  # messages on which rules may find something
    arrived: list[str] = field(default_factory=list)  # stamps
    delivered: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    failed_logins: list[str] = field(default_factory=list)
    local_domains: list[str] = field(default_factory=list)  # one for each delivery by a local transport
    logins: list[tuple[str, str]] = field(default_factory=list)  # authenticator and id, of arrivals
    features: set[str] = field(default_factory=set)
    own_addresses: set[str] = field(default_factory=set)
    is_taken: bytearray = field(default_factory=bytearray)  # by place

    @property
    def lines(self) -> int:
        """How many lines were taken."""
        return self.is_taken.count(1)

    @property
    def months_of_ids(self) -> set[int]:
        """The months of the messages, by their ids."""
        if not self.messages:
            return set()
        ids = [row.message_id for row in self.messages]
        first, last = month_number(received_at(min(ids))), month_number(received_at(max(ids)))
        return {first} if first == last else {month_number(received_at(message_id)) for message_id in ids}

    def touched(self, clock: Clock) -> "Touched":
        """When messages came in, and refusals: the bounds of each ten minutes."""

        def bounds(stamps: Sequence[str]) -> list[datetime]:
            return [
                clock.at(f"{ten_minutes}{rest}")
                for ten_minutes in set(map(_TEN_MINUTES, stamps))
                for rest in _BOUNDS
            ]

        refused = [*self.rejected, *self.failed_logins]
        return Touched(bounds(self.arrived), bounds(refused))

    @property
    def others(self) -> list[int]:
        """The places of the lines that are left."""
        return [place for place, is_taken in enumerate(self.is_taken) if not is_taken]


class _Deliveries(NamedTuple):
    """The deliveries of one message, not taken yet."""

    rows: list[Row]
    told: list[str]  # the recipients as they were before aliasing
    local_domains: list[str]
    is_remote: bool


class _Reader:
    """Makes the rows of one batch."""

    def __init__(
        self,
        found: SortedLines,
        texts: Sequence[bytes],
        copies: Mapping[int, int],
        host_id: int,
        host: LogHostFacts,
    ) -> None:
        self._copies = copies
        self._lines = found.lines
        self._times = found.times
        self._texts = texts
        self._host_id = host_id
        self._host = host
        self._suffix = found.clock.suffix
        self._addresses = {NULL: NULL}
        self._reasons: dict[str, Reason] = {}
        self.taken = Taken(is_taken=bytearray(len(texts)))

    def _address(self, text: str) -> str | None:
        """An IP address in its one spelling; None for what is none."""
        known = self._addresses.get(text)
        if known is None:
            known = hosts.address(text)
            if known is not None:
                self._addresses[text] = known
        return known

    def _key(self, place: int) -> str:
        """The digest of a line and its number among identical ones."""
        return f"{checksum(self._texts[place])}\t{self._copies.get(place, 0)}"

    def _has_escapes(self, place: int, groups: Sequence[str], besides: str = NULL) -> bool:
        """Whether a group but one has a backslash, which COPY would take for an escape."""
        line = self._lines[place]
        return (
            line is not None
            and "\\" in line
            and any("\\" in group for group in groups if group is not NULL and group is not besides)
        )

    # ---- messages

    def message(
        self, message_id: str, arrival: UsualLine, lines: Sequence[UsualLine], completion: tuple[int, str]
    ) -> None:
        """Take the lines of one message: all or none."""
        place, stamp, groups = arrival
        (
            sender, parent, name, helo_name, address, port, interface, _, ident, _,
            protocol, _, authenticator, account, size, header_id, subject, _, recipients,
        ) = groups  # fmt: skip
        client, own = self._address(address), self._address(interface)
        deliveries = self._deliveries(message_id, lines)
        if (
            client is None
            or own is None
            or deliveries is None
            or len(size) > 18
            or not (port is NULL or _is_port(port))
            or self._has_escapes(place, groups, subject)
        ):
            return
        if "\\" in subject and subject is not NULL:
            subject = escaped(fields.unescape(subject))
        told, suffix, taken = deliveries.told, self._suffix, self.taken
        listed = NULL
        if recipients is not NULL and not (len(told) == 1 and told[0] == recipients):
            listed = load.text_array(still_listed(fields.addresses(recipients), told))
        if sender == "<>":
            sender = ""
        completed_place, completed_stamp = completion
        stamps = [line.stamp for line in lines]
        first, last = min(stamp, completed_stamp, *stamps), max(stamp, completed_stamp, *stamps)
        taken.messages.append(
            MessageRow(
                message_id,
                f"{self._host_id}\t{message_id}\t{first}{suffix}\t{last}{suffix}\t{_DELIVERED}\t{stamp}{suffix}"
                f"\t{checksum(self._texts[place])}\t{sender}\t{client}\t{port}\t{name}\t{helo_name}\t{own}"
                f"\t{ident if client is NULL else NULL}\t{parent}\t{protocol}\t{authenticator}\t{account}"
                f"\t{size}\t{header_id}\t{subject}\t{listed}\t{completed_stamp}{suffix}{_NOTHING_ELSE}"
                f"\t{len(told)}\t0\t0\t",
                [place, *[line.place for line in lines], completed_place],
            )
        )
        taken.deliveries += deliveries.rows
        taken.delivered += stamps
        taken.local_domains += deliveries.local_domains
        taken.arrived.append(stamp)
        taken.completed.append(completed_stamp)
        is_taken = taken.is_taken
        is_taken[place] = is_taken[completed_place] = 1
        for line in lines:
            is_taken[line.place] = 1
        self._note(arrival, own)
        if may_be_found(sender, client, helo_name, authenticator, account, deliveries.is_remote, self._host):
            self.judge(message_id, arrival, lines)

    def _deliveries(self, message_id: str, lines: Sequence[UsualLine]) -> _Deliveries | None:
        """The rows of a message's deliveries; None if one of them is not usual after all."""
        rows, told, names, domains = [], [], [], []
        is_remote = False
        start = f"{self._host_id}\t{message_id}\t"
        for place, stamp, groups in lines:
            recipient, original, router, transport, name, address, _, _, answer, _, _ = groups
            remote = self._address(address)
            if (
                remote is None
                or recipient.startswith("discarded")
                or self._has_escapes(place, groups, answer)
            ):
                return None
            if original == recipient:
                original = NULL
            told.append(recipient if original is NULL else original)
            if remote is not NULL:
                is_remote = True
            elif transport is not NULL:
                address_of = recipient if "@" in recipient else told[-1]
                _, at, domain = address_of.rpartition("@")
                if at:
                    domains.append(domain.lower())
            rows.append(
                Row(
                    f"{start}{stamp}{self._suffix}\t{checksum(self._texts[place])}\t0\t{_DELIVERED}\tt\t{recipient}"
                    f"\t{original}\t{router}\t{transport}\t{name}\t{remote}\t\\N\t",
                    place,
                )
            )
        if len(lines) > 1:
            names = [
                same_recipient(line.groups[0], None if line.groups[1] is NULL else line.groups[1])
                for line in lines
            ]
            if len(set(names)) < len(names):
                return None
        return _Deliveries(rows, told, domains, is_remote)

    def _note(self, arrival: UsualLine, own: str) -> None:
        """Count what an arrival says of the log host and of whoever sends."""
        taken, groups = self.taken, arrival.groups
        authenticator, account = groups[12], groups[13]
        if authenticator is not NULL:
            taken.logins.append((authenticator, account))
        if own is not NULL:
            taken.own_addresses.add(own)
        features = taken.features
        features.add("arrivals")
        for group, feature in _FEATURES:
            if groups[group] is not NULL:
                features.add(feature)
        if groups[4] is NULL:
            features.add("local_arrivals")

    def judge(self, message_id: str, arrival: UsualLine, lines: Sequence[UsualLine]) -> None:
        """Keep the facts of a message for the rules."""
        groups = [None if group is NULL else group for group in arrival.groups]
        client, subject = groups[4], groups[16]
        recipients = tuple(self._recipient(line) for line in lines)
        self.taken.to_judge.append(
            MessageFacts(
                message_id,
                self._times[arrival.place],
                "" if groups[0] == "<>" else groups[0],
                hosts.address(client),
                hosts.port(groups[5]),
                groups[3],
                groups[2],
                groups[10],
                groups[12],
                groups[13],
                groups[8] if client is None else None,
                None,
                None,
                recipients,
                fields.number(groups[14]),
                subject if subject is None else fields.unescape(subject),
                Status.DELIVERED,
            )
        )

    def _recipient(self, line: UsualLine) -> RecipientFacts:
        recipient, original = line.groups[:2]
        return RecipientFacts(
            recipient,
            recipient if original is NULL else original,
            Outcome.DELIVERED,
            line.groups[5] is not NULL,
            None,
            self._times[line.place],
        )

    # ---- refusals

    def refusal(self, line: UsualLine) -> None:
        """Take a recipient that was refused."""
        place, stamp, groups = line
        name, helo_name, address, _, _, _, sender, login, temporarily, recipient, text = groups
        client = self._address(address)
        if client is None or self._has_escapes(place, groups):
            return
        reason = self._reasons.get(text)
        if reason is None:
            reason = self._reasons[text] = reason_of(text)
        authenticator, account = _login(login)
        self.taken.refusals.append(
            Row(
                f"{self._host_id}\t{stamp}{self._suffix}\t{self._key(place)}\tf\t{Stage.RCPT}"
                f"\t{'f' if temporarily is NULL else 't'}\t{reason}\t\\N\t{client}\t{name}\t{helo_name}\t{sender}"
                f"\t{recipient}\t{authenticator}\t{account}\t{text}\t",
                place,
            )
        )
        self.taken.rejected.append(stamp)
        self.taken.is_taken[place] = 1

    def failed_login(self, line: UsualLine) -> None:
        """Take a login that was refused."""
        place, stamp, groups = line
        authenticator, name, helo_name, address, _, _, _, text, code, account = groups
        client = self._address(address)
        if client is None or self._has_escapes(place, groups):
            return
        self.taken.refusals.append(
            Row(
                f"{self._host_id}\t{stamp}{self._suffix}\t{self._key(place)}\tt\t{Stage.AUTH}"
                f"\t{'t' if code == _NOT_NOW else 'f'}\t{Reason.LOGIN}\t\\N\t{client}\t{name}\t{helo_name}\t\\N\t\\N"
                f"\t{authenticator}\t{account}\t{text}\t",
                place,
            )
        )
        self.taken.failed_logins.append(stamp)
        self.taken.is_taken[place] = 1


def _login(text: str) -> tuple[str, str]:
    """Authenticator and id of a client that had logged in."""
    if text is NULL:
        return NULL, NULL
    authenticator, account = fields.login(text)
    return authenticator or "", NULL if account is None else account


def take(
    found: SortedLines,
    texts: Sequence[bytes],
    copies: Mapping[int, int],
    log_host_id: int,
    host: LogHostFacts,
) -> Taken:
    """The rows of the usual lines of a batch; ``copies`` says of a line that repeats others how many, by its place."""
    usual, reader = found.usual, _Reader(found, texts, copies, log_host_id, host)
    odd = {message_id for _, message_id in usual.others if message_id is not None}
    for place, message_id in usual.others:
        if message_id is None:
            odd.update(text.decode() for text in _MESSAGE_ID.findall(texts[place], 0, _HEAD))
    whole = [
        message_id
        for message_id in usual.arrivals
        if message_id in usual.completions and message_id in usual.deliveries and message_id not in odd
    ]
    stored = load.stored_between(log_host_id, min(whole), max(whole)) if whole else ()
    for message_id in whole:
        if message_id not in stored:
            reader.message(
                message_id,
                usual.arrivals[message_id],
                usual.deliveries[message_id],
                usual.completions[message_id],
            )
    for line in usual.refusals:
        reader.refusal(line)
    for line in usual.failed_logins:
        reader.failed_login(line)
    return reader.taken


# ---- with the lines they point at


def messages(taken: Taken, refs: Sequence[int]) -> list[tuple[str, str]]:
    """The ids and rows of the messages, once it is known where their lines stand."""
    return [
        (message_id, f"{text}{{{','.join([str(refs[place]) for place in places])}}}\n")
        for message_id, text, places in taken.messages
    ]


def attempts(taken: Taken, refs: Sequence[int]) -> list[str]:
    """The rows of the delivery lines."""
    return [f"{text}{refs[place]}\n" for text, place in taken.deliveries]


def refusals(taken: Taken, refs: Sequence[int]) -> list[str]:
    """The rows of the refusals; usual ones have no headers below them."""
    return [f"{text}{refs[place]}\t\\N\t\\N\n" for text, place in taken.refusals]


# ---- counts


def count(taken: Taken, clock: Clock, rows: Rows) -> None:
    """Add what was taken to the counts of the batch."""
    for stamps, column in (
        (taken.arrived, "messages"),
        (taken.delivered, "delivered"),
        (taken.completed, None),
        (taken.rejected, "rejected"),
        (taken.failed_logins, "failed_logins"),
    ):
        for ten_minutes, number in Counter(map(_TEN_MINUTES, stamps)).items():
            hour = rows.hour(clock.at(f"{ten_minutes}0:00"))
            hour.lines += number
            if column is not None:
                setattr(hour, column, getattr(hour, column) + number)
    _add(rows.counts.local_deliveries, taken.local_domains)
    for (authenticator, account), number in Counter(taken.logins).items():
        rows.count_login(authenticator, None if account is NULL else account, number)
    rows.own_addresses |= taken.own_addresses
    rows.features |= taken.features
    if taken.delivered:
        rows.features.add("deliveries")
    if taken.refusals:
        rows.features.add("rejections")
    rows.arrivals += len(taken.arrived)
    rows.deliveries += len(taken.delivered)
    rows.kinds.update(
        {
            Kind.ARRIVAL.value: len(taken.arrived),
            Kind.DELIVERY.value: len(taken.delivered),
            Kind.COMPLETION.value: len(taken.completed),
            Kind.REJECTION.value: len(taken.rejected),
            Kind.AUTH_FAILURE.value: len(taken.failed_logins),
        }
    )


def _add(counts: dict[str, int], values: Sequence[str]) -> None:
    for value, number in Counter(values).items():
        counts[value] = counts.get(value, 0) + number


def votes(found: SortedLines, taken: Taken, texts: Sequence[bytes]) -> zones.Votes:
    """What the arrivals say of the zone of their log; all at once where they agree, which is nearly always."""
    result = zones.Votes()
    arrivals = [(row.message_id, row.places[0]) for row in taken.messages]
    received = [seconds_of(message_id) for message_id, _ in arrivals]
    written = [found.times[place].timestamp() for _, place in arrivals]
    if not (found.clock.suffix and result.take_all(found.clock.offset, received, written)):
        for message_id, place in arrivals:
            result.take(texts[place], message_id, found.times[place])
    return result
