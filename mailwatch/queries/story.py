"""What happened to a message, in words for people who do not read Exim logs."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from ingest.exim import replies
from ingest.exim.message_id import is_message_id, received_at
from ingest.exim.reasons import Reason
from ingest.models import Delivery, Message, Outcome, Rejection, Status
from mailwatch.queries.ranges import Span

_NAMED = 2  # recipients that have not got a message; more are only counted
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
            return "Refused after its text had arrived"
        case Status.REMOVED:
            return "Removed from the queue by an administrator"
        case Status.FROZEN:
            return "Frozen: " + (
                reply(line.text) if line and line.text else "it cannot be delivered or returned"
            )
    if line is None:
        return "Waiting in the queue, not tried yet" if message.status == Status.QUEUED else "Not in this log"
    many = message.delivered + message.deferred + message.bounced > 1
    return _tally(message) if many else _last_attempt(message, line)


def _tally(message: Message) -> str:
    counts = ((message.delivered, "delivered"), (message.deferred, "deferred"), (message.bounced, "bounced"))
    return ", ".join(f"{number:,} {word}" for number, word in counts if number)


def _last_attempt(message: Message, line: Delivery) -> str:
    host = line.remote_host_name or line.remote_host_address
    if line.outcome == Outcome.DELIVERED:
        how = f"Accepted by {host}" if host else f"Put into the mailbox {line.recipient}"
        return how + _after(message, line)
    if not line.is_attempt:
        return "Waiting: too early to try again"
    words = reply(line.text or "")
    if line.outcome == Outcome.BOUNCED:
        return f"Refused by {host}: {words}" if host else f"Bounced: {words}"
    return f"Waiting: {host}: {words}" if host else f"Waiting: {words}"


def _after(message: Message, line: Delivery) -> str:
    if message.received_at is None:
        return ""
    took = line.logged_at - message.received_at
    return f" after {length(took)}" if took >= timedelta(seconds=1) else " at once"


def refused(rejection: Rejection, unverified: str | None = None) -> str:
    """Why a client was refused, for a row of a list; ``unverified``: why its sender address could not be verified."""
    if rejection.is_login:
        return "Login refused" + (f" for {rejection.account}" if rejection.account else "")
    if rejection.reason == Reason.DISCARDED:
        return f"Accepted and thrown away: {_cut(rejection.text)}"
    word = "Refused for now" if rejection.is_temporary else "Refused"
    if unverified is not None:
        return f"{word}: {not_verified(unverified)}"
    return f"{word}: {_cut(rejection.text)}" if rejection.text else f"{word} at {rejection.stage.upper()}"


def not_verified(because: str) -> str:
    """What the note before a rejection says of its sender."""
    return f"sender could not be verified: {_cut(because)}" if because else "sender could not be verified"


def outcome_of_rejection(rejection: Rejection) -> str:
    """In one word."""
    return "discarded" if rejection.reason == Reason.DISCARDED else "rejected"


def reply(text: str) -> str:
    """The words of whoever refused or deferred, without what Exim writes before them."""
    words = _DEFER_CODE.sub("", text)
    words = _HOST_PREFIX.sub("", words)
    words = _SMTP_ERROR.sub("", words)
    return _cut(words.strip()) or "no reason in the log"


def _cut(text: str) -> str:
    return text if len(text) <= _REPLY_LENGTH else text[: _REPLY_LENGTH - 1].rstrip() + "…"


def length(span: timedelta) -> str:
    """A length of time in its two largest units: 23 min 45 s."""
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    for large, large_unit, small, small_unit in (
        (days, "d", hours, "h"), (hours, "h", minutes, "min"), (minutes, "min", seconds, "s"),
    ):  # fmt: skip
        if large:
            return f"{large} {large_unit}" + (f" {small} {small_unit}" if small else "")
    return f"{seconds} s"


def protocol(message: Message) -> str:
    """What the protocol says about login and encryption; "" for what did not come over the network."""
    if message.sender_host_address is None or message.protocol is None:
        return ""
    login = "login" if message.authenticator else "no login"
    return f"{login}, {'TLS' if message.protocol.endswith(('s', 'sa')) else 'no TLS'}"


class LastAttempt(Protocol):
    """What the summary reads of ``queries.message.RecipientOutcome``."""

    @property
    def recipient(self) -> str: ...
    @property
    def original_recipient(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def logged_at(self) -> datetime: ...
    @property
    def remote_host_name(self) -> str | None: ...
    @property
    def remote_host_address(self) -> str | None: ...
    @property
    def text(self) -> str | None: ...


def summary(
    message: Message,
    recipients: Sequence[LastAttempt],
    *,
    zone: tzinfo,
    log: Span | None = None,
    reports: Sequence[str] = (),
    waited_because: str = "",
    put_off_because: str = "",
) -> str:
    """The message's story in a few sentences: where from, how long it waited, who has it, how it ended.

    ``log`` is all that is stored of the log host, ``reports`` are the ids of bounces and warnings about it,
    ``waited_because`` and ``put_off_because`` are half sentences (queries.pauses).
    """
    log = log or Span()
    first = min((recipient.logged_at for recipient in recipients), default=None)
    is_told_below = all(recipient.outcome != Outcome.DELIVERED for recipient in recipients)
    because = waited_because or ("" if is_told_below else put_off_because)
    sentences = [
        _origin(message, log),
        _wait(message, first, because),
        _outcome(message, recipients, zone),
        _reported(reports),
        _end(message, zone, log),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _origin(message: Message, log: Span) -> str:
    size = f" of {message.size:,} bytes" if message.size is not None else ""
    if message.status == Status.REJECTED:
        return "This server read the message and then refused it; the client was told so."
    if message.received_at is None:
        return _unknown_origin(message, log)
    if message.sender_host_address:
        return f"{_client(message)} handed over one message{size}."
    if message.parent_message_id:
        return f"This server made this message itself, to report about {message.parent_message_id}."
    if message.local_user:
        return f"The local user {message.local_user} handed in one message{size}."
    return f"One message{size} was handed in on this server."


def _unknown_origin(message: Message, log: Span) -> str:
    """The id tells the time of reception even where the line is missing."""
    missing = "The line with its arrival is not in this log."
    if not is_message_id(message.message_id):
        return missing
    began = received_at(message.message_id)
    if log.first_at is not None and began < log.first_at:
        missing = "The log begins after this message arrived, so its arrival is not in this log."
    return f"{missing} By its id the message was received on {began.day} {began:%B %Y at %H:%M:%S} UTC."


def _client(message: Message) -> str:
    address = message.sender_host_address or ""
    who = f"{message.sender_host_name} ({address})" if message.sender_host_name else address
    if message.authenticator is None:
        return who
    if message.authenticated_id == "":
        return f"{who} logged in through {message.authenticator} without a user name and"
    if message.authenticated_id is None:
        return f"{who} logged in through {message.authenticator} and"
    return f"{who} logged in through {message.authenticator} as {message.authenticated_id} and"


def _wait(message: Message, first_attempt: datetime | None, because: str) -> str:
    if message.received_at is None or first_attempt is None:
        return ""
    waited = first_attempt - message.received_at
    if waited < timedelta(minutes=1):
        return ""
    return f"It waited {length(waited)} in the queue{f', because {because}' if because else ''}."


def _outcome(message: Message, recipients: Sequence[LastAttempt], zone: tzinfo) -> str:
    if not recipients:
        return "" if message.status != Status.QUEUED else "The log does not show an attempt to deliver it."
    if len(recipients) == 1:
        return _one(recipients[0], _moment(recipients[0].logged_at, message, zone))
    counts = Counter(recipient.outcome for recipient in recipients)
    if len(counts) == 1:
        all_of_them = f"All {len(recipients):,} recipients {_did(recipients[0].outcome, 2)}."
        return " ".join([all_of_them, *_without_it(recipients)])
    told = [f"{number:,} {_did(outcome, number)}" for outcome, number in counts.most_common()]
    return " ".join([f"Of {len(recipients):,} recipients {_listed(told)}.", *_without_it(recipients)])


def _without_it(recipients: Sequence[LastAttempt]) -> list[str]:
    """Who has not got it and why, where they are few."""
    found = [one for one in recipients if one.outcome != Outcome.DELIVERED]
    if len(found) > _NAMED:
        return []
    return [
        f"{'Waits' if one.outcome == Outcome.DEFERRED else 'Failed'} for {one.original_recipient}: "
        f"{_why(one.text or '', one.remote_host_name or one.remote_host_address)}"
        for one in found
    ]


def _why(text: str, host: str | None) -> str:
    """The words of whoever put it off or refused it, and what they mean."""
    said = f"{host} said: {_sentence(reply(text))}" if host else _sentence(reply(text))
    return f"{said} {meaning(text)}".rstrip()


def meaning(text: str) -> str:
    """What an answer or a reason means, in one plain sentence; "" where that is not known."""
    known = replies.answer(text)
    return f"That means: {known.entries[0].gist}." if known else ""


def _did(outcome: str, number: int) -> str:
    if outcome == Outcome.DELIVERED:
        return "got it"
    if outcome == Outcome.DEFERRED:
        return "still waits" if number == 1 else "still wait"
    return "was refused" if number == 1 else "were refused"


def _one(recipient: LastAttempt, moment: str) -> str:
    host = recipient.remote_host_name or recipient.remote_host_address
    name = recipient.original_recipient
    words = reply(recipient.text or "")
    match recipient.outcome:
        case Outcome.DELIVERED:
            return f"At {moment} {_taken(recipient, host)}."
        case Outcome.DEFERRED:
            said = f"At {moment} it was put off for {name}{f' by {host}' if host else ''}: {_sentence(words)}"
        case _:
            said = f"At {moment} it failed for {name}{f', refused by {host}' if host else ''}: {_sentence(words)}"
    return f"{said} {meaning(recipient.text or '')}".rstrip()


def _taken(recipient: LastAttempt, host: str | None) -> str:
    final, name = recipient.recipient, recipient.original_recipient
    if host:
        return f"{host} accepted it for {name}"
    if final.startswith("|"):
        return f"it was handed to the command {final[1:]} for {name}"
    if final.startswith("/"):
        return f"it was written to {final} for {name}"
    if final in ("discarded", ":blackhole:", "blackhole"):
        return "it was thrown away, as a rule of this server says"
    return f"it was put into the mailbox {final}"


def _moment(at: datetime, message: Message, zone: tzinfo) -> str:
    """The time, with the day where it is another than that of the first line."""
    local, first = at.astimezone(zone), message.first_at.astimezone(zone)
    return f"{local:%H:%M:%S}" + (f" on {local.day} {local:%B}" if local.date() != first.date() else "")


def _reported(reports: Sequence[str]) -> str:
    if not reports:
        return ""
    return f"This server told the sender in {reports[0]}{' and later ones' if len(reports) > 1 else ''}."


def _end(message: Message, zone: tzinfo, log: Span) -> str:
    match message.status:
        case Status.REMOVED:
            return "An administrator removed it from the queue; who had not got it then does not get it."
        case Status.FROZEN:
            return "Exim froze it: it stays in the queue and is not tried until somebody acts."
        case Status.QUEUED | Status.PARTLY_DELIVERED if message.deferred and message.completed_at is None:
            return f"The log ends at {_moment(log.last_at or message.last_at, message, zone)}; it is in the queue then."
        case Status.UNKNOWN | Status.DELIVERED | Status.BOUNCED if message.completed_at is None:
            return _open_end(message)
        case Status.UNKNOWN:
            return "Whether it had other recipients, and what became of them, the log does not tell."
    return ""


def _open_end(message: Message) -> str:
    """The log ends, or is cut, before the line that completes a message."""
    if message.received_at is None or message.status == Status.UNKNOWN:
        return "Its completion is not in this log: whether others still waited for it, the log does not tell."
    return "Its completion is not in this log, but what became of each recipient is."


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _sentence(words: str) -> str:
    return words if words.endswith((".", "…", "!", "?")) else f"{words}."
