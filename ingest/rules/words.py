"""Counts, times and names as people say them: exact, short, in the zone of the log."""

import shlex
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 message``, ``1,386 messages``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def have(number: int) -> str:
    """The verb behind a count."""
    return "has" if number == 1 else "have"


def be(number: int) -> str:
    """The verb behind a count, in the past."""
    return "was" if number == 1 else "were"


def listing(names: Sequence[str], shown: int = 3, total: int | None = None) -> str:
    """``a``, ``a and b``, ``a, b, c and 4 more``. ``total``: how many there are, if not all are given."""
    total = max(total or 0, len(names))
    if total > shown or total > len(names):
        return f"{', '.join(names[:shown])} and {total - min(shown, len(names)):,} more"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def day_and_minute(at: datetime, zone: tzinfo) -> str:
    """``Wed 9 Mar 2016, 06:41`` in the zone of the log."""
    local = at.astimezone(zone)
    day = f"{_WEEKDAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{day}, {local:%H:%M}"


def second(at: datetime, zone: tzinfo) -> str:
    """``06:41:07`` in the zone of the log."""
    return f"{at.astimezone(zone):%H:%M:%S}"


def duration(span: timedelta) -> str:
    """``40 s``, ``12 min``, ``3 h``, ``2 days``: rounded down to one unit, two where the first is small."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 120 and minutes % 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // 1440} days"


def shell(text: str) -> str:
    """Text that came from a log, quoted so that a shell takes it as one word."""
    return shlex.quote("".join(char for char in text if char.isprintable()))


def arguments(names: Sequence[str]) -> list[str]:
    """Names from a log as words of a command, ten at most; what a program would take for an option is left out."""
    return [shell(name) for name in names[:10] if name.strip() and not name.lstrip().startswith("-")]
