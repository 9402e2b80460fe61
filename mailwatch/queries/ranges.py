"""The part of a log that a page looks at. "Now" is the end of the log, never the wall clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Max, Min

from ingest.models import LogFile, LogHost
from mailwatch.reader import has_zone, shown_zone


class Preset(StrEnum):
    """A length counted back from the last line of a log host's log."""

    ALL = ""
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    EXACT = "exact"


_LENGTH = {
    Preset.HOUR: timedelta(hours=1),
    Preset.DAY: timedelta(days=1),
    Preset.WEEK: timedelta(days=7),
}
_FIRST, _LAST = datetime(1970, 1, 3), datetime(2999, 1, 1)  # noqa: DTZ001  of any zone; message ids hold both


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """First and last stamp of what is stored of one log host; None: nothing is."""

    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """From ``since`` on, before ``until``; None: not bounded on that side. Aware."""

    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_set(self) -> bool:
        return self.since is not None or self.until is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What was asked for. Naive times are meant in the reader's zone, else in that of each log host's log."""

    preset: Preset = Preset.ALL
    since: datetime | None = None
    until: datetime | None = None

    def bounds(self, log_host: LogHost, span: Span) -> Bounds:
        """The range on one log host. Presets begin at a full hour, so that counts by the hour agree."""
        if self.preset is Preset.EXACT:
            return Bounds(since=_aware(self.since, log_host), until=_aware(self.until, log_host))
        if self.preset is Preset.ALL or span.last_at is None:
            return Bounds()
        begin = span.last_at - _LENGTH[self.preset]
        return Bounds(since=begin.replace(minute=0, second=0, microsecond=0))


def _aware(at: datetime | None, log_host: LogHost) -> datetime | None:
    return at.replace(tzinfo=shown_zone(log_host.zone)) if at is not None and at.tzinfo is None else at


def read_time(text: str) -> datetime | None:
    """ISO 8601, or a day for its midnight; naive where the text names no zone. None: it is no time.

    What lies before or after all mail is the first or last time that can be reckoned with.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return min(max(at, _FIRST.replace(tzinfo=at.tzinfo)), _LAST.replace(tzinfo=at.tzinfo))


def spans(log_hosts: Sequence[LogHost]) -> dict[int, Span]:
    """What is stored of each log host, by its id."""
    rows = (
        LogFile.objects.filter(log_host__in=log_hosts)
        .values_list("log_host_id")
        .annotate(first=Min("first_at"), last=Max("last_at"))
    )
    found = {log_host_id: Span(first_at=first, last_at=last) for log_host_id, first, last in rows}
    return {log_host.pk: found.get(log_host.pk, Span()) for log_host in log_hosts}


def link_times(log_host: LogHost | None, *, since: datetime | None, until: datetime | None) -> dict[str, str]:
    """A range as a query string says it: of one log host in its zone, else with an offset.

    Where the reader chose a zone, an offset too: whoever gets the address from them reads the same hours.
    """
    times = {"since": since, "until": until}
    return {name: _written(at, log_host) for name, at in times.items() if at}


def _written(at: datetime, log_host: LogHost | None) -> str:
    if log_host is None or has_zone():
        return at.isoformat(timespec="seconds")
    return at.astimezone(log_host.zone).replace(tzinfo=None).isoformat(timespec="seconds")
