"""Which log hosts may be read here: some, or all. Every manager of a table with log hosts asks for it.

There is no default: where nobody said it, reading raises NotSaid. See docs/decisions/0020.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


class NotSaid(RuntimeError):
    """Somebody looks at log hosts where nobody said which may be read."""


@dataclass(frozen=True, slots=True)
class Granted:
    """The ids of the log hosts that may be read; None: all, those to come included."""

    log_hosts: frozenset[int] | None

    @property
    def is_all(self) -> bool:
        return self.log_hosts is None

    def holds(self, log_host_id: int) -> bool:
        """Whether that log host may be read."""
        return self.log_hosts is None or log_host_id in self.log_hosts

    def covers(self, other: "Granted") -> bool:
        """Whether all that ``other`` may be read here too."""
        if self.log_hosts is None or other.log_hosts is None:
            return self.log_hosts is None
        return other.log_hosts <= self.log_hosts


NOTHING = Granted(frozenset())
EVERYTHING = Granted(None)

_here: ContextVar[Granted | None] = ContextVar("granted", default=None)
_process: list[Granted] = []  # of the whole process, all threads


def here() -> Granted:
    """What may be read here. Raises NotSaid."""
    said = _here.get() or next(iter(_process), None)
    if said is None:
        raise NotSaid("Nobody said which log hosts may be read here.")
    return said


@contextmanager
def only(granted: Granted) -> Iterator[None]:
    """For what is done inside, whatever holds outside."""
    token = _here.set(granted)
    try:
        yield
    finally:
        _here.reset(token)


@contextmanager
def everything() -> Iterator[None]:
    """For what has to look at all log hosts, whoever asks; what it finds is not for their eyes. Few places do."""
    with only(EVERYTHING):
        yield


def become(granted: Granted) -> None:
    """From here to the end of the enclosing ``only``."""
    _here.set(granted)


def everything_in_this_process() -> None:
    """Of a process that works for the operator and for nobody else: commands and workers."""
    _process[:] = [EVERYTHING]
