"""Incidents: what was found, kept together with its lines, and everything that people did about it."""

import hashlib
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from ingest.languages import language
from ingest.models import LogHost
from mailwatch.models.granting import AboutLogHostsManager, OfIncidentManager


def _person(*, related_name: str = "+") -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name=related_name
    )


class Incident(models.Model):
    """A case that somebody works on. Nothing of it is deleted, so its history can be relied upon."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        WATCHING = "watching", _("watching")
        CONTAINED = "contained", _("contained")
        CLOSED = "closed", _("closed")

    class Severity(models.TextChoices):
        """The values are those of ``ingest.rules.definition.Severity``."""

        CRITICAL = "critical", _("critical")
        HIGH = "high", _("high")
        MEDIUM = "medium", _("medium")
        LOW = "low", _("low")
        INFO = "info", _("info")

    title = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    severity = models.CharField(max_length=8, choices=Severity)
    owner = _person()
    # whose log it is about: it is seen by those who may read all of them; null: only by who sees all
    log_host_ids = ArrayField(models.BigIntegerField(), null=True)
    opened_at = models.DateTimeField()
    opened_by = _person()
    changed_at = models.DateTimeField()
    # since when it is contained or closed: what was found on a time before that reopens nothing
    settled_at = models.DateTimeField(null=True)
    report = models.JSONField(default=dict)  # the sections of its report as people wrote them, by their key
    report_version = models.IntegerField(default=0)  # rises whenever they are kept
    report_changed_at = models.DateTimeField(null=True)
    report_changed_by = _person()

    objects = AboutLogHostsManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-changed_at", "-pk"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["-changed_at", "-id"], name="incident_newest")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_settled(self) -> bool:
        """Contained or closed."""
        return self.status in (self.Status.CONTAINED, self.Status.CLOSED)


class IncidentEvidence(models.Model):
    """Something found, copied with its lines, so that it outlives the retention of the log and changes of rules.

    What a field does not apply to is empty. A row that was removed stays, so that it can be put back.
    """

    class Kind(models.TextChoices):
        SUSPECT = "suspect", _("suspect")
        FINDING = "finding", _("finding")
        MESSAGE = "message", _("message")
        LINE = "line", _("line")
        SEARCH = "search", _("search")
        NUMBERS = "numbers", _("numbers")
        CONFIGURATION = "configuration", _("configuration")

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="evidence")
    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=13, choices=Kind)
    digest = models.CharField(max_length=64)  # of what it is: evidence_digest
    title = models.TextField()
    words = models.TextField(blank=True)  # a sentence about it
    told = models.JSONField(default=dict)  # title and sentence by language, English excepted
    rule = models.CharField(max_length=4, blank=True)
    rules_version = models.IntegerField()
    severity = models.CharField(max_length=8, blank=True)
    subject_kind = models.CharField(max_length=20, blank=True)  # ingest.rules.facts.SubjectKind
    subject = models.TextField(blank=True)
    ties = ArrayField(models.TextField(), default=list)  # of a suspect: mailwatch.queries.incident_ties
    message_id = models.CharField(max_length=23, blank=True)
    details = models.JSONField(default=dict)  # numbers, hours, the query of a search, a repair
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    lines = ArrayField(models.BinaryField(), default=list)  # verbatim
    total_lines = models.IntegerField(default=0)  # more than ``lines`` where there were more than are kept
    added_by = _person()  # null: it came by itself
    added_at = models.DateTimeField()
    removed_by = _person()
    removed_at = models.DateTimeField(null=True)

    objects = OfIncidentManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["incident", "log_host", "kind", "digest"], name="incident_evidence_once"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["log_host"],
                name="incident_suspects",
                condition=models.Q(kind="suspect", removed_at=None),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def named(self) -> str:
        """The title in the reader's language, in English where it was not told in that."""
        return str(self.told[language()][0]) if language() in self.told else self.title

    @property
    def said(self) -> str:
        """The sentence in the reader's language, in English where it was not told in that."""
        return str(self.told[language()][1]) if language() in self.told else self.words


def evidence_digest(*parts: str) -> str:
    """What tells one piece of evidence of a kind and a log host from the others."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class IncidentNote(models.Model):
    """What somebody wrote, in Markdown. It is never changed: who errs removes it and writes another."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="notes")
    text = models.TextField()
    written_by = _person()
    written_at = models.DateTimeField()
    removed_by = _person()
    removed_at = models.DateTimeField(null=True)

    objects = OfIncidentManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return self.text[:60]


class IncidentStep(models.Model):
    """One thing that was done. The database refuses to change or to delete a row (migration 0017)."""

    class What(models.TextChoices):
        OPENED = "opened"
        TITLE = "title"
        STATUS = "status"
        SEVERITY = "severity"
        OWNER = "owner"
        ADDED = "added"
        REMOVED = "removed"
        PUT_BACK = "put back"
        ATTACHED = "attached"
        REOPENED = "reopened"
        NOTE = "note"
        NOTE_REMOVED = "note removed"
        NOTE_PUT_BACK = "note put back"
        REPORT = "report"
        SHARED = "shared"
        WITHDRAWN = "withdrawn"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField()
    by = _person()  # null: Mailwatch itself
    what = models.CharField(max_length=20, choices=What)
    details = models.JSONField(default=dict)  # mailwatch.queries.incident_history says them

    objects = OfIncidentManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return f"{self.what} at {self.at}"


class IncidentVerdict(models.Model):
    """What the verdict of a log host was at one time; such rows stay as they are, as steps do."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="verdicts")
    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()
    why = models.CharField(max_length=20, choices=IncidentStep.What)
    relaying = models.CharField(max_length=12)  # ingest.rules.answers.Answer
    attack = models.TextField(blank=True)  # that it tells of: SubjectReport.attack; "": of none
    headline = models.TextField()
    told = models.JSONField(default=dict)  # by language: headline, lead, facts (question, answer, detail)
    first_at = models.DateTimeField(null=True)  # of the log that it rests on
    last_at = models.DateTimeField(null=True)
    rules_version = models.IntegerField()

    objects = OfIncidentManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return self.headline

    @property
    def said(self) -> str:
        """The first sentence in the reader's language, where it was told in that."""
        return str(self.told.get(language(), {}).get("headline") or self.headline)
