"""How somebody reads the pages, and what they may do there."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ingest.models import LogHost


class Preferences(models.Model):
    """How somebody reads the pages. "" leaves it to the browser (the language) or to each log (the zone)."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="preferences"
    )
    language = models.CharField(max_length=10, blank=True)
    timezone = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user}"


class Role(models.TextChoices):
    """What somebody is here; each may do what the one before may. mailwatch.access says what that is."""

    READER = "reader", _("Reader")
    HELPDESK = "helpdesk", _("Helpdesk")
    POSTMASTER = "postmaster", _("Postmaster")
    ADMINISTRATOR = "administrator", _("Administrator")


class Access(models.Model):
    """The role of somebody, and the log hosts that were granted. Read by mailwatch.access and nobody else."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="access"
    )
    role = models.CharField(max_length=20, choices=Role, default=Role.READER)
    has_all_log_hosts = models.BooleanField(default=False)  # those to come included
    log_hosts = models.ManyToManyField(LogHost, related_name="+")

    class Meta:
        verbose_name_plural = "accesses"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="access_role_known")
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.user}"
