"""Frozen log lines on a shared page: parts of a line, put together to words that do not break."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django import template

register = template.Library()

_SPACE = re.compile(r"(\s+)")
type Part = dict[str, object]


@dataclass(frozen=True, slots=True)
class Word:
    """Parts without space between them, or the space between two words (``is_space``)."""

    parts: tuple[Part, ...]
    is_space: bool = False

    @property
    def text(self) -> str:
        return "".join(str(part["text"]) for part in self.parts)


@register.filter
def words(parts: Sequence[Part]) -> Iterator[Word]:
    """The words of a frozen line. What is masked is part of its word, though "sender 1" has a space."""
    word: list[Part] = []
    for part in parts:
        for piece in [part["text"]] if part["masked"] else _SPACE.split(str(part["text"])):
            if not piece:
                continue
            if part["masked"] or not str(piece).isspace():
                word.append(part | {"text": piece})
                continue
            if word:
                yield Word(tuple(word))
            yield Word((part | {"text": piece},), is_space=True)
            word = []
    if word:
        yield Word(tuple(word))


@register.filter
def as_zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
