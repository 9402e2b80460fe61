"""What stands around every page: the row of pages, and the versions in the foot."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from ingest.languages import later, say
from ingest.rules.rule import VERSION
from mailwatch.access import Permission, may

register = template.Library()


@dataclass(frozen=True, slots=True)
class Page:
    """A page in the row of pages; ``covers`` are the URL names that belong to it."""

    name: str
    label: str
    covers: tuple[str, ...] = ()
    needs: Permission = Permission.READ


PAGES = (
    Page("overview", later("Overview"), ("daily",)),
    Page("search", later("Search"), ("message", "sender", "account", "address")),
    Page("relays", later("Relays")),
    Page("explain", later("Explain")),
    Page("configuration", later("Configuration")),
    Page("uploads", later("Uploads"), ("run",), Permission.UPLOAD),
    Page("sources", later("Sources"), ("source",)),
    Page(
        "incidents", later("Incidents"), ("incident", "add_evidence", "incident_report"), Permission.INCIDENTS
    ),
    Page("alerts", later("Alerts"), ("webhooks",), Permission.ALERTS),
    Page("shares", later("Shared reports"), ("share",), Permission.SHARE),
    Page("rules", later("Rules")),
)


@register.inclusion_tag("parts/pages.html", takes_context=True)
def pages(context: dict[str, Any]) -> dict[str, Any]:
    """The row of pages that somebody may see, with the one that the request is for marked."""
    request: HttpRequest | None = context.get("request")
    match = request.resolver_match if request else None
    here = match.url_name if match else None
    shown = [page for page in PAGES if may(getattr(request, "user", AnonymousUser()), page.needs)]
    return {
        "pages": [(page.name, say(page.label), here == page.name or here in page.covers) for page in shown]
    }


@register.simple_tag
def rules_version() -> int:
    return VERSION


@register.simple_tag
def mailwatch_version() -> str:
    """The installed version, or "" where the package is run from a checkout that was never installed."""
    try:
        return version("mailwatch")
    except PackageNotFoundError:
        return ""
