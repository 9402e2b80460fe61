"""What happened to a message, in words for people who do not read Exim logs."""

import re
from datetime import timedelta

from ingest.exim.reasons import Reason
from ingest.languages import later, say
from ingest.models import Delivery, Message, Outcome, Rejection, Status

_REPLY_LENGTH = 160  # characters of a remote server's words in a list; the timeline has all of them
_SMTP_ERROR = re.compile(
    r"SMTP error from remote mail(?:er| server) after (?:pipelined )?"
    r"(?:[A-Za-z ]+(?::<[^>]*>[^:]*)?): (?:host \S+ \[[^\]]*\]: )?"
)
_DEFER_CODE = re.compile(r"\Adefer \(-?\w+\)(?:: | |\Z)")
_HOST_PREFIX = re.compile(r"\A(?:H=\S+ \[[^\]]*\](?::\d+)?:? ?)")

SEVERITIES = ("critical", "high", "medium", "low", "info")

_OUTCOMES = {
    Status.DELIVERED: "delivered",
    Status.PARTLY_DELIVERED: "deferred",
    Status.BOUNCED: "bounced",
    Status.FROZEN: "deferred",
    Status.REJECTED: "rejected",
    Status.REMOVED: "completed",
    Status.QUEUED: "queued",
    Status.UNKNOWN: "queued",
}


def outcome_of(message: Message) -> str:
    """The shape that goes with the status."""
    if message.status == Status.QUEUED and message.deferred:
        return "deferred"
    return _OUTCOMES[Status(message.status)]


def status_of(message: Message) -> str:
    """The status in one word; a queued message that was tried is called deferred."""
    return "deferred" if message.status == Status.QUEUED and message.deferred else message.status


def recipient_of(message: Message, line: Delivery | None) -> tuple[str | None, int]:
    """The recipient to show and how many others there are; None: no recipient in this log."""
    listed = message.listed_recipients or []
    known = max(message.delivered + message.deferred + message.bounced, len(listed))
    if line is not None:
        return line.original_recipient or line.recipient, max(known - 1, 0)
    return (listed[0], known - 1) if listed else (None, 0)


def happened(message: Message, line: Delivery | None) -> str:
    """What became of a message, for a row of a list; ``line`` is its latest delivery line."""
    match message.status:
        case Status.REJECTED:
            return say("Refused after its text had arrived")
        case Status.REMOVED:
            return say("Removed from the queue by an administrator")
        case Status.FROZEN:
            because = reply(line.text) if line and line.text else say("it cannot be delivered or returned")
            return say("Frozen: {because}", because=because)
    if line is None:
        is_queued = message.status == Status.QUEUED
        return say("Waiting in the queue, not tried yet") if is_queued else say("Not in this log")
    many = message.delivered + message.deferred + message.bounced > 1
    return _tally(message) if many else _last_attempt(message, line)


def _tally(message: Message) -> str:
    counts = (
        (message.delivered, later("{number:,} delivered")),
        (message.deferred, later("{number:,} deferred")),
        (message.bounced, later("{number:,} bounced")),
    )
    return say(", ").join(say(words, number=number) for number, words in counts if number)


def _last_attempt(message: Message, line: Delivery) -> str:
    host = line.remote_host_name or line.remote_host_address
    if line.outcome == Outcome.DELIVERED:
        accepted = say("Accepted by {host}", host=host)
        return _after(
            accepted if host else say("Put into the mailbox {name}", name=line.recipient), message, line
        )
    if not line.is_attempt:
        return say("Waiting: too early to try again")
    words = reply(line.text or "")
    if line.outcome == Outcome.BOUNCED:
        refused_by = say("Refused by {host}: {words}", host=host, words=words)
        return refused_by if host else say("Bounced: {words}", words=words)
    waiting = say("Waiting: {host}: {words}", host=host, words=words)
    return waiting if host else say("Waiting: {words}", words=words)


def _after(how: str, message: Message, line: Delivery) -> str:
    if message.received_at is None:
        return how
    took = line.logged_at - message.received_at
    if took < timedelta(seconds=1):
        return say("{how} at once", how=how)
    return say("{how} after {time}", how=how, time=length(took))


def refused(rejection: Rejection, unverified: str | None = None) -> str:
    """Why a client was refused, for a row of a list; ``unverified``: why its sender address could not be verified."""
    if rejection.is_login:
        account = rejection.account
        return say("Login refused for {account}", account=account) if account else say("Login refused")
    if rejection.reason == Reason.DISCARDED:
        return say("Accepted and thrown away: {because}", because=_cut(rejection.text))
    because = not_verified(unverified) if unverified is not None else _cut(rejection.text)
    if because and rejection.is_temporary:
        return say("Refused for now: {because}", because=because)
    if because:
        return say("Refused: {because}", because=because)
    stage = rejection.stage.upper()
    if rejection.is_temporary:
        return say("Refused for now at {stage}", stage=stage)
    return say("Refused at {stage}", stage=stage)


def not_verified(because: str) -> str:
    """What the note before a rejection says of its sender."""
    if because:
        return say("sender could not be verified: {because}", because=_cut(because))
    return say("sender could not be verified")


def outcome_of_rejection(rejection: Rejection) -> str:
    """In one word."""
    return "discarded" if rejection.reason == Reason.DISCARDED else "rejected"


def reply(text: str) -> str:
    """The words of whoever refused or deferred, without what Exim writes before them."""
    words = _DEFER_CODE.sub("", text)
    words = _HOST_PREFIX.sub("", words)
    words = _SMTP_ERROR.sub("", words)
    return _cut(words.strip()) or say("no reason in the log")


def _cut(text: str) -> str:
    return text if len(text) <= _REPLY_LENGTH else text[: _REPLY_LENGTH - 1].rstrip() + "…"


def length(span: timedelta) -> str:
    """A length of time in its two largest units: 23 min 45 s."""
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return _two(say("{days} d", days=days), say("{hours} h", hours=hours) if hours else "")
    if hours:
        return _two(say("{hours} h", hours=hours), say("{minutes} min", minutes=minutes) if minutes else "")
    short = say("{seconds} s", seconds=seconds)
    return _two(say("{minutes} min", minutes=minutes), short if seconds else "") if minutes else short


def _two(long: str, short: str) -> str:
    return say("{long} {short}", long=long, short=short) if short else long


def protocol(message: Message) -> str:
    """What the protocol says about login and encryption; "" for what did not come over the network."""
    if message.sender_host_address is None or message.protocol is None:
        return ""
    if message.protocol.endswith(("s", "sa")):
        return say("login, TLS") if message.authenticator else say("no login, TLS")
    return say("login, no TLS") if message.authenticator else say("no login, no TLS")
