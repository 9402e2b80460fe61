"""The zone of a log, checked against its message ids.

A stamp is local time, and the first six characters of a message id are the same moment in UTC: the difference on
an arrival line is the offset of the log's zone at that moment, whatever zone the log host was given. Each arrival
is a vote. What was read in a wrong zone is moved by ``ingest.rebuild.move``.

Source: Exim's specification, chapter "How Exim receives and delivers mail", section "Message identification".
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from operator import sub
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.db import connection

from ingest.exim import message_id as ids
from ingest.languages import later, say, say_of
from ingest.locks import Lock
from ingest.models import LogFile, LogHost
from ingest.rules.words import count, together

_QUARTER = 15 * 60  # seconds: every offset in use is a multiple
_WIDEST = (
    15 * 3600
)  # seconds; zones lie between -12:00 and +14:00, and what differs more is no time of this log
# An id is made when reception begins and its line is written when it ends, seconds later. A slow reception is no vote,
# nor are most ids that were invented; the clock may have been set back a little.
_EARLIEST, _LATEST = -60, 120
FEWEST_VOTES = 5
MOST_OFFERED = 10  # by a command
CLEAR_SHARE = 0.9
_PREFIX = 400  # bytes in which a stamp stands, behind syslog's part
_STAMP = re.compile(
    rb"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}):([0-9]{2})(?:\.[0-9]{1,6})?( [+-][0-9]{4})?(?= |\Z)"
)
# Asked first, since most logs come from them; of zones with equal clocks the first is offered.
_COMMON = (
    "UTC", "Europe/London", "Europe/Berlin", "Europe/Madrid", "Europe/Paris", "Europe/Rome", "Europe/Amsterdam",
    "Europe/Athens", "Europe/Helsinki", "Europe/Kyiv", "Europe/Istanbul", "Europe/Moscow", "America/New_York",
    "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Anchorage",
    "Pacific/Honolulu", "America/Toronto", "America/Mexico_City", "America/Bogota", "America/Lima",
    "America/Santiago", "America/Sao_Paulo", "America/Argentina/Buenos_Aires", "Africa/Lagos", "Africa/Cairo",
    "Africa/Johannesburg", "Africa/Nairobi", "Asia/Jerusalem", "Asia/Riyadh", "Asia/Dubai", "Asia/Tehran",
    "Asia/Karachi", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Dhaka", "Asia/Bangkok", "Asia/Jakarta",
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore", "Australia/Perth", "Asia/Tokyo", "Asia/Seoul",
    "Australia/Adelaide", "Australia/Brisbane", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip


@dataclass(slots=True)
class Tally:
    """The votes for one offset. Times are those of the ids, in seconds since 1970."""

    count: int = 0
    agreeing: int = 0  # those whose stamp, in the zone of the log host, gives the time of the id
    first: int = 0
    last: int = 0

    def add(self, other: "Tally") -> None:
        self.first = min(self.first, other.first) if self.count else other.first
        self.last = max(self.last, other.last) if self.count else other.last
        self.count += other.count
        self.agreeing += other.agreeing


@dataclass(slots=True)
class Votes:
    """Votes by offset in minutes. The same for every order of the lines."""

    tallies: dict[int, Tally] = field(default_factory=dict)

    def take(self, text: bytes, message_id: str, logged_at: datetime) -> None:
        """Count an arrival line; ``logged_at`` is its stamp as read in the zone of the log host.

        Lines with a zone of their own (log_timezone) say nothing about it, and neither do ids whose time is
        nowhere near: those in base 36 (macOS, Cygwin), invented ones, or of a log whose ids were replaced.
        """
        stamp = _STAMP.search(text, 0, _PREFIX)
        if stamp is None or stamp[3] is not None:
            return
        received = int(ids.received_at(message_id).timestamp())
        ahead = _minute(stamp[1]) + int(stamp[2]) - received
        offset = round(ahead / _QUARTER) * _QUARTER
        if not (_EARLIEST <= ahead - offset <= _LATEST and abs(offset) <= _WIDEST):
            return
        agrees = _EARLIEST <= logged_at.timestamp() - received < _LATEST + 1
        vote = Tally(1, agrees, received, received)
        held = self.tallies.get(offset // 60)
        if held is None:
            self.tallies[offset // 60] = vote
        else:
            held.add(vote)

    def take_all(self, offset: timedelta, received: Sequence[int], written: Sequence[float]) -> bool:
        """Count arrivals that all agree with ``offset``, which their stamps were read with; False: they do not.

        ``received``: the times of their ids, ``written``: those of their stamps, both in seconds since 1970.
        """
        if not received or offset.total_seconds() % _QUARTER or abs(offset.total_seconds()) > _WIDEST:
            return not received
        ahead = list(map(sub, map(int, written), received))
        if min(ahead) < _EARLIEST or max(ahead) > _LATEST:
            return False
        vote = Tally(len(received), len(received), min(received), max(received))
        self.tallies.setdefault(int(offset.total_seconds()) // 60, Tally()).add(vote)
        return True

    def add(self, other: "Votes") -> None:
        for offset, tally in other.tallies.items():
            self.tallies.setdefault(offset, Tally()).add(tally)

    def as_json(self) -> dict[str, list[int]]:
        """As stored in ``LogFile.zone_votes``."""
        return {
            str(offset): [tally.count, int(tally.agreeing), tally.first, tally.last]
            for offset, tally in sorted(self.tallies.items())
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, list[int]]) -> "Votes":
        return cls({int(offset): Tally(*numbers) for offset, numbers in stored.items()})


@lru_cache(maxsize=4096)
def _minute(stamp: bytes) -> int:
    """A minute of a stamp, read as UTC, in seconds since 1970. Cached: many arrivals share one."""
    return int(datetime.fromisoformat(stamp.decode()).replace(tzinfo=UTC).timestamp())


# ---- what the votes say


class Agreement(StrEnum):
    """Whether message ids and zone fit."""

    NONE = "none"  # no id of this log tells
    ALL = "all"
    MOST = "most"  # some lines differ: a clock that was wrong, or an id that was not made here
    WRONG = "wrong"


def _all_of(offsets: list[str]) -> str:
    return say(" and ").join(offsets)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneCheck:
    """The zone of a log host beside the zone that message ids tell."""

    timezone: str
    total: int
    agreeing: int
    offsets: tuple[tuple[int, int], ...]  # (minutes, votes), most votes first
    agreement: Agreement
    offered: tuple[str, ...] = ()  # zones that fit, the likeliest first; empty where no one zone fits

    @property
    def is_wrong(self) -> bool:
        return self.agreement is Agreement.WRONG

    @property
    def best(self) -> str | None:
        return self.offered[0] if self.offered else None

    @property
    def told_offsets(self) -> str:
        """What the ids say: "+01:00", "+01:00 and +02:00"."""
        least = 0 if self.agreement is Agreement.ALL else (1 - CLEAR_SHARE) * self.total
        clear = [offset for offset, count in self.offsets if count >= least]
        return _all_of([offset_words(offset) for offset in sorted(clear[:3])])

    @property
    def sentence(self) -> str:
        """One or two sentences for whoever reads the log's times."""
        if self.agreement is Agreement.NONE:
            return say("Zone {zone}. No message id of this log can confirm it.", zone=self.timezone)
        if self.is_wrong:
            return self._says_otherwise()
        ids = count(self.total, "message id")
        read = say("Zone {zone}, read from {ids}.", zone=self.told_offsets or self.timezone, ids=ids)
        if self.agreement is Agreement.ALL:
            return together([read, say("They all agree.") if self.total > 1 else ""])
        differing = say_of(
            self.total - self.agreeing,
            "{number:,} of them says another time.",
            "{number:,} of them say another time.",
        )
        return together([read, differing])

    def _says_otherwise(self) -> str:
        against = self.total - self.agreeing
        if against == self.total and self.total > 1:
            sentence = later("The times are read in the zone {zone}, but all {ids} say otherwise: {offsets}.")
        else:
            sentence = later(
                "The times are read in the zone {zone}, but {number:,} of {ids} say otherwise: {offsets}."
            )
        ids = count(self.total, "message id")
        return say(sentence, zone=self.timezone, number=against, ids=ids, offsets=self.told_offsets)

    def advice(self, log_host: str) -> str:
        """What to do about a wrong zone, for a terminal."""
        if self.best is None:
            return say(
                "No one zone fits: logs of several machines are mixed, or the zone was changed in between."
            )
        return say(
            "Correct it with: manage.py log_host {name} --timezone {zone}", name=log_host, zone=self.best
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "agreement": self.agreement,
            "message_ids": self.total,
            "agreeing": self.agreeing,
            "offsets": {offset_words(offset): count for offset, count in self.offsets},
            "offered": list(self.offered[:MOST_OFFERED]),
        }


