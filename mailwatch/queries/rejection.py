"""One rejection: who was refused what, why, in the log's own words, and what is near it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ingest.exim.events import Stage
from ingest.exim.line import readable
from ingest.exim.reasons import Reason
from ingest.languages import later, say
from ingest.models import LogFile, LogHost, Message, Rejection
from ingest.pages import LineRef, read_entries
from ingest.rules.words import together
from mailwatch.queries import search, story, verification
from mailwatch.queries.counting import Totals
from mailwatch.queries.matching import rejection_is, rejection_key
from mailwatch.queries.search import Search
from mailwatch.queries.terms import NotUnderstood, TermKind, understand

FILES_SHOWN = 5
MOST_OF_MESSAGE = 5

_KINDS = {
    Stage.CONNECT: later("the connection"),
    Stage.HELO: later("the greeting (HELO or EHLO)"),
    Stage.AUTH: later("the command to log in (AUTH)"),
    Stage.MAIL: later("the envelope sender (MAIL)"),
    Stage.RCPT: later("a recipient (RCPT)"),
    Stage.DATA: later("the message itself (DATA)"),
    Stage.OTHER: later("another command"),
}
_HEADER = re.compile(r"([A-Z* ]) ([!-9;-~]+):[ \t]*(.*)", re.DOTALL)
_ENVELOPE = re.compile(r"(Envelope-(?:from|to)): (.*)", re.DOTALL)
_REMOVED = "*"


class Header(NamedTuple):
    """A line below the rejection: a header of the message, or its envelope (Exim's own two lines)."""

    name: str
    value: str  # folded lines in one
    is_envelope: bool
    is_removed: bool  # the server had taken it out, or replaced it


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Others with the same client, sender or recipient, and the search that lists them."""

    name: str
    totals: Totals
    kind: TermKind
    value: str
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A rejection with its line; ``line`` is b"" where its text is no longer kept."""

    log_host: LogHost
    rejection: Rejection
    line: bytes
    headers: tuple[Header, ...]
    unverified: str | None  # why the sender could not be verified, if that was it
    files: tuple[str, ...]

    @property
    def status(self) -> str:
        return story.outcome_of_rejection(self.rejection)

    @property
    def is_discarded(self) -> bool:
        return self.rejection.reason == Reason.DISCARDED

    @property
    def kind(self) -> str:
        """What was refused, and whether the client may try again."""
        if self.rejection.is_login:
            what = say("A login")
        else:
            what = say(_KINDS[Stage(self.rejection.stage)])
            what = what[0].upper() + what[1:]
        if self.is_discarded:
            return say("{what}, thrown away", what=what)
        if self.rejection.is_temporary:
            return say("{what}, for now", what=what)
        return say("{what}, for good", what=what)

    @property
    def summary(self) -> str:
        """Two sentences: who wanted what, and what this server said."""
        return together([_wanted(self.rejection), _answer(self.rejection, self.unverified)])


def find(log_host: LogHost, key: str) -> Rejection | None:
    """The rejection that a URL names (``matching.rejection_key``)."""
    named = rejection_is(key)
    return None if named is None else Rejection.objects.filter(named, log_host_id=log_host.pk).first()


def of_message(message: Message) -> tuple[str, ...]:
    """The keys of the rejections that have the id of a message: it was refused after its text."""
    found = Rejection.objects.filter(log_host_id=message.log_host_id, message_id=message.message_id)
    return tuple(
        rejection_key(row) for row in found.order_by("logged_at", "digest", "copy")[:MOST_OF_MESSAGE]
    )


def told(rejection: Rejection, log_host: LogHost) -> Told:
    """Read a rejection from its line, and its headers where a rejectlog gave them."""
    line, with_headers = read_entries(
        log_host.pk, [rejection.line_ref, rejection.headers_ref or rejection.line_ref]
    )
    return Told(
        log_host=log_host,
        rejection=rejection,
        line=(line or with_headers).partition(b"\n")[0],
        headers=tuple(_headers(readable(with_headers).split("\n")[1:])),
        unverified=verification.failure(rejection, log_host),
        files=_files(rejection),
    )


def _headers(lines: Sequence[str]) -> Iterator[Header]:
    """The lines below a rejection; what is folded belongs to the one above."""
    held: Header | None = None
    for line in lines:
        header = _header(line)
        if header is not None:
            if held is not None:
                yield held
            held = header
        elif held is not None and line[:1] in " \t":
            held = held._replace(value=f"{held.value} {line.strip()}")
    if held is not None:
        yield held


def _header(line: str) -> Header | None:
    envelope = _ENVELOPE.fullmatch(line)
    if envelope is not None:
        return Header(envelope[1], envelope[2], is_envelope=True, is_removed=False)
    header = _HEADER.fullmatch(line)
    if header is None:
        return None
    return Header(header[2], header[3], is_envelope=False, is_removed=header[1] == _REMOVED)


def _files(rejection: Rejection) -> tuple[str, ...]:
    """Names of the files that brought the pages of its line and headers."""
    refs = (rejection.line_ref, rejection.headers_ref or rejection.line_ref)
    pages = {LineRef.unpack(ref).page_id for ref in refs}
    files = LogFile.objects.filter(shares__log_host_id=rejection.log_host_id, shares__page_id__in=pages)
    return tuple(files.order_by("first_at", "pk").values_list("name", flat=True).distinct()[:FILES_SHOWN])


def _wanted(rejection: Rejection) -> str:
    if rejection.is_login and rejection.account:
        sentence = later("{who} tried to log in as {account}.")
    elif rejection.is_login:
        sentence = later("{who} tried to log in.")
    elif rejection.envelope_sender is not None and rejection.recipient is not None:
        sentence = later("{who} wanted to send from {sender} to {recipient}.")
    elif rejection.recipient is not None:
        sentence = later("{who} wanted to send to {recipient}.")
    elif rejection.envelope_sender is not None:
        sentence = later("{who} wanted to send from {sender}.")
    else:
        sentence = later("{who} came to {stage}.")
    return say(
        sentence,
        who=_client(rejection),
        account=rejection.account,
        sender=_sender(rejection),
        recipient=rejection.recipient,
        stage=say(_KINDS[Stage(rejection.stage)]),
    )


def _client(rejection: Rejection) -> str:
    address = rejection.sender_host_address
    if address is None:
        return say("A client whose address the line does not tell")
    return f"{rejection.sender_host_name} ({address})" if rejection.sender_host_name else address


def _sender(rejection: Rejection) -> str:
    return rejection.envelope_sender or say("the null sender")


def _answer(rejection: Rejection, unverified: str | None) -> str:
    if rejection.reason == Reason.DISCARDED:
        return say("This server said yes and threw it away: nobody gets it, and the client does not know.")
    what = say("the login") if rejection.is_login else say(_KINDS[Stage(rejection.stage)])
    because = story.not_verified(unverified) if unverified is not None else rejection.text
    if because and rejection.is_temporary:
        sentence = later("This server refused {what} for now; the client may try again: {because}.")
    elif because:
        sentence = later("This server refused {what} for good: {because}.")
    elif rejection.is_temporary:
        sentence = later("This server refused {what} for now; the client may try again.")
    else:
        sentence = later("This server refused {what} for good.")
    return say(sentence, what=what, because=because)


def nearby(rejection: Rejection, log_host: LogHost) -> tuple[Near, ...]:
    """What else has the same client, sender, recipient or account on this log host, this rejection counted too."""
    asked = (
        (say("Same sender host"), TermKind.NETWORK, rejection.sender_host_address, ""),
        (say("Same envelope sender"), TermKind.ADDRESS, rejection.envelope_sender, "sender"),
        (say("Same recipient"), TermKind.ADDRESS, rejection.recipient, "recipient"),
        (say("Same account"), TermKind.ACCOUNT, rejection.account, ""),
    )
    found = (_near(name, kind, value, role, log_host) for name, kind, value, role in asked if value)
    return tuple(near for near in found if near is not None)


def _near(name: str, kind: TermKind, value: str, role: str, log_host: LogHost) -> Near | None:
    """None for what no search can look for: an attacker may write anything."""
    try:
        term = understand(value, kind=kind)
    except NotUnderstood:
        return None
    totals = search.totals(Search(term=term, role=role, log_host=log_host))
    return Near(name=name, totals=totals, kind=kind, value=value, role=role)
