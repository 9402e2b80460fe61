"""The entries of a batch with their stamps, and what each usual line among them says.

One clock serves a whole batch: where the stamps lie far from a change of the clock, one offset is right for all of
them, and no stamp has to be read by itself.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from ingest.exim.usual import UsualLines, read_usual, stamp_form

_ZONE = -6  # where " +0100" begins in a stamp that has it
_LONGEST_SPAN = timedelta(days=20)  # less than lies between two changes of a clock
_AROUND = timedelta(hours=3)  # a change of the clock makes stamps of this distance ambiguous


# ---- the clock


@dataclass(frozen=True, slots=True)
class Clock:
    """How all stamps of a batch are to be read."""

    suffix: str  # behind a stamp for PostgreSQL: "+01:00"; "" where stamps have a zone of their own
    offset: timedelta

    def at(self, stamp: str) -> datetime:
        """The time of a stamp, in UTC. Raises ValueError for one that is none."""
        local = stamp[:_ZONE] if stamp[_ZONE:][:1] == " " else stamp
        return (datetime.fromisoformat(local) - self.offset).replace(tzinfo=UTC)


def clock_of(stamps: Collection[str], zone: tzinfo) -> Clock | None:
    """The clock of the stamps of a batch; None where one offset may not do, near a change of the clock.

    And where a day is none of the calendar, which PostgreSQL would not take.
    """
    try:
        for day in {stamp[:10] for stamp in stamps}:
            datetime.fromisoformat(day)
        first, last = min(stamps), max(stamps)
        if first[_ZONE:][:1] == " ":
            return _written_clock({stamp[_ZONE:] for stamp in stamps})
        lowest, highest = datetime.fromisoformat(first[:19]), datetime.fromisoformat(last[:19])
        around = (lowest - _AROUND, lowest, highest, highest + _AROUND)
    except (ValueError, OverflowError):
        return None
    offsets = {at.replace(tzinfo=zone).utcoffset() for at in around}
    offset = offsets.pop()
    if offsets or offset is None or highest - lowest > _LONGEST_SPAN:
        return None
    return None if offset.total_seconds() % 60 else Clock(_suffix(offset), offset)


def _suffix(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _written_clock(texts: set[str]) -> Clock | None:
    """The clock where each stamp ends with its zone (log_timezone)."""
    zone = texts.pop()[1:]
    if texts or not (zone[0] in "+-" and zone[1:].isdigit()):
        return None
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    return Clock("", -offset if zone[0] == "-" else offset)


# ---- the lines


@dataclass(frozen=True, slots=True)
class SortedLines:
    """The entries of a batch and what each usual line says."""

    texts: Sequence[bytes]
    lines: list[str | None]  # None: not looked at
    stamps: list[str]  # of all entries, written in the same form
    clock: Clock
    usual: UsualLines


def sort(texts: Sequence[bytes], plain: Sequence[bool] | None, zone: tzinfo) -> SortedLines | None:
    """Look for the usual lines among entries that begin with a stamp.

    ``plain`` says which are a single line that is new; None: all are. Returns None where stamps must be read one by
    one: they are not all written in one form, or lie near a change of the clock.
    """
    form = stamp_form(texts[0])
    if form is None:
        return None
    lines = _decoded(texts, plain)
    width = form.width
    if None in lines:
        stamps = [text[:width].decode("latin-1") for text in texts]
    else:
        stamps = [line[:width] for line in lines if line is not None]
    clock = clock_of(stamps, zone)
    if clock is None:
        return None
    usual = read_usual(lines, form)
    if any(stamp_form(texts[place]) != form for place in usual.others):
        return None
    return SortedLines(texts, lines, stamps, clock, usual)


def _decoded(texts: Sequence[bytes], plain: Sequence[bool] | None) -> list[str | None]:
    """The lines that can be usual: of ASCII without control characters that COPY or the grammar would change."""
    if plain is None:
        text = b"\n".join(texts)
        if _is_ordinary(text):
            return [*text.decode("ascii").split("\n")]
        plain = [True] * len(texts)
    return [
        text.decode("ascii") if is_plain and _is_ordinary(text) else None
        for text, is_plain in zip(texts, plain, strict=True)
    ]


def _is_ordinary(text: bytes) -> bool:
    return text.isascii() and b"\t" not in text and b"\r" not in text and 0 not in text
