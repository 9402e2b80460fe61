"""The newest rows of a subject, without looking at all of them.

An index that is asked for a name gives no order by time, so all rows of the name would be fetched for the newest few
thousand. They are asked for in two parts instead: of the newest part, which should hold enough, the database puts two
indexes together, and the other is not read where that has enough.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, Func, QuerySet
from django.db.models.expressions import CombinedExpression

from mailwatch.queries.matching import id_at
from mailwatch.queries.ranges import Bounds, Span

_MORE = 2  # rows are not spread evenly; each part more takes PostgreSQL a few milliseconds to plan
_SHORTEST = timedelta(hours=1)
_FIRST = 100  # rows among which the oldest one is looked for first
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def cuts(expected: int, most: int, *, span: Span, bounds: Bounds) -> list[datetime]:
    """Where to cut a range for ``most`` rows of the ``expected`` that the whole log may hold."""
    begin, end = _ends(span, bounds)
    part = _part(expected, most, span)
    return [end - part] if part is not None and end - part > begin else []


def first_cuts(expected: int, *, span: Span, bounds: Bounds) -> list[datetime]:
    """Where to cut it for the oldest row."""
    begin, end = _ends(span, bounds)
    part = _part(expected, _FIRST, span)
    return [begin + part] if part is not None and begin + part < end else []


def _ends(span: Span, bounds: Bounds) -> tuple[datetime, datetime]:
    first, last = span.first_at or _NEVER, span.last_at or _NEVER
    return max(bounds.since or first, first), min(bounds.until or last, last)


def _part(expected: int, most: int, span: Span) -> timedelta | None:
    """How long a part is that should hold so many; None: all of it."""
    if span.first_at is None or span.last_at is None or expected <= most * _MORE:
        return None
    return max((span.last_at - span.first_at) * (most * _MORE / expected), _SHORTEST)


def newest(
    rows: QuerySet[Any, Any],
    order: F | Func | CombinedExpression,
    *,
    by: str,
    most: int,
    at: Sequence[datetime],
) -> QuerySet[Any, Any]:
    """The ``most`` newest rows; ``by``: the field of a time or of a message id that the parts are cut by.

    PostgreSQL appends the parts in this order, and ends as soon as it has enough.
    """
    return _appended([part.order_by(order.desc())[:most] for part in _parts(rows, by, at)], most)


def oldest(
    rows: QuerySet[Any, Any], order: F | Func | CombinedExpression, *, by: str, at: Sequence[datetime]
) -> QuerySet[Any, Any]:
    """The oldest row, likewise."""
    return _appended([part.order_by(order.asc())[:1] for part in reversed(_parts(rows, by, at))], 1)


def _appended(parts: Sequence[QuerySet[Any, Any]], most: int) -> QuerySet[Any, Any]:
    first, *others = parts
    return first.union(*others, all=True)[:most] if others else first


def _parts(rows: QuerySet[Any, Any], by: str, at: Sequence[datetime]) -> list[QuerySet[Any, Any]]:
    bounds = [id_at(one) if by == "message_id" else one for one in at]
    parts = []
    until: Any = None
    for since in [*bounds, None]:
        within: dict[str, Any] = {} if since is None else {f"{by}__gte": since}
        within |= {} if until is None else {f"{by}__lt": until}
        parts.append(rows.filter(**within))
        until = since
    return parts
