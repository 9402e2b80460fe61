"""Lines of many happenings in the order in which one log would hold them."""

import heapq
from collections.abc import Iterable, Iterator
from operator import attrgetter

from benchmarks.log_host import Happening, LogHost


def interleave(host: LogHost, happenings: Iterable[Happening], *, until: float) -> Iterator[tuple[int, str]]:
    """Give (POSIX second, text) of every line before `until`.

    `happenings` come in the order of their start. Held in memory are only the lines that lie ahead of the
    happening just read, so that a stream of any length can be written.
    """
    ahead: list[tuple[float, int, str]] = []
    written = 0
    for happening in happenings:
        while ahead and ahead[0][0] < happening.at:
            at, _, text = heapq.heappop(ahead)
            yield int(at), text
        for line in happening.lines(host):
            # The running number keeps the order of lines that share a moment.
            heapq.heappush(ahead, (line.at, written, line.text))
            written += 1
    while ahead and ahead[0][0] < until:
        at, _, text = heapq.heappop(ahead)
        yield int(at), text


def with_queue_runs(
    host: LogHost, happenings: Iterable[Happening], *, since: float, until: float
) -> Iterator[Happening]:
    """Merge in the queue runs of the span; `happenings` are in order."""
    return heapq.merge(happenings, host.queue_runs(since, until), key=attrgetter("at"))
