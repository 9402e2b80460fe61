"""Facts for the rules, read from rows: streams of messages and refusals."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Collate, Lower

from ingest import countries
from ingest.assembly import Attempt, last_attempts, recipient_facts
from ingest.exim.events import Stage
from ingest.exim.message_id import first_id
from ingest.exim.reasons import Reason
from ingest.load import attempts_of
from ingest.models import (
    Delivery,
    LogHost,
    Message,
    MessageFinding,
    Rejection,
)
from ingest.rules.definition import Refusals
from ingest.rules.facts import (
    LogHostFacts,
    MessageFacts,
    RejectionFacts,
    SubjectKind,
)
from ingest.rules.messages import may_be_found_on_login, may_be_found_on_stranger
from ingest.rules.relaying import ROUTED
from ingest.rules.relays import RefusalCounts
from ingest.rules.subject_rules import refusals_read
from ingest.sql import statement

_CHUNK = 1000
_ROWS_AT_ONCE = 5000
_STAGES = {stage.value: stage for stage in Stage}
_BY_KNOWLEDGE = ("A03", "H02", "H03", "R05")  # rules that a trusted network or an account more can silence
_ID_MARGIN = timedelta(days=1)  # an id tells when reception began, by a clock in UTC

# in the order of MessageFacts, with the key in front and without the recipients
_MESSAGE_COLUMNS = (
    "message_id",
    "received_at",
    "envelope_sender",
    "sender_host_address",
    "sender_host_port",
    "helo_name",
    "sender_host_name",
    "protocol",
    "authenticator",
    "authenticated_id",
    "local_user",
    "listed_recipients",
    "connection_limit",
    "size",
    "subject",
    "status",
)
_REJECTION_COLUMNS = (
    "logged_at",
    "stage",
    "sender_host_address",
    "helo_name",
    "envelope_sender",
    "recipient",
    "authenticator",
    "account",
    "text",
    "line_ref",
)


def with_origin(facts: MessageFacts) -> MessageFacts:
    """The facts of a message, with the country and the network of the sender's host."""
    return facts._replace(**countries.origin_of(facts.sender_host_address)._asdict())


# ---- messages


def messages_between(log_host_id: int, since: datetime | None, until: datetime | None) -> QuerySet[Message]:
    """The messages first seen in a range; the ids are bounded too, which prunes partitions."""
    rows = Message.objects.filter(log_host_id=log_host_id)
    if since is not None:
        rows = rows.filter(first_at__gte=since, message_id__gte=id_bound(since - _ID_MARGIN))
    if until is not None:
        rows = rows.filter(first_at__lt=until, message_id__lt=id_bound(until + _ID_MARGIN))
    return rows


def id_bound(at: datetime) -> str:
    """``first_id``, within what ids can hold."""
    try:
        return first_id(at)
    except ValueError:
        return "" if at.year < 2000 else "zzzzzz"


def facts_of(rows: QuerySet[Message], log_host_id: int) -> Iterator[MessageFacts]:
    """The facts of messages, in the order of the rows, a thousand at a time."""
    columns = rows.values_list(*_MESSAGE_COLUMNS)
    for chunk in batched(columns.iterator(chunk_size=_CHUNK), _CHUNK, strict=False):
        attempts = _attempts(log_host_id, [row[0] for row in chunk])
        for row in chunk:
            yield _message_facts(row, attempts.get(row[0], ()))


def message_facts(log_host: LogHost, message_ids: Iterable[str]) -> dict[str, MessageFacts]:
    """The facts of some messages, by id; those that are not stored are left out."""
    rows = Message.objects.filter(log_host_id=log_host.pk, message_id__in=list(message_ids))
    return {facts.message_id: facts for facts in facts_of(rows.order_by("message_id"), log_host.pk)}


