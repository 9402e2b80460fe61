"""Bars beside numbers, as SVG: widths are attributes, so no inline style is needed."""

from django import template

from mailwatch.queries.activity import DomainCounts

register = template.Library()


@register.inclusion_tag("drilldown/bar.html")
def outcome_bar(row: DomainCounts, longest: DomainCounts) -> dict[str, object]:
    """One bar of three parts; ``longest`` is the row that fills the width."""
    whole = max(longest.recipients, 1)
    start = 0.0
    parts = []
    for outcome in ("delivered", "deferred", "bounced"):
        width = 100 * getattr(row, outcome) / whole
        parts.append((outcome, f"{start:.2f}", f"{width:.2f}"))
        start += width
    return {"parts": parts}
