"""When people write: by day more than by night, on weekdays more than at weekends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

MADRID = ZoneInfo("Europe/Madrid")
BY_HOUR = (1, 1, 1, 1, 1, 2, 4, 10, 20, 24, 24, 22, 16, 14, 19, 22, 20, 17, 12, 8, 6, 5, 4, 2)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the story in the people's time zone."""

    date: date

    @property
    def weekend(self) -> bool:
        return self.date.weekday() >= 5

    def at(self, clock: str) -> float:
        """`14:20:00` on that day as POSIX seconds."""
        return datetime.combine(self.date, time.fromisoformat(clock), MADRID).timestamp()

    def moments(self, random: Random, count: int) -> list[float]:
        """`count` moments spread as people write."""
        midnight = self.at("00:00:00")
        hours = random.choices(range(24), BY_HOUR, k=count)
        return sorted(midnight + hour * 3600 + random.uniform(0, 3600) for hour in hours)

    def any_moment(self, random: Random) -> float:
        """A moment as machines choose it."""
        return self.at("00:00:00") + random.uniform(0, 86_000)


def days(first: str, count: int) -> Iterator[Day]:
    """`count` days from `first` (2026-03-02) on."""
    start = date.fromisoformat(first)
    return (Day(start + timedelta(days=number)) for number in range(count))
