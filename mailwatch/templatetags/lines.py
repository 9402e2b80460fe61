"""A line of the log, whole: each part with its meaning, the parts that matter marked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from django import template
from django.urls import reverse
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe

from ingest.exim import message_id
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


@register.simple_tag
def raw_line(raw: bytes, zone: tzinfo = UTC) -> SafeString:
    """One log line with its meanings on hover, focus or tap."""
    return _shown(line_parts(raw, zone=zone), has_meanings=True)


@register.simple_tag
def quiet_line(raw: bytes, zone: tzinfo = UTC) -> SafeString:
    """One log line with the parts that matter marked, without meanings."""
    return _shown(line_parts(raw, zone=zone))


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


_MESSAGE_ID = re.compile(rf"(?<![\w.@/-]){message_id.PATTERN}(?![\w@/-])", re.ASCII)


@register.filter
def with_messages(sentence: SafeString, log_host: str) -> SafeString:
    """A sentence, already harmless, in which each message id leads to the message of that log host."""
    return mark_safe(
        _MESSAGE_ID.sub(lambda found: _message_link(log_host, found[0]), conditional_escape(sentence))
    )


def _message_link(log_host: str, identifier: str) -> str:
    address = reverse("message", args=[log_host, identifier])
    return format_html('<a class="mono" href="{}">{}</a>', address, identifier)


@register.simple_tag
def told_line(text: str, tokens: Sequence[Token]) -> SafeString:
    """A line that was explained already: whole, the parts that matter marked."""
    return _shown(parts_of(text, tokens))


@register.simple_tag
def explained_line(text: str, tokens: Sequence[Token]) -> SafeString:
    """A line that was explained already: its meanings on hover, focus or tap."""
    return _shown(parts_of(text, tokens), has_meanings=True)


@register.simple_tag
def found_line(raw: bytes, pattern: Pattern) -> SafeString:
    """One log line with what was looked for marked."""
    text, parts, end = readable(raw), [], 0
    for start, stop in pattern.places(text):
        parts += [Part(plain_lines(text[end:start])), Part(plain_lines(text[start:stop]), " ", matters=True)]
        end = stop
    return _shown([*parts, Part(plain_lines(text[end:]))])


def _shown(parts: Sequence[Part], *, has_meanings: bool = False) -> SafeString:
    """Written here and not in a template: a page has hundreds of lines of ten parts each."""
    show = _with_meaning if has_meanings else _quiet
    return mark_safe(f'<code class="raw">{"".join(map(show, parts))}</code>')


def _with_meaning(part: Part) -> str:
    if not part.meaning:
        return escape(part.text)
    classes = f"token{' marked' if part.matters else ''}{' w' if part.is_word else ''}"
    meaning = f'<span class="meaning" role="tooltip">{escape(part.meaning)}</span>'
    return f'<span class="{classes}" tabindex="0">{escape(part.text)}{meaning}</span>'


def _quiet(part: Part) -> str:
    if not part.meaning:
        return escape(part.text)
    name = "mark" if part.matters else "span"
    return f"<{name}{' class="w"' if part.is_word else ''}>{escape(part.text)}</{name}>"
