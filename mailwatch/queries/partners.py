"""With whom a subject had to do: the values of one field of its rows, counted in two periods."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import Any

from mailwatch.queries.read_rows import Refused
from mailwatch.queries.subject_rows import Counted

SHOWN = 10
CHANGED = 12


class Of(StrEnum):
    """What a partner's number counts."""

    MESSAGES = "messages"
    RECIPIENTS = "recipients"
    REJECTIONS = "rejections"
    LOGINS = "failed logins"
    REFUSALS = "refusals"  # both


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerList:
    """One list of partners: where a row names its partner, and what leads on from there."""

    name: str  # of the list, in the page's address
    title: str
    of: Of
    field: str  # of Sent, Recipient or Refused; a field of the table's row that the subject asks for
    page: str = ""  # the URL name of the partner's own page
    reading: Callable[[Any], str | None] = lambda value: value
    none: str = ""  # the words where the log names none; "": such rows are left out
    empty: str = ""  # the words for a name that is empty
    search: Callable[[str], Mapping[str, str]] | None = None  # what the search of the subject's messages gets
    is_partner: bool = True  # whether it is worth a word that one is new or gone


@dataclass(slots=True)
class Tally:
    """How often one partner was met; recipients by outcome."""

    count: int = 0
    delivered: int = 0
    deferred: int = 0
    bounced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """``before``: in the period before; None where there is none to compare with."""

    value: str | None
    count: int
    before: int | None = None
    delivered: int = 0
    deferred: int = 0
    bounced: int = 0

    @property
    def recipients(self) -> int:
        return self.delivered + self.deferred + self.bounced


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The first partners of a list, and how many there are."""

    of: PartnerList
    partners: tuple[Partner, ...]
    total: int

    @property
    def is_cut(self) -> bool:
        return len(self.partners) < self.total


class Change(StrEnum):
    NEW = "new"
    GONE = "gone"
    MORE = "more"
    LESS = "less"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One partner, now and in the period before."""

    of: PartnerList
    value: str | None
    now: int
    before: int

    @property
    def change(self) -> Change:
        if not self.before:
            return Change.NEW
        if not self.now:
            return Change.GONE
        return Change.MORE if self.now > self.before else Change.LESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The partners whose numbers changed most, each kind of change counted over all of them."""

    partners: tuple[Changed, ...] = ()
    numbers: Mapping[Change, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.numbers.values())


type Tallies = Mapping[str | None, Tally]


def tallies(of: PartnerList, counted: Counted) -> Tallies:
    """Every partner of a list by its name."""
    found: dict[str | None, Tally] = {}
    for (named, delivered, deferred, bounced), number in _combinations(of, counted).items():
        value = of.reading(named)
        if value is None and not of.none:
            continue
        tally = found.get(value)
        if tally is None:
            tally = found[value] = Tally()
        tally.count += number
        tally.delivered += delivered * number
        tally.deferred += deferred * number
        tally.bounced += bounced * number
    return found


def listed(of: PartnerList, now: Tallies, before: Tallies | None) -> Listed:
    """The most frequent partners, with their number before."""
    ranked = sorted(now.items(), key=lambda item: (-item[1].count, item[0] or ""))[:SHOWN]
    return Listed(of=of, total=len(now), partners=tuple(_partner(*item, before) for item in ranked))


def changes(lists: Sequence[tuple[PartnerList, Tallies, Tallies]]) -> Changes:
    """What became of partners between two periods: each list's tallies now and before."""
    changed = [one for of, now, before in lists if of.is_partner for one in _changed(of, now, before)]
    ranked = sorted(changed, key=lambda one: (-abs(one.now - one.before), one.of.title, one.value or ""))
    numbers = dict.fromkeys(Change, 0)
    for one in changed:
        numbers[one.change] += 1
    return Changes(partners=tuple(ranked[:CHANGED]), numbers=numbers)


def _changed(of: PartnerList, now: Tallies, before: Tallies) -> Iterable[Changed]:
    nothing = Tally()
    for value in {*now, *before}:
        counts = now.get(value, nothing).count, before.get(value, nothing).count
        if counts[0] != counts[1] and value is not None:
            yield Changed(of=of, value=value, now=counts[0], before=counts[1])


def _partner(value: str | None, tally: Tally, before: Tallies | None) -> Partner:
    then = None if before is None else before[value].count if value in before else 0
    return Partner(
        value=value,
        count=tally.count,
        before=then,
        delivered=tally.delivered,
        deferred=tally.deferred,
        bounced=tally.bounced,
    )


type _Combination = tuple[Any, int, int, int]


def _combinations(of: PartnerList, counted: Counted) -> Counter[_Combination]:
    """What rows name, with the outcomes of their recipients: there are far fewer of these than rows."""
    match of.of:
        case Of.RECIPIENTS:
            named = attrgetter(of.field, "delivered", "deferred", "bounced")
            return Counter(map(named, counted.recipients))
        case Of.MESSAGES:
            place = counted.message_fields.index(of.field)
            return Counter(
                (row.named[place], row.delivered, row.deferred, row.bounced) for row in counted.messages
            )
    place = counted.refused_fields.index(of.field)
    return Counter((row.named[place], 0, 0, 0) for row in _refused(of, counted))


def _refused(of: PartnerList, counted: Counted) -> Iterable[Refused]:
    match of.of:
        case Of.REJECTIONS:
            return (row for row in counted.refused if not row.is_login)
        case Of.LOGINS:
            return (row for row in counted.refused if row.is_login)
    return counted.refused
