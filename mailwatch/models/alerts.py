"""What people are told at once: attacks, incidents that reopen, sources that fail; whom, and how that went."""

import uuid
from datetime import datetime, timedelta, tzinfo
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from ingest import sealing
from ingest.models import LogHost
from ingest.models.granting import GrantedManager
from ingest.rules.definition import Severity
from mailwatch.models.granting import AboutLogHostsManager, OfAlertManager

_LAST_HOUR = 23


class SeenAttack(models.Model):
    """An attack that was alerted, known again by its marks however its findings are replaced."""

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="+")
    marks = ArrayField(models.TextField())  # mailwatch.queries.attacks.Attack.marks
    families = ArrayField(models.CharField(max_length=1))  # of its rules: what kinds of attack it was so far
    last_at = models.DateTimeField()  # the newest of its hits that was seen
    alerts = models.IntegerField(default=0)

    objects = GrantedManager()

    def __str__(self) -> str:
        return f"attack {self.pk} on {self.log_host}"


class Alert(models.Model):
    """Something that people are told. Whoever writes a key first has made it; the others find it made."""

    class Kind(models.TextChoices):
        ATTACK = "attack", _("critical finding")
        INCIDENT_REOPENED = "incident_reopened", _("incident reopened")
        SOURCE_FAILED = "source_failed", _("source failed")
        SOURCE_RECOVERED = "source_recovered", _("source works again")
        TEST = "test", _("test")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=20, choices=Kind)
    severity = models.CharField(max_length=8)
    # whose log it is about: it is seen by those who may read all of them; null: only by who sees all
    log_host_ids = ArrayField(models.BigIntegerField(), null=True)
    details = models.JSONField(default=dict)  # mailwatch.operations.alerts writes them
    made_at = models.DateTimeField(default=now)

    objects = AboutLogHostsManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-made_at", "-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-made_at", "-id"], name="alert_newest")
        ]

    def __str__(self) -> str:
        return self.key


class Webhook(models.Model):
    """A program elsewhere that is told by HTTP."""

    url = models.CharField(max_length=500)
    sealed_secret = models.TextField()  # see ingest.sealing
    log_host_ids = ArrayField(models.BigIntegerField(), null=True)  # null: all there are and will be
    kinds = ArrayField(models.CharField(max_length=20))
    is_on = models.BooleanField(default=True)
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(default=now)

    objects = AboutLogHostsManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["url", "pk"]

    def __str__(self) -> str:
        return self.url

    @property
    def secret(self) -> str:
        """Raises Unsealable."""
        return sealing.unseal(self.sealed_secret)


class AlertChoice(models.Model):
    """How somebody is told by mail. Hours are of their zone; quiet hours from one to another, over midnight too."""

    class Mode(models.TextChoices):
        OFF = "off", _("not at all")
        AT_ONCE = "at_once", _("at once")
        DIGEST = "digest", _("once a day, in one mail")

    class Through(models.TextChoices):
        """What may come in quiet hours: this severity and worse."""

        NOTHING = "", _("nothing")
        CRITICAL = Severity.CRITICAL.value, _("what is critical")
        HIGH = Severity.HIGH.value, _("what is high or critical")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="alert_choice"
    )
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.OFF)
    digest_hour = models.PositiveSmallIntegerField(default=8, validators=[MaxValueValidator(_LAST_HOUR)])
    quiet_from = models.PositiveSmallIntegerField(null=True, validators=[MaxValueValidator(_LAST_HOUR)])
    quiet_until = models.PositiveSmallIntegerField(null=True, validators=[MaxValueValidator(_LAST_HOUR)])
    through = models.CharField(max_length=8, blank=True, choices=Through, default=Through.CRITICAL)

    def __str__(self) -> str:
        return f"{self.mode} for {self.user}"

    def due(self, severity: str, at: datetime, zone: tzinfo) -> datetime:
        """When something that happens at a time is told."""
        if self.mode == self.Mode.DIGEST:
            return _next_hour(self.digest_hour, at.astimezone(zone))
        if self.is_quiet(at, zone) and not self.breaks_through(severity):
            return _next_hour(self.quiet_until or 0, at.astimezone(zone))
        return at

    def is_quiet(self, at: datetime, zone: tzinfo) -> bool:
        begin, end = self.quiet_from, self.quiet_until
        if begin is None or end is None or begin == end:
            return False
        hour = at.astimezone(zone).hour
        return begin <= hour < end if begin < end else hour >= begin or hour < end

    def breaks_through(self, severity: str) -> bool:
        return bool(self.through) and Severity(severity).rank <= Severity(self.through).rank


def _next_hour(hour: int, local: datetime) -> datetime:
    """The next time that a clock of that zone shows the full hour."""
    today = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)


class AlertDelivery(models.Model):
    """One alert to one receiver. Whoever delivers it holds its row; it is tried again until it is sent or given up."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        FAILED = "failed", _("given up")
        DROPPED = "dropped", _("not sent")  # nobody may or wants to have it any more

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, null=True, related_name="deliveries")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="alert_deliveries"
    )
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    due_at = models.DateTimeField()
    tries = models.IntegerField(default=0)
    status = models.IntegerField(null=True)  # of the last answer to a webhook
    error = models.TextField(blank=True)  # of the last try, one sentence
    ended_at = models.DateTimeField(null=True)

    objects = OfAlertManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["alert", "webhook"], name="alert_webhook_once"),
            models.UniqueConstraint(fields=["alert", "user"], name="alert_user_once"),
            models.CheckConstraint(
                condition=models.Q(webhook=None, user__isnull=False)
                | models.Q(webhook__isnull=False, user=None),
                name="alert_one_receiver",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], name="alert_due", condition=models.Q(state="waiting"))
        ]

    def __str__(self) -> str:
        return f"{self.alert} to {self.webhook or self.user}"
