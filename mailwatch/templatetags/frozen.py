"""Frozen log lines on a shared page: parts of a line, put together to words that do not break."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django import template

from mailwatch.printable import plain_lines

register = template.Library()

_SPACE = re.compile(r"(\s+)")
type Part = dict[str, object]


@dataclass(frozen=True, slots=True)
class Word:
    """Parts without space between them, or (``is_space``) the space between two words.

    A marked phrase stays one part with its spaces (``is_phrase``): marked from end to end, it may break.
    """

    parts: tuple[Part, ...]
    is_space: bool = False

    @property
    def is_phrase(self) -> bool:
        return any(not part["masked"] and " " in str(part["text"]) for part in self.parts)

    @property
    def text(self) -> str:
        return "".join(str(part["text"]) for part in self.parts)


@register.filter
def frozen_words(parts: Sequence[Part]) -> Iterator[Word]:
    """The words of a frozen line. What is masked is part of its word, though "sender 1" has a space."""
    word: list[Part] = []
    for part in parts:
        is_whole = part["masked"] or part["matters"]
        for piece in [part["text"]] if is_whole else _SPACE.split(str(part["text"])):
            if not piece:
                continue
            if is_whole or not str(piece).isspace():
                word.append(part | {"text": piece})
                continue
            if word:
                yield Word(tuple(word))
            yield Word((part | {"text": plain_lines(str(piece))},), is_space=True)
            word = []
    if word:
        yield Word(tuple(word))


@register.filter
def as_zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
