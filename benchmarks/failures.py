"""What other servers answer when they do not take a message, and how often Exim tries again."""

from benchmarks.log_host import local
from benchmarks.mail import Deferral
from benchmarks.rhythm import MADRID

CONNECTION_REFUSED = Deferral(111, "Connection refused")
TIMED_OUT = Deferral(110, "Connection timed out")
NOT_YET = Deferral(-54, "retry time not reached for any host for '{domain}'", host_line=False)
GREYLISTED = Deferral(
    -44,
    "SMTP error from remote mail server after RCPT TO:<{recipient}>: 451 4.7.1 Greylisted, try again later",
    answered=True,
    host_line=False,
)
MAILBOX_FULL = Deferral(-22, "mailbox is full")
UNKNOWN_USER = (
    "SMTP error from remote mail server after RCPT TO:<{recipient}>: "
    "550 5.1.1 <{recipient}>: Recipient address rejected: User unknown"
)

BLOCKLISTED_SINCE = local("2026-03-13 17:30:00", MADRID)
BLOCKLISTING = frozenset({"mailhaus.example", "postbox.example", "inbox.test"})
BLOCKLISTED = (
    "SMTP error from remote mail server after RCPT TO:<{recipient}>: 554 5.7.1 Service unavailable; "
    "Client host [192.0.2.25] blocked using zen.spamhaus.example"
)
THROTTLED = Deferral(
    -45,
    "SMTP error from remote mail server after MAIL FROM:<{sender}> SIZE={size}: 421 RP-001 (FM4-0311) "
    "Some messages from 192.0.2.25 were not accepted. The limit of messages per hour was reached",
    answered=True,
)

# From then on freemail.example takes nothing from srv1: what is sent there stays in the queue.
HELD_BACK_SINCE = local("2026-03-15 18:00:00", MADRID)


def refuses(domain: str, at: float) -> bool:
    """Whether that provider by then refuses whatever srv1 sends, for its reputation."""
    return at >= BLOCKLISTED_SINCE and domain in BLOCKLISTING


def holds_back(domain: str, at: float) -> bool:
    """Whether that provider by then defers whatever srv1 sends."""
    return at >= HELD_BACK_SINCE and domain == "freemail.example"


def retries(deferral: Deferral, runs: int) -> tuple[Deferral, ...]:
    """One deferral a queue run: attempts ever further apart, in between `retry time not reached`."""
    attempts, gap, number = set[int](), 1.0, 0.0
    while number < runs:
        attempts.add(int(number))
        number += gap
        gap = min(gap * 1.5, 12) if number >= 4 else gap
    return tuple(deferral if run in attempts else NOT_YET for run in range(runs))
