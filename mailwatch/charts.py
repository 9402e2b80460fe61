"""Courses over time, as static/js/charts.js draws them and as the table below each chart shows them."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from operator import add, attrgetter
from typing import Protocol

from ingest.languages import later, say
from ingest.rules.words import day_of_year, hour_of_week
from mailwatch.reader import shown_zone

MOST_HOURS = 24 * 4  # longer spans are drawn by the day: thinner bars cannot be told apart
OUTCOMES = ("delivered", "deferred", "bounced", "rejected")  # from the axis up, the same order everywhere


class Volume(Protocol):
    """Counts of one hour (``ingest.models.HourlyVolume``, or a row of the same names)."""

    @property
    def hour(self) -> datetime: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One outcome's values, one for each label."""

    outcome: str
    label: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Stacked bars. ``starts`` are the aware beginnings of the bars; ``mark`` is (bar, words)."""

    labels: tuple[str, ...]
    series: tuple[Series, ...]
    starts: tuple[datetime, ...]
    has_hours: bool
    mark: tuple[int, str] | None = None
    links: tuple[str | None, ...] = field(default=())

    @property
    def unit(self) -> str:
        return "hour" if self.has_hours else "day"

    @property
    def rows(self) -> list[tuple[str, tuple[int, ...]]]:
        """The table: a label and its value in each series."""
        columns = zip(*(series.values for series in self.series), strict=True)
        return list(zip(self.labels, columns, strict=True))

    @property
    def linked_rows(self) -> list[tuple[str, tuple[int, ...], str | None]]:
        """The same with the address of what is behind each bar; None where there is none."""
        links = self.links or (None,) * len(self.labels)
        return [(label, values, link) for (label, values), link in zip(self.rows, links, strict=True)]

    def as_json(self) -> dict[str, object]:
        """What charts.js reads."""
        return {
            "labels": self.labels,
            "has_hours": self.has_hours,
            "series": [
                {"outcome": series.outcome, "label": series.label, "values": series.values}
                for series in self.series
            ],
            "links": self.links,
            "mark": {"at": self.mark[0], "text": self.mark[1]} if self.mark else None,
        }


def over_time(
    volumes: Sequence[Volume],
    *,
    zone: tzinfo,
    outcomes: Iterable[str] = OUTCOMES,
    mark_at: datetime | None = None,
    mark_text: str = "",
    link: Callable[[datetime, datetime], str] | None = None,
    is_level: bool = False,
    words: str = "",
) -> Chart | None:
    """Hours without a row count as zero; None when there is no row at all.

    Hours of a day are added up; those of a level (``is_level``: messages that wait) give the highest. ``words`` name a
    single series otherwise than by its outcome.

    ``link`` gets the beginning and the end of a bar and returns the address of what is behind it.
    """
    if not volumes:
        return None
    zone = shown_zone(zone)
    first, last = min(row.hour for row in volumes), max(row.hour for row in volumes)
    has_hours = last - first < timedelta(hours=MOST_HOURS)
    starts = _hours(first, last) if has_hours else _days(first.astimezone(zone), last.astimezone(zone))
    place = {_key(start, zone, has_hours=has_hours): i for i, start in enumerate(starts)}
    join = max if is_level else add
    begins = [start.timestamp() for start in starts]
    places = [bisect_right(begins, row.hour.timestamp()) - 1 for row in volumes]
    series = [_series(outcome, words, volumes, places, len(place), join) for outcome in outcomes]
    ends = [*starts[1:], starts[-1] + timedelta(hours=1 if has_hours else 24)]
    at = place.get(_key(mark_at, zone, has_hours=has_hours)) if mark_at else None
    return Chart(
        labels=tuple(_label(start, zone, has_hours=has_hours) for start in starts),
        series=tuple(series),
        starts=tuple(starts),
        has_hours=has_hours,
        mark=None if at is None else (at, mark_text),
        links=tuple(link(start, end) for start, end in zip(starts, ends, strict=True)) if link else (),
    )


def label(chart: Chart) -> str:
    """What a chart of outcomes shows, in a sentence."""
    return outcomes_label(chart, {series.outcome: sum(series.values) for series in chart.series})


def outcomes_label(chart: Chart, totals: Mapping[str, int]) -> str:
    """The same of totals that were counted elsewhere, by outcome."""
    counted = say(", ").join(
        say("{number:,} {outcome}", number=totals[series.outcome], outcome=say(series.outcome))
        for series in chart.series
    )
    sentence = (
        later("Outcomes per hour from {first} to {last}: {counted}.")
        if chart.has_hours
        else later("Outcomes per day from {first} to {last}: {counted}.")
    )
    return say(sentence, first=chart.labels[0], last=chart.labels[-1], counted=counted)


def _hours(first: datetime, last: datetime) -> list[datetime]:
    count = int((last - first) / timedelta(hours=1)) + 1
    return [first + timedelta(hours=i) for i in range(count)]


def _days(first: datetime, last: datetime) -> list[datetime]:
    """Midnights in the zone of the two times; days of 23 and 25 hours are days too."""
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    days = (last.date() - first.date()).days + 1
    return [midnight + timedelta(days=i) for i in range(days)]  # wall clock: same zone on both sides


def _key(at: datetime, zone: tzinfo, *, has_hours: bool) -> object:
    """What bar a time belongs to. Hours are told apart in UTC, because one of them comes twice in autumn."""
    return int(at.timestamp() // 3600) if has_hours else at.astimezone(zone).date()


def _series(
    outcome: str,
    words: str,
    volumes: Sequence[Volume],
    places: Sequence[int],
    bars: int,
    join: Callable[[int, int], int],
) -> Series:
    """``places`` says which of the bars each row belongs to."""
    values = [0] * bars
    for at, count in zip(places, map(attrgetter(outcome), volumes), strict=True):
        values[at] = join(values[at], count)
    return Series(outcome=outcome, label=words or say(outcome).capitalize(), values=tuple(values))


def _label(start: datetime, zone: tzinfo, *, has_hours: bool) -> str:
    return hour_of_week(start, zone) if has_hours else day_of_year(start, zone)