def offset_words(minutes: int) -> str:
    """An offset as people write it: +01:00."""
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def check(votes: Votes, timezone: str) -> ZoneCheck:
    """Compare votes with the zone in which the stamps were read when the votes were counted."""
    total = sum(tally.count for tally in votes.tallies.values())
    agreeing = sum(tally.agreeing for tally in votes.tallies.values())
    by_votes = sorted(votes.tallies.items(), key=lambda item: (-item[1].count, abs(item[0]), item[0]))
    offsets = tuple((offset, tally.count) for offset, tally in by_votes)
    agreement = _agreement(total, agreeing)
    offered: tuple[str, ...] = ()
    if agreement is Agreement.WRONG:
        bounds = tuple((offset, tally.count, tally.first, tally.last) for offset, tally in by_votes)
        offered = tuple(name for name in fitting(bounds) if name != timezone)
    return ZoneCheck(
        timezone=timezone,
        total=total,
        agreeing=agreeing,
        offsets=offsets,
        agreement=agreement,
        offered=offered,
    )


def _agreement(total: int, agreeing: int) -> Agreement:
    if total == 0:
        return Agreement.NONE
    if agreeing == total:
        return Agreement.ALL
    is_clear = total - agreeing >= FEWEST_VOTES and agreeing < CLEAR_SHARE * total
    return Agreement.WRONG if is_clear else Agreement.MOST


