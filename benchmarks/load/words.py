"""A measurement as a table to read."""

from collections.abc import Iterator

from benchmarks.load.measure import MOST_GROWTH, SLOWEST, Load
from benchmarks.load.memory import SHARED_BUFFERS, Course
from benchmarks.load.tally import Speed

_SPEED = "{:<29} {:>8} {:>9} {:>9} {:>9} {:>9}"
_COURSE = "{:<29} {:>10} {:>10} {:>10} {:>14} {:>10} {:>11}"


def told(load: Load) -> Iterator[str]:
    """Line by line."""
    yield (
        f"{load.people} people and {load.uploads} uploads for {load.minutes:g} minutes on {load.cores} cores,"
        f" {load.stored:,} messages stored; {load.thinks:g} s between two pages"
    )
    yield (
        f"{load.requests:,} requests, {load.rate:.1f} a second, of which {load.waited_rate:.1f} are waited for;"
        f" {load.lines:,} lines read meanwhile, {load.lines_rate:,.0f} a second"
    )
    yield ""
    yield _SPEED.format("page", "answers", "p50", "p95", "p99", "max")
    for speed in [*load.pages, *([load.all] if load.all else [])]:
        yield _speed(speed)
    yield ""
    yield _COURSE.format("memory", "1st minute", "middle", "end", "in 2nd half", "processes", "processors")
    for course in load.memory:
        yield _course(course)
    yield f"{'resident sets added up':<29} {'':>10} {'':>10} {load.resident:>7,.0f} MB"
    yield f"{'people and uploads':<29} {'':>10} {'':>10} {'':>10} {'':>14} {'':>10} {load.clients:>11.2f}"
    yield ""
    for sentence, times in load.wrong.items():
        yield f"{times} x {sentence}"
    yield from _verdict(load)


def _verdict(load: Load) -> Iterator[str]:
    whole = load.memory[-1]
    yield f"errors: {load.errors} (none: {_word(not load.errors)})"
    if load.all:
        yield f"p95: {load.all.percentile_95:,.0f} ms (under {SLOWEST:,.0f}: {_word(load.is_quick)})"
    yield (
        f"memory but for {SHARED_BUFFERS}: {whole.growth:+,.0f} MB of {whole.last:,.0f} in the second half"
        f" (flat is up to {MOST_GROWTH:.0%}: {_word(load.is_flat)})"
    )


def _word(is_reached: bool) -> str:
    return "reached" if is_reached else "missed"


def _speed(speed: Speed) -> str:
    times = (speed.median, speed.percentile_95, speed.percentile_99, speed.longest)
    return _SPEED.format(speed.kind, f"{speed.count:,}", *(f"{ms:,.0f} ms" for ms in times))


def _course(course: Course) -> str:
    sizes = (course.first, course.middle, course.last)
    growth, processors = f"{course.growth:+,.0f} MB", f"{course.processor:.2f}"
    return _COURSE.format(
        course.part, *(f"{size:,.0f} MB" for size in sizes), growth, course.processes, processors
    )
