"""Alerts handed on: by webhook at once, by mail as each person wants it. At least once, each with an id.

Rows wait in the database; whoever hands one on holds it, so that another worker takes the next. What fails is tried
again after growing pauses, and given up after the last.
"""

import time
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from ingest.languages import later
from ingest.rules.definition import Severity
from ingest.sealing import Unsealable
from mailwatch import outgoing
from mailwatch.access import Permission, granted_to, may
from mailwatch.models import Alert, AlertChoice, AlertDelivery, Webhook
from mailwatch.operations.alert_hours import zone_of
from mailwatch.operations.alert_mails import send
from mailwatch.operations.alert_posts import headers, payload

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
KEPT = timedelta(days=365)  # of alerts that nobody waits for
_LONGEST_ERROR = 500
_State = AlertDelivery.State


def deliver(*, at: datetime, seconds: float) -> int:
    """Hand on what is due, and begin nothing after so many seconds; returns how many deliveries were made."""
    ends_at = time.monotonic() + seconds
    return _deliver_to_webhooks(at, ends_at) + _deliver_by_mail(at, ends_at)


def forget(*, at: datetime) -> int:
    """Drop alerts of a year ago."""
    waiting = AlertDelivery.objects.filter(state=_State.WAITING)
    old = Alert.objects.filter(made_at__lt=at - KEPT).exclude(pk__in=waiting.values("alert_id"))
    return old.delete()[0]


def try_again(delivery: AlertDelivery, *, at: datetime) -> None:
    """What was given up begins anew."""
    given_up = AlertDelivery.objects.filter(pk=delivery.pk, state=_State.FAILED)
    given_up.update(state=_State.WAITING, tries=0, due_at=at, ended_at=None)


def _end(delivery: AlertDelivery, state: str, at: datetime, error: str = "") -> None:
    delivery.state, delivery.error, delivery.ended_at = state, error[:_LONGEST_ERROR], at
    delivery.save()


def _put_off(delivery: AlertDelivery, error: str, at: datetime) -> datetime | None:
    """Note a failure; returns when it is tried again, None where it is given up."""
    delivery.tries += 1
    if delivery.tries > len(PAUSES):
        _end(delivery, _State.FAILED, at, error)
        return None
    delivery.error, delivery.due_at = error[:_LONGEST_ERROR], at + PAUSES[delivery.tries - 1]
    delivery.save()
    return delivery.due_at


# ---- webhooks


def test(webhook: Webhook, *, at: datetime) -> AlertDelivery:
    """Send something to a webhook now, on or off, and say how that went."""
    with transaction.atomic():
        alert = Alert.objects.create(
            key=f"test {uuid4()}",
            kind=Alert.Kind.TEST,
            severity=Severity.INFO,
            log_host_ids=webhook.log_host_ids,
            made_at=at,
        )
        delivery = AlertDelivery.objects.create(alert=alert, webhook=webhook, due_at=at)
    _post_once(delivery.pk, at)
    delivery.refresh_from_db()
    return delivery


def _deliver_to_webhooks(at: datetime, ends_at: float) -> int:
    """One that fails is not asked again in the same pass: others wait behind it."""
    due = AlertDelivery.objects.filter(state=_State.WAITING, due_at__lte=at, webhook__isnull=False)
    done = 0
    failing: set[int | None] = set()
    for delivery_id, webhook_id in due.order_by("due_at", "pk").values_list("pk", "webhook_id"):
        if time.monotonic() > ends_at:
            break
        if webhook_id not in failing:
            sent = _post_once(delivery_id, at)
            done += bool(sent)
            failing.update({webhook_id} if sent is False else ())
    return done


