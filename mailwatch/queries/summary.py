"""The story of one message in a few sentences: where from, how long it waited, who has it, how it ended."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from ingest.exim import replies
from ingest.exim.message_id import is_message_id, received_at
from ingest.languages import later, say, say_of
from ingest.models import Message, Outcome, Status
from ingest.rules.words import listing, together
from mailwatch.queries.ranges import Span
from mailwatch.queries.story import length, reply

_NAMED = 2  # recipients that have not got a message; more are only counted
_MONTHS = (
    later("January"), later("February"), later("March"), later("April"), later("May"), later("June"),
    later("July"), later("August"), later("September"), later("October"), later("November"), later("December"),
)  # fmt: skip
_ALL = {
    Outcome.DELIVERED: later("All {number:,} recipients got it."),
    Outcome.DEFERRED: later("All {number:,} recipients still wait."),
    Outcome.BOUNCED: later("All {number:,} recipients were refused."),
}


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
    return together(sentences)


def _origin(message: Message, log: Span) -> str:
    if message.status == Status.REJECTED:
        return say("This server read the message and then refused it; the client was told so.")
    if message.received_at is None:
        return _unknown_origin(message, log)
    if message.sender_host_address:
        return _handed_over(message)
    if message.parent_message_id:
        parent = message.parent_message_id
        return say("This server made this message itself, to report about {parent}.", parent=parent)
    if message.local_user:
        user = message.local_user
        return say("The local user {user} handed in {message}.", user=user, message=_message(message))
    if message.size is None:
        return say("One message was handed in on this server.")
    return say("One message of {number:,} bytes was handed in on this server.", number=message.size)


def _message(message: Message) -> str:
    if message.size is None:
        return say("one message")
    return say("one message of {number:,} bytes", number=message.size)


def _unknown_origin(message: Message, log: Span) -> str:
    """The id tells the time of reception even where the line is missing."""
    missing = say("The line with its arrival is not in this log.")
    if not is_message_id(message.message_id):
        return missing
    began = received_at(message.message_id)
    if log.first_at is not None and began < log.first_at:
        missing = say("The log begins after this message arrived, so its arrival is not in this log.")
    by_its_id = say(
        "By its id the message was received on {day} {month} {year} at {time} UTC.",
        day=began.day,
        month=say(_MONTHS[began.month - 1]),
        year=began.year,
        time=f"{began:%H:%M:%S}",
    )
    return together([missing, by_its_id])


def _handed_over(message: Message) -> str:
    address = message.sender_host_address or ""
    who = f"{message.sender_host_name} ({address})" if message.sender_host_name else address
    if message.authenticator is None:
        sentence = later("{who} handed over {message}.")
    elif message.authenticated_id == "":
        sentence = later(
            "{who} logged in through {authenticator} without a user name and handed over {message}."
        )
    elif message.authenticated_id is None:
        sentence = later("{who} logged in through {authenticator} and handed over {message}.")
    else:
        sentence = later("{who} logged in through {authenticator} as {account} and handed over {message}.")
    return say(
        sentence,
        who=who,
        authenticator=message.authenticator,
        account=message.authenticated_id,
        message=_message(message),
    )


def _wait(message: Message, first_attempt: datetime | None, because: str) -> str:
    if message.received_at is None or first_attempt is None:
        return ""
    waited = first_attempt - message.received_at
    if waited < timedelta(minutes=1):
        return ""
    if because:
        return say("It waited {time} in the queue, because {because}.", time=length(waited), because=because)
    return say("It waited {time} in the queue.", time=length(waited))


def _outcome(message: Message, recipients: Sequence[LastAttempt], zone: tzinfo) -> str:
    if not recipients:
        is_queued = message.status == Status.QUEUED
        return say("The log does not show an attempt to deliver it.") if is_queued else ""
    if len(recipients) == 1:
        return _one(recipients[0], _moment(recipients[0].logged_at, message, zone))
    counts = Counter(recipient.outcome for recipient in recipients)
    if len(counts) == 1:
        all_of_them = say(_ALL[Outcome(recipients[0].outcome)], number=len(recipients))
        return together([all_of_them, *_without_it(recipients)])
    did = [_did(outcome, number) for outcome, number in counts.most_common()]
    told = say("Of {number:,} recipients {told}.", number=len(recipients), told=listing(did, shown=len(did)))
    return together([told, *_without_it(recipients)])


def _without_it(recipients: Sequence[LastAttempt]) -> list[str]:
    """Who has not got it and why, where they are few."""
    found = [one for one in recipients if one.outcome != Outcome.DELIVERED]
    if len(found) > _NAMED:
        return []
    return [
        _not_got(one, _why(one.text or "", one.remote_host_name or one.remote_host_address)) for one in found
    ]


def _not_got(one: LastAttempt, why: str) -> str:
    if one.outcome == Outcome.DEFERRED:
        return say("Waits for {name}: {why}", name=one.original_recipient, why=why)
    return say("Failed for {name}: {why}", name=one.original_recipient, why=why)


def _why(text: str, host: str | None) -> str:
    """The words of whoever put it off or refused it, and what they mean."""
    words = _sentence(reply(text))
    return together([say("{host} said: {words}", host=host, words=words) if host else words, meaning(text)])


def meaning(text: str) -> str:
    """What an answer or a reason means, in one plain sentence; "" where that is not known."""
    known = replies.answer(text)
    return say("That means: {meaning}.", meaning=known.entries[0].gist) if known else ""


def _did(outcome: str, number: int) -> str:
    if outcome == Outcome.DELIVERED:
        return say("{number:,} got it", number=number)
    if outcome == Outcome.DEFERRED:
        return say_of(number, "{number:,} still waits", "{number:,} still wait")
    return say_of(number, "{number:,} was refused", "{number:,} were refused")


def _one(recipient: LastAttempt, moment: str) -> str:
    host = recipient.remote_host_name or recipient.remote_host_address
    name = recipient.original_recipient
    words = reply(recipient.text or "")
    match recipient.outcome:
        case Outcome.DELIVERED:
            return _taken(recipient, host, moment)
        case Outcome.DEFERRED if host:
            sentence = later("At {moment} it was put off for {name} by {host}: {words}")
        case Outcome.DEFERRED:
            sentence = later("At {moment} it was put off for {name}: {words}")
        case _ if host:
            sentence = later("At {moment} it failed for {name}, refused by {host}: {words}")
        case _:
            sentence = later("At {moment} it failed for {name}: {words}")
    said = say(sentence, moment=moment, name=name, host=host, words=_sentence(words))
    return together([said, meaning(recipient.text or "")])


def _taken(recipient: LastAttempt, host: str | None, moment: str) -> str:
    final = recipient.recipient
    if host:
        sentence = later("At {moment} {host} accepted it for {name}.")
    elif final.startswith("|"):
        sentence, final = later("At {moment} it was handed to the command {final} for {name}."), final[1:]
    elif final.startswith("/"):
        sentence = later("At {moment} it was written to {final} for {name}.")
    elif final in ("discarded", ":blackhole:", "blackhole"):
        sentence = later("At {moment} it was thrown away, as a rule of this server says.")
    else:
        sentence = later("At {moment} it was put into the mailbox {final}.")
    return say(sentence, moment=moment, host=host, final=final, name=recipient.original_recipient)


def _moment(at: datetime, message: Message, zone: tzinfo) -> str:
    """The time, with the day where it is another than that of the first line."""
    local, first = at.astimezone(zone), message.first_at.astimezone(zone)
    time = f"{local:%H:%M:%S}"
    if local.date() == first.date():
        return time
    return say("{time} on {day} {month}", time=time, day=local.day, month=say(_MONTHS[local.month - 1]))


def _reported(reports: Sequence[str]) -> str:
    if not reports:
        return ""
    if len(reports) > 1:
        return say("This server told the sender in {report} and later ones.", report=reports[0])
    return say("This server told the sender in {report}.", report=reports[0])


def _end(message: Message, zone: tzinfo, log: Span) -> str:
    match message.status:
        case Status.REMOVED:
            return say("An administrator removed it from the queue; who had not got it then does not get it.")
        case Status.FROZEN:
            return say("Exim froze it: it stays in the queue and is not tried until somebody acts.")
        case Status.QUEUED | Status.PARTLY_DELIVERED if message.deferred and message.completed_at is None:
            moment = _moment(log.last_at or message.last_at, message, zone)
            return say("The log ends at {moment}; it is in the queue then.", moment=moment)
        case Status.UNKNOWN | Status.DELIVERED | Status.BOUNCED if message.completed_at is None:
            return _open_end(message)
        case Status.UNKNOWN:
            return say("Whether it had other recipients, and what became of them, the log does not tell.")
    return ""


def _open_end(message: Message) -> str:
    """The log ends, or is cut, before the line that completes a message."""
    if message.received_at is None or message.status == Status.UNKNOWN:
        return say(
            "Its completion is not in this log: whether others still waited for it, the log does not tell."
        )
    return say("Its completion is not in this log, but what became of each recipient is.")


def _sentence(words: str) -> str:
    return words if words.endswith((".", "…", "!", "?", "。")) else f"{words}."
