"""Exact sliding windows and small memories, for facts that come once and in time order."""

from collections import deque
from collections.abc import Hashable, Iterator
from datetime import datetime, timedelta

from ingest.languages import say
from ingest.rules.words import listing


class Window:
    """The events of the last ``length``: two events fit in if they are less than ``length`` apart.

    Memory grows with the events of one window, not with all. Events must come in time order; an event that
    comes late counts as if it came with the one before it.
    """

    __slots__ = ("_events", "_keys", "_length", "total")

    def __init__(self, length: timedelta) -> None:
        self._length = length
        self._events: deque[tuple[datetime, Hashable, int]] = deque()
        self._keys: dict[Hashable, int] = {}
        self.total = 0

    def add(self, at: datetime, key: Hashable = None, amount: int = 1) -> None:
        """Adds one event; what has become too old goes."""
        if self._events and at < self._events[-1][0]:
            at = self._events[-1][0]
        self._events.append((at, key, amount))
        self._keys[key] = self._keys.get(key, 0) + 1
        self.total += amount
        self.pass_to(at)

    def pass_to(self, at: datetime) -> None:
        """Lets go what is too old by a later time."""
        while self._events and at - self._events[0][0] >= self._length:
            self._forget()

    def _forget(self) -> None:
        _, key, amount = self._events.popleft()
        self.total -= amount
        if self._keys[key] == 1:
            del self._keys[key]
        else:
            self._keys[key] -= 1

    @property
    def keys(self) -> tuple[Hashable, ...]:
        """The different keys in the window."""
        return tuple(self._keys)

    def times(self, key: Hashable) -> int:
        """How many events of the window have this key."""
        return self._keys.get(key, 0)

    @property
    def distinct(self) -> int:
        """How many different keys are in the window."""
        return len(self._keys)


class Span:
    """How many events, the first and the last of them."""

    __slots__ = ("count", "first_at", "last_at")

    def __init__(self) -> None:
        self.count = 0
        self.first_at: datetime | None = None
        self.last_at: datetime | None = None

    def add(self, at: datetime) -> None:
        """Counts one event; the order does not matter."""
        self.count += 1
        if self.first_at is None or at < self.first_at:
            self.first_at = at
        if self.last_at is None or at > self.last_at:
            self.last_at = at


class Distinct:
    """Different texts, the first ``kept`` of them; says whether there were more."""

    __slots__ = ("_kept", "_seen", "is_cut")

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._seen: dict[str, int] = {}
        self.is_cut = False

    def add(self, value: str, times: int = 1) -> None:
        """Counts one text."""
        if value in self._seen or len(self._seen) < self._kept:
            self._seen[value] = self._seen.get(value, 0) + times
        else:
            self.is_cut = True

    def __len__(self) -> int:
        return len(self._seen)

    def __contains__(self, value: str) -> bool:
        return value in self._seen

    def __iter__(self) -> Iterator[str]:
        return iter(self._seen)

    def most(self, number: int = 10) -> tuple[str, ...]:
        """The most frequent ones; of equally frequent ones the one seen first."""
        return tuple(sorted(self._seen, key=lambda value: -self._seen[value])[:number])

    def listing(self) -> str:
        """The most frequent ones in words, with the number of the others."""
        return listing(self.most(), total=len(self))

    def __str__(self) -> str:
        return say("more than {number:,}", number=len(self)) if self.is_cut else f"{len(self):,}"


class Sample[T]:
    """The first five and the last five of many."""

    __slots__ = ("_first", "_last")

    def __init__(self) -> None:
        self._first: list[T] = []
        self._last: deque[T] | None = None  # most samples stay small, and a deque takes 600 bytes

    def add(self, item: T) -> None:
        """Offers one."""
        if len(self._first) < 5:
            self._first.append(item)
        elif self._last is None:
            self._last = deque((item,), maxlen=5)
        else:
            self._last.append(item)

    def items(self) -> tuple[T, ...]:
        """At most ten, in the order they came."""
        return (*self._first, *(self._last or ()))
