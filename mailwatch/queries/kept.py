"""What the process has counted, kept as long as what it was counted from is the same."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock


def _each_counts_once(value: object) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class _Filled[State, Value]:
    """``begun``: when somebody began to make it, by time.monotonic."""

    state: State
    begun: float
    value: Value


@dataclass(slots=True)
class _Place[State, Value]:
    """Of one key. Who makes its value holds the lock: others who ask meanwhile wait for it and do not make it too."""

    lock: Lock = field(default_factory=Lock)
    filled: _Filled[State, Value] | None = None
    weight: int = 0


class Kept[Key: Hashable, State, Value]:
    """One value for each key: the newest, so that what new lines have made wrong takes no memory.

    As many are kept as weigh ``most`` together; what was not asked for longest goes first.
    """

    def __init__(self, most: int, *, weigh: Callable[[Value], int] = _each_counts_once) -> None:
        self._most, self._weigh = most, weigh
        self._lock = Lock()
        self._places: OrderedDict[Key, _Place[State, Value]] = OrderedDict()

    def get(self, key: Key, state: State, make: Callable[[], Value]) -> Value:
        """The value of ``make`` at that state, made now unless it was before.

        Who waited while others made it takes what was begun after they asked: that is as new as what they would make.
        """
        place, asked = self._place(key), time.monotonic()
        filled = place.filled
        if filled is None or filled.state != state:
            with place.lock:
                filled = place.filled
                if filled is None or (filled.state != state and filled.begun < asked):
                    begun = time.monotonic()
                    filled = place.filled = _Filled(state, begun, make())
                    self._make_room(place, self._weigh(filled.value))
        return filled.value

    def cache_clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._places.clear()

    def _place(self, key: Key) -> _Place[State, Value]:
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
            return place

    def _make_room(self, place: _Place[State, Value], weight: int) -> None:
        """The newest stays, whatever it weighs."""
        with self._lock:
            place.weight = weight
            all_together = sum(each.weight for each in self._places.values())
            while all_together > self._most and len(self._places) > 1:
                _, gone = self._places.popitem(last=False)
                all_together -= gone.weight
