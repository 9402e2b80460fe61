"""How many processes this machine gets, by its cores and memory."""

import os

_MIB = 1024 * 1024
_A_WORKER = 500  # MiB: what a worker takes at most while it stores a batch, and its connection
_A_WEB_PROCESS = 250  # MiB
_FOR_OTHERS = 512  # MiB: PostgreSQL's own memory is counted from what is left of it
_MOST_WEB_PROCESSES = 4  # of four threads each: more people at once than look at a log


def memory() -> int:
    """MiB of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MIB


def workers() -> int:
    """Processes that read logs: one for each core, as far as memory goes."""
    return max(1, min(_cores(), (memory() - _FOR_OTHERS) // 2 // _A_WORKER))


def web_processes() -> int:
    """Processes that answer requests: two at least, so that one slow page holds up no other."""
    return max(2, min(_cores(), _MOST_WEB_PROCESSES, memory() // 8 // _A_WEB_PROCESS))


def _cores() -> int:
    """Those that this process may use, which a container can limit."""
    return len(os.sched_getaffinity(0))
