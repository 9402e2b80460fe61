"""Log text on a page: made harmless, counted, linked."""

import re
from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from ingest.languages import say, say_of
from ingest.rules.words import listing
from mailwatch.printable import plain, plain_lines
from mailwatch.stored_words import word

register = template.Library()
register.filter("plain", plain)
register.filter("plain_lines", plain_lines)
register.filter("said", word)

_ADDRESS = re.compile(
    r"(?<![\w.:/@\[-])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w@/-]|\.\d)"
)


@register.filter
def number(value: int | None) -> str:
    """9842 as 9,842; "" for None."""
    return "" if value is None else f"{value:,}"


@register.filter
def names(named: Iterable[Any]) -> str:
    """All of what has a name: a, b and c."""
    shown = [str(each.name) for each in named]
    return listing(shown, shown=len(shown))


@register.filter
def all_said(words: Iterable[str]) -> str:
    """Words in the reader's language, with commas."""
    return say(", ").join(map(word, words))


@register.filter
def duration(value: timedelta | None) -> str:
    """A length of time in its two largest units: 23 min 45 s, 5 h 11 min, 3 days 4 h."""
    if value is None:
        return ""
    seconds = int(value.total_seconds())
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    if days:
        whole = say_of(days, "{number} day", "{number} days")
        return say("{days} {hours} h", days=whole, hours=hours) if hours else whole
    if hours:
        return (
            say("{hours} h {minutes} min", hours=hours, minutes=minutes)
            if minutes
            else say("{hours} h", hours=hours)
        )
    if minutes:
        return (
            say("{minutes} min {seconds} s", minutes=minutes, seconds=seconds)
            if seconds
            else say("{minutes} min", minutes=minutes)
        )
    return say("{seconds} s", seconds=seconds)


@register.filter
def words(command: str) -> SafeString:
    """A command whose words stay whole where the line is too short for it: options do not break at hyphens."""
    return format_html_join(" ", '<span class="w">{}</span>', ((plain(word),) for word in command.split(" ")))


@register.filter
def linked(value: object) -> SafeString:
    """A sentence with each IP address in it linked to its page; log text in it is made harmless."""
    text = value if isinstance(value, SafeString) else plain(value)
    return mark_safe(_ADDRESS.sub(_link, conditional_escape(text)))


def _link(match: re.Match[str]) -> str:
    text = match.group()
    try:
        address = str(ip_address(text))
    except ValueError:
        return text
    return format_html('<a href="{}">{}</a>', reverse("sender", args=[address]), text)
