"""What is usual for an account: where it was used on several days before."""

from datetime import datetime

_DAYS = 3  # a thief who is seen on the first day has not made his places usual by then


class UsualPlaces:
    """On how many earlier days each place was used. Uses must come in time order."""

    __slots__ = ("_days", "_kept")

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._days: dict[str, tuple[int, int]] = {}  # place -> days before the last one, and the last one

    def add(self, at: datetime, place: str) -> None:
        """Notes one use."""
        today = at.toordinal()
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
        """The place of most days, if these are three at least, and twice as many as those of any other."""
        most = sorted(((before + 1, place) for place, (before, _) in self._days.items()), reverse=True)[:2]
        if not most or most[0][0] < _DAYS or (len(most) > 1 and most[0][0] < 2 * most[1][0]):
            return None
        return most[0][1]
