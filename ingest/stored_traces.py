"""The traces of an attack in the tables: its messages, which of them wait, and what was refused since.

Which rows they are is said by ``ingest.rules.traces``; here its columns become conditions.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, Count, Min, Q, QuerySet, When, Window
from django.db.models.functions import Lower

from ingest.assembly import Status
from ingest.exim.events import Stage
from ingest.exim.reasons import Reason
from ingest.models import Delivery, LogHost, Message, MessageFinding, Rejection
from ingest.rules.facts import LogHostFacts
from ingest.rules.traces import SHOWN, WAITING, Refused, Sent, Trail, Trick, Waiting, waiting_of
from ingest.sql import statement
from ingest.stored_facts import id_bound

_MARGIN = timedelta(days=1)  # an id tells when reception began, by a clock in UTC
_IS_WAITING = Q(status__in=WAITING) | Q(
    status=Status.PARTLY_DELIVERED, deferred__gt=0, completed_at=None, removed_at=None
)
_COUNTS = ("messages", "recipients", "strangers", "delivered", "deferred", "bounced", "waiting")


class StoredTraces:
    """Traces of attacks on one log host."""

    def __init__(self, log_host: LogHost) -> None:
        self._log_host_id = log_host.pk

    def sent(self, trail: Trail, host: LogHostFacts) -> Sent:
        """How much went out; strangers are recipients that are not local to ``host``."""
        columns = ("message_id", "listed_recipients", "delivered", "deferred", "bounced")
        waiting = Case(When(_IS_WAITING, then=True), default=False)
        messages, parameters = (
            self._messages(trail).values(*columns, is_waiting=waiting).query.sql_with_params()
        )
        bounds = (id_bound(trail.since - _MARGIN), id_bound(trail.until + _MARGIN))
        with connection.cursor() as cursor:
            cursor.execute(
                statement("sent_by_attack").format(messages=messages),
                [*parameters, self._log_host_id, *bounds, sorted(host.local_domains)],
            )
            return Sent(**dict(zip(_COUNTS, cursor.fetchone(), strict=True)))

    def waiting(self, trail: Trail) -> Waiting:
        """What of it stands on the spool."""
        waiting = self._messages(trail).filter(_IS_WAITING).annotate(total=Window(Count("*")))
        columns = waiting.order_by("message_id").values_list("message_id", "envelope_sender", "total")
        shown = list(columns[:SHOWN])
        return waiting_of([(name, sender) for name, sender, _ in shown], shown[0][2] if shown else 0)

    def refused(self, trick: Trick, since: datetime, until: datetime) -> Refused:
        """Refusals of the trick after ``since``, up to and with ``until``."""
        rows = self._rejections(trick).filter(logged_at__gt=since, logged_at__lte=until)
        own = Q(sender_host_address__in=trick.attackers) if trick.attackers else Q(pk__in=())
        counted = rows.aggregate(
            count=Count("digest"),
            by_attackers=Count("digest", filter=own),
            first_at=Min("logged_at"),
            first_own_at=Min("logged_at", filter=own),
        )
        first_at = counted.pop("first_own_at") or counted["first_at"]
        if first_at is None:
            return Refused()
        first = rows.filter(own) if counted["by_attackers"] else rows
        line = first.filter(logged_at=first_at).aggregate(line=Min("line_ref"))["line"]
        return Refused(**{**counted, "first_at": first_at, "line": line})

    def replies(self, message_ids: Sequence[str]) -> tuple[str, ...]:
        """What other servers said where they did not take these messages."""
        rows = Delivery.objects.filter(log_host_id=self._log_host_id, message_id__in=list(message_ids))
        texts = rows.order_by("message_id", "logged_at", "digest", "copy").values_list("text", flat=True)
        return tuple(dict.fromkeys(text for text in texts if text))

    def _messages(self, trail: Trail) -> QuerySet[Message]:
        rows = Message.objects.filter(
            log_host_id=self._log_host_id,
            received_at__gte=trail.since,
            received_at__lte=trail.until,
            message_id__gte=id_bound(trail.since - _MARGIN),
            message_id__lt=id_bound(trail.until + _MARGIN),
            **_restrictions(trail),
        )
        if trail.local_users:
            rows = rows.filter(sender_host_address=None)
        if trail.has_login is not None:
            rows = rows.filter(authenticator__isnull=not trail.has_login)
        if trail.envelope_senders:
            rows = rows.alias(sender=Lower("envelope_sender")).filter(sender__in=trail.envelope_senders)
        if trail.rule:
            found = MessageFinding.objects.filter(log_host_id=self._log_host_id, rule=trail.rule)
            rows = rows.filter(message_id__in=found.values("message_id"))
        return rows

    def _rejections(self, trick: Trick) -> QuerySet[Rejection]:
        rows = Rejection.objects.filter(log_host_id=self._log_host_id)
        if not trick.is_login:
            return rows.filter(reason=Reason.RELAY, stage=Stage.RCPT)
        rows = rows.filter(is_login=True, is_temporary=False)
        if trick.authenticators:
            rows = rows.filter(authenticator__in=trick.authenticators)
        if trick.is_nameless:
            return rows.filter(Q(account=None) | Q(account=""))
        return rows.filter(account__in=trick.accounts) if trick.accounts else rows


def _restrictions(trail: Trail) -> dict[str, Any]:
    columns = {
        "sender_host_addresses": "sender_host_address",
        "authenticators": "authenticator",
        "authenticated_ids": "authenticated_id",
        "local_users": "local_user",
    }
    return {f"{column}__in": values for name, column in columns.items() if (values := getattr(trail, name))}
