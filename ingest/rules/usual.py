"""What is usual for an account: where it was used on several days."""

from datetime import datetime

from ingest.rules.facts import LogHostFacts, MessageFacts
from ingest.rules.limits import Limits
from ingest.rules.networks import is_remote_login, network_of

_DAYS = 3  # a thief who is seen on the first day has not made his places usual by then


class UsualPlaces:
    """On how many earlier days each place was used. Uses must come in time order."""

    __slots__ = ("_alone", "_days", "_kept", "_only", "_today")

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._days: dict[str, tuple[int, int]] = {}  # place -> days before the last one, and the last one
        self._alone: dict[str, int] = {}  # place -> days, all over, with no other place
        self._today = 0
        self._only: str | None = None  # the one place of today; None: several

    def add(self, at: datetime, place: str) -> None:
        """Notes one use."""
        today = at.toordinal()
        if today != self._today:
            self._alone = self._days_alone()
            self._today, self._only = today, place
        elif place != self._only:
            self._only = None
        before, last = self._days.get(place, (0, today))
        if last != today:
            before += 1
        if place in self._days or len(self._days) < self._kept:
            self._days[place] = (before, today)

    def is_usual(self, at: datetime, place: str) -> bool:
        """Whether it was used on three days before this one."""
        before, last = self._days.get(place, (0, 0))
        return before + (last < at.toordinal() and last > 0) >= _DAYS

    @property
    def home(self) -> str | None:
        """The place that was the only one on most days, if on three at least.

        Without such, that of most days: three at least, and twice as many as those of any other.
        """
        alone = max(((days, place) for place, days in self._days_alone().items()), default=(0, ""))
        if alone[0] >= _DAYS:
            return alone[1]
        most = sorted(((before + 1, place) for place, (before, _) in self._days.items()), reverse=True)[:2]
        if not most or most[0][0] < _DAYS or (len(most) > 1 and most[0][0] < 2 * most[1][0]):
            return None
        return most[0][1]

    def _days_alone(self) -> dict[str, int]:
        """With today."""
        if self._only is None or (self._only not in self._alone and len(self._alone) >= self._kept):
            return self._alone
        return {**self._alone, self._only: self._alone.get(self._only, 0) + 1}


class Homes:
    """Tells messages from networks that an account was used from on days before. They must come in time order."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._places = UsualPlaces(limits.kept_values)

    def is_sent_from_home(self, message: MessageFacts, at: datetime) -> bool:
        """Whether the network is a usual one; webmail is none, as everybody's mail comes from one address there."""
        if not is_remote_login(message, self._host):
            return False
        network = network_of(message)
        self._places.add(at, network)
        return self._places.is_usual(at, network)
