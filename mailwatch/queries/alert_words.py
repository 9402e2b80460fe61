"""What an alert is called, and where the pages show what it is about."""

from urllib.parse import urlencode

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from ingest.languages import ENGLISH, language, say
from mailwatch.models import Alert


def link_to(alert: Alert) -> str:
    """The whole address, by the setting of our own; "" where that is not set."""
    return f"{settings.MAILWATCH_URL}{path_to(alert)}" if settings.MAILWATCH_URL else ""


def path_to(alert: Alert) -> str:
    details = alert.details
    if alert.kind == Alert.Kind.ATTACK:
        opened = {"open": details["key"]} if details["key"] else {}
        return f"{reverse('relays')}?{urlencode({'log_host': details['log_host'], **opened})}"
    if "source" in details:
        return reverse("source", args=[details["source"]])
    if "incident" in details:
        try:
            return reverse("incident", args=[details["incident"]])
        except NoReverseMatch:
            pass
    return reverse("alerts")


def title_of(alert: Alert) -> str:
    """What it is, in the reader's language; no log has a word in it but the names of log hosts."""
    details = alert.details
    if alert.kind == Alert.Kind.ATTACK:
        title = details["titles"].get(language(), details["titles"][ENGLISH])
        return say("{log_host}: {title}", log_host=details["log_host"], title=title)
    if alert.kind == Alert.Kind.SOURCE_FAILED:
        return say("A source of {log_host} fails", log_host=details["log_host"])
    if alert.kind == Alert.Kind.SOURCE_RECOVERED:
        return say("A source of {log_host} works again", log_host=details["log_host"])
    if alert.kind == Alert.Kind.INCIDENT_REOPENED:
        return say("Incident {number} is open again", number=details["incident"])
    return say("Test of a webhook")
