"""One sentence for each event: what the line says."""

from collections.abc import Callable, Mapping

from ingest.exim import meanings, replies, wording
from ingest.exim.events import (
    Arrival,
    AuthFailure,
    Bounce,
    Client,
    Completion,
    Connection,
    Deferral,
    Delivery,
    Event,
    Note,
    Rejection,
    Stage,
    Topic,
)
from ingest.exim.meanings.entry import Known, Where
from ingest.languages import later, say

UNREADABLE = later("Not a line of an Exim log.")
_LONGEST_QUOTE = 120


def sentence(event: Event) -> str:
    """Say in one plain sentence what the line says."""
    match event:
        case Arrival():
            return _arrival(event)
        case Delivery():
            return _delivery(event)
        case Deferral():
            return _deferral(event)
        case Bounce():
            told = say("Not delivered to {recipient}, for good", recipient=_quote(event.original_recipient))
            return _ended(told, _because(event.text))
        case Completion():
            return say(
                "Nothing is left to do: every recipient is settled and the message has left the queue."
            )
        case Rejection():
            return _rejection(event)
        case AuthFailure():
            return _auth_failure(event)
        case Connection():
            return _connection(event)
        case Note():
            return _note(event)


def _quote(text: str) -> str:
    """Text of the log inside a sentence: never longer than a line."""
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"


def _because(text: str) -> str:
    """The reason as the end of a sentence; a second colon would read badly. "" where it is not known."""
    known = replies.reply(text)
    if known is None:
        return ""
    gist, colon, more = known[0].partition(": ")
    return f"{gist} ({more})" if colon else gist


def _ended(told: str, why: str = "") -> str:
    """A sentence to its end, with the reason behind it where there is one."""
    return say("{told}: {why}.", told=told, why=why) if why else say("{told}.", told=told)


def _who(client: Client | None) -> str:
    """The client as a noun: its address, else its verified name, else the local user."""
    if client is None:
        return say("a client")
    address, name = client.sender_host_address, client.sender_host_name
    if address is not None:
        return f"{_quote(name)} ({address})" if name else address
    if name is not None:
        return _quote(name)
    if client.ident is None:
        return say("a client")
    return say("the local user {name}", name=_quote(client.ident))


def _subject(client: Client | None) -> str:
    """The same at the beginning of a sentence."""
    who = _who(client)
    is_named = client is not None and (client.sender_host_address or client.sender_host_name)
    return who if is_named else who[0].upper() + who[1:]


def _claim(client: Client) -> str:
    helo_name = client.helo_name
    return "" if helo_name is None else say(", which calls itself {name}", name=_quote(helo_name))


def _arrival(event: Arrival) -> str:
    client = event.client
    if event.parent_message_id is not None:
        return say("This server made a notice about the message {message}.", message=event.parent_message_id)
    is_local = client == Client(ident=client.ident)
    if is_local and (event.protocol or "local").startswith("local"):
        if client.ident is None:
            return say("Handed over on this server by a local user or program.")
        return say("Handed over on this server by the local user {name}.", name=_quote(client.ident))
    client_words = {"who": _who(client), "claim": _claim(client), "login": _login(event)}
    if event.envelope_sender == "":
        return say("A bounce or another notice arrived from {who}{claim}{login}.", **client_words)
    return say("Arrived from {who}{claim}{login}.", **client_words)


def _login(event: Arrival) -> str:
    if event.authenticator is None:
        return ""
    if event.authenticated_id is None:
        return say(
            "; logged in through {authenticator}, which does not log the account",
            authenticator=_quote(event.authenticator),
        )
    if event.authenticated_id == "":
        return say("; logged in without a user name")
    return say("; logged in as {account}", account=_quote(event.authenticated_id))


def _delivery(event: Delivery) -> str:
    recipient, original = _quote(event.recipient), _quote(event.original_recipient)
    if event.flag == "*>":
        return say("Delivery to {recipient} was suppressed.", recipient=original)
    if event.recipient in {":blackhole:", "blackhole", "discarded"}:
        if recipient == original:
            return say("Thrown away on purpose.")
        return say("Thrown away on purpose, for {recipient}.", recipient=original)
    if recipient.startswith("|"):
        return say("Given to a program of this server, for {recipient}.", recipient=original)
    if recipient.startswith("/"):
        return say("Written to a file of this server, for {recipient}.", recipient=original)
    if recipient.startswith(">"):
        return say("Answered automatically, for {recipient}.", recipient=original)
    if event.remote_host_name is None and event.remote_host_address is None:
        return say("Delivered to {recipient} on this server.", recipient=original)
    host = _quote(event.remote_host_name or event.remote_host_address or "")
    if recipient.lower() == original.lower() or "@" not in recipient:
        return say("Delivered to {recipient}: {host} accepted it.", recipient=recipient, host=host)
    return say(
        "Delivered to {recipient}, forwarded for {original}: {host} accepted it.",
        recipient=recipient,
        original=original,
        host=host,
    )


