"""Refusals during SMTP as rows and as facts: rejected commands, failed logins, what an ACL threw away.

Each comes from one line (ingest.known_lines pairs a rejectlog with its mainlog), so there is nothing to assemble.
"""

from datetime import datetime
from typing import NamedTuple

from ingest.assembly import Place
from ingest.exim.discards import read_discard
from ingest.exim.events import AuthFailure, Note, Rejection, Stage
from ingest.exim.reasons import Reason, reason_of
from ingest.rules.facts import RejectionFacts


class Refusal(NamedTuple):
    """A rejected command or a failed login: the row of the rejections."""

    logged_at: datetime
    digest: int
    copy: int
    is_login: bool
    stage: Stage
    is_temporary: bool
    reason: Reason
    message_id: str | None
    sender_host_address: str | None
    sender_host_name: str | None
    helo_name: str | None
    envelope_sender: str | None
    recipient: str | None
    authenticator: str | None
    account: str | None
    text: str
    line_ref: int
    headers_ref: int | None = None  # the entry that has the headers of the message below the line
    header_lines: int | None = None


def refusal_of(event: Rejection | AuthFailure, place: Place) -> Refusal:
    """The row of a refusal."""
    client = event.client
    text = event.text
    if isinstance(event, AuthFailure):
        stage, temporary, reason = Stage.AUTH, event.code == 435, Reason.LOGIN
        sender = recipient = None
        account = event.attempted_id
        text = without_id(text, account)
    else:
        stage, temporary, reason = event.stage, event.is_temporary, reason_of(event.text)
        sender, recipient = event.envelope_sender, event.recipient
        account = event.authenticated_id
    return Refusal(
        event.logged_at,
        place.digest,
        place.copy,
        isinstance(event, AuthFailure),
        stage,
        temporary,
        reason,
        event.message_id,
        client.sender_host_address,
        client.sender_host_name,
        client.helo_name,
        sender,
        recipient,
        event.authenticator,
        account,
        text,
        place.line_ref,
        place.line_ref if place.header_lines else None,
        place.header_lines or None,
    )


def without_id(text: str, account: str | None) -> str:
    """The answer to a failed login without the id that was tried, which has a column of its own."""
    return text if account is None else text.removesuffix(f" (set_id={account})")


def discard_of(note: Note, place: Place) -> Refusal:
    """The row of what was accepted and thrown away: the client was not told, the class says so."""
    return refusal_of(read_discard(note), place)._replace(reason=Reason.DISCARDED)


def rejection_facts(refusal: Refusal) -> RejectionFacts:
    """What the rules read of a refusal."""
    return RejectionFacts(
        refusal.logged_at,
        refusal.stage,
        refusal.sender_host_address,
        refusal.helo_name,
        refusal.envelope_sender,
        refusal.recipient,
        refusal.authenticator,
        refusal.account,
        refusal.text,
        refusal.line_ref,
    )
