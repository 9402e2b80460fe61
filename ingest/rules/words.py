"""Counts, times and names as people say them: exact, short, in the reader's language."""

import shlex
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo

from ingest.languages import later, say, say_of

_MONTHS = (
    later("Jan"),
    later("Feb"),
    later("Mar"),
    later("Apr"),
    later("May"),
    later("Jun"),
    later("Jul"),
    later("Aug"),
    later("Sep"),
    later("Oct"),
    later("Nov"),
    later("Dec"),
)
_WEEKDAYS = (later("Mon"), later("Tue"), later("Wed"), later("Thu"), later("Fri"), later("Sat"), later("Sun"))


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 message``, ``1,386 messages``. The catalogue holds ``{number:,} message`` and ``{number:,} messages``."""
    return say_of(number, f"{{number:,}} {one}", f"{{number:,}} {many or one + 's'}")


def listing(names: Sequence[str], shown: int = 3, total: int | None = None) -> str:
    """``a``, ``a and b``, ``a, b, c and 4 more``. ``total``: how many there are, if not all are given."""
    total = max(total or 0, len(names))
    comma = say(", ")
    if total > shown or total > len(names):
        left = total - min(shown, len(names))
        return say("{names} and {left:,} more", names=comma.join(names[:shown]), left=left)
    if len(names) < 2:
        return "".join(names)
    return say("{names} and {last}", names=comma.join(names[:-1]), last=names[-1])


def together(sentences: Iterable[str]) -> str:
    """Whole sentences behind each other; empty ones are left out."""
    text = ""
    for more in sentences:
        text = say("{text} {more}", text=text, more=more) if text and more else text or more
    return text


def day_and_minute(at: datetime, zone: tzinfo) -> str:
    """``Wed 9 Mar 2016, 06:41`` in a zone."""
    return say("{weekday} {day} {month} {year}, {time}", **_parts(at, zone))


def day(at: datetime, zone: tzinfo) -> str:
    """``Wed 9 Mar 2016`` in a zone."""
    return say("{weekday} {day} {month} {year}", **_parts(at, zone))


def date_alone(on: date) -> str:
    """``17 Jun 2026``."""
    return say("{day} {month} {year}", day=on.day, month=say(_MONTHS[on.month - 1]), year=on.year)


def minute_of_year(at: datetime, zone: tzinfo) -> str:
    """``9 Mar 06:41`` in a zone, where the year is said elsewhere."""
    return say("{day} {month} {time}", **_parts(at, zone))


def hour_of_week(at: datetime, zone: tzinfo) -> str:
    """``Wed 9, 06:41`` in a zone, where month and year are said elsewhere."""
    return say("{weekday} {day}, {time}", **_parts(at, zone))


def day_of_year(at: datetime, zone: tzinfo) -> str:
    """``9 Mar`` in a zone, where the year is said elsewhere."""
    return say("{day} {month}", **_parts(at, zone))


def _parts(at: datetime, zone: tzinfo) -> dict[str, object]:
    """What a date is made of."""
    local = at.astimezone(zone)
    return {
        "weekday": say(_WEEKDAYS[local.weekday()]),
        "day": local.day,
        "month": say(_MONTHS[local.month - 1]),
        "year": local.year,
        "time": f"{local:%H:%M}",
    }


def exact(at: datetime | None, zone: tzinfo) -> str:
    """``2016-03-09 06:41:07`` in a zone, the same in every language; "" without a time."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at else ""


def second(at: datetime, zone: tzinfo) -> str:
    """``06:41:07`` in a zone."""
    return f"{at.astimezone(zone):%H:%M:%S}"


def duration(span: timedelta) -> str:
    """``40 s``, ``12 min``, ``3 h``, ``2 days``: rounded down to one unit, two where the first is small."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return say("{seconds} s", seconds=seconds)
    minutes = seconds // 60
    if minutes < 120 and minutes % 60:
        return say("{minutes} min", minutes=minutes)
    if minutes < 48 * 60:
        return say("{hours} h", hours=minutes // 60)
    return say("{days} days", days=minutes // 1440)


def shell(text: str) -> str:
    """Text that came from a log, quoted so that a shell takes it as one word."""
    return shlex.quote("".join(char for char in text if char.isprintable()))


def arguments(names: Sequence[str]) -> list[str]:
    """Names from a log as words of a command, ten at most; what a program would take for an option is left out."""
    return [shell(name) for name in names[:10] if name.strip() and not name.lstrip().startswith("-")]
