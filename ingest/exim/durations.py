"""Exim's times: ``3w2d4h5m6s``, units that are zero left out, ``0.304s`` with log selector +millisec."""

import re

_TIME = re.compile(
    r"(?:([0-9]{1,6})w)?+(?:([0-9]{1,6})d)?+(?:([0-9]{1,6})h)?+(?:([0-9]{1,6})m)?+(?:([0-9]{1,9}(?:\.[0-9]{1,6})?+)s)?+"
)
_UNITS = (604_800, 86_400, 3_600, 60)


def seconds(text: str | None) -> float | None:
    """How many seconds a time is; None for None and for text that is no time. Source: tod.c, readconf.c."""
    if not text:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    *units, rest = match.groups()
    whole = sum(int(value) * unit for value, unit in zip(units, _UNITS, strict=True) if value is not None)
    return whole + float(rest or 0)
