"""The country of an address, beside the day that its data is of."""

from django import template

from ingest import countries
from ingest.rules import words

register = template.Library()


@register.filter
def country(address: str | None) -> str:
    """US; "" where it is not known."""
    return countries.origin_of(address).country or ""


@register.simple_tag
def country_date() -> str:
    """17 Jun 2026: the day of the data; "" where there is none."""
    day = countries.country_file().date
    return words.date_alone(day) if day else ""
