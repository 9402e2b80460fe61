"""Messages, their deliveries, refusals, and what the rules found on a message.

All four are partitioned by month (migration 0001), begin their key with the log host, and point at their lines
by ``line_ref`` (ingest.pages.LineRef). Indexes stand in the migration's SQL: an address is indexed backwards,
so that one index answers for the whole address and for its domain.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from ingest.models.granting import GrantedManager
from ingest.models.line_refs import LineRefsField
from ingest.models.log_hosts import LogHost


class Message(models.Model):
    """Everything the lines of one message id say, merged. Null: not in this log."""

    pk = models.CompositePrimaryKey("log_host_id", "message_id")
    log_host = models.ForeignKey(LogHost, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    message_id = models.CharField(max_length=23, db_collation="C")
    first_at = models.DateTimeField()  # earliest line; what lists are ordered by
    last_at = models.DateTimeField()  # latest line
    status = models.CharField(max_length=16)  # ingest.assembly.Status
    # from the earliest arrival line
    received_at = models.DateTimeField(null=True)
    arrival_digest = models.BigIntegerField(null=True)  # decides between two arrivals of one second
    envelope_sender = models.TextField(null=True)  # "" is the null sender
    sender_host_address = models.GenericIPAddressField(null=True)
    sender_host_port = models.IntegerField(null=True)
    sender_host_name = models.TextField(null=True)
    helo_name = models.TextField(null=True)
    interface_address = models.GenericIPAddressField(null=True)
    local_user = models.TextField(null=True)
    parent_message_id = models.CharField(max_length=23, db_collation="C", null=True)
    protocol = models.TextField(null=True)
    authenticator = models.TextField(null=True)
    authenticated_id = models.TextField(null=True)  # "": A=name: with nothing behind the colon
    size = models.BigIntegerField(null=True)
    header_message_id = models.TextField(null=True)
    subject = models.TextField(null=True)
    listed_recipients = ArrayField(models.TextField(), null=True)  # the "for" list
    # latest of each
    completed_at = models.DateTimeField(null=True)
    frozen_at = models.DateTimeField(null=True)
    thawed_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)  # removed or cancelled by somebody
    rejected_at = models.DateTimeField(null=True)  # refused after DATA: no message was accepted
    connection_limit = models.IntegerField(
        null=True
    )  # N of "more than N messages received in one connection"
    # recipients by the outcome of their last attempt
    delivered = models.IntegerField(default=0)
    deferred = models.IntegerField(default=0)
    bounced = models.IntegerField(default=0)
    line_refs = LineRefsField()  # every line with this id, in canonical order

    objects = GrantedManager()

    class Meta:
        db_table = "ingest_message"

    def __str__(self) -> str:
        return self.message_id


class Delivery(models.Model):
    """One ``=>``, ``->``, ``>>``, ``==`` or ``**`` line."""

    pk = models.CompositePrimaryKey("log_host_id", "message_id", "logged_at", "digest", "copy")
    log_host = models.ForeignKey(LogHost, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    message_id = models.CharField(max_length=23, db_collation="C")
    logged_at = models.DateTimeField()
    digest = models.BigIntegerField()
    copy = models.SmallIntegerField()
    outcome = models.CharField(max_length=9)  # ingest.assembly.Outcome
    is_attempt = models.BooleanField()  # False: "retry time not reached"
    recipient = models.TextField()
    original_recipient = models.TextField(null=True)  # null: the same as recipient
    transport = models.TextField(null=True)
    remote_host_name = models.TextField(null=True)
    remote_host_address = models.GenericIPAddressField(null=True)
    text = models.TextField(
        null=True
    )  # why deferred or bounced; null on deliveries (the line has the answer)
    line_ref = models.BigIntegerField()
    message = models.ForeignObject(
        Message,
        on_delete=models.DO_NOTHING,
        from_fields=("log_host_id", "message_id"),
        to_fields=("log_host_id", "message_id"),
        related_name="attempts",
    )

    objects = GrantedManager()

    class Meta:
        db_table = "ingest_delivery"

    def __str__(self) -> str:
        return f"{self.outcome} {self.recipient}"


class Rejection(models.Model):
    """A refusal during SMTP: a rejected command, a failed login, or what an ACL threw away (by its reason)."""

    pk = models.CompositePrimaryKey("log_host_id", "logged_at", "digest", "copy")
    log_host = models.ForeignKey(LogHost, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    logged_at = models.DateTimeField()
    digest = models.BigIntegerField()
    copy = models.SmallIntegerField()
    is_login = models.BooleanField()  # True: a failed login
    stage = models.CharField(max_length=7)  # ingest.exim.events.Stage
    is_temporary = models.BooleanField()
    reason = models.CharField(max_length=20)  # ingest.exim.reasons.Reason
    message_id = models.CharField(max_length=23, db_collation="C", null=True)
    sender_host_address = models.GenericIPAddressField(null=True)
    sender_host_name = models.TextField(null=True)
    helo_name = models.TextField(null=True)
    envelope_sender = models.TextField(null=True)
    recipient = models.TextField(null=True)
    authenticator = models.TextField(null=True)
    account = models.TextField(null=True)  # the id that was tried, or that had logged in
    text = models.TextField()
    line_ref = models.BigIntegerField()
    headers_ref = models.BigIntegerField(null=True)  # the entry of a rejectlog that has the message's headers
    header_lines = models.IntegerField(null=True)

    objects = GrantedManager()

    class Meta:
        db_table = "ingest_rejection"

    def __str__(self) -> str:
        return f"{self.stage}: {self.text}"


class MessageFinding(models.Model):
    """A rule that holds for a message, decided from its merged facts."""

    pk = models.CompositePrimaryKey("log_host_id", "message_id", "rule")
    log_host = models.ForeignKey(LogHost, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    message_id = models.CharField(max_length=23, db_collation="C")
    rule = models.CharField(max_length=4)
    version = models.IntegerField()  # of the rules
    severity = models.CharField(max_length=8)
    message = models.ForeignObject(
        Message,
        on_delete=models.DO_NOTHING,
        from_fields=("log_host_id", "message_id"),
        to_fields=("log_host_id", "message_id"),
        related_name="findings",
    )

    objects = GrantedManager()

    class Meta:
        db_table = "ingest_message_finding"

    def __str__(self) -> str:
        return f"{self.rule} on {self.message_id}"
