"""Every answer that somebody got, by the clock of whoever asked, and what was wrong."""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """One request. ``at``: seconds since the beginning; ``seconds``: until the whole answer was there.

    ``wrong``: "" where it is what was expected. ``is_waited_for``: somebody sat before it, which is not so for files of
    the layout, pieces of uploads, and looks at a run's progress.
    """

    kind: str
    at: float
    seconds: float
    wrong: str = ""
    is_waited_for: bool = True
    address: str = ""


@dataclass(frozen=True, slots=True)
class Speed:
    """How long the answers of one kind took, in milliseconds."""

    kind: str
    count: int
    median: float
    percentile_95: float
    percentile_99: float
    longest: float


@dataclass(slots=True)
class Tally:
    """Written by all people at once."""

    began: float = field(default_factory=time.monotonic)
    answers: list[Answer] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self, kind: str, sent: float, wrong: str = "", *, is_waited_for: bool = True, address: str = ""
    ) -> None:
        """An answer that is there now. ``sent``: what time.monotonic said when it was asked for."""
        seconds = time.monotonic() - sent
        with self._lock:
            self.answers.append(Answer(kind, sent - self.began, seconds, wrong, is_waited_for, address))

    def speeds(self) -> list[Speed]:
        """Of each kind, the most frequent first."""
        kinds: dict[str, list[Answer]] = {}
        for answer in self.answers:
            kinds.setdefault(answer.kind, []).append(answer)
        return sorted((speed(kind, found) for kind, found in kinds.items()), key=lambda one: -one.count)

    def of_all(self) -> Speed | None:
        """Of everything that somebody waits for."""
        waited = [answer for answer in self.answers if answer.is_waited_for]
        return speed("all that is waited for", waited) if waited else None

    def wrongs(self) -> dict[str, int]:
        """What was wrong, with how often; and at which address first, where there is one."""
        found: dict[str, list[Answer]] = {}
        for answer in self.answers:
            if answer.wrong:
                found.setdefault(f"{answer.kind}: {answer.wrong}", []).append(answer)
        return {
            f"{sentence}, as at {those[0].address}" if those[0].address else sentence: len(those)
            for sentence, those in found.items()
        }


def speed(kind: str, answers: Iterable[Answer]) -> Speed:
    """Of one answer at least."""
    took = sorted(answer.seconds * 1000 for answer in answers)
    return Speed(kind, len(took), _share(took, 0.5), _share(took, 0.95), _share(took, 0.99), took[-1])


def _share(ordered: Sequence[float], share: float) -> float:
    """What such a share of the values lies below."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
