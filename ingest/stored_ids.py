"""Which ids logged in for the first time lately, by what is stored (ingest.rules.new_ids says what that means)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Min

from ingest.models import AddressLogin, LogFile, LogHost
from ingest.rules.facts import Coverage, LogHostFacts
from ingest.rules.new_ids import asked_since, may_be_nobody
from ingest.rules.signs import Sign, Told
from ingest.sql import statement
from ingest.stored_facts import id_bound

_KEPT = 16  # log hosts
_DAY = timedelta(days=1)  # an id tells when reception began, by a clock in UTC


class Ids(NamedTuple):
    """New ids that may be nobody's, and all others that ever logged in."""

    new: Sequence[Told] = ()
    known: frozenset[str] = frozenset()


def ids_of(log_host: LogHost, host: LogHostFacts, coverage: Coverage, since: datetime | None) -> Ids:
    """Asked for only where no accounts were given, and the log is old enough."""
    begins = LogFile.objects.filter(log_host=log_host).aggregate(at=Min("first_at"))["at"]
    last_at = coverage.last_at
    if host.known_accounts or begins is None or last_at is None:
        return Ids()
    asked = asked_since(begins, last_at, since, host.limits)
    if asked > last_at:
        return Ids()
    rows = AddressLogin.objects.filter(log_host=log_host).values_list("authenticated_id", flat=True)
    every = frozenset(rows.distinct())
    names = _of_nobody(every, _Known(host))
    new = _new(log_host, names, asked, last_at, host.limits.new_ids_forgotten)
    return Ids(new, every - {told.value for told in new})


class _Known:
    """A log host by what decides whose an id may be."""

    def __init__(self, host: LogHostFacts) -> None:
        self.host = host
        self._key = (host.name, host.local_domains, host.own_addresses, bool(host.known_accounts))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=_KEPT)
def _of_nobody(ids: frozenset[str], known: _Known) -> Sequence[str]:
    """Kept: every answer asks it of thousands of ids, which seldom change."""
    return [name for name in ids if may_be_nobody(name, known.host)]


def _new(
    log_host: LogHost, names: Sequence[str], asked: datetime, last_at: datetime, forgotten: timedelta
) -> list[Told]:
    if not names:
        return []
    parameters: dict[str, Any] = {
        "log_host_id": log_host.pk,
        "ids": list(names),
        "before": asked - forgotten,
        "since": asked,
        "last_at": last_at,
        "before_id": id_bound(asked - forgotten - _DAY),
        "since_id": id_bound(asked + _DAY),
        "first_id": id_bound(asked - _DAY),
        "last_id": id_bound(last_at + _DAY),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement("new_ids"), parameters)
        rows = cursor.fetchall()
    return [
        Told(
            sign=Sign.NEW_IDS,
            value=name,
            count=number,
            peak=number,
            seen=frozenset(authenticators),
            first_at=first_at,
            last_at=last,
            message_ids=(message_id,),
        )
        for name, number, first_at, last, message_id, authenticators in rows
    ]
