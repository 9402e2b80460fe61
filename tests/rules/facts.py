"""Facts built by hand: an ordinary message, refusal and log host, each field changeable."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.exim.events import Stage
from ingest.rules.facts import (
    Coverage,
    LogHostFacts,
    MessageFacts,
    Outcome,
    RecipientFacts,
    RejectionFacts,
    SubjectKind,
)
from ingest.rules.relays import SubjectReport, subject_findings

START = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
STRANGER = "203.0.113.66"
HOST = LogHostFacts(name="srv1", local_domains=frozenset({"example.com"}), local_domains_inferred=False)


def at(minutes: float) -> datetime:
    """A time so many minutes after the beginning of the log."""
    return START + timedelta(minutes=minutes)


def recipient(
    address: str = "z@remote.example",
    *,
    original: str | None = None,
    outcome: Outcome = Outcome.DELIVERED,
    is_remote: bool = True,
    text: str | None = None,
) -> RecipientFacts:
    """A recipient at a foreign domain, delivered to another server."""
    return RecipientFacts(address, original or address, outcome, is_remote, text, START)


def message(minutes: float = 0, **changes: Any) -> MessageFacts:
    """A message from a stranger who did not log in, foreign sender, foreign recipient."""
    ordinary = MessageFacts(
        message_id=f"1wvZ{int(minutes * 60):02d}-0000000abcd-0001",
        received_at=at(minutes),
        envelope_sender="spam@victim.example",
        sender_host_address=STRANGER,
        sender_host_port=None,
        helo_name="mx.victim.example",
        sender_host_name=None,
        protocol="esmtp",
        authenticator=None,
        authenticated_id=None,
        local_user=None,
        listed_recipients=None,
        connection_limit=None,
        recipients=(recipient(),),
        size=1000,
        subject=None,
        status="delivered",
    )
    return ordinary._replace(**changes)


def login(minutes: float = 0, account: str | None = "alice@example.com", **changes: Any) -> MessageFacts:
    """A message handed in by somebody who logged in through ``plain``, from a local sender."""
    sender = account if account and "@" in account else "alice@example.com"
    known = {"authenticator": "plain", "authenticated_id": account, "envelope_sender": sender}
    return message(minutes, **(known | changes))


def refusal(minutes: float = 0, **changes: Any) -> RejectionFacts:
    """A relay attempt that was refused."""
    ordinary = RejectionFacts(
        logged_at=at(minutes),
        stage=Stage.RCPT,
        sender_host_address=STRANGER,
        helo_name="mx.victim.example",
        envelope_sender="spam@victim.example",
        recipient="z@remote.example",
        authenticator=None,
        account=None,
        text="relay not permitted",
        line=int(minutes),
    )
    return ordinary._replace(**changes)


def failed_login(
    minutes: float = 0, account: str | None = "alice@example.com", **changes: Any
) -> RejectionFacts:
    """A login answered 535."""
    known = {
        "stage": Stage.AUTH,
        "recipient": None,
        "envelope_sender": None,
        "authenticator": "plain",
        "account": account,
        "text": "535 Incorrect authentication data",
    }
    return refusal(minutes, **(known | changes))


def coverage(minutes: float = 24 * 60, **changes: Any) -> Coverage:
    """A log of so many minutes with arrivals, deliveries and rejections."""
    known: dict[str, Any] = {
        "has_arrivals": True,
        "has_deliveries": True,
        "has_rejections": True,
        "first_at": START,
        "last_at": at(minutes),
    }
    return Coverage(**(known | changes))


def address_report(
    *facts: MessageFacts | RejectionFacts, host: LogHostFacts = HOST, address: str = STRANGER
) -> SubjectReport | None:
    """The report on an address, from facts in any order."""
    messages = [fact for fact in facts if isinstance(fact, MessageFacts)]
    rejections = [fact for fact in facts if isinstance(fact, RejectionFacts)]
    return subject_findings(
        SubjectKind.SENDER_HOST_ADDRESS,
        address,
        sorted(messages, key=lambda fact: fact.received_at or START),
        sorted(rejections, key=lambda fact: fact.logged_at),
        host,
    )


def rules_of(report: SubjectReport | None) -> set[str]:
    """The codes of the rules that found something."""
    return set(report.rules) if report else set()
