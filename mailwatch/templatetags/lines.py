"""A line of the log, whole: each part with its meaning, the parts that matter marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from django import template

from ingest.exim.glossary import Token, explain
from ingest.exim.line import readable
from mailwatch.printable import plain_lines
from mailwatch.queries.patterns import Pattern

register = template.Library()


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a line. ``meaning`` is "" between tokens; ``is_word`` parts do not break inside."""

    text: str
    meaning: str = ""
    matters: bool = False
    is_word: bool = False


@register.inclusion_tag("parts/raw.html")
def raw_line(raw: bytes, zone: tzinfo = UTC) -> dict[str, object]:
    """One log line with its meanings on hover, focus or tap."""
    return {"parts": line_parts(raw, zone=zone), "has_meanings": True}


@register.inclusion_tag("parts/raw.html")
def quiet_line(raw: bytes, zone: tzinfo = UTC) -> dict[str, object]:
    """One log line with the parts that matter marked, without meanings."""
    return {"parts": line_parts(raw, zone=zone), "has_meanings": False}


def line_parts(raw: bytes, *, zone: tzinfo) -> list[Part]:
    """The whole text of a line, in order, cut where the glossary cuts it."""
    return parts_of(readable(raw), explain(raw, zone=zone).tokens)


def parts_of(text: str, tokens: Sequence[Token]) -> list[Part]:
    """``text`` cut into tokens and what stands between them; nothing is lost, whatever the tokens say."""
    parts: list[Part] = []
    end = 0
    for token in tokens:
        start = text.find(token.text, end)
        if start < 0:
            continue
        if start > end:
            parts.append(Part(plain_lines(text[end:start])))
        end = start + len(token.text)
        parts.append(
            Part(plain_lines(token.text), token.meaning, token.matters, is_word=" " not in token.text)
        )
    if end < len(text):
        parts.append(Part(plain_lines(text[end:])))
    return parts


@register.inclusion_tag("parts/raw.html")
def told_line(text: str, tokens: Sequence[Token]) -> dict[str, object]:
    """A line that was explained already: whole, the parts that matter marked."""
    return {"parts": parts_of(text, tokens), "has_meanings": False}


@register.inclusion_tag("parts/raw.html")
def explained_line(text: str, tokens: Sequence[Token]) -> dict[str, object]:
    """A line that was explained already: its meanings on hover, focus or tap."""
    return {"parts": parts_of(text, tokens), "has_meanings": True}


@register.inclusion_tag("parts/raw.html")
def found_line(raw: bytes, pattern: Pattern) -> dict[str, object]:
    """One log line with what was looked for marked."""
    text, parts, end = readable(raw), [], 0
    for start, stop in pattern.places(text):
        parts += [Part(plain_lines(text[end:start])), Part(plain_lines(text[start:stop]), " ", matters=True)]
        end = stop
    return {"parts": [*parts, Part(plain_lines(text[end:]))], "has_meanings": False}
