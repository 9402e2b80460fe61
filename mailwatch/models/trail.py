"""The audit trail: who looked at whose mail, and who changed what."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from mailwatch.models.granting import AboutLogHostsManager


class TrailKind(models.TextChoices):
    """What somebody did."""

    SIGN_IN = "sign-in", _("signed in")
    SIGN_OUT = "sign-out", _("signed out")
    SEARCH = "search", _("searched")
    VIEW = "view", _("looked at")
    EXPORT = "export", _("exported")
    UPLOAD = "upload", _("handed in logs")
    RUN = "run", _("steered a run")
    SHARE = "share", _("shared")
    OPENING = "opening", _("opened a link")
    INCIDENT = "incident", _("worked on an incident")
    SETTING = "setting", _("changed a setting")
    PEOPLE = "people", _("changed a user")
    SECURITY = "security", _("changed how they sign in")


class TrailOutcome(models.TextChoices):
    DONE = "done", _("done")
    NOTHING = "nothing", _("nothing found")
    REFUSED = "refused", _("not allowed")
    FAILED = "failed", _("failed")


class TrailManager(AboutLogHostsManager["TrailEntry"]):
    """Seen by those who may read all log hosts that an entry is about, or that its person could read.

    About no log host at all: whoever could read none did nothing that others may not know.
    """

    def seen(self, ids: list[int]) -> Q:
        return Q(**{f"{self.way}__contained_by": ids})


class TrailEntry(models.Model):
    """One thing that somebody did. It is never changed; the database itself refuses it (migration).

    ``user_id`` is no foreign key: an entry outlives its user. 0: nobody who was signed in.
    """

    at = models.DateTimeField(db_default=Now())
    user_id = models.BigIntegerField(default=0)
    username = models.CharField(max_length=150, blank=True)
    address = models.GenericIPAddressField(null=True)
    kind = models.CharField(max_length=10, choices=TrailKind)
    page = models.CharField(max_length=60)  # name of its address in mailwatch.urls
    outcome = models.CharField(max_length=8, choices=TrailOutcome, default=TrailOutcome.DONE)
    subject = models.CharField(
        max_length=500, blank=True
    )  # what it was about, as the page's address names it
    whose = ArrayField(models.CharField(max_length=320), default=list)  # mail addresses, in lower case
    details = models.JSONField(
        default=dict
    )  # filters of a search; of a change, each thing's value before and after
    # those it is about, else those that its person could read; None: all
    log_host_ids = ArrayField(models.BigIntegerField(), null=True)

    objects: ClassVar[TrailManager] = TrailManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-at", "-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["at", "id"], name="trail_at"),
            models.Index(fields=["user_id", "at", "id"], name="trail_user"),
            models.Index(fields=["kind", "at", "id"], name="trail_kind"),
            models.Index(fields=["subject"], name="trail_subject", opclasses=["varchar_pattern_ops"]),
            GinIndex(fields=["whose"], name="trail_whose"),
        ]

    def __str__(self) -> str:
        return f"{self.username} {self.kind} {self.subject}"
