"""Thresholds in the settings that no rule has, or that are no values, are told before anything starts."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from ingest.stored_log_hosts import limits_of_all


@register()
def limits_are_readable(**_: Any) -> list[CheckMessage]:
    """MAILWATCH_LIMITS names thresholds and values."""
    try:
        limits_of_all()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="ingest.E001")]
    return []
