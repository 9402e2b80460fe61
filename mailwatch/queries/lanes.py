"""The way of a message to each of its recipients: a lane with its attempts along one time axis."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import log

from ingest.exim import replies
from ingest.exim.events import Bounce, Deferral, Delivery
from ingest.models import Outcome
from mailwatch.queries.handed_on import HandedOn, handed_on
from mailwatch.queries.lines import LoggedLine
from mailwatch.queries.recipients import DeliveryLine, RecipientOutcome
from mailwatch.queries.story import reply

LANES_SHOWN = 50
_MARKS = 60  # drawn on one lane
_LEFT, _WIDTH = 2.0, 95.0  # per cent of the lane: where the message arrives, and how far it goes
_TICKS = (
    (timedelta(minutes=1), "1 min"), (timedelta(minutes=10), "10 min"), (timedelta(hours=1), "1 h"),
    (timedelta(hours=6), "6 h"), (timedelta(days=1), "1 day"), (timedelta(days=4), "4 days"),
    (timedelta(days=14), "14 days"),
)  # fmt: skip
_ROOM = 14.0  # per cent that the words of a tick take
_NEED = {Outcome.BOUNCED: 0, Outcome.DEFERRED: 1, Outcome.DELIVERED: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An attempt on a lane. ``place``: per cent from the left, as SVG takes it."""

    place: str
    outcome: str  # "wait": it was too early to try again


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A length of time since the arrival, on the axis."""

    place: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """One attempt, or several in a row that ended in the same way with the same words."""

    outcome: str
    first_at: datetime
    last_at: datetime
    count: int
    host: str | None  # the one of the last of them
    transport: str | None
    text: str | None  # as the log has it
    words: str  # the same without what Exim writes before it
    meaning: str  # in plain words; "" where that is not known
    line: int  # the first of them, counted from 1 among the message's lines
    part: int | None  # where it is shown, counted from 1 among the lines shown; None: on the same page
    handed_on: HandedOn | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One recipient."""

    recipient: RecipientOutcome
    tries: tuple[Tries, ...]
    marks: tuple[Mark, ...]
    end: str  # per cent: its last attempt, or the end of the log
    is_open: bool  # it waits still


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """``lanes`` are those from ``first`` (0 is the first) on, of ``found``; those without success come first."""

    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    first: int
    found: int
    total: int  # recipients of the message
    is_from_arrival: bool  # the axis begins there; else at the first line that is there

    @property
    def next(self) -> int | None:
        end = self.first + len(self.lanes)
        return end if end < self.found else None

    @property
    def first_number(self) -> int:
        """Counted from 1, for people."""
        return self.first + 1

    @property
    def last_number(self) -> int:
        return self.first + len(self.lanes)


class _Axis:
    """Time from left to right, logarithmic: the first second is as wide as the later hours.

    Exim tries again after ever longer waits, so that attempts lie about evenly on it.
    """

    def __init__(self, begin: datetime, end: datetime) -> None:
        self._begin = begin
        self._span = max((end - begin).total_seconds(), 0.0)

    def place(self, at: datetime) -> float:
        """Per cent from the left. The beginning itself is not quite at the left: the arrival stands there."""
        since = min(max((at - self._begin).total_seconds(), 0.0), self._span)
        return _LEFT + _WIDTH * log(since + 2) / log(self._span + 2)

    def ticks(self) -> Iterator[Tick]:
        last = _LEFT
        for since, words in _TICKS:
            if since.total_seconds() >= self._span:
                return
            place = self.place(self._begin + since)
            if place - last >= _ROOM and place < 100 - _ROOM / 2:
                last = place
                yield Tick(place=_per_cent(place), words=words)


