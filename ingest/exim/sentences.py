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

UNREADABLE = "Not a line of an Exim log."
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
            return f"Not delivered to {_quote(event.original_recipient)}, for good{_because(event.text)}."
        case Completion():
            return "Nothing is left to do: every recipient is settled and the message has left the queue."
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
    """The reason as the end of a sentence; a second colon would read badly."""
    known = replies.reply(text)
    if known is None:
        return ""
    gist, colon, more = known[0].partition(": ")
    return f": {gist} ({more})" if colon else f": {gist}"


def _who(client: Client | None) -> str:
    """The client as a noun: its address, else its verified name, else the local user."""
    if client is None:
        return "a client"
    address, name = client.sender_host_address, client.sender_host_name
    if address is not None:
        return f"{_quote(name)} ({address})" if name else address
    if name is not None:
        return _quote(name)
    return "a client" if client.ident is None else f"the local user {_quote(client.ident)}"


def _subject(client: Client | None) -> str:
    who = _who(client)
    return who[0].upper() + who[1:] if who.startswith(("a client", "the local")) else who


def _claim(client: Client) -> str:
    helo_name = client.helo_name
    return "" if helo_name is None else f", which calls itself {_quote(helo_name)}"


def _arrival(event: Arrival) -> str:
    client = event.client
    if event.parent_message_id is not None:
        return f"This server made a notice about the message {event.parent_message_id}."
    is_local = client == Client(ident=client.ident)
    if is_local and (event.protocol or "local").startswith("local"):
        by = "a local user or program" if client.ident is None else f"the local user {_quote(client.ident)}"
        return f"Handed over on this server by {by}."
    what = "A bounce or another notice arrived" if event.envelope_sender == "" else "Arrived"
    return f"{what} from {_who(client)}{_claim(client)}{_login(event)}."


def _login(event: Arrival) -> str:
    if event.authenticator is None:
        return ""
    if event.authenticated_id is None:
        return f"; logged in through {_quote(event.authenticator)}, which does not log the account"
    if event.authenticated_id == "":
        return "; logged in without a user name"
    return f"; logged in as {_quote(event.authenticated_id)}"


def _delivery(event: Delivery) -> str:
    recipient, original = _quote(event.recipient), _quote(event.original_recipient)
    if event.flag == "*>":
        return f"Delivery to {original} was suppressed."
    if event.recipient in {":blackhole:", "blackhole", "discarded"}:
        return "Thrown away on purpose" + ("." if recipient == original else f", for {original}.")
    if recipient.startswith("|"):
        return f"Given to a program of this server, for {original}."
    if recipient.startswith("/"):
        return f"Written to a file of this server, for {original}."
    if recipient.startswith(">"):
        return f"Answered automatically, for {original}."
    if event.remote_host_name is None and event.remote_host_address is None:
        return f"Delivered to {original} on this server."
    host = event.remote_host_name or event.remote_host_address or ""
    forwarded = (
        "" if recipient.lower() == original.lower() or "@" not in recipient else f", forwarded for {original}"
    )
    return f"Delivered to {recipient}{forwarded}: {_quote(host)} accepted it."


def _deferral(event: Deferral) -> str:
    recipient = _quote(event.original_recipient)
    if not event.is_attempt:
        return f"Not tried for {recipient}: the time for the next attempt has not come."
    return f"Not delivered to {recipient} yet{_because(event.text)}."


def _rejection(event: Rejection) -> str:
    what = meanings.STAGES[event.stage].gist
    if event.stage is Stage.RCPT and event.recipient:
        what += f" {_quote(event.recipient)}"
    elif event.stage is Stage.MAIL and event.envelope_sender:
        what += f" {_quote(event.envelope_sender)}"
    for_now = " for now" if event.is_temporary else ""
    return f"{_subject(event.client)} {what}{for_now}{_because(event.text) or _own_words(event.text)}."


def _own_words(text: str) -> str:
    return f": {_quote(text)}" if text else ""


def _auth_failure(event: AuthFailure) -> str:
    account = f" as {_quote(event.attempted_id)}" if event.attempted_id else ""
    through = _quote(event.authenticator)
    if event.code is not None and event.code < 500:
        return f"A login{account} from {_who(event.client)} through {through} could not be checked."
    return f"A login{account} from {_who(event.client)} through {through} was refused."


_CONNECTIONS: tuple[tuple[str, str], ...] = (
    ("no MAIL in ", "{subject} connected and sent no message."),
    ("unexpected ", "{subject} went without a goodbye."),
    ("SMTP command timeout", "{subject} fell silent, and the connection was closed."),
    ("SMTP data timeout", "{subject} fell silent in the middle of a message, and the connection was closed."),
    ("SMTP call from ", "The connection of {who} was ended by this server."),
)


def _connection(event: Connection) -> str:
    who, subject = _who(event.client), _subject(event.client)
    for beginning, words in _CONNECTIONS:
        if event.text.startswith(beginning):
            return words.format(who=who, subject=subject)
    if " closed by QUIT" in event.text:
        return f"The connection of {who} was closed as it should be."
    if "(TCP/IP connection count" in event.text:
        return f"{subject} connected."
    if " lost" in event.text:
        return f"The connection of {who} broke."
    return f"The connection of {who} ended."


_NOTES: Mapping[Topic, Callable[[Note], str]] = {
    Topic.QUEUED_CONNECTION: lambda note: (
        "It was queued, not delivered at once: the client had sent more than "
        f"{note.value} messages in one connection."
    ),
    Topic.ERROR_IGNORED: lambda note: (
        f"{_quote(note.address or 'A recipient')} failed, and the failure was dropped without a notice."
    ),
    Topic.DISCARDED: lambda note: (
        f"{_subject(note.client)} was told yes, and the message for {_quote(note.address or 'it')} "
        "was thrown away."
    ),
    Topic.SENDER_VERIFY: lambda note: (
        f"The sender's address {_quote(note.address or '')} was checked and failed; the refusal follows."
    ),
    Topic.HOST_ERROR: lambda note: f"An attempt at one remote host failed{_because(note.text)}.",
}


def _note(event: Note) -> str:
    words = _NOTES.get(event.topic)
    if words is not None:
        return words(event)
    if event.client is not None and " incomplete transaction (" in event.text:
        return f"{_subject(event.client)} broke off before its message was sent."
    known = _checked(event.text) if event.topic is Topic.DKIM else wording.first(event.text)
    if known is not None and known.entry.where not in {Where.TEXT, Where.FIELD}:
        return known.entry.meaning
    if event.topic is Topic.OTHER and event.text:
        return f"A remark of the server: {_quote(event.text)}"
    return meanings.TOPICS[event.topic].meaning


def _checked(text: str) -> Known | None:
    """What the check of a signature gave, which stands behind its fields."""
    found = [each for each in meanings.DKIM if each.pattern.search(text)]
    return next((each for each in found if each.entry.term != "DKIM:"), None)
