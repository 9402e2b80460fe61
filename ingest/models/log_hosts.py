"""The machines whose logs are read, and what is known of them."""

from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.utils.timezone import now
from django.utils.translation import gettext_lazy

from ingest.languages import say
from ingest.models.granting import GrantedManager, LogHostManager

log_host_name = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z",
    gettext_lazy("A log host's name has letters, digits, dots, hyphens and underscores only, 100 at most."),
)


def zone_name(value: str) -> None:
    """Raise ValidationError unless ``value`` names a time zone such as Europe/Madrid."""
    if value not in available_timezones():
        raise ValidationError(
            say("There is no time zone named {name}. Examples: UTC, Europe/Madrid.", name=value)
        )


class LogHost(models.Model):
    """The machine that wrote a log. Message ids are unique on one log host only."""

    name = models.CharField(max_length=100, unique=True, validators=[log_host_name])
    timezone = models.CharField(max_length=64, default="UTC", validators=[zone_name])
    # the zone that what is stored is being moved to; empty: none
    wanted_timezone = models.CharField(max_length=64, blank=True, validators=[zone_name])
    # typed in or taken from the configuration; empty: the inferred ones serve, a step less severe
    local_domains = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    inferred_local_domains = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    trusted_networks = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    own_addresses = ArrayField(models.CharField(max_length=45), default=list, blank=True)  # typed in
    # addresses and networks that hand in mail of others with right, and to which ours goes
    smarthosts = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    # fields of ingest.rules.limits.Limits that differ here; lengths of time in seconds (ingest.rules.limits)
    limits = models.JSONField(default=dict, blank=True)
    # days after which its lines are deleted; 0: never, null: as the setting says
    retention_days = models.PositiveIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(36_500)]
    )
    has_lost_lines = models.BooleanField(default=False)  # and its suspects were not judged since
    created_at = models.DateTimeField(default=now)
    # when somebody last said something new of it: a run that began before may have decided by what was known then
    knowledge_changed_at = models.DateTimeField(null=True, blank=True)
    # what the stored findings were decided with; another value means that some must be decided again
    facts_digest = models.CharField(max_length=32, blank=True)

    objects = LogHostManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class StoredConfiguration(models.Model):
    """A configuration text of a log host, kept with its passwords masked."""

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="configurations")
    name = models.CharField(max_length=255)
    text = models.TextField()
    stored_at = models.DateTimeField(default=now)

    objects = GrantedManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["log_host", "pk"]

    def __str__(self) -> str:
        return f"{self.name} of {self.log_host}"


class LocalDomain(models.Model):
    """How many deliveries by a local transport went to a domain: what local domains are inferred from."""

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE)
    domain = models.CharField(max_length=255)
    deliveries = models.BigIntegerField()

    objects = GrantedManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["log_host", "domain"], name="local_domain_once")
        ]

    def __str__(self) -> str:
        return self.domain


class LoginCount(models.Model):
    """How the arrivals through one authenticator name their user (ingest.rules.facts.LoginCounts)."""

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE)
    authenticator = models.CharField(max_length=255)
    named = models.BigIntegerField()
    nameless = models.BigIntegerField()
    unrecorded = models.BigIntegerField()

    objects = GrantedManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["log_host", "authenticator"], name="login_count_once")
        ]

    def __str__(self) -> str:
        return self.authenticator
