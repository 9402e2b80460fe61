"""Bars beside numbers, as SVG: widths are attributes, so no inline style is needed."""

from typing import Protocol

from django import template

register = template.Library()


class Outcomes(Protocol):
    """Recipients of a row by outcome."""

    @property
    def recipients(self) -> int: ...
    @property
    def delivered(self) -> int: ...
    @property
    def deferred(self) -> int: ...
    @property
    def bounced(self) -> int: ...


@register.inclusion_tag("drilldown/bar.html")
def outcome_bar(row: Outcomes, longest: Outcomes) -> dict[str, object]:
    """One bar of three parts; ``longest`` is the row that fills the width."""
    whole = max(longest.recipients, 1)
    start = 0.0
    parts = []
    for outcome in ("delivered", "deferred", "bounced"):
        width = 100 * getattr(row, outcome) / whole
        parts.append((outcome, f"{start:.2f}", f"{width:.2f}"))
        start += width
    return {"parts": parts}