def _post_once(delivery_id: int, at: datetime) -> bool | None:
    """None where another worker is at it or nothing is to be sent. It is sent before the commit: at least once."""
    with transaction.atomic():
        waiting = AlertDelivery.objects.filter(pk=delivery_id, state=_State.WAITING)
        delivery = waiting.select_for_update(skip_locked=True, of=("self",)).first()
        if delivery is None or delivery.webhook is None:
            return None
        if not delivery.webhook.is_on and delivery.alert.kind != Alert.Kind.TEST:
            _end(delivery, _State.DROPPED, at)
            return None
        error = _post(delivery, at)
        if error and delivery.alert.kind == Alert.Kind.TEST:  # somebody looks at it now
            _end(delivery, _State.FAILED, at, error)
            return False
        if error:
            _put_off(delivery, error, at)
            return False
        _end(delivery, _State.SENT, at)
        return True


def _post(delivery: AlertDelivery, at: datetime) -> str:
    """Send it; "" where it was taken, else what went wrong."""
    webhook = delivery.webhook
    assert webhook is not None
    delivery.status = None
    body = payload(delivery.alert)
    try:
        entries = outgoing.read_entries(settings.MAILWATCH_WEBHOOK_HOSTS)
        signed = headers(delivery.alert, body, secret=webhook.secret, at=at)
        delivery.status = outgoing.post(webhook.url, body, signed, entries=entries)
    except (outgoing.NotAllowed, outgoing.NoAnswer) as error:
        return str(error)
    except Unsealable:
        return later("Its secret was stored with another MAILWATCH_CREDENTIALS_KEY; make a new one.")
    if 200 <= delivery.status < 300:
        return ""
    is_elsewhere = 300 <= delivery.status < 400
    return f"The host answered {delivery.status}{', which is not followed' if is_elsewhere else ''}."


# ---- mail


def _deliver_by_mail(at: datetime, ends_at: float) -> int:
    if not settings.MAIL_SERVER:
        return 0
    due = AlertDelivery.objects.filter(state=_State.WAITING, due_at__lte=at, user__isnull=False)
    done = 0
    for user_id in due.order_by("user_id").values_list("user_id", flat=True).distinct():
        if time.monotonic() > ends_at:
            break
        if user_id is not None:
            done += _mail_once(user_id, at)
    return done


def _mail_once(user_id: int, at: datetime) -> int:
    """One mail with all that is due for somebody, unless another worker is at it."""
    with transaction.atomic():
        held = AlertChoice.objects.select_for_update(skip_locked=True, of=("self",)).filter(user_id=user_id)
        choice = held.select_related("user").first()
        if choice is None:
            return 0
        due = AlertDelivery.objects.filter(user_id=user_id, state=_State.WAITING, due_at__lte=at)
        rows = list(
            due.select_related("alert").select_for_update(of=("self",)).order_by("alert__made_at", "pk")
        )
        wanted = [row for row in rows if _may_have(choice, row.alert)]
        for row in rows:
            if row not in wanted:
                _end(row, _State.DROPPED, at)
        if not wanted:
            return 0
        try:
            send(choice.user, wanted, is_digest=choice.mode == AlertChoice.Mode.DIGEST)
        except OSError as error:  # smtplib's errors are of it too
            _put_off_mails(wanted, choice, f"{type(error).__name__}: {error}", at)
            return 0
        for row in wanted:
            _end(row, _State.SENT, at)
        return len(wanted)


def _put_off_mails(rows: list[AlertDelivery], choice: AlertChoice, error: str, at: datetime) -> None:
    """What failed is not tried again in quiet hours."""
    zone = zone_of(choice.user)
    for row in rows:
        due_at = _put_off(row, error, at)
        if due_at and choice.mode == AlertChoice.Mode.AT_ONCE:
            row.due_at = choice.due(row.alert.severity, due_at, zone)
            row.save(update_fields=["due_at"])


def _may_have(choice: AlertChoice, alert: Alert) -> bool:
    """By what holds now, not by what held when it was written."""
    user: User = choice.user
    needed = Permission.INCIDENTS if alert.kind == Alert.Kind.INCIDENT_REOPENED else Permission.READ
    if choice.mode == AlertChoice.Mode.OFF or not user.email or not may(user, needed):
        return False
    here = granted_to(user)
    if alert.log_host_ids is None:
        return here.is_all
    return all(map(here.holds, alert.log_host_ids))