def _attempts(log_host_id: int, message_ids: Sequence[str]) -> dict[str, list[Attempt]]:
    by_message: dict[str, list[Attempt]] = defaultdict(list)
    rows = Delivery.objects.filter(log_host_id=log_host_id, message_id__in=message_ids)
    # whichever way they came: evidence names recipients in this order
    for message_id, attempt in attempts_of(rows.order_by("message_id", "logged_at", "digest", "copy")):
        by_message[message_id].append(attempt)
    return by_message


def _message_facts(row: Sequence[Any], attempts: Sequence[Attempt]) -> MessageFacts:
    listed = None if row[11] is None else tuple(row[11])
    recipients = tuple(recipient_facts(attempt) for attempt in last_attempts(attempts).values())
    origin = countries.origin_of(row[3])
    return MessageFacts._make((*row[:11], listed, row[12], recipients, *row[13:], *origin))


# ---- subjects

_MESSAGE_SUBJECT = {
    SubjectKind.SENDER_HOST_ADDRESS: Q(),
    SubjectKind.AUTHENTICATED_ID: Q(),
    SubjectKind.LOCAL_USER: Q(sender_host_address=None),
}
_REJECTION_COLUMN = {
    SubjectKind.SENDER_HOST_ADDRESS: "sender_host_address",
    SubjectKind.AUTHENTICATED_ID: "account",
}


class _HostText(Func):
    """The text of an inet without its netmask."""

    function = "host"
    output_field = TextField()


def _sort_key(kind: SubjectKind, column: str) -> Any:
    text = _HostText(F(column)) if kind is SubjectKind.SENDER_HOST_ADDRESS else F(column)
    return Collate(text, "C")


def subject_messages(
    rows: QuerySet[Message], log_host_id: int, kind: SubjectKind, values: Sequence[str]
) -> Iterator[MessageFacts]:
    """The messages of some subjects, subject by subject in the order of their texts, each in time order."""
    of_subjects = rows.filter(_MESSAGE_SUBJECT[kind], **{f"{kind}__in": list(values)})
    return facts_of(of_subjects.order_by(_sort_key(kind, kind), "received_at", "message_id"), log_host_id)


def with_messages(log_host_id: int, kind: SubjectKind, values: Sequence[str]) -> set[str]:
    """Those of some subjects of whom a message is stored."""
    array = "inet[]" if kind is SubjectKind.SENDER_HOST_ADDRESS else "text[]"
    own = " AND sender_host_address IS NULL" if kind is SubjectKind.LOCAL_USER else ""
    sql = (
        f"SELECT place FROM unnest(%s::{array}) WITH ORDINALITY AS subject (value, place) WHERE"
        f" (SELECT true FROM ingest_message WHERE {kind} = subject.value{own} AND log_host_id = %s LIMIT 1)"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(values), log_host_id])
        return {values[place - 1] for (place,) in cursor.fetchall()}


def refusals_counted(
    log_host_id: int, kind: SubjectKind, values: Sequence[str], since: Sequence[datetime]
) -> Iterator[tuple[int, RefusalCounts]]:
    """How many refusals some subjects had, each after a time of its own; with the place of the subject."""
    for place, *counted in _refusals("refusals_counted", log_host_id, kind, values, since):
        yield place - 1, RefusalCounts(*counted)


def refusals_read_by_rules(
    log_host_id: int, kind: SubjectKind, values: Sequence[str], since: Sequence[datetime]
) -> Iterator[tuple[int, RejectionFacts]]:
    """Those of the same refusals that rules read, each subject's in order; with the place of the subject."""
    for place, at, stage, *rest in _refusals("refusals_read", log_host_id, kind, values, since):
        yield place - 1, RejectionFacts(at, _STAGES[stage], *rest)


