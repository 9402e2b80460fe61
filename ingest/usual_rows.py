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
from ingest.exim.usual import NULL, Usual, UsualLines, read_usual, stamp_form
from ingest.load import escaped
from ingest.pages import checksum, month_number
from ingest.refusals import without_id
from ingest.rules.facts import LogHostFacts, MessageFacts, Outcome, RecipientFacts
from ingest.rules.messages import may_be_found_on_login, may_be_found_on_stranger

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
_FEATURES = ((6, "ports"), (7, "interface"), (17, "subjects"), (19, "listed_recipients"))
_CLIENT, _OWN, _AUTHENTICATOR, _ACCOUNT = 5, 7, 13, 14  # groups of an arrival
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
    """The clock of the stamps of a batch; None where one offset may not do, near a change of the clock.

    And where a day is none of the calendar, which PostgreSQL would not take.
    """
    try:
        for day in {stamp[:10] for stamp in stamps}:
            datetime.fromisoformat(day)
        first, last = min(stamps), max(stamps)
        if first[_ZONE:][:1] == " ":
            return _written_clock({stamp[_ZONE:] for stamp in stamps})
        lowest, highest = datetime.fromisoformat(first[:19]), datetime.fromisoformat(last[:19])
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


def _written_clock(texts: set[str]) -> Clock | None:
    """The clock where each stamp ends with its zone (log_timezone)."""
    zone = texts.pop()[1:]
    if texts or not (zone[0] in "+-" and zone[1:].isdigit()):
        return None
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    return Clock("", -offset if zone[0] == "-" else offset)


@dataclass(frozen=True, slots=True)
class SortedLines:
    """The entries of a batch and what each usual line says."""

    texts: Sequence[bytes]
    lines: list[str | None]  # None: not looked at
    stamps: list[str]  # of all entries, written in the same form
    clock: Clock
    usual: UsualLines


def sort(texts: Sequence[bytes], plain: Sequence[bool] | None, zone: tzinfo) -> SortedLines | None:
    """Look for the usual lines among entries that begin with a stamp.

    ``plain`` says which are a single line that is new; None: all are. Returns None where stamps must be read one by
    one: they are not all written in one form, or lie near a change of the clock.
    """
    form = stamp_form(texts[0])
    if form is None:
        return None
    lines = _decoded(texts, plain)
    width = form.width
    if None in lines:
        stamps = [text[:width].decode("latin-1") for text in texts]
    else:
        stamps = [line[:width] for line in lines if line is not None]
    clock = clock_of(stamps, zone)
    if clock is None:
        return None
    usual = read_usual(lines, form)
    if any(stamp_form(texts[place]) != form for place in usual.others):
        return None
    return SortedLines(texts, lines, stamps, clock, usual)


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


# ---- which lines can be taken


@dataclass(slots=True)
class Taken:
    """The rows of the usual lines of a batch, as COPY reads them, and what is counted of them."""

    messages: list[tuple[str, str]] = field(default_factory=list)  # message id and row
    deliveries: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    to_judge: list[MessageFacts] = field(default_factory=list)  # messages on which rules may find something
    arrived: list[str] = field(default_factory=list)  # stamps, as in the log
    delivered: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    failed_logins: list[str] = field(default_factory=list)
    arrivals: list[tuple[str, ...]] = field(default_factory=list)  # groups
    local_domains: list[str] = field(default_factory=list)  # one for each delivery by a local transport

    @property
    def lines(self) -> int:
        """How many lines were taken."""
        stamps = (self.arrived, self.delivered, self.completed, self.rejected, self.failed_logins)
        return sum(map(len, stamps))


class Whole(NamedTuple):
    """The messages and refusals of a batch that can be taken, and the places of all other lines."""

    message_ids: list[str]
    refusals: list[Usual]
    failed_logins: list[Usual]
    others: list[int]

    @property
    def months_of_ids(self) -> set[int]:
        """The months of the messages, by their ids."""
        if not self.message_ids:
            return set()
        first, last = (month_number(received_at(pick(self.message_ids))) for pick in (min, max))
        return {first} if first == last else {month_number(received_at(name)) for name in self.message_ids}


