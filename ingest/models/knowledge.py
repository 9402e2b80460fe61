"""What people say of a log host besides its settings, and that its findings are to be decided again because of it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from ingest.models.granting import GrantedManager
from ingest.models.log_hosts import LogHost


class KnownAccount(models.Model):
    """An account that exists on a log host, in lower case: typed in or uploaded."""

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="known_accounts")
    account = models.CharField(max_length=255)

    objects = GrantedManager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["log_host", "account"], name="known_account_once")
        ]

    def __str__(self) -> str:
        return self.account


class AllowEntry(models.Model):
    """That a rule is not to speak of an address, account, local user, network, or of the log host as a whole.

    An entry is never changed and never deleted, so that an answer can be told with it; it ends, or is withdrawn.
    """

    class Kind(models.TextChoices):
        SENDER_HOST_ADDRESS = "sender_host_address", "address"
        NETWORK = "network", "network"
        AUTHENTICATED_ID = "authenticated_id", "account"
        LOCAL_USER = "local_user", "local user"
        LOG_HOST = "log_host", "log host as a whole"

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="allow_entries")
    rule = models.CharField(max_length=4, blank=True)  # empty: all rules
    kind = models.CharField(max_length=20, choices=Kind)
    value = models.TextField(blank=True)  # empty for the log host as a whole
    reason = models.TextField()
    author = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=now)
    until = models.DateTimeField()  # by the log's time: it covers what was last seen before
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=150, blank=True)

    objects = GrantedManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["log_host", "pk"]

    def __str__(self) -> str:
        return f"{self.rule or 'all rules'} for {self.whom}"

    @property
    def whom(self) -> str:
        """Whom it is for, in words."""
        return self.value or "the log host as a whole"

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None


class Reevaluation(models.Model):
    """That findings of a log host are to be decided again, since something that the rules go by has changed.

    One waits for a log host at most: what is asked meanwhile joins it (ingest.reevaluation_leases).
    """

    class Scope(models.TextChoices):
        ALLOWED = "allowed"  # who is allowed what; the findings themselves stay
        EVERYTHING = "everything"

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    log_host = models.ForeignKey(LogHost, on_delete=models.CASCADE, related_name="reevaluations")
    scope = models.CharField(max_length=10, choices=Scope)
    why = models.TextField()  # what changed, in words; joined by "; "
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    done = models.BigIntegerField(default=0)  # of total
    total = models.BigIntegerField(default=0)  # messages that are stored; 0: not counted yet
    messages = models.BigIntegerField(null=True)  # that were judged
    asked_at = models.DateTimeField(default=now)
    begun_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    attempts = models.IntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    # the answer before and after: relaying, headline, and the suspects that came and went (ingest.reevaluation)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    objects = GrantedManager()

    class Meta:
        ordering: ClassVar[list[str]] = ["log_host", "pk"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["log_host"], condition=Q(state="waiting"), name="reevaluation_waits_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.log_host}: {self.why}"

    @property
    def is_over(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED)
