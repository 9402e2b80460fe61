"""Which messages and refusals of a batch can go straight into rows: what most of a batch is.

A message is whole if its arrival, its deliveries and its completion all stand in one batch, nothing else is said of it
there and nothing of it is stored; so there is nothing to merge. All the rest goes the way of ``batch_rows``.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from ingest import load
from ingest.assembly import same_recipient
from ingest.exim import hosts
from ingest.exim.message_id import PATTERN, received_at
from ingest.exim.usual import NULL, InArrival, InDelivery, Usual
from ingest.pages import month_number
from ingest.sorted_lines import SortedLines

_MESSAGE_ID = re.compile(PATTERN.encode())
_HEAD = 700  # bytes in which the id of a line stands, behind syslog's part
_LONGEST_SIZE = 18  # digits that PostgreSQL's bigint holds
_is_port = re.compile(r"\d{1,4}|[0-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]").fullmatch


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
        port = groups[InArrival.PORT]
        return (
            self._address(groups[InArrival.CLIENT])
            and self._address(groups[InArrival.INTERFACE])
            and len(groups[InArrival.SIZE]) <= _LONGEST_SIZE
            and (port is NULL or _is_port(port) is not None)
            and not self._has_escapes(place, groups, groups[InArrival.SUBJECT])
        )

    def deliveries(self, lines: Sequence[Usual]) -> bool:
        for place, groups in lines:
            if not self._address(groups[InDelivery.REMOTE]):
                return False
            if groups[InDelivery.RECIPIENT].startswith("discarded"):
                return False
            if self._has_escapes(place, groups, groups[InDelivery.CONFIRMATION]):
                return False
        if len(lines) == 1:
            return True
        names = {_name_of(groups[InDelivery.RECIPIENT], groups[InDelivery.ORIGINAL]) for _, groups in lines}
        return len(names) == len(lines)  # of a recipient that has two lines, the later counts

    def refusal(self, line: Usual) -> bool:
        place, groups = line
        return self._address(groups[2]) and not self._has_escapes(place, groups)

    def failed_login(self, line: Usual) -> bool:
        place, groups = line
        return self._address(groups[3]) and not self._has_escapes(place, groups)


def _name_of(recipient: str, original: str) -> str:
    return same_recipient(recipient, None if original in (NULL, recipient) else original)
