"""Alerts as a mail: plain text, in the language and zone of whoever reads it.

Who attacks chooses names that stand in it: they are made harmless, and no mail program makes a link of them. The
subject has none.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from email.utils import parseaddr
from ipaddress import ip_address
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.utils import translation

from ingest.languages import ENGLISH, later, reading, say, say_of
from mailwatch.models import Alert, AlertDelivery
from mailwatch.printable import plain
from mailwatch.queries.alert_words import link_to, title_of
from mailwatch.reader import preferences
from mailwatch.stored_words import word

SHOWN = 50  # alerts in one mail
_LONGEST = 200  # characters of what others chose

_COUNTS = (
    ("messages", later("Messages")),
    ("recipients", later("Recipients")),
    ("outside", later("Strangers written to")),
    ("delivered", later("Delivered")),
    ("rejections", later("Refused")),
    ("failed_logins", later("Failed logins")),
)
_SUBJECTS = {
    "sender_host_address": later("sender host {name}"),
    "authenticated_id": later("account {name}"),
    "local_user": later("local user {name}"),
    "log_host": later("the log host as a whole"),
}
_WHY = {
    "again": later("It comes back after a quiet time."),
    "grown": later("It is known, and now of another kind too."),
}


def send(user: User, deliveries: Sequence[AlertDelivery], *, is_digest: bool) -> None:
    """One mail with all of them. Raises OSError (smtplib.SMTPException) where it cannot be sent."""
    language = preferences(user).language or ENGLISH
    with translation.override(language), reading(language):
        message = _message(user, [delivery.alert for delivery in deliveries], is_digest=is_digest)
    message.send()


def _message(user: User, alerts: Sequence[Alert], *, is_digest: bool) -> EmailMessage:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    headers = {
        # the same each time: where a worker dies between the mail and the commit, the second copy is known as one
        "Message-ID": f"<alert.{_digest(user, alerts)}@{domain}>",
        "Auto-Submitted": "auto-generated",
        "List-Id": f"Mailwatch <alerts.{domain}>",
    }
    if settings.MAILWATCH_URL:
        headers["List-Unsubscribe"] = f"<{settings.MAILWATCH_URL}/preferences/>"
    zone = _zone(user)
    return EmailMessage(
        subject=plain(subject_of(alerts, is_digest=is_digest)),
        body="\n".join(_body(alerts, zone)),
        to=[user.email],
        headers=headers,
    )


def _digest(user: User, alerts: Sequence[Alert]) -> str:
    named = " ".join([str(user.pk), *(alert.pk.hex for alert in alerts)])
    return hashlib.blake2b(named.encode(), digest_size=12).hexdigest()


def _zone(user: User) -> tzinfo:
    name = preferences(user).timezone
    return ZoneInfo(name) if name else UTC


def subject_of(alerts: Sequence[Alert], *, is_digest: bool) -> str:
    """Nothing that a log or a person wrote is in it but names of log hosts."""
    if is_digest or len(alerts) > 1:
        return say_of(len(alerts), "Mailwatch: {number} alert", "Mailwatch: {number} alerts")
    return f"Mailwatch: {title_of(alerts[0])}"


def inert(text: object) -> str:
    """What others chose, cut, with nothing in it that acts or that a mail program makes a link of."""
    shown = plain(text)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    try:
        return str(ip_address(shown))
    except ValueError:
        return shown.replace("://", "[:]//").replace(".", "[.]")


def _body(alerts: Sequence[Alert], zone: tzinfo) -> Iterator[str]:
    for alert in alerts[:SHOWN]:
        yield title_of(alert)
        yield from (f"  {line}" for line in _lines(alert, zone))
        link = link_to(alert)
        if link:
            yield f"  {link}" if alert.kind != Alert.Kind.ATTACK else f"  {_short_link(alert)}"
        yield ""
    if len(alerts) > SHOWN:
        left = len(alerts) - SHOWN
        yield say_of(
            left, "{number} more is on the page of alerts.", "{number} more are on the page of alerts."
        )
        yield ""
    yield "-- "
    yield say("You choose what you get on your page Preferences.")


def _short_link(alert: Alert) -> str:
    """To the report of the log host: what opens the row is a name that somebody else chose."""
    return link_to(alert).partition("&open=")[0]


def _lines(alert: Alert, zone: tzinfo) -> Iterator[str]:
    details = alert.details
    yield say("Severity: {severity}", severity=word(alert.severity))
    if alert.kind == Alert.Kind.ATTACK:
        yield from _of_attack(alert, zone)
    elif alert.kind == Alert.Kind.INCIDENT_REOPENED:
        yield say("Title: {title}", title=inert(details["title"]))
    elif "source" in details:
        yield say("Source: {source}", source=inert(details["url"]))
        if details["since"]:
            yield say("Without success since {time}", time=_time(details["since"], zone))
        if details["error"]:
            yield say("Error: {error}", error=inert(details["error"]))


def _of_attack(alert: Alert, zone: tzinfo) -> Iterator[str]:
    details = alert.details
    if details["why"] in _WHY:
        yield say(_WHY[details["why"]])
    yield say("Rules: {rules}", rules=", ".join(details["rules"]))
    yield say("Who: {who}", who=_who(details["subject"], sum(details["members"].values())))
    first_at, last_at = (_time(details[name], zone) for name in ("first_at", "last_at"))
    yield say("First seen {first}, last seen {last}", first=first_at, last=last_at)
    for name, label in _COUNTS:
        number = details["counts"].get(name)
        if number:
            yield f"{say(label)}: {number:,}"


def _who(subject: dict[str, str], members: int) -> str:
    sentence = _SUBJECTS.get(subject["kind"], "{name}")
    who = say(sentence, name=inert(subject["value"])) if "{" in sentence else say(sentence)
    return who if members < 2 else say("{who} and {number} more", who=who, number=f"{members - 1:,}")


def _time(text: str, zone: tzinfo) -> str:
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M:%S %z}"
