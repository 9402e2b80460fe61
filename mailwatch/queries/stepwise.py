"""Lists whose filter no index answers: rows are looked at some thousand at a time, newest first, for a moment.

Where the moment ends before the page is full, the list ends with how far back it has looked and goes on from there:
a filter that nothing meets costs each request the same, whatever is stored.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Model, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThanOrEqual

from mailwatch.queries import keyset
from mailwatch.queries.keyset import Key

AT_ONCE = 2_000  # rows that one step looks at
SECONDS = 0.4  # for one page


@dataclass(frozen=True, slots=True)
class Looked[M: Model]:
    """Rows found, newest first, and the key that was looked back to; None: to the end, or far enough."""

    rows: list[M]
    to: Key | None


def look[M: Model](
    rows: QuerySet[M], wanted: Q, *, fields: Sequence[str], after: Key | None, limit: int, end: float | None
) -> Looked[M]:
    """The newest ``limit`` of ``rows`` that are ``wanted``, behind ``after``; one step at least.

    ``end`` is a time of ``time.monotonic``; None: as long as it takes.
    """
    found: list[M] = []
    while True:
        step = keyset.newest_first(rows, fields=fields, after=after)
        last = list(step.values_list(*fields)[AT_ONCE - 1 : AT_ONCE])
        within = step.filter(wanted)
        if last:
            within = within.filter(TupleGreaterThanOrEqual(Tuple(*fields), last[0]))
        found += within[: limit - len(found)]
        if not last or len(found) >= limit:
            return Looked(found, None)
        after = last[0]
        if end is not None and time.monotonic() >= end:
            return Looked(found, after)