def whole(found: SortedLines, log_host_id: int) -> Whole:
    """Choose what can be taken: what has all it needs, and nothing that a row could not hold as it stands."""
    usual, checks = found.usual, _Checks(found)
    odd = _odd_ids(found)
    arrivals, deliveries, completions = usual.arrivals, usual.deliveries, usual.completions
    ids = [
        name
        for name in arrivals
        if name in completions and name in deliveries and name not in odd
        and checks.arrival(arrivals[name]) and checks.deliveries(deliveries[name])
    ]  # fmt: skip
    stored = load.stored_between(log_host_id, min(ids), max(ids)) if ids else set()
    if stored:
        ids = [name for name in ids if name not in stored]
    refusals = [line for line in usual.refusals if checks.refusal(line)]
    logins = [line for line in usual.failed_logins if checks.failed_login(line)]
    is_taken = bytearray(len(found.lines))
    for name in ids:
        is_taken[arrivals[name][0]] = is_taken[completions[name]] = 1
        for place, _ in deliveries[name]:
            is_taken[place] = 1
    for place, _ in (*refusals, *logins):
        is_taken[place] = 1
    return Whole(ids, refusals, logins, [place for place, taken in enumerate(is_taken) if not taken])


def _odd_ids(found: SortedLines) -> set[str]:
    """The messages of which other lines speak."""
    ids: set[str] = set()
    for place in found.usual.others:
        ids.update(text.decode() for text in _MESSAGE_ID.findall(found.texts[place], 0, _HEAD))
    return ids


class _Checks:
    """What the patterns of usual lines let through and a row or the grammar does not take as it stands."""

    def __init__(self, found: SortedLines) -> None:
        self._lines = found.lines
        self._is_address: dict[str, bool] = {NULL: True}

    def _address(self, text: str) -> bool:
        known = self._is_address.get(text)
        if known is None:
            known = self._is_address[text] = hosts.address(text) is not None
        return known

    def _has_escapes(self, place: int, groups: Sequence[str], besides: str = NULL) -> bool:
        """Whether a group but one has a backslash, which COPY would take for an escape."""
        line = self._lines[place]
        return (
            line is not None
            and "\\" in line
            and any("\\" in group for group in groups if group is not NULL and group is not besides)
        )

    def arrival(self, arrival: Usual) -> bool:
        place, groups = arrival
        port = groups[6]
        return (
            self._address(groups[_CLIENT])
            and self._address(groups[_OWN])
            and len(groups[15]) <= 18  # size
            and (port is NULL or _is_port(port) is not None)
            and not self._has_escapes(place, groups, groups[17])
        )

    def deliveries(self, lines: Sequence[Usual]) -> bool:
        for place, groups in lines:
            if not self._address(groups[6]) or groups[1].startswith("discarded"):
                return False
            if self._has_escapes(place, groups, groups[9]):
                return False
        if len(lines) == 1:
            return True
        names = {
            same_recipient(groups[1], None if groups[2] in (NULL, groups[1]) else groups[2])
            for _, groups in lines
        }
        return len(names) == len(lines)  # of a recipient that has two lines, the later counts

    def refusal(self, line: Usual) -> bool:
        place, groups = line
        return self._address(groups[2]) and not self._has_escapes(place, groups)

    def failed_login(self, line: Usual) -> bool:
        place, groups = line
        return self._address(groups[3]) and not self._has_escapes(place, groups)


# ---- rows


def may_be_found(groups: Sequence[str], lines: Sequence[Usual], is_remote: bool, host: LogHostFacts) -> bool:
    """Whether a rule may find something on a message that was delivered; most need not be asked."""
    helo_name = "" if groups[4] is NULL else groups[4]
    if groups[_AUTHENTICATOR] is not NULL:
        account = groups[_ACCOUNT]
        return may_be_found_on_login(None if account is NULL else account, helo_name, host)
    if groups[_CLIENT] is NULL:
        return False
    if is_remote:
        return True
    recipients = [line[1] if line[2] is NULL else line[2] for _, line in lines]
    return may_be_found_on_stranger(helo_name, groups[1], recipients, host)


