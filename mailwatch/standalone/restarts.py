"""When what ended is started again: never given up, but later each time that it ends soon after its start."""

import time
from dataclasses import dataclass

_A_WHILE = 5.0  # seconds: what ran for so long had started well
_LONGEST_PAUSE = 60.0  # seconds


@dataclass(slots=True)
class Restarts:
    """The ends of one process. What is wrong at night may be right again in the morning, so there is no last time.

    Times are those of time.monotonic.
    """

    quick_ends: int = 0  # without one after a while between them
    started_at: float = 0.0
    pause: float = 0.0  # seconds from the last end to the start after it
    due_at: float = 0.0

    def started(self) -> None:
        self.started_at = time.monotonic()

    def ended(self) -> float:
        """Note an end; returns the seconds until it is to be started again."""
        now = time.monotonic()
        self.quick_ends = self.quick_ends + 1 if now - self.started_at < _A_WHILE else 0
        self.pause = 0.0 if self.quick_ends < 2 else min(2.0 ** min(self.quick_ends - 2, 10), _LONGEST_PAUSE)
        self.due_at = now + self.pause
        return self.pause

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self.due_at

    @property
    def is_steady(self) -> bool:
        """Whether its last ends, if there were any, are of no matter any more."""
        return self.quick_ends < 2 or time.monotonic() - max(self.started_at, self.due_at) > _A_WHILE
