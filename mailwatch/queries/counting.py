"""How many rows a search finds: exact up to COUNTED, "more than" beyond, and only where that is soon known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from ingest.languages import say
from ingest.rules.words import count

COUNTED = 10_000
_LINES = (6_000, 12_000, 60_000)  # delivery lines that are read for a count: first so many, then more


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many there are; ``is_more``: more than that, counting stopped."""

    number: int = 0
    is_more: bool = False

    def __str__(self) -> str:
        return say("more than {number:,}", number=self.number) if self.is_more else f"{self.number:,}"

    @property
    def messages(self) -> str:
        """1,386 messages"""
        if self.is_more:
            return say("more than {number:,} messages", number=self.number)
        return count(self.number, "message")

    @property
    def rejections(self) -> str:
        """9 rejections"""
        if self.is_more:
            return say("more than {number:,} rejections", number=self.number)
        return count(self.number, "rejection")


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    messages: Count
    rejections: Count

    def __str__(self) -> str:
        return say(", ").join((self.messages.messages, self.rejections.rejections))

    @property
    def is_nothing(self) -> bool:
        return not self.messages.number and not self.rejections.number


def counted(queries: Sequence[QuerySet[Any, Any]]) -> Count:
    """Rows that any of the queries finds, each read up to COUNTED + 1 rows only."""
    if not queries:
        return Count()
    limited = [query.order_by()[: COUNTED + 1] for query in queries]
    return _count(limited[0].count() if len(limited) == 1 else limited[0].union(*limited[1:]).count())


def counted_by_lines(
    messages: Sequence[QuerySet[Any, Any]], lines: Sequence[QuerySet[Any, Any]]
) -> Count | None:
    """Messages that any of the queries finds, or that one of many lines is of; all as their keys.

    None: of the lines that are read for a count too many are of the same messages to tell.
    """
    sent = counted(messages)
    if sent.is_more:
        return sent
    for most in _LINES:
        first, *others = [*(query.order_by() for query in messages), *(_read(query, most) for query in lines)]
        number = first.union(*others).count() if others else first.count()
        if number > COUNTED or not any(_read(query, most).count() == most for query in lines):
            return _count(number)
    return None


def _read[M: Model](lines: QuerySet[M, Any], most: int) -> QuerySet[M, Any]:
    return lines.order_by()[:most]


def _count(number: int) -> Count:
    return Count(number=min(number, COUNTED), is_more=number > COUNTED)