class _Writer:
    """Writes the rows of one batch."""

    def __init__(
        self, found: SortedLines, refs: Sequence[int], copies: Mapping[int, int], log_host_id: int
    ) -> None:
        self._texts = found.texts
        self._stamps = found.stamps
        self._clock = found.clock
        self._suffix = found.clock.suffix
        self._refs = refs
        self._copies = copies
        self._host_id = log_host_id
        self._addresses: dict[str, str] = {NULL: NULL}
        self._reasons: dict[str, Reason] = {}
        self.taken = Taken()

    def _address(self, text: str) -> str:
        """In its one spelling."""
        known = self._addresses.get(text)
        if known is None:
            known = self._addresses[text] = hosts.address(text) or NULL
        return known

    def message(self, arrival: Usual, lines: Sequence[Usual], completed_place: int) -> bool:
        """Write a message and its deliveries; says whether one was handed to another server."""
        place, groups = arrival
        (
            message_id, sender, parent, name, helo_name, address, port, interface, _, ident, _,
            protocol, _, authenticator, account, size, header_id, subject, _, recipients,
        ) = groups  # fmt: skip
        taken, suffix, refs = self.taken, self._suffix, self._refs
        stamp, completed = self._stamps[place], self._stamps[completed_place]
        told, is_remote, first, last = [], False, stamp, completed
        line_refs = [refs[place]]
        for line_place, line in lines:
            told.append(self._delivery(line_place, line))
            is_remote |= line[6] is not NULL
            at = self._stamps[line_place]
            if at > last:
                last = at
            if at < first:
                first = at
            line_refs.append(refs[line_place])
        if first > completed:
            first = completed
        if last < stamp:
            last = stamp
        listed = NULL
        if recipients is not NULL and not (len(told) == 1 and told[0] == recipients):
            listed = load.text_array(still_listed(fields.addresses(recipients), told))
        if "\\" in subject and subject is not NULL:
            subject = escaped(fields.unescape(subject))
        line_refs.append(refs[completed_place])
        client = self._address(address)
        taken.messages.append((
            message_id,
            f"{self._host_id}\t{message_id}\t{first}{suffix}\t{last}{suffix}\t{_DELIVERED}\t{stamp}{suffix}"
            f"\t{checksum(self._texts[place])}\t{'' if sender == '<>' else sender}\t{client}\t{port}\t{name}"
            f"\t{helo_name}\t{self._address(interface)}\t{ident if client is NULL else NULL}\t{parent}\t{protocol}"
            f"\t{authenticator}\t{account}\t{size}\t{header_id}\t{subject}\t{listed}\t{completed}{suffix}"
            f"{_NOTHING_ELSE}\t{len(told)}\t0\t0\t{load.packed_refs(line_refs)}\n",
        ))  # fmt: skip
        taken.arrived.append(stamp)
        taken.completed.append(completed)
        taken.arrivals.append(groups)
        return is_remote

    def _delivery(self, place: int, groups: Sequence[str]) -> str:
        """Write a delivery line; returns the recipient as it was before aliasing."""
        message_id, recipient, original, _, transport, name, address, *_ = groups
        if original == recipient:
            original = NULL
        stamp, taken = self._stamps[place], self.taken
        taken.deliveries.append(
            f"{self._host_id}\t{message_id}\t{stamp}{self._suffix}\t{checksum(self._texts[place])}\t0\t{_DELIVERED}\tt"
            f"\t{recipient}\t{original}\t{transport}\t{name}\t{self._address(address)}\t\\N"
            f"\t{self._refs[place]}\n"
        )
        taken.delivered.append(stamp)
        told = recipient if original is NULL else original
        if address is NULL and transport is not NULL:
            _, at, domain = (recipient if "@" in recipient else told).rpartition("@")
            if at:
                taken.local_domains.append(domain.lower())
        return told

    def facts(self, arrival: Usual, lines: Sequence[Usual]) -> None:
        """Keep the facts of a message for the rules."""
        place, said = arrival
        groups = [None if group is NULL else group for group in said]
        client, subject = groups[_CLIENT], groups[17]
        self.taken.to_judge.append(
            MessageFacts(
                said[0],
                self._clock.at(self._stamps[place]),
                "" if groups[1] == "<>" else groups[1],
                hosts.address(client),
                hosts.port(groups[6]),
                groups[4],
                groups[3],
                groups[11],
                groups[_AUTHENTICATOR],
                groups[_ACCOUNT],
                groups[9] if client is None else None,
                None,
                None,
                tuple(self._recipient(*line) for line in lines),
                fields.number(groups[15]),
                subject if subject is None else fields.unescape(subject),
                Status.DELIVERED,
            )
        )

    def _recipient(self, place: int, groups: Sequence[str]) -> RecipientFacts:
        recipient, original = groups[1], groups[2]
        return RecipientFacts(
            recipient,
            recipient if original is NULL else original,
            Outcome.DELIVERED,
            groups[6] is not NULL,
            None,
            self._clock.at(self._stamps[place]),
        )

    def refusal(self, place: int, groups: Sequence[str]) -> None:
        """Write a recipient that was refused."""
        name, helo_name, address, _, _, _, sender, login, temporarily, recipient, text = groups
        reason = self._reasons.get(text)
        if reason is None:
            reason = self._reasons[text] = reason_of(text)
        authenticator, account = _login(login)
        stamp = self._stamps[place]
        self.taken.refusals.append(
            f"{self._host_id}\t{stamp}{self._suffix}\t{checksum(self._texts[place])}\t{self._copies.get(place, 0)}\tf"
            f"\t{_RCPT}\t{'f' if temporarily is NULL else 't'}\t{reason}\t\\N\t{self._address(address)}\t{name}"
            f"\t{helo_name}\t{sender}\t{recipient}\t{authenticator}\t{account}\t{text}\t{self._refs[place]}"
            "\t\\N\t\\N\n"
        )
        self.taken.rejected.append(stamp)

    def failed_login(self, place: int, groups: Sequence[str]) -> None:
        """Write a login that was refused."""
        authenticator, name, helo_name, address, _, _, _, text, code, account = groups
        stamp = self._stamps[place]
        self.taken.refusals.append(
            f"{self._host_id}\t{stamp}{self._suffix}\t{checksum(self._texts[place])}\t{self._copies.get(place, 0)}\tt"
            f"\t{_AUTH}\t{'t' if code == _NOT_NOW else 'f'}\t{_LOGIN}\t\\N\t{self._address(address)}\t{name}"
            f"\t{helo_name}\t\\N\t\\N\t{authenticator}\t{account}\t{without_id(text, account)}\t{self._refs[place]}"
            "\t\\N\t\\N\n"
        )
        self.taken.failed_logins.append(stamp)


