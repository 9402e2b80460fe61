"""The daily report by mail: who gets it, and which are due."""

import hashlib
import logging
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from ingest.models import LogHost
from mailwatch.models import DailyMail, DailyRecipient
from mailwatch.queries import daily as queries

MOST_DAYS = 7  # that are sent late; older ones can be read on their page
_LONGEST_ERROR = 500

_log = logging.getLogger(__name__)


def add_recipient(log_host: LogHost, address: str, *, by: str) -> DailyRecipient:
    """Let an address have the daily reports, from the day on that the log ends in or reached the end of last.

    Raises ValidationError for what is no address.
    """
    validate_email(address)
    recipient, _ = DailyRecipient.objects.get_or_create(
        log_host=log_host,
        address=address,
        defaults={"from_day": queries.newest_day(log_host), "added_by": by},
    )
    return recipient


def remove_recipient(log_host: LogHost, address: str) -> bool:
    """Says whether the address was one."""
    return bool(DailyRecipient.objects.filter(log_host=log_host, address=address).delete()[0])


def send_due(*, at: datetime) -> int:
    """Send what is due and was not sent; returns how many mails went out. What fails is tried again next time."""
    if not settings.MAIL_SERVER:
        return 0
    return sum(_send_once(log_host, day, address, at) for log_host, day, address in _due())


def _due() -> Iterator[tuple[LogHost, date, str]]:
    for log_host in LogHost.objects.filter(daily_recipients__isnull=False).distinct():
        last = queries.last_whole_day(log_host)
        if last is None:
            continue
        first = last - timedelta(days=MOST_DAYS - 1)
        sent = DailyMail.objects.filter(log_host=log_host, day__gte=first, sent_at__isnull=False)
        done = set(sent.values_list("day", "address"))
        for recipient in log_host.daily_recipients.all():
            begin = max(first, recipient.from_day or last)
            for days in range((last - begin).days + 1):
                day = begin + timedelta(days=days)
                if (day, recipient.address) not in done:
                    yield log_host, day, recipient.address


def _send_once(log_host: LogHost, day: date, address: str, at: datetime) -> bool:
    """Send unless it was sent, or another worker is at it. The mail goes before the commit: see _message_id."""
    key = {"log_host": log_host, "day": day, "address": address}
    DailyMail.objects.bulk_create([DailyMail(**key)], ignore_conflicts=True)
    with transaction.atomic():
        rows = DailyMail.objects.select_for_update(skip_locked=True).filter(**key, sent_at=None)
        mail = rows.first()
        if mail is None:
            return False
        try:
            send(log_host, day, address)
        except OSError as error:  # smtplib's errors are of it too
            mail.error = f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
            _log.warning("daily report of %s, %s, to %s: %s", log_host, day, address, mail.error)
        else:
            mail.sent_at, mail.error = at, ""
        mail.save(update_fields=["sent_at", "error"])
        return mail.sent_at is not None


def send(log_host: LogHost, day: date, address: str) -> None:
    """Send the report of a day to an address now. Raises OSError (smtplib.SMTPException) where it cannot be sent."""
    report = queries.daily(log_host, day)
    url = (
        f"{settings.MAILWATCH_URL}{reverse('daily', args=[log_host.name, day])}"
        if settings.MAILWATCH_URL
        else ""
    )
    context = {"report": report, "zone": log_host.zone, "url": url}
    message = EmailMultiAlternatives(
        subject=f"{log_host.name}, {day:%a} {day.day} {day:%b %Y}: {_counted(report.messages, 'message')},"
        f" {_counted(report.rejected, 'rejection')}",
        body=render_to_string("daily/mail.txt", context),
        to=[address],
        headers={
            "Message-ID": _message_id(log_host, day, address),
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string("daily/mail.html", context), "text/html")
    message.send()


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _message_id(log_host: LogHost, day: date, address: str) -> str:
    """The same each time: where a worker dies between the mail and the commit, the second copy is known as one."""
    digest = hashlib.blake2b(f"{log_host.pk} {day} {address}".encode(), digest_size=12).hexdigest()
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<daily.{digest}@{domain}>"
