"""Text of people, and the words of incidents that were frozen."""

from django import template
from django.utils.safestring import SafeString

from mailwatch import markdown as texts
from mailwatch.models import Incident, IncidentEvidence

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Markdown as HTML that does nothing."""
    return texts.html(text)


@register.filter
def cleaned(stored: str) -> SafeString:
    """HTML that was made of Markdown and stored."""
    return texts.clean(stored)


@register.filter
def incident_status(status: str) -> str:
    return str(Incident.Status(status).label)


@register.filter
def evidence_kind(kind: str) -> str:
    return str(IncidentEvidence.Kind(kind).label)