_RCPT, _AUTH, _LOGIN = Stage.RCPT.value, Stage.AUTH.value, Reason.LOGIN.value


def _login(text: str) -> tuple[str, str]:
    """Authenticator and id of a client that had logged in."""
    if text is NULL:
        return NULL, NULL
    authenticator, account = fields.login(text)
    return authenticator or "", NULL if account is None else account


def take(
    found: SortedLines,
    chosen: Whole,
    refs: Sequence[int],
    copies: Mapping[int, int],
    log_host_id: int,
    host: LogHostFacts,
) -> Taken:
    """The rows of what was chosen. ``refs`` say where each entry is stored, ``copies`` of a line that repeats earlier
    ones how many there are, by its place.
    """
    usual, writer = found.usual, _Writer(found, refs, copies, log_host_id)
    for name in chosen.message_ids:
        arrival, lines = usual.arrivals[name], usual.deliveries[name]
        is_remote = writer.message(arrival, lines, usual.completions[name])
        if may_be_found(arrival[1], lines, is_remote, host):
            writer.facts(arrival, lines)
    for line in chosen.refusals:
        writer.refusal(*line)
    for line in chosen.failed_logins:
        writer.failed_login(*line)
    return writer.taken


# ---- counts


class Touched(NamedTuple):
    """Times that lie around what was stored."""

    messages: list[datetime]
    refusals: list[datetime]


