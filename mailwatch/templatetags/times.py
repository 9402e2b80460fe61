"""Times on a page: in the reader's zone or the log's, exact in lists, shorter in headings, never relative to now.

Where the reader chose a zone, the time in the log's zone stands in a title; the menu switches all of them to it, for
whoever has no pointer (views/times.py).
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, tzinfo

from django import template
from django.utils.html import format_html

from ingest.languages import say
from ingest.rules import words
from mailwatch.reader import has_zone, shown_zone

register = template.Library()


def _shown(at: datetime | None, zone: tzinfo, form: Callable[[datetime, tzinfo], str]) -> str:
    if at is None:
        return ""
    text, title = form(at, shown_zone(zone)), in_log_zone(at, zone)
    if not title:
        return text
    return format_html('<time datetime="{}" title="{}">{}</time>', machine(at, zone), title, text)


@register.simple_tag
def own_zone() -> str:
    """Asia/Tokyo, where the reader's own zone is the one shown; else ""."""
    return str(shown_zone(UTC)) if has_zone() else ""


@register.filter
def in_log_zone(at: datetime | None, zone: tzinfo) -> str:
    """2016-03-09 07:53:12 +01:00 in the zone of the log: for a title; "" where the time is shown in that zone."""
    if at is None or at.astimezone(shown_zone(zone)).utcoffset() == at.astimezone(zone).utcoffset():
        return ""
    return say("{time} in the zone of the log", time=f"{words.exact(at, zone)} {offset(zone, at)}")


@register.filter
def exact(at: datetime | None, zone: tzinfo) -> str:
    """2016-03-09 07:53:12"""
    return _shown(at, zone, words.exact)


@register.filter
def clock(at: datetime | None, zone: tzinfo) -> str:
    """07:53:12"""
    return _shown(at, zone, words.second)


@register.filter
def short(at: datetime | None, zone: tzinfo) -> str:
    """9 Mar 07:53, for lists whose year is said elsewhere."""
    return _shown(at, zone, words.minute_of_year)


@register.filter
def day_and_time(at: datetime | None, zone: tzinfo) -> str:
    """Wed 9 Mar 2016, 07:53"""
    return _shown(at, zone, words.day_and_minute)


@register.filter
def calendar_day(day: date) -> str:
    """Wed 9 Mar 2016"""
    return words.day(datetime.combine(day, time(), UTC), UTC)


@register.filter
def calendar_date(day: date) -> str:
    """9 Mar 2016"""
    return say("{day} {month} {year}", day=day.day, month=say(f"{day:%b}"), year=day.year)


@register.filter
def clock_words(at: datetime | None, zone: tzinfo) -> str:
    """07:53:12 without a title, for attributes and where the title stands around it."""
    return words.second(at, shown_zone(zone)) if at else ""


@register.filter
def machine(at: datetime | None, zone: tzinfo) -> str:
    """ISO 8601 with the offset, for <time datetime>."""
    return at.astimezone(zone).isoformat() if at else ""


@register.filter
def offset(zone: tzinfo, at: datetime | None) -> str:
    """+01:00, as it was at that time; "" without a time."""
    if at is None:
        return ""
    text = f"{at.astimezone(zone):%z}"
    return f"{text[:3]}:{text[3:]}"
