"""COPY and merge: the rows of one batch into the tables.

Call these inside the batch's transaction.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from ingest import copy_text
from ingest.assembly import (
    Attempt,
    Conclusion,
    Gathered,
    conclude,
    listed_recipients,
    local_user_of,
    merge,
)
from ingest.copy_text import INDEXED_TEXT, flag, number, text, time
from ingest.exim.events import Arrival, Client
from ingest.models import Delivery, Message
from ingest.refusals import Refusal
from ingest.rules.definition import VERSION, MessageFinding
from ingest.rules.facts import Outcome
from ingest.sql import statement


class Merged(NamedTuple):
    """A message after the merge."""

    message_id: str
    gathered: Gathered
    conclusion: Conclusion
    is_new: bool  # False: an earlier batch had stored lines of it


# The columns of rows, in the order in which they are written; the tables have those of fixed width first.
_MESSAGE = (
    "log_host_id, message_id, first_at, last_at, status, received_at, arrival_digest, envelope_sender,"
    " sender_host_address, sender_host_port, sender_host_name, helo_name, interface_address, local_user,"
    " parent_message_id, protocol, authenticator, authenticated_id, size, header_message_id, subject,"
    " listed_recipients, completed_at, frozen_at, thawed_at, removed_at, rejected_at, connection_limit, delivered,"
    " deferred, bounced, line_refs"
)
_DELIVERY = (
    "log_host_id, message_id, logged_at, digest, copy, outcome, is_attempt, recipient, original_recipient, transport,"
    " remote_host_name, remote_host_address, text, line_ref"
)
_REJECTION = (
    "log_host_id, logged_at, digest, copy, is_login, stage, is_temporary, reason, message_id, sender_host_address,"
    " sender_host_name, helo_name, envelope_sender, recipient, authenticator, account, text, line_ref, headers_ref,"
    " header_lines"
)


# ---- messages


def merge_messages(
    log_host_id: int, batch: Mapping[str, Gathered], whole: Sequence[tuple[str, str]] = ()
) -> list[Merged]:
    """Store the messages of a batch, merged with what is stored; rows that were there are locked until the commit.

    ``whole`` are ids and rows of messages that nothing is stored of (ingest.usual_rows). Raises IntegrityError where
    another batch stores a new message at the same moment: begin again, then it is there.

    Rows that are there are locked first, then the new ones go in, each time in the order of their ids: so batches that
    share messages wait for each other and never in a circle. In that order too, because an index is then filled from
    its end, and its pages are full.
    """
    known = stored_ids(log_host_id, batch) if batch else set()
    new = [
        Merged(message_id, gathered, conclude(gathered), True)
        for message_id, gathered in batch.items()
        if message_id not in known
    ]
    old = _update(log_host_id, {message_id: batch[message_id] for message_id in known}) if known else []
    rows = [(merged.message_id, _message_row(log_host_id, merged)) for merged in new]
    copy_text.write("ingest_message", _MESSAGE, (row for _, row in sorted([*rows, *whole])))
    return new + old


def _update(log_host_id: int, batch: Mapping[str, Gathered]) -> list[Merged]:
    stored = stored_messages(log_host_id, batch, lock=True)
    merged_rows = []
    for message_id, gathered in batch.items():
        both = merge(stored[message_id], gathered)
        merged_rows.append(Merged(message_id, both, conclude(both), False))
    with connection.cursor() as cursor:
        cursor.execute(statement("stage_messages"))
        cursor.execute("TRUNCATE staged_message")  # a transaction may load several batches
        copy_text.write(
            "staged_message", _MESSAGE, (_message_row(log_host_id, merged) for merged in merged_rows)
        )
        cursor.execute(statement("update_messages"))
    return merged_rows


def stored_ids(log_host_id: int, message_ids: Iterable[str]) -> set[str]:
    """Those of the ids that have a row."""
    return _ids("stored_ids", [log_host_id, sorted(message_ids)])


def stored_between(log_host_id: int, first: str, last: str) -> set[str]:
    """The ids between two, both included, that have a row: cheaper where hardly any is stored in a range."""
    return _ids("stored_between", [log_host_id, first, last])


def _ids(name: str, parameters: Sequence[Any]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), parameters)
        return {row[0] for row in cursor.fetchall()}


def _message_row(log_host_id: int, merged: Merged) -> str:
    """Columns in the order of ``_MESSAGE``."""
    message_id, gathered, conclusion, _ = merged
    arrival = gathered.arrival
    head = f"{log_host_id}\t{message_id}\t{time(gathered.first_at)}\t{time(gathered.last_at)}"
    listed = listed_recipients(gathered)
    from_arrival = (
        _NO_ARRIVAL if arrival is None else _arrival_columns(arrival, gathered.arrival_digest, listed)
    )
    refs = copy_text.packed_refs(gathered.line_refs)
    return (
        f"{head}\t{conclusion.status}\t{from_arrival}\t{time(gathered.completed_at)}\t{time(gathered.frozen_at)}"
        f"\t{time(gathered.thawed_at)}\t{time(gathered.removed_at)}\t{time(gathered.rejected_at)}"
        f"\t{number(gathered.connection_limit)}\t{conclusion.delivered}\t{conclusion.deferred}"
        f"\t{conclusion.bounced}\t{refs}\n"
    )


_NO_ARRIVAL = "\t".join(["\\N"] * 17)


def _arrival_columns(arrival: Arrival, digest: int, listed: Sequence[str] | None) -> str:
    client = arrival.client
    return "\t".join(
        (
            time(arrival.logged_at),
            str(digest),
            text(arrival.envelope_sender, INDEXED_TEXT),
            client.sender_host_address or "\\N",
            number(client.sender_host_port),
            text(client.sender_host_name),
            text(client.helo_name),
            client.interface_address or "\\N",
            text(local_user_of(arrival), INDEXED_TEXT),
            arrival.parent_message_id or "\\N",
            text(arrival.protocol),
            text(arrival.authenticator),
            text(arrival.authenticated_id, INDEXED_TEXT),
            number(arrival.size),
            text(arrival.header_message_id),
            text(arrival.subject),
            copy_text.array(listed),
        )
    )


def stored_messages(
    log_host_id: int, message_ids: Iterable[str], *, lock: bool = False
) -> dict[str, Gathered]:
    """What is stored of messages, as it was gathered; ids that are not stored are left out."""
    ids = sorted(message_ids)
    rows = Message.objects.filter(log_host_id=log_host_id, message_id__in=ids).order_by("message_id")
    found = {row.message_id: gathered_of(row) for row in (rows.select_for_update() if lock else rows)}
    deliveries = Delivery.objects.filter(log_host_id=log_host_id, message_id__in=ids)
    for message_id, attempt in attempts_of(deliveries):
        found[message_id].attempts.append(attempt)
    return found


def attempts_of(rows: QuerySet[Delivery]) -> Iterator[tuple[str, Attempt]]:
    """Delivery rows as they were gathered, each with its message id."""
    columns: Iterable[tuple[Any, ...]] = rows.values_list("message_id", *Attempt._fields)
    for message_id, *values in columns:
        attempt = Attempt._make(values)
        yield message_id, attempt._replace(outcome=Outcome(attempt.outcome))


def gathered_of(row: Message) -> Gathered:
    """A stored message as it was gathered, without its deliveries."""
    return Gathered(
        row.first_at,
        row.last_at,
        _stored_arrival(row),
        row.arrival_digest or 0,
        row.completed_at,
        row.frozen_at,
        row.thawed_at,
        row.removed_at,
        row.rejected_at,
        row.connection_limit,
        [],
        list(row.line_refs),
    )


def _stored_arrival(row: Message) -> Arrival | None:
    if row.received_at is None or row.envelope_sender is None:
        return None
    client = Client(
        row.sender_host_address,
        row.sender_host_port,
        row.sender_host_name,
        row.helo_name,
        row.interface_address,
        None,
        row.local_user,
    )
    listed = row.listed_recipients
    return Arrival(
        row.received_at,
        row.message_id,
        row.envelope_sender,
        client,
        row.parent_message_id,
        row.protocol,
        None,  # TLS: the line says it
        row.authenticator,
        row.authenticated_id,
        row.size,
        row.header_message_id,
        row.subject,
        None if listed is None else tuple(listed),
    )


# ---- deliveries, refusals, findings


def add_attempts(log_host_id: int, batch: Mapping[str, Gathered], usual: Iterable[str] = ()) -> None:
    """Store the delivery lines of a batch, all of them new; ``usual`` are rows of ingest.usual_rows."""
    copy_text.write("ingest_delivery", _DELIVERY, sorted([*_attempt_rows(log_host_id, batch), *usual]))


def _attempt_rows(log_host_id: int, batch: Mapping[str, Gathered]) -> Iterator[str]:
    for message_id, gathered in batch.items():
        for attempt in gathered.attempts:
            yield (
                f"{log_host_id}\t{message_id}\t{time(attempt.logged_at)}\t{attempt.digest}\t{attempt.copy}"
                f"\t{attempt.outcome}\t{flag(attempt.is_attempt)}\t{text(attempt.recipient, INDEXED_TEXT)}"
                f"\t{text(attempt.original_recipient, INDEXED_TEXT)}\t{text(attempt.transport)}"
                f"\t{text(attempt.remote_host_name)}"
                f"\t{attempt.remote_host_address or '\\N'}\t{text(attempt.text)}\t{attempt.line_ref}\n"
            )


def add_refusals(log_host_id: int, refusals: Iterable[Refusal], usual: Iterable[str] = ()) -> None:
    """Store the rejections and failed logins of a batch, all of them new; ``usual`` are rows of ingest.usual_rows."""
    rows = (_refusal_row(log_host_id, refusal) for refusal in refusals)
    copy_text.write("ingest_rejection", _REJECTION, sorted([*rows, *usual]))


def add_headers(log_host_id: int, refusals: Iterable[Refusal]) -> None:
    """Point stored refusals at the entries that have their headers; of several the longest counts."""
    longest: dict[tuple[datetime, int, int], Refusal] = {}
    for refusal in refusals:
        key = refusal.logged_at, refusal.digest, refusal.copy
        held = longest.get(key)
        if held is None or (refusal.header_lines or 0) > (held.header_lines or 0):
            longest[key] = refusal
    if not longest:
        return
    names = ("logged_at", "digest", "copy", "headers_ref", "header_lines")
    rows = [longest[key] for key in sorted(longest)]
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    with connection.cursor() as cursor:
        cursor.execute(statement("add_headers"), {"log_host_id": log_host_id, **columns})


def _refusal_row(log_host_id: int, refusal: Refusal) -> str:
    return (
        f"{log_host_id}\t{time(refusal.logged_at)}\t{refusal.digest}\t{refusal.copy}\t{flag(refusal.is_login)}"
        f"\t{refusal.stage}\t{flag(refusal.is_temporary)}\t{refusal.reason}\t{refusal.message_id or '\\N'}"
        f"\t{refusal.sender_host_address or '\\N'}\t{text(refusal.sender_host_name)}\t{text(refusal.helo_name)}"
        f"\t{text(refusal.envelope_sender, INDEXED_TEXT)}\t{text(refusal.recipient, INDEXED_TEXT)}"
        f"\t{text(refusal.authenticator)}\t{text(refusal.account, INDEXED_TEXT)}\t{text(refusal.text)}"
        f"\t{refusal.line_ref}\t{number(refusal.headers_ref)}\t{number(refusal.header_lines)}\n"
    )


def replace_findings(
    log_host_id: int, findings: Mapping[str, Sequence[MessageFinding]], *, stored_ids: Iterable[str]
) -> None:
    """Store what the rules found on messages; ``stored_ids`` may have findings of before, which go."""
    ids = sorted(stored_ids)
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM ingest_message_finding WHERE log_host_id = %s AND message_id = ANY(%s)",
                [log_host_id, ids],
            )
    rows = (
        f"{log_host_id}\t{message_id}\t{found.rule}\t{VERSION}\t{found.severity}\n"
        for message_id, of_message in findings.items()
        for found in of_message
    )
    copy_text.write("ingest_message_finding", "log_host_id, message_id, rule, version, severity", rows)
