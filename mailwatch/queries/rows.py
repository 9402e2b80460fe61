"""Messages and rejections as rows of a list, with what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q
from django.db.models.expressions import Case, Value, When

from ingest.models import Delivery, LogHost, Message, MessageFinding, Rejection, Status
from ingest.rules.words import day
from mailwatch.queries import story, verification
from mailwatch.queries.matching import delivery_matches, rejection_key
from mailwatch.queries.terms import Term
from mailwatch.reader import shown_zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A message or a rejection (``message_id`` is None)."""

    log_host: LogHost
    at: datetime
    message_id: str | None = None
    outcome: str  # the mark's shape: delivered, deferred, bounced, rejected, queued, completed
    status: str  # the word beside it
    envelope_sender: str | None
    recipient: str | None
    more_recipients: int = 0
    sender_host_address: str | None
    authenticated_id: str | None = None
    local_user: str | None = None
    subject: str | None = None
    size: int | None = None  # bytes
    happened: str
    rules: tuple[str, ...] = ()  # worst first
    key: str = ""  # names a rejection, see ``matching.rejection_key``

    @property
    def day(self) -> str:
        return day(self.at, shown_zone(self.log_host.zone))


def rows(found: Sequence[Message | Rejection], *, term: Term, hosts: Mapping[int, LogHost]) -> list[Row]:
    """The rows of a page; of a message with many recipients the one that was looked for is shown."""
    messages = [row for row in found if isinstance(row, Message)]
    last = _last_deliveries(messages, term)
    rules = _rules_of(messages)
    refusals = _refusals_of(messages)
    unverified = verification.failures([row for row in found if isinstance(row, Rejection)], hosts)
    shown = []
    for row in found:
        log_host = hosts.get(row.log_host_id)
        if log_host is None:
            continue
        if isinstance(row, Rejection):
            shown.append(_rejection_row(row, log_host, unverified.get(row.pk)))
        elif row.pk in refusals:
            shown.append(_refused_message_row(row, log_host, refusals[row.pk]))
        else:
            shown.append(_message_row(row, log_host, last.get(row.pk), rules.get(row.pk, ())))
    return shown


def _of_messages(messages: Sequence[Message]) -> Q:
    """Rows that belong to messages; spelled out by log host, so that primary keys and partitions serve."""
    ids: dict[int, list[str]] = {}
    for message in messages:
        ids.setdefault(message.log_host_id, []).append(message.message_id)
    return reduce(or_, (Q(log_host_id=host, message_id__in=sorted(known)) for host, known in ids.items()))


def _last_deliveries(messages: Sequence[Message], term: Term) -> dict[tuple[int, str], Delivery]:
    """One delivery line of each message: the latest, of a recipient that was looked for where one was."""
    if not messages:
        return {}
    lines = Delivery.objects.filter(_of_messages(messages))
    order = ["-logged_at"]
    wanted = delivery_matches(term)
    if wanted is not None:
        lines = lines.alias(is_other=Case(When(wanted, then=Value(0)), default=Value(1)))
        order = ["is_other", *order]
    lines = lines.order_by("log_host_id", "message_id", *order).distinct("log_host_id", "message_id")
    return {(line.log_host_id, line.message_id): line for line in lines}


def _rules_of(messages: Sequence[Message]) -> dict[tuple[int, str], tuple[str, ...]]:
    if not messages:
        return {}
    rules: dict[tuple[int, str], tuple[str, ...]] = {}
    found = MessageFinding.objects.filter(_of_messages(messages))
    for row in sorted(found, key=lambda row: (story.SEVERITIES.index(row.severity), row.rule)):
        key = row.log_host_id, row.message_id
        rules[key] = (*rules.get(key, ()), row.rule)
    return rules


def _refusals_of(messages: Sequence[Message]) -> dict[tuple[int, str], Rejection]:
    """Of messages that were refused after their text: the refusals, which tell what an arrival would have told."""
    refused = [row for row in messages if row.status == Status.REJECTED and row.received_at is None]
    if not refused:
        return {}
    found = Rejection.objects.filter(_of_messages(refused)).order_by("logged_at", "digest", "copy")
    return {(row.log_host_id, row.message_id or ""): row for row in found}


def _refused_message_row(message: Message, log_host: LogHost, rejection: Rejection) -> Row:
    row = _rejection_row(rejection, log_host, None)
    return replace(row, at=message.first_at, message_id=message.message_id, key="")


def _message_row(message: Message, log_host: LogHost, line: Delivery | None, rules: tuple[str, ...]) -> Row:
    recipient, more = story.recipient_of(message, line)
    return Row(
        log_host=log_host,
        at=message.first_at,
        message_id=message.message_id,
        outcome=story.outcome_of(message),
        status=story.status_of(message),
        envelope_sender=message.envelope_sender,
        recipient=recipient,
        more_recipients=more,
        sender_host_address=message.sender_host_address,
        authenticated_id=message.authenticated_id,
        local_user=message.local_user,
        subject=message.subject,
        size=message.size,
        happened=story.happened(message, line),
        rules=rules,
    )


def _rejection_row(rejection: Rejection, log_host: LogHost, unverified: str | None) -> Row:
    return Row(
        log_host=log_host,
        at=rejection.logged_at,
        outcome="rejected",
        status=story.outcome_of_rejection(rejection),
        envelope_sender=rejection.envelope_sender,
        recipient=rejection.recipient,
        sender_host_address=rejection.sender_host_address,
        authenticated_id=rejection.account,
        happened=story.refused(rejection, unverified),
        key=rejection_key(rejection),
    )