@lru_cache(maxsize=256)
def fitting(bounds: tuple[tuple[int, int, int, int], ...]) -> tuple[str, ...]:
    """Zones that had each offset from its first to its last vote; takes (minutes, votes, first, last).

    A zone may miss the few votes of a clock that was wrong. Where all votes are for one offset, the fixed offset
    is offered last: it is right for servers that do not change their clocks.
    """
    enough = CLEAR_SHARE * sum(count for _, count, _, _ in bounds)
    known = available_timezones()
    common = [name for name in _COMMON if name in known]
    names = [name for name in (*common, *_rarer()) if _fits(name, bounds, enough)]
    main = bounds[0][0] if bounds and bounds[0][1] >= enough else None
    fixed = f"Etc/GMT{-main // 60:+d}" if main and main % 60 == 0 else ""  # POSIX signs: Etc/GMT-1 is ahead
    return (*names, fixed) if fixed in known else tuple(names)


@lru_cache(maxsize=1)
def _rarer() -> tuple[str, ...]:
    """Zones of places, without the old names."""
    areas = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return tuple(
        sorted(name for name in available_timezones() if name.startswith(areas) and name not in _COMMON)
    )


def _fits(name: str, bounds: Iterable[tuple[int, int, int, int]], enough: float) -> bool:
    zone = ZoneInfo(name)
    return sum(count for offset, count, *ends in bounds if _had(zone, offset, ends)) >= enough


def _had(zone: ZoneInfo, offset: int, seconds: Iterable[int]) -> bool:
    times = (datetime.fromtimestamp(second, zone) for second in seconds)
    return all(at.utcoffset() == timedelta(minutes=offset) for at in times)


# ---- log hosts


def votes_of(files: Iterable[LogFile]) -> Votes:
    """The votes of some files together."""
    return _sum(file.zone_votes for file in files)


def check_of(log_host: LogHost) -> ZoneCheck:
    """All votes of a log host beside its zone."""
    return next(check for _, check in checks([log_host]))


def checks(log_hosts: Iterable[LogHost]) -> Iterator[tuple[LogHost, ZoneCheck]]:
    """Each log host with its check."""
    hosts = list(log_hosts)
    stored: dict[int, list[dict[str, list[int]]]] = {host.pk: [] for host in hosts}
    rows = LogFile.objects.filter(log_host__in=hosts, new_lines__gt=0)
    for log_host_id, votes in rows.values_list("log_host_id", "zone_votes"):
        stored[log_host_id].append(votes)
    for host in hosts:
        yield host, check(_sum(stored[host.pk]), host.timezone)


def _sum(stored: Iterable[Mapping[str, Any]]) -> Votes:
    votes = Votes()
    for of_file in stored:
        votes.add(Votes.from_json(of_file))
    return votes


def keep(log_host_id: int) -> None:
    """Keep the zone of a log host from changing until the transaction ends. Call it before reading the zone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [Lock.ZONE, log_host_id])


def wait_to_change(log_host_id: int) -> None:
    """Wait until no transaction keeps the zone; until this one ends none can."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [Lock.ZONE, log_host_id])
