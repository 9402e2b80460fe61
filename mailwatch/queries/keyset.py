"""Pages of long lists without OFFSET: everything that comes after a key, by one row comparison.

The row comparison ``(a, b) < (x, y)`` is one index condition; the spelled-out ``a < x OR (a = x AND b < y)``
reads and sorts everything that is older. ``django.db.models.fields.tuple_lookups`` is not documented, so it
is used here only, and a test looks at the plan.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleLessThan

type Key = tuple[str | int | datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page[T]:
    """Some rows of a list, newest first, and where the next ones begin."""

    rows: tuple[T, ...]
    older: str = ""  # cursor of the next page; "" when this is the last
    looked_back_to: datetime | None = None  # where the time for a page ended before it was full


def newest_first[M: Model](rows: QuerySet[M], *, fields: Sequence[str], after: Key | None) -> QuerySet[M]:
    """``rows`` by ``fields`` descending, those behind the key ``after`` only (None: from the newest).

    A field or relation that was not fetched raises: a list costs no query for each row.
    """
    ordered = rows.fetch_mode(models.FETCH_RAISE).order_by(*(f"-{field}" for field in fields))
    if after is None:
        return ordered
    return ordered.filter(TupleLessThan(Tuple(*fields), after))


def encode(*keys: Key | None) -> str:
    """A cursor for a URL, of one key for each stream that the list is merged from."""
    text = json.dumps([None if key is None else [_plain(part) for part in key] for key in keys])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, *, shapes: Sequence[Sequence[type]]) -> tuple[Key | None, ...] | None:
    """The keys of a cursor, or None where it is none of ours: a mangled link shows the first page.

    ``shapes`` names the types of each stream's key.
    """
    try:
        keys = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(keys, list) or len(keys) != len(shapes):
            return None
        return tuple(_key(key, shape) for key, shape in zip(keys, shapes, strict=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        return None


def _plain(part: str | int | datetime) -> str | int:
    return part.isoformat() if isinstance(part, datetime) else part


def _key(parts: Any, shape: Sequence[type]) -> Key | None:
    if parts is None:
        return None
    return tuple(_part(part, kind) for part, kind in zip(parts, shape, strict=True))


def _part(part: Any, kind: type) -> str | int | datetime:
    if kind is datetime:
        moment = datetime.fromisoformat(part)
        if moment.tzinfo is None:
            raise ValueError("a time without a zone")
        return moment
    if kind is int and isinstance(part, int) and -(2**63) <= part < 2**63:
        return part
    if kind is str and isinstance(part, str) and "\0" not in part:
        return part
    raise ValueError("not a part of a key")
