"""Who gets the daily report of a log host by mail, and what was sent."""

from typing import ClassVar

from django.db import models
from django.utils.timezone import now

from ingest.models import LogHost
from ingest.models.granting import GrantedManager


class DailyRecipient(models.Model):
    """Somebody who gets the daily report of a log host by mail, from one day of its log on."""

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="daily_recipients")
    address = models.EmailField(max_length=254)
    from_day = models.DateField(null=True)  # earlier ones are not sent; null: there was no log yet
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField(default=now)

    objects = GrantedManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["address"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["log_host", "address"], name="daily_recipient_once")
        ]

    def __str__(self) -> str:
        return self.address


class DailyMail(models.Model):
    """The daily report of one day to one address. Whoever sends it holds its row, so that it goes out once."""

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="daily_mails")
    day = models.DateField()
    address = models.EmailField(max_length=254)
    sent_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)  # of the last try

    objects = GrantedManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["day", "address"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["log_host", "day", "address"], name="daily_mail_once")
        ]

    def __str__(self) -> str:
        return f"{self.log_host}, {self.day}, to {self.address}"