def _deferral(event: Deferral) -> str:
    recipient = _quote(event.original_recipient)
    if not event.is_attempt:
        return say(
            "Not tried for {recipient}: the time for the next attempt has not come.", recipient=recipient
        )
    return _ended(say("Not delivered to {recipient} yet", recipient=recipient), _because(event.text))


def _rejection(event: Rejection) -> str:
    named = ""
    if event.stage is Stage.RCPT:
        named = event.recipient or ""
    elif event.stage is Stage.MAIL:
        named = event.envelope_sender or ""
    words = {"who": _subject(event.client), "what": meanings.STAGES[event.stage].gist, "named": _quote(named)}
    if named and event.is_temporary:
        told = say("{who} {what} {named} for now", **words)
    elif named:
        told = say("{who} {what} {named}", **words)
    elif event.is_temporary:
        told = say("{who} {what} for now", who=words["who"], what=words["what"])
    else:
        told = say("{who} {what}", who=words["who"], what=words["what"])
    return _ended(told, _because(event.text) or _quote(event.text))


def _auth_failure(event: AuthFailure) -> str:
    words = {
        "account": say(" as {account}", account=_quote(event.attempted_id)) if event.attempted_id else "",
        "who": _who(event.client),
        "authenticator": _quote(event.authenticator),
    }
    if event.code is not None and event.code < 500:
        return say("A login{account} from {who} through {authenticator} could not be checked.", **words)
    return say("A login{account} from {who} through {authenticator} was refused.", **words)


_CONNECTIONS: tuple[tuple[str, str], ...] = (
    ("no MAIL in ", later("{subject} connected and sent no message.")),
    ("unexpected ", later("{subject} went without a goodbye.")),
    ("SMTP command timeout", later("{subject} fell silent, and the connection was closed.")),
    (
        "SMTP data timeout",
        later("{subject} fell silent in the middle of a message, and the connection was closed."),
    ),
    ("SMTP call from ", later("The connection of {who} was ended by this server.")),
)


def _connection(event: Connection) -> str:
    who, subject = _who(event.client), _subject(event.client)
    for beginning, words in _CONNECTIONS:
        if event.text.startswith(beginning):
            return say(words, who=who, subject=subject)
    if " closed by QUIT" in event.text:
        return say("The connection of {who} was closed as it should be.", who=who)
    if "(TCP/IP connection count" in event.text:
        return say("{subject} connected.", subject=subject)
    if " lost" in event.text:
        return say("The connection of {who} broke.", who=who)
    return say("The connection of {who} ended.", who=who)


_NOTES: Mapping[Topic, Callable[[Note], str]] = {
    Topic.QUEUED_CONNECTION: lambda note: say(
        "It was queued, not delivered at once: the client had sent more than {number} messages in one connection.",
        number=note.value,
    ),
    Topic.ERROR_IGNORED: lambda note: say(
        "{recipient} failed, and the failure was dropped without a notice.",
        recipient=_quote(note.address or say("A recipient")),
    ),
    Topic.DISCARDED: lambda note: (
        say(
            "{who} was told yes, and the message for {recipient} was thrown away.",
            who=_subject(note.client),
            recipient=_quote(note.address),
        )
        if note.address
        else say("{who} was told yes, and the message for it was thrown away.", who=_subject(note.client))
    ),
    Topic.SENDER_VERIFY: lambda note: say(
        "The sender's address {address} was checked and failed; the refusal follows.",
        address=_quote(note.address or ""),
    ),
    Topic.HOST_ERROR: lambda note: _ended(say("An attempt at one remote host failed"), _because(note.text)),
}


def _note(event: Note) -> str:
    words = _NOTES.get(event.topic)
    if words is not None:
        return words(event)
    if event.client is not None and " incomplete transaction (" in event.text:
        return say("{who} broke off before its message was sent.", who=_subject(event.client))
    known = _checked(event.text) if event.topic is Topic.DKIM else wording.first(event.text)
    if known is not None and known.entry.where not in {Where.TEXT, Where.FIELD}:
        return known.entry.said
    if event.topic is Topic.OTHER and event.text:
        return say("A remark of the server: {text}", text=_quote(event.text))
    return meanings.TOPICS[event.topic].said


def _checked(text: str) -> Known | None:
    """What the check of a signature gave, which stands behind its fields."""
    found = [each for each in meanings.DKIM if each.pattern.search(text)]
    return next((each for each in found if each.entry.term != "DKIM:"), None)
