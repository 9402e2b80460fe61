"""Which subjects are worth judging after lines were stored: what the rules ask for, asked in few queries.

The questions are those of ``ingest.rules.definition.Worth``. Each costs as much as what was stored in the spans of
time that a run touched, and a window of the longest rule around them; nothing is asked of all that is stored.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from ingest.account_candidates import accounts
from ingest.exim.reasons import Reason
from ingest.marks import EARLIEST, LATEST, Marks, Span, Subject, joined, rows_in, widened
from ingest.models import LogHost, Suspect
from ingest.rules.definition import Limits, Refusals, Worth
from ingest.rules.facts import SubjectKind
from ingest.rules.scripts import FORGED_SENDER, LOCAL_VOLUME
from ingest.rules.subject_rules import refusals_worth_judging, worth_judging
from ingest.sql import statement
from ingest.stored_facts import messages_between, subject_messages
from ingest.stored_log_hosts import log_host_facts

_COLUMN = {
    SubjectKind.SENDER_HOST_ADDRESS: "sender_host_address",
    SubjectKind.AUTHENTICATED_ID: "authenticated_id",
    SubjectKind.LOCAL_USER: "local_user",
}


@dataclass(slots=True)
class Candidates:
    """The subjects worth judging, each with the time of its first refusal in the spans, if there is one."""

    refused_at: dict[Subject, datetime] = field(default_factory=dict)
    subjects: set[Subject] = field(default_factory=set)

    def of(self, kind: SubjectKind) -> list[str]:
        """Those of one kind, in the order of their texts."""
        return sorted(value for of_kind, value in self.subjects if of_kind is kind)


def candidates(log_host_id: int, marks: Marks, limits: Limits) -> Candidates:
    """The subjects that a run touched and that a rule may find, or has found, something on."""
    found = Candidates(subjects=set(marks.subjects))
    suspects: dict[SubjectKind, set[str]] = {kind: set() for kind in SubjectKind}
    rows = Suspect.objects.filter(log_host_id=log_host_id).values_list("kind", "value")
    for kind, value in rows:
        suspects[SubjectKind(kind)].add(value)
    asked = {worth for kind in SubjectKind for worth in worth_judging(kind)}
    if marks.refusals:
        _add_refused(found, log_host_id, marks.refusals, suspects)
    touched = joined((*marks.messages, *marks.refusals))
    if touched and Worth.BOUNCES in asked:
        found.subjects.update(_bounced(log_host_id, touched, limits))
    if marks.messages:
        if Worth.CONNECTION in asked:
            found.subjects.update(_connected(log_host_id, marks.messages, limits))
        if Worth.LOCAL_VOLUME in asked:
            found.subjects.update(busy_users(log_host_id, marks.messages, limits))
        if Worth.MANY_IDS in asked:
            found.subjects.update(_with_many_ids(log_host_id, marks.messages, limits))
        for kind, values in suspects.items():
            everyone = Worth.TOUCHED in worth_judging(kind)
            if values or everyone:
                found.subjects.update(
                    _touched(log_host_id, marks.messages, kind, None if everyone else values)
                )
    found.subjects.update(accounts(log_host_id, marks, limits, asked))
    if marks.refusals:
        _add_times_of_accounts(found, log_host_id, marks.refusals, suspects[SubjectKind.AUTHENTICATED_ID])
    return found


def _add_refused(
    found: Candidates,
    log_host_id: int,
    spans: Sequence[Span],
    suspects: Mapping[SubjectKind, set[str]],
) -> None:
    reasons = {"relaying": Reason.RELAY, "discarded": Reason.DISCARDED}
    for name, value, first_at, *flags in _ask("refused_subjects", log_host_id, spans, **reasons):
        kind = SubjectKind(name)
        found.refused_at[kind, value] = first_at
        is_touched_enough = Worth.TOUCHED in worth_judging(kind) or value in suspects[kind]
        if is_touched_enough or not refusals_worth_judging(kind).isdisjoint(_named(flags)):
            found.subjects.add((kind, value))


def _add_times_of_accounts(
    found: Candidates, log_host_id: int, spans: Sequence[Span], suspects: set[str]
) -> None:
    """Failed logins too: C02 reads them, and the report counts them."""
    kind = SubjectKind.AUTHENTICATED_ID
    accounts = sorted(suspects.union(found.of(kind)))
    if accounts:
        parameters = {"accounts": accounts, "discarded": Reason.DISCARDED}
        for account, first_at in _ask("refused_accounts", log_host_id, spans, **parameters):
            found.refused_at[kind, account] = first_at
            found.subjects.add((kind, account))


def _named(flags: Sequence[bool]) -> Iterator[Refusals]:
    for is_there, which in zip(
        flags, (Refusals.LOGINS, Refusals.RELAYING, Refusals.AFTER_LOGIN), strict=True
    ):
        if is_there:
            yield which


def _bounced(log_host_id: int, spans: Sequence[Span], limits: Limits) -> Iterator[Subject]:
    """C09 needs that many in one window; it counts no others than these."""
    shared = math.ceil(limits.unknown_recipients_share * limits.unknown_recipients_sent)
    least = min(limits.unknown_recipients_warning, limits.unknown_recipients, shared)
    wide = widened(spans, limits.unknown_recipients_window)
    for kind, value in _ask("bounced_subjects", log_host_id, wide, least=least):
        yield SubjectKind(kind), value


def _connected(log_host_id: int, spans: Sequence[Span], limits: Limits) -> Iterator[Subject]:
    """C12: so many messages in a row, one pause between two at most, lie within so many pauses."""
    longest = (LATEST - EARLIEST) / limits.connection_messages  # more than the calendar has is as much
    wide = widened(spans, min(limits.connection_pause, longest) * limits.connection_messages)
    least = limits.connection_messages
    for address, account in _ask("long_connections", log_host_id, wide, least=least):
        yield SubjectKind.SENDER_HOST_ADDRESS, address
        if account:
            yield SubjectKind.AUTHENTICATED_ID, account


def busy_users(log_host_id: int, spans: Sequence[Span], limits: Limits) -> Iterator[Subject]:
    """L02, L04: both look at one window, so whoever has nothing in the windows around the spans is not judged.

    Of what comes within one window, half lies in one of two hours of the clock: that tells whom to look at.
    """
    wide = widened(spans, limits.local_volume_window)
    recipients, senders = min(limits.script_recipients, limits.local_volume), limits.script_senders
    parameters = {
        "recipients": math.ceil(recipients / 2),
        "senders": math.ceil(senders / 2),
        "messages": math.ceil(limits.forged_senders / 2),
    }
    users = [user for (user,) in _ask("busy_users", log_host_id, wide, **parameters)]
    if not users:
        return
    host = log_host_facts(LogHost.objects.get(pk=log_host_id))
    makers = [rule.watch for rule in (LOCAL_VOLUME, FORGED_SENDER) if rule.watch is not None]
    watches = {user: [make(host, limits) for make in makers] for user in users}
    for span in wide:
        rows = messages_between(log_host_id, span.first_at, span.last_at + timedelta(microseconds=1))
        for message in subject_messages(rows, log_host_id, SubjectKind.LOCAL_USER, users):
            for watch in watches[message.local_user or ""]:
                watch.message(message)
    for user, of_user in watches.items():
        if any(watch.finding() for watch in of_user):
            yield SubjectKind.LOCAL_USER, user


def _with_many_ids(log_host_id: int, spans: Sequence[Span], limits: Limits) -> Iterator[Subject]:
    """A04 judges all logins of an address: an id that comes back later was no passer-by."""
    pairs = list(_ask("logins_by_address", log_host_id, spans))
    if not pairs:
        return
    addresses, accounts = map(list, zip(*pairs, strict=True))
    parameters: dict[str, Any] = {
        "log_host_id": log_host_id,
        "addresses": addresses,
        "accounts": accounts,
        "least": limits.many_ids,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement("add_address_logins"), parameters)
        for (address,) in cursor.fetchall():
            yield SubjectKind.SENDER_HOST_ADDRESS, address


def _touched(
    log_host_id: int, spans: Sequence[Span], kind: SubjectKind, values: set[str] | None
) -> Iterator[Subject]:
    """Those of ``values`` with messages in the spans; None: everybody."""
    column = _COLUMN[kind]
    shown, array = (f"host({column})", "inet[]") if column == "sender_host_address" else (column, "text[]")
    condition = f"{column} IS NOT NULL" if values is None else f"{column} = ANY(%(values)s::{array})"
    if kind is SubjectKind.LOCAL_USER:
        condition += " AND sender_host_address IS NULL"
    sql = (
        f"SELECT DISTINCT {shown} FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[])"
        " AS span (first_at, last_at) JOIN ingest_message AS message"
        " ON message.first_at BETWEEN span.first_at AND span.last_at"
        f" WHERE message.log_host_id = %(log_host_id)s AND {condition}"
    )
    for (value,) in rows_in(sql, log_host_id, spans, values=sorted(values or ())):
        if value:
            yield kind, value


def _ask(name: str, log_host_id: int, spans: Sequence[Span], **parameters: Any) -> list[tuple[Any, ...]]:
    return rows_in(statement(name), log_host_id, spans, **parameters)