def count(taken: Taken, clock: Clock, rows: Rows) -> Touched:
    """Add what was taken to the counts of the batch; returns when messages came in, and refusals."""
    touched: dict[str, list[datetime]] = {}
    for stamps, column in (
        (taken.arrived, "messages"),
        (taken.delivered, "delivered"),
        (taken.completed, None),
        (taken.rejected, "rejected"),
        (taken.failed_logins, "failed_logins"),
    ):
        counted = Counter(map(_TEN_MINUTES, stamps))
        for ten_minutes, number in counted.items():
            hour = rows.hour(clock.at(f"{ten_minutes}0:00"))
            hour.lines += number
            if column is not None:
                setattr(hour, column, getattr(hour, column) + number)
        touched[column or ""] = [
            clock.at(f"{ten_minutes}{rest}") for ten_minutes in counted for rest in _BOUNDS
        ]
    for domain, number in Counter(taken.local_domains).items():
        rows.counts.local_deliveries[domain] = rows.counts.local_deliveries.get(domain, 0) + number
    _count_arrivals(taken, rows)
    rows.deliveries += len(taken.delivered)
    rows.kinds.update({
        Kind.ARRIVAL.value: len(taken.arrived),
        Kind.DELIVERY.value: len(taken.delivered),
        Kind.COMPLETION.value: len(taken.completed),
        Kind.REJECTION.value: len(taken.rejected),
        Kind.AUTH_FAILURE.value: len(taken.failed_logins),
    })  # fmt: skip
    if taken.delivered:
        rows.features.add("deliveries")
    if taken.refusals:
        rows.features.add("rejections")
    return Touched(touched["messages"], touched["rejected"] + touched["failed_logins"])


def _count_arrivals(taken: Taken, rows: Rows) -> None:
    """What arrivals say of the log host, its logins and its log selector."""
    arrivals = taken.arrivals
    rows.arrivals += len(arrivals)
    logins = Counter(map(itemgetter(_AUTHENTICATOR, _ACCOUNT), arrivals))
    for (authenticator, account), number in logins.items():
        if authenticator is not NULL:
            rows.count_login(authenticator, None if account is NULL else account, number)
    own = set(map(itemgetter(_OWN), arrivals)) - {NULL}
    rows.own_addresses.update(filter(None, map(hosts.address, own)))
    if arrivals:
        rows.features.add("arrivals")
    for group, feature in _FEATURES:
        if any(groups[group] is not NULL for groups in arrivals):
            rows.features.add(feature)
    if any(groups[_CLIENT] is NULL for groups in arrivals):
        rows.features.add("local_arrivals")


def votes(found: SortedLines, message_ids: Sequence[str]) -> zones.Votes:
    """What the arrivals say of the zone of their log; all at once where they agree, which is nearly always."""
    result = zones.Votes()
    arrivals = [(name, found.usual.arrivals[name][0]) for name in message_ids]
    received = [seconds_of(name) for name, _ in arrivals]
    if found.clock.suffix:  # stamps that have a zone of their own say nothing
        written = _Seconds(found.clock)
        stamped = [written.of(found.stamps[place]) for _, place in arrivals]
        if result.take_all(found.clock.offset, received, stamped):
            return result
        for name, place in arrivals:
            result.take(found.texts[place], name, found.clock.at(found.stamps[place]))
    return result


class _Seconds:
    """Stamps as seconds since 1970: a minute is read once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minutes: dict[str, int] = {}

    def of(self, stamp: str) -> int:
        minute = stamp[:17]
        begins = self._minutes.get(minute)
        if begins is None:
            begins = self._minutes[minute] = int(self._clock.at(f"{minute}00").timestamp())
        return begins + int(stamp[17:19])
