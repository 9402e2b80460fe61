"""The zone of a log host's log beside the zone that its message ids tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import available_timezones

from ingest import zones
from ingest.models import LogFile, LogHost
from ingest.zones import ZoneCheck, offset_words


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetVotes:
    """How many message ids tell an offset."""

    offset: str
    votes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneView:
    """A check as pages show it. ``is_host_right``: only the files at hand differ, all of the log host agrees."""

    log_host: LogHost
    check: ZoneCheck
    is_host_right: bool = False

    @property
    def is_moving(self) -> bool:
        return bool(self.log_host.wanted_timezone)

    @property
    def is_alarm(self) -> bool:
        return self.check.is_wrong and not self.is_moving

    @property
    def choices(self) -> Sequence[str]:
        """The zones that fit, the likeliest first."""
        return () if self.is_host_right else self.check.offered

    @property
    def offsets(self) -> list[OffsetVotes]:
        return [
            OffsetVotes(offset=offset_words(minutes), votes=votes) for minutes, votes in self.check.offsets
        ]


def of_log_host(log_host: LogHost) -> ZoneView:
    """All that is stored of a log host."""
    return ZoneView(log_host=log_host, check=zones.check_of(log_host))


def of_files(log_host: LogHost, files: Sequence[LogFile], whole: ZoneCheck | None = None) -> ZoneView:
    """Some files of a log host; where they have no new arrival, all that is stored of it.

    ``whole`` is what that tells, where it is known already.
    """
    check = zones.check(zones.votes_of(files), log_host.timezone)
    if check.total and not check.is_wrong:
        return ZoneView(log_host=log_host, check=check)
    whole = whole or zones.check_of(log_host)
    if not check.total:
        return ZoneView(log_host=log_host, check=whole)
    return ZoneView(log_host=log_host, check=check, is_host_right=not whole.is_wrong)


def alarms(log_hosts: Sequence[LogHost]) -> list[ZoneView]:
    """The log hosts whose zone is wrong or is being corrected."""
    views = [ZoneView(log_host=host, check=check) for host, check in zones.checks(log_hosts)]
    return [view for view in views if view.check.is_wrong or view.is_moving]


def names() -> list[str]:
    """Every zone that may be chosen."""
    return sorted(available_timezones())
