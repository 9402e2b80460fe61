"""How much of all that is stored a search has to go through that sees some log hosts only.

Lists are read by an index on the time, newest first, which knows no log hosts. One whose log ended last week would be
found behind a week of all others.
"""

from dataclasses import replace
from datetime import timedelta

from django.db import connection
from django.db.models import F, Sum

from ingest import granted
from ingest.models import HourlyVolume, LogHost, Rejection
from mailwatch.queries.counting import COUNTED
from mailwatch.queries.ranges import Bounds, spans
from mailwatch.queries.terms import Term, TermKind

_AROUND = timedelta(days=2)  # a log whose zone is being corrected may be found a day before and behind
_READ_AT_ONCE = 400_000  # refusals: a tenth of a second
_BY_TIME = frozenset({TermKind.EVERYTHING, TermKind.DOMAIN})  # what lists go through by time


def of(term: Term, log_host: LogHost | None, bounds: Bounds) -> Bounds:
    """The range that was asked for, and no more of it than the log hosts have that are looked at."""
    if _is_everything(log_host) or term.kind not in _BY_TIME:
        return bounds
    stored = spans(_looked_at(log_host)).values()
    first = min((span.first_at for span in stored if span.first_at), default=None)
    last = max((span.last_at for span in stored if span.last_at), default=None)
    if first is None or last is None:
        return bounds
    since, until = first - _AROUND, last + _AROUND
    return replace(bounds, since=max(bounds.since or since, since), until=min(bounds.until or until, until))


def is_needle(term: Term, log_host: LogHost | None, bounds: Bounds) -> bool:
    """Whether to count means to read the refusals of all log hosts, of the whole log, for those of few."""
    if _is_everything(log_host) or term.kind is not TermKind.EVERYTHING or bounds.is_set:
        return False
    hours = HourlyVolume.objects.filter(log_host__in=_looked_at(log_host))
    own = int(hours.aggregate(number=Sum(F("rejected") + F("failed_logins"), default=0))["number"])
    return _refusals() * min(1.0, COUNTED / max(own, 1)) > _READ_AT_ONCE


def _refusals() -> int:
    """How many are stored, roughly: what the database knows of its tables, whoever asks."""
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [Rejection._meta.db_table])
        return int(cursor.fetchone()[0])


_STORED = """
    SELECT coalesce(sum(greatest(reltuples, 0)), 0) FROM pg_class
    JOIN pg_inherits ON inhrelid = pg_class.oid WHERE inhparent = %s::regclass
"""


def _is_everything(log_host: LogHost | None) -> bool:
    return log_host is None and granted.here().is_all


def _looked_at(log_host: LogHost | None) -> list[LogHost]:
    return [log_host] if log_host else list(LogHost.objects.all())
