"""What the rules found over time: suspects and their findings, and what must be looked at again."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from ingest.languages import language
from ingest.models.granting import FindingManager, GrantedManager
from ingest.models.knowledge import AllowEntry
from ingest.models.log_hosts import LogHost
from ingest.models.runs import Piece


class Suspect(models.Model):
    """A sender host address, account or local user with at least one finding, over all that is stored.

    The fields are those of ``ingest.rules.relays.SubjectReport``.
    """

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="suspects")
    kind = models.CharField(max_length=20)  # ingest.rules.facts.SubjectKind
    value = models.TextField()
    severity = models.CharField(max_length=8)
    attack = models.TextField()
    messages = models.BigIntegerField()
    recipients = models.BigIntegerField()
    delivered = models.BigIntegerField()
    deferred = models.BigIntegerField()
    bounced = models.BigIntegerField()
    rejections = models.BigIntegerField()
    failed_logins = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    message_ids = ArrayField(models.CharField(max_length=23))
    helo_names = ArrayField(models.TextField())
    authenticators = ArrayField(models.TextField())
    queued = models.BigIntegerField()
    sender_host_addresses = ArrayField(models.TextField())
    refused_since = models.BigIntegerField()
    logins_after_guessing = ArrayField(models.TextField())
    outside = models.BigIntegerField(default=0, db_default=0)

    objects = GrantedManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["log_host", "kind", "value"], name="suspect_once")
        ]

    def __str__(self) -> str:
        return self.value


class Finding(models.Model):
    """One rule that holds for a suspect, with the lines behind it."""

    suspect = models.ForeignKey(Suspect, on_delete=models.CASCADE, related_name="findings")
    rule = models.CharField(max_length=4)
    version = models.IntegerField()
    severity = models.CharField(max_length=8)
    title = models.TextField()
    evidence = models.TextField()
    count = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    message_ids = ArrayField(models.CharField(max_length=23))
    line_refs = ArrayField(models.BigIntegerField())
    values = ArrayField(models.TextField())
    peak = models.BigIntegerField()
    # the entry that silences it: such a finding does not count in the suspect's severity; null: it counts
    allowed_by = models.ForeignKey(AllowEntry, null=True, on_delete=models.SET_NULL, related_name="findings")
    told = models.JSONField(default=dict, db_default={})  # title and evidence by language, English excepted

    objects = FindingManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["suspect", "rule"], name="finding_once")
        ]

    def __str__(self) -> str:
        return f"{self.rule} on {self.suspect}"

    @property
    def named(self) -> str:
        """The title in the reader's language, in English where it was not told in that."""
        return str(self.told[language()][0]) if language() in self.told else self.title

    @property
    def said(self) -> str:
        """The evidence in the reader's language, in English where it was not told in that."""
        return str(self.told[language()][1]) if language() in self.told else self.evidence


class Mark(models.Model):
    """What a batch touched, until its run has computed the findings that depend on it (ingest.marks).

    A time in which messages or refusals were stored, or one subject. Only ever added and deleted, so that workers
    never wait for each other here.
    """

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, db_index=False)
    piece = models.ForeignKey(Piece, on_delete=models.CASCADE)
    kind = models.CharField(max_length=20)  # ingest.marks.Touched, or ingest.rules.facts.SubjectKind
    value = models.TextField()  # of a subject
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)

    objects = GrantedManager()

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class SubjectState(models.Model):
    """What the refusals of a subject that sent no message have come to (ingest.rules.memory).

    Without it, each new refusal of a stranger would mean to read all of the years before.
    """

    pk = models.CompositePrimaryKey("log_host_id", "kind", "value")
    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, db_index=False)
    kind = models.CharField(max_length=20)
    value = models.TextField()
    until = models.DateTimeField()  # the time of the last refusal that was read
    basis = models.CharField(max_length=32)  # ingest.rules.memory.basis
    state = models.BinaryField()

    objects = GrantedManager()

    def __str__(self) -> str:
        return self.value


class AddressLogin(models.Model):
    """That an address logged in as a user, at least once. What was taken away may still stand here."""

    pk = models.CompositePrimaryKey("log_host_id", "sender_host_address", "authenticated_id")
    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, db_index=False)
    sender_host_address = models.GenericIPAddressField()
    authenticated_id = models.TextField()

    objects = GrantedManager()

    def __str__(self) -> str:
        return f"{self.sender_host_address} as {self.authenticated_id}"


class HourSign(models.Model):
    """What one hour shows of the log host as a whole (ingest.signs, ingest.rules.signs)."""

    pk = models.CompositePrimaryKey("log_host_id", "hour", "sign", "value")
    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, db_index=False)
    hour = models.DateTimeField()
    sign = models.CharField(max_length=20)  # ingest.rules.signs.Sign
    value = models.TextField()  # of whom; empty: of the log host
    count = models.BigIntegerField()
    total = models.BigIntegerField()
    seen = ArrayField(models.TextField())
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    message_id = models.CharField(max_length=23, null=True)  # one of them
    line_ref = models.BigIntegerField(null=True)  # likewise

    objects = GrantedManager()

    def __str__(self) -> str:
        return f"{self.sign} {self.value}"


class ScriptRuns(models.Model):
    """How many messages programs handed in that ran in a directory, by the hour (cwd=... args: ...)."""

    pk = models.CompositePrimaryKey("log_host_id", "hour", "directory")
    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, db_index=False)
    hour = models.DateTimeField()
    directory = models.TextField()
    runs = models.BigIntegerField()

    objects = GrantedManager()

    def __str__(self) -> str:
        return self.directory


class HourlyVolume(models.Model):
    """Lines of one hour by what they say. Counted up in the transaction that stores the lines."""

    pk = models.CompositePrimaryKey("log_host_id", "hour")
    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, db_index=False)
    hour = models.DateTimeField()
    lines = models.BigIntegerField(default=0)
    messages = models.BigIntegerField(default=0)
    delivered = models.BigIntegerField(default=0)
    deferred = models.BigIntegerField(default=0)  # attempts only
    bounced = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    failed_logins = models.BigIntegerField(default=0)

    objects = GrantedManager()

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}"
