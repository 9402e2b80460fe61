"""Passes over log files, and what of them remains to be done."""

from collections.abc import Sequence
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.timezone import now

from ingest.models.granting import FileManager, GrantedManager
from ingest.models.log_hosts import LogHost


class State(models.TextChoices):
    """Of a run, a file and a piece alike."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    UNPACKED = "unpacked"  # an archive: its members are files of the run
    SKIPPED = "skipped"  # a member of an archive that is no Exim log: nothing of it was stored
    REFUSED = "refused"  # not an Exim log, or unreadable: nothing of it was stored
    FAILED = "failed"  # stopped by an error that trying again does not mend; what was read stays
    CANCELLED = "cancelled"  # stopped by a person; what was read stays
    UNDOING = "undoing"  # a run: what it added is being removed
    UNDONE = "undone"  # what it added is gone


UNFINISHED = (State.WAITING, State.RUNNING)
RETRIED = (State.FAILED, State.CANCELLED, State.REFUSED)  # gone on with by a retry, if the bytes are kept


class IngestRun(models.Model):
    """One pass over one or more files of one log host."""

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    started_by = models.CharField(max_length=150, blank=True)  # a user's name, or "command line"
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)  # of the worker that computes the findings at the end
    error = models.TextField(blank=True)  # one sentence
    stopped_by = models.CharField(max_length=150, blank=True)  # who cancelled or undid it
    undone_lines = models.BigIntegerField(default=0)  # removed, since no other file had them

    objects = GrantedManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-pk"]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.log_host}"

    @property
    def is_over(self) -> bool:
        return self.state not in UNFINISHED


class LogFile(models.Model):
    """One file of a run: what was read of it, and what came out."""

    run = models.ForeignKey(IngestRun, on_delete=models.CASCADE, related_name="files")
    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE)
    archive = models.ForeignKey(  # that it is a member of, as it was handed in
        "self", on_delete=models.CASCADE, null=True, related_name="members"
    )
    name = models.CharField(
        max_length=255
    )  # made safe to show, a member's with its path; never used as a path
    path = models.CharField(max_length=1024)  # in the file storage, or on this machine for the command line
    is_upload = models.BooleanField(default=False)  # True: in the file storage, deleted when done
    is_continuation = models.BooleanField(default=False)  # of a file whose beginning was read before
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    size = models.BigIntegerField(default=0)  # bytes as handed in
    size_read = models.BigIntegerField(default=0)  # bytes of the handed-in file consumed: for progress
    digest = models.CharField(
        max_length=64, blank=True, db_index=True
    )  # of the handed-in bytes, once finished
    lines = models.BigIntegerField(default=0)
    new_lines = models.BigIntegerField(default=0)
    duplicate_lines = models.BigIntegerField(default=0)
    unparsed_lines = models.BigIntegerField(default=0)
    set_aside_lines = models.BigIntegerField(default=0)  # neither new nor duplicate: see SetAside
    messages = models.BigIntegerField(default=0)
    deliveries = models.BigIntegerField(default=0)
    rejections = models.BigIntegerField(default=0)
    kinds = models.JSONField(default=dict)  # new lines by kind: {"arrival": 1408, "note: queue run": 672}
    unparsed_reasons = models.JSONField(default=dict)  # unreadable lines by reason: {"no time stamp": 12}
    unparsed_samples = models.JSONField(default=list)  # the first of each reason: {"reason", "text"}
    features = ArrayField(models.CharField(max_length=30), default=list)  # see ingest.rules.facts.Coverage
    own_addresses = ArrayField(models.CharField(max_length=45), default=list)  # I= of arrivals
    zone_votes = models.JSONField(default=dict)  # of new arrivals, see ingest.zones.Votes
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expired_at = models.DateTimeField(null=True)  # when the last of its lines was deleted by age
    error = models.TextField(blank=True)
    damage = models.TextField(blank=True)  # a sentence, where an archive ended within this member

    objects = GrantedManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return self.name


def unpacking(files: Sequence[LogFile]) -> bool:
    """Whether archives among the files of a run are still being unpacked, as far as they gave members."""
    archives = {file.archive_id for file in files}
    return any(file.pk in archives and file.state in UNFINISHED for file in files)


def measured(files: Sequence[LogFile]) -> list[LogFile]:
    """The files whose bytes tell how far a run is: those handed in while it unpacks, then those with the lines."""
    if unpacking(files):
        return [file for file in files if file.archive_id is None]
    archives = {file.archive_id for file in files}
    return [file for file in files if file.pk not in archives]


class Piece(models.Model):
    """A stretch of a file's text that one worker reads at a time.

    What remains to be done stands here: ``offset`` moves in the transaction that commits the rows of the lines
    before it, and a worker owns the piece only until ``lease_until``. A Celery task is no more than a wake-up.

    A file begins as one piece. A large plain one is cut when its first batch is stored. Of a large compressed one
    the first piece is the reading: it hands the text on to the others, and its offset is how far it came.
    """

    file = models.ForeignKey(LogFile, on_delete=models.CASCADE, related_name="pieces")
    number = models.IntegerField(default=0)
    start = models.BigIntegerField(default=0)  # into the decompressed text
    end = models.BigIntegerField(null=True)  # None: the end of the text
    offset = models.BigIntegerField(
        default=0
    )  # into the decompressed text; of an archive: members dealt with
    hands_on = models.BooleanField(default=False)
    path = models.CharField(
        max_length=1024, blank=True
    )  # in the file storage: of the text that was handed on; of a piece that hands on, what it is writing
    packed = models.BigIntegerField(default=0)  # bytes of the file that the text handed on took
    last_at = models.DateTimeField(null=True)  # of its lines that are stored
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    lease_until = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)  # since the last commit
    outages = models.IntegerField(default=0)  # of the database, since the last commit
    error = models.TextField(blank=True)  # one sentence: how it ended

    objects = FileManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["file", "number"], name="piece_once")
        ]

    def __str__(self) -> str:
        return f"piece {self.number} of {self.file}"


class SetAside(models.Model):
    """An entry that could not be stored however often it was tried; nothing else was held up by it."""

    file = models.ForeignKey(LogFile, on_delete=models.CASCADE, related_name="set_aside")
    text = models.BinaryField()
    lines = models.IntegerField()
    reason = models.TextField()  # one sentence

    objects = FileManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return f"{self.lines} lines of {self.file}: {self.reason}"