def _refusals(
    name: str, log_host_id: int, kind: SubjectKind, values: Sequence[str], since: Sequence[datetime]
) -> Iterator[tuple[Any, ...]]:
    kind_of_value = "inet" if kind is SubjectKind.SENDER_HOST_ADDRESS else "text"
    which = refusals_read(kind)
    parameters: dict[str, Any] = {
        "log_host_id": log_host_id,
        "values": list(values),
        "since": list(since),
        "discarded": Reason.DISCARDED,
        "relay": Reason.RELAY,
        "logins": Refusals.LOGINS in which,
        "relaying": Refusals.RELAYING in which,
        "after_login": Refusals.AFTER_LOGIN in which,
    }
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(statement(name).format(column=_REJECTION_COLUMN[kind], type=kind_of_value), parameters)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows


def subject_rejections(
    log_host_id: int,
    kind: SubjectKind,
    values: Sequence[str],
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[tuple[str, RejectionFacts]]:
    """The refusals of some subjects, ordered as ``subject_messages``; each with its subject's text."""
    column = _REJECTION_COLUMN.get(kind)
    if column is None:
        return
    rows = Rejection.objects.filter(log_host_id=log_host_id, **{f"{column}__in": list(values)})
    rows = rows.exclude(reason=Reason.DISCARDED)  # the client was told that all is well
    if since is not None:
        rows = rows.filter(logged_at__gte=since)
    if until is not None:
        rows = rows.filter(logged_at__lt=until)
    ordered = rows.order_by(_sort_key(kind, column), "logged_at", "digest", "copy")
    at = _REJECTION_COLUMNS.index(column)
    for row in ordered.values_list(*_REJECTION_COLUMNS).iterator(chunk_size=_CHUNK):
        yield row[at], RejectionFacts(row[0], Stage(row[1]), *row[2:])


def may_be_found(log_host_id: int, host: LogHostFacts) -> list[str]:
    """The ids of the messages on which rules may find something, or have: of most, one need not read the deliveries."""
    parameters: dict[str, Any] = {"log_host_id": log_host_id, "routed": f"{ROUTED}.*@"}
    found: list[str] = []
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(statement("messages_in_outline"), parameters)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            found.extend(row[0] for row in rows if _may_be_found(row, host))
    return sorted(found)


def _may_be_found(row: Sequence[Any], host: LogHostFacts) -> bool:
    _, helo_name, sender, has_client, has_login, account, is_plain, is_handed_on, was_found = row
    if was_found or not is_plain:
        return True
    if has_login:
        return may_be_found_on_login(account, helo_name or "", host)
    if not has_client:
        return False
    return is_handed_on or may_be_found_on_stranger(helo_name or "", sender or "", (), host)


def may_depend_on_log_host(log_host_id: int, host: LogHostFacts) -> QuerySet[Message]:
    """The messages whose findings can change when more becomes known of the log host itself.

    Those that were relayed without a login (its local domains decide), those with an empty login (what other logins
    look like decides), those from clients that have no name or one of ours, and those under ids that are no accounts.
    """
    handed_on = Delivery.objects.filter(
        log_host_id=OuterRef("log_host_id"),
        message_id=OuterRef("message_id"),
        remote_host_address__isnull=False,
    )
    relayed = Q(authenticated_id=None, sender_host_address__isnull=False) & Exists(handed_on)
    found = MessageFinding.objects.filter(
        log_host_id=OuterRef("log_host_id"), message_id=OuterRef("message_id"), rule__in=_BY_KNOWLEDGE
    )
    names = {*host.local_domains, *host.own_addresses, host.name.lower()}
    named = Q(helo__in=[*names, *(f"[{name}]" for name in names)]) | (
        Q(helo_name__isnull=False) & ~Q(helo_name__contains=".")
    )
    stranger = Q(authenticator=None, sender_host_address__isnull=False) & named
    unknown = Q(authenticated_id__isnull=False) if host.known_accounts else Q(authenticated_id="")
    return (
        Message.objects.alias(helo=Lower("helo_name"))
        .filter(Q(log_host_id=log_host_id) & (unknown | relayed | stranger | Exists(found)))
        .order_by("message_id")
    )