def lanes(
    lines: Sequence[LoggedLine],
    recipients: Sequence[RecipientOutcome],
    *,
    received_at: datetime | None,
    log_ends_at: datetime | None,
    first: int = 0,
    most: int = LANES_SHOWN,
    containing: str = "",
    elsewhere: Mapping[int, int] | None = None,
) -> Lanes:
    """Lay out recipients; ``lines`` are all lines of the message, ``containing`` is a part of an address.

    ``elsewhere``: of lines that are not on the page, by their places, the line with which their part begins.
    """
    found = sorted(those_with(recipients, containing), key=lambda one: _NEED[Outcome(one.outcome)])
    events = {number: line.event for number, line in enumerate(lines) if line.event is not None}
    begin = received_at or min((event.logged_at for event in events.values()), default=None)
    shown = found[first : first + most]
    if begin is None or not shown:
        return Lanes(
            lanes=(),
            ticks=(),
            first=first,
            found=len(found),
            total=len(recipients),
            is_from_arrival=received_at is not None,
        )
    of_lines = {
        number: event for number, event in events.items() if isinstance(event, Delivery | Deferral | Bounce)
    }
    axis = _Axis(begin, max(_ends(found, log_ends_at), default=begin))
    return Lanes(
        lanes=tuple(_lane(recipient, of_lines, axis, log_ends_at, elsewhere or {}) for recipient in shown),
        ticks=tuple(axis.ticks()),
        first=first,
        found=len(found),
        total=len(recipients),
        is_from_arrival=received_at is not None,
    )


def those_with(recipients: Sequence[RecipientOutcome], part: str) -> list[RecipientOutcome]:
    """Recipients whose address, before or after aliasing, contains a text; upper and lower case are the same."""
    wanted = part.strip().casefold()
    return [
        one
        for one in recipients
        if wanted in one.recipient.casefold() or wanted in one.original_recipient.casefold()
    ]


def _ends(recipients: Sequence[RecipientOutcome], log_ends_at: datetime | None) -> Iterator[datetime]:
    for recipient in recipients:
        yield recipient.logged_at
        if recipient.outcome == Outcome.DEFERRED and log_ends_at is not None:
            yield log_ends_at


def _lane(
    recipient: RecipientOutcome,
    events: Mapping[int, DeliveryLine],
    axis: _Axis,
    log_ends_at: datetime | None,
    elsewhere: Mapping[int, int],
) -> Lane:
    own = [(number, events[number]) for number in recipient.lines]
    is_open = recipient.outcome == Outcome.DEFERRED
    end = max(log_ends_at or recipient.logged_at, own[-1][1].logged_at) if is_open else own[-1][1].logged_at
    return Lane(
        recipient=recipient,
        tries=tuple(_tries(own, elsewhere)),
        marks=tuple(_marks([event for _, event in own], axis)),
        end=_per_cent(axis.place(end)),
        is_open=is_open,
    )


def _marks(events: Sequence[DeliveryLine], axis: _Axis) -> Iterator[Mark]:
    """Those that would hide each other are drawn once; the last one is always there."""
    drawn: set[tuple[str, str]] = set()
    for event in [*events[: _MARKS - 1], events[-1]]:
        mark = Mark(
            place=_per_cent(round(axis.place(event.logged_at) * 2) / 2),
            outcome=_outcome(event) if _is_attempt(event) else "wait",
        )
        if (mark.place, mark.outcome) not in drawn:
            drawn.add((mark.place, mark.outcome))
            yield mark


def _tries(own: Sequence[tuple[int, DeliveryLine]], elsewhere: Mapping[int, int]) -> Iterator[Tries]:
    attempts = [(number, event) for number, event in own if _is_attempt(event)] or own
    for (outcome, words), group in groupby(attempts, key=lambda item: (_outcome(item[1]), _words(item[1]))):
        those = list(group)
        number, event = those[0][0], those[-1][1]
        yield Tries(
            outcome=outcome,
            first_at=those[0][1].logged_at,
            last_at=event.logged_at,
            count=len(those),
            host=event.remote_host_name or event.remote_host_address,
            transport=event.transport,
            text=event.text,
            words=words,
            meaning="" if isinstance(event, Delivery) else _meaning(event.text),
            line=number + 1,
            part=elsewhere.get(number),
            handed_on=handed_on(event.text) if isinstance(event, Delivery) else None,
        )


def _words(event: DeliveryLine) -> str:
    if isinstance(event, Delivery):
        return event.text or ""
    return reply(event.text)


def _meaning(text: str) -> str:
    known = replies.answer(text)
    return "" if known is None else known.entries[0].fact


def _is_attempt(event: DeliveryLine) -> bool:
    return event.is_attempt if isinstance(event, Deferral) else True


def _outcome(event: DeliveryLine) -> str:
    match event:
        case Delivery():
            return str(Outcome.DELIVERED)
        case Deferral():
            return str(Outcome.DEFERRED)
    return str(Outcome.BOUNCED)


def _per_cent(place: float) -> str:
    return f"{place:.1f}%"
