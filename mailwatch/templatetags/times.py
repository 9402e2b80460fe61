"""Times on a page: in a log host's zone, exact in lists, shorter in headings, never relative to now."""

from datetime import datetime, tzinfo

from django import template

register = template.Library()


@register.filter
def exact(at: datetime | None, zone: tzinfo) -> str:
    """2016-03-09 07:53:12"""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if at else ""


@register.filter
def clock(at: datetime | None, zone: tzinfo) -> str:
    """07:53:12"""
    return f"{at.astimezone(zone):%H:%M:%S}" if at else ""


@register.filter
def short(at: datetime | None, zone: tzinfo) -> str:
    """9 Mar 07:53, for lists whose year is said elsewhere."""
    return f"{(local := at.astimezone(zone)).day} {local:%b %H:%M}" if at else ""


@register.filter
def day_and_time(at: datetime | None, zone: tzinfo) -> str:
    """Wed 9 Mar 2016, 07:53"""
    return f"{(local := at.astimezone(zone)):%a} {local.day} {local:%b %Y, %H:%M}" if at else ""


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
