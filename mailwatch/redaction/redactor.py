"""Both levels of redaction, with the same methods: addresses masked, and in full."""

import re
from collections.abc import Iterator
from datetime import UTC
from functools import partial

from ingest.exim.events import (
    Arrival,
    AuthFailure,
    Bounce,
    Client,
    Deferral,
    Delivery,
    Event,
    Note,
    Rejection,
    Unparsed,
)
from ingest.exim.glossary import explain
from ingest.exim.line import read_line, readable
from ingest.exim.parse import parse
from mailwatch.redaction.cut import Cut, Part, Span
from mailwatch.redaction.ordinary_words import IN_ANSWERS, in_sentences
from mailwatch.redaction.stand_ins import RUN, Role, StandIns, is_masked

_DOMAIN = r"(?:\[[^\]\s]*\]|(?:[^\W_]|[-_.])+)"
_LOCAL_PART = r"(?:\\(?!n)|[^\s<>()\[\]{}\",;:|/@\\])+"
_ADDRESSES = (
    re.compile(rf'"(?:[^"\\\n]|\\.){{1,256}}"@{_DOMAIN}'),
    re.compile(rf"{_LOCAL_PART}@{_DOMAIN}"),
    re.compile(rf"[\w.+-]+%40{_DOMAIN}"),
)
# What stands before an address without a space: "set_id=a@b", sendmail's "-fa@b", a quotation mark.
_LEAD = re.compile(
    r"(?:-[fr]|(?:id|i|F|P|from|to|for|rcpt|sender|user|login|account|set_id|mail|email|orcpt)=|['`*]+)?"
)
_STAND_IN = re.compile(r"(?:{}) \Z".format("|".join(Role)))
_LONGEST_ROLE = max(map(len, Role)) + 1
_NUMBERED = re.compile(r"\d+@")
_HOME = re.compile(
    r"(?<![\w.])/(?:home|Users|export/home|usr/home|var/mail|var/spool/mail|var/vmail/[^/\s]+|var/www/vhosts)/"
    r"([^/\s\"':,;)]+)"
)
# Hidden whole on arrivals: what the sender wrote, and whom a client certificate names.
_ON_ARRIVALS = (
    (re.compile(r' T="((?:[^"\\]|\\.)*)'), "subject"),
    (re.compile(r' id\*?=(.+?)(?= T="| from <| for |\Z)'), "id"),
    (re.compile(r' DN="(.*?)"(?= [A-Z][A-Za-z0-9]*=| [A-Z]|\Z)'), "name"),
)
_LOGINS = (
    re.compile(r" A=[^\s:]+:(\S.*?)(?= (?:PRDR|PRX=|K |S=|M8S=|L |rejected |temporarily )| [A-Z]+=|: |\Z)"),
    re.compile(r"\(set_id=(.+)\)"),
    re.compile(r"(?: -F ?)(\S.*?)(?= -|\Z)"),
)
_LOCAL_USERS = (
    re.compile(r" U=(.+?)(?= (?:Ci|P|F|X|CV|A)=| rejected| temporarily|: |\Z)"),
    re.compile(
        r"(?:removed|cancelled|frozen|delivered|added) by "
        r"(?!ACL|timeout_frozen_after|system filter|errmsg timer|forced delivery|auto-thaw)(\S+)\Z"
    ),
    _HOME,
)
# Fields whose values are words of the configuration or numbers.
_FIELD = re.compile(r"(?<= )(?:R|T|P|X|CV|S|I|Ci|QT|DT|RT|M8S|Q|DKIM)=[^\s@<\"|/]*(?= |\Z)")
_NOBODY = frozenset({"discarded", "blackhole"})
_COMMAND, _PATH = "|command", "/path"


class Unredacted:
    """The level "in full": everything as it stands in the log."""

    def learn_line(self, raw: bytes) -> None:
        """Take note of everyone named on a line."""

    def learn(self, address: str, role: Role) -> None:
        """Take note of an address, a login name or a local user."""

    def line(self, raw: bytes) -> tuple[Part, ...]:
        """A log line, with the unstamped lines that follow it."""
        text = readable(raw)
        return Cut(text).parts(_marks(text, raw))

    def text(self, text: str) -> str:
        """A sentence of Mailwatch's, with whatever log text it quotes."""
        return text

    def address(self, address: str) -> str:
        """An address, a login name or a local user."""
        return address

    def recipient(self, recipient: str) -> str:
        """An address, or the command or file that a message was handed to."""
        return recipient

    def answer(self, text: str) -> str:
        """A server's words about a delivery."""
        return text

    def hidden(self, text: str, stand_in: str) -> str:
        """What has no part worth showing: ``stand_in`` in its place."""
        del stand_in
        return text


class Redactor(Unredacted):
    """The level "addresses masked". One for each report, since it knows who stands for whom."""

    def __init__(self) -> None:
        self._stand_ins = StandIns()
        self._header_ids: set[str] = set()

    def learn_line(self, raw: bytes) -> None:
        event = parse(raw.split(b"\n", 1)[0], zone=UTC)
        if isinstance(event, Arrival) and event.header_message_id:
            self._header_ids.add(event.header_message_id)
        for word in _words_of(event):
            self._stand_ins.learn_word(word)
        for address, role in _named_by(event):
            self.learn(address, role)

    def learn(self, address: str, role: Role) -> None:
        self._stand_ins.learn(address, role)

    def address(self, address: str) -> str:
        self.learn(address, Role.ADDRESS)
        if not self._stand_ins.knows(address):
            return address
        _, at, domain = address.rpartition("@")
        return self._stand_ins.of(address) + at + (domain if at else "")

    def hidden(self, text: str, stand_in: str) -> str:
        return stand_in if text and not is_masked(text) else text

    def recipient(self, recipient: str) -> str:
        if recipient[:1] in ("|", "/"):
            return _COMMAND if recipient[0] == "|" else _PATH
        if recipient[:1] == ">":  # an automatic reply, to this address
            return ">" + self.text(recipient[1:])
        return recipient if _is_nobody(recipient) else self.address(recipient)

    def text(self, text: str) -> str:
        return self._searched(text, in_sentences())

    def answer(self, text: str) -> str:
        return self._searched(text, IN_ANSWERS)

    def _searched(self, text: str, ordinary: frozenset[str]) -> str:
        cut = Cut(text)
        self._search(cut, ordinary)
        return cut.joined()

    def line(self, raw: bytes) -> tuple[Part, ...]:
        text = readable(raw)
        cut = Cut(text)
        below = text.find("\n") + 1
        if below:  # a rejectlog writes the message's headers there: subject, names, anything
            cut.hide(below, len(text), self.hidden(text[below:], "headers"))
        first = raw.split(b"\n", 1)[0]
        head = read_line(first, zone=UTC)
        shift = -1 if isinstance(head, Unparsed) else text.find(head.text)
        if not isinstance(head, Unparsed) and shift >= 0:
            self._hide_by_place(cut, parse(first, zone=UTC), shift + head.start)
        self._search(cut, IN_ANSWERS)
        return cut.parts(_marks(text, raw))

    def _hide_by_place(self, cut: Cut, event: Event | Unparsed, start: int) -> None:
        """Hide what is known by where it stands. ``start``: where the line goes on behind its flag."""
        cut.keep(0, start)
        match event:
            case Arrival():
                self._hide_first(cut, event.envelope_sender, start)
                for pattern, stand_in in _ON_ARRIVALS:
                    cut.each(pattern, partial(self.hidden, stand_in=stand_in))
            case Delivery() | Deferral() | Bounce():
                self._hide_first(cut, event.recipient, start)
            case Rejection(recipient=str(recipient)) if "@" not in recipient:
                cut.each(re.compile(f"<({re.escape(recipient)})>"), self.address)
            case _:
                pass
        self._hide_logins(cut, start)
        end = cut.source.find(": " if isinstance(event, Deferral | Bounce) else ' C="', start)
        for at, field in cut.found(_FIELD, end=None if end < 0 else end):
            cut.keep(at, at + len(field))

    def _hide_logins(self, cut: Cut, start: int) -> None:
        for patterns, role in ((_LOGINS, Role.ACCOUNT), (_LOCAL_USERS, Role.LOCAL_USER)):
            for pattern in patterns:
                for at, name in cut.found(pattern):
                    if at >= start:
                        self.learn(name, role)
                        self._hide_local_part(cut, at, name)

    def _hide_first(self, cut: Cut, address: str, start: int) -> None:
        """The address right behind the flag; of a delivery it may be a command, a file or a word."""
        if not address or not cut.source.startswith(address, start):
            return
        if address[0] in "|/":
            cut.hide(start, start + len(address), self.recipient(address))
        elif address[0] != ">" and not _is_nobody(address):
            self._hide_local_part(cut, start, address)

    def _hide_local_part(self, cut: Cut, start: int, address: str) -> None:
        shown = self.address(address)
        if shown == address:
            return
        local_part, at, _ = address.rpartition("@")
        end = start + len(local_part if at else address)
        cut.hide(start, end, shown.rpartition("@")[0] if at else shown)
        cut.keep(end, start + len(address))

    def _search(self, cut: Cut, ordinary: frozenset[str]) -> None:
        """Hide what looks like an address wherever it stands, and every name learned."""
        for header_id in self._header_ids:
            cut.each(re.compile(re.escape(header_id)), partial(self.hidden, stand_in="id"))
        for pattern in _ADDRESSES:
            for start, address in cut.found(pattern):
                self._hide_found(cut, start, address)
        for start, user in cut.found(_HOME):
            self.learn(user, Role.LOCAL_USER)
            self._hide_local_part(cut, start, user)
        for pattern, stand_in in self._stand_ins.phrases:
            for start, phrase in cut.found(pattern):
                cut.hide(start, start + len(phrase), stand_in)
        for start, run in cut.found(RUN):
            for begin, end, stand_in in self._stand_ins.names_in(run, ordinary):
                cut.hide(start + begin, start + end, stand_in)

    def _hide_found(self, cut: Cut, start: int, address: str) -> None:
        before = cut.source[max(0, start - _LONGEST_ROLE) : start]
        if _NUMBERED.match(address) and _STAND_IN.search(before):
            cut.keep(start, start + len(address))
            return
        lead = _LEAD.match(address)
        if lead and not self._stand_ins.knows(address):
            start, address = start + lead.end(), address[lead.end() :]
        local_part, at, domain = _split(address)
        if local_part and not is_masked(address):
            end = start + len(local_part)
            cut.hide(start, end, self.address(f"{local_part}@{domain}").rpartition("@")[0])
            cut.keep(end, end + len(at + domain))


def _is_nobody(recipient: str) -> bool:
    """A word where the recipient stands, for mail that was thrown away: ":blackhole:", "discarded"."""
    return recipient[:1] == ":" or recipient in _NOBODY


def _split(address: str) -> tuple[str, str, str]:
    """``alice%40example.net`` or ``alice@example.net`` in its three parts."""
    return address.rpartition("@" if "@" in address else "%40")


def _marks(text: str, raw: bytes) -> Iterator[Span]:
    """Where the glossary's tokens that matter stand in the line."""
    end = 0
    for token in explain(raw, zone=UTC).tokens:
        start = text.find(token.text, end)
        if start < 0:
            continue
        end = start + len(token.text)
        if token.matters:
            yield start, end


def _named_by(event: Event | Unparsed) -> Iterator[tuple[str, Role]]:
    """Everyone a line names, in the order in which stand-ins are numbered."""
    match event:
        case Arrival():
            yield event.envelope_sender, Role.SENDER
            yield from ((recipient, Role.RECIPIENT) for recipient in event.recipients or ())
            yield event.authenticated_id or "", Role.ACCOUNT
        case Delivery() | Deferral() | Bounce():
            if "@" in event.original_recipient:  # first: a bare local part is the same person
                yield event.original_recipient, Role.RECIPIENT
            if event.recipient[:1] not in ("|", "/", ">") and not _is_nobody(event.recipient):
                yield event.recipient, Role.RECIPIENT
        case Rejection():
            yield event.envelope_sender or "", Role.SENDER
            yield event.recipient or "", Role.RECIPIENT
            yield event.authenticated_id or "", Role.ACCOUNT
        case AuthFailure():
            yield event.attempted_id or "", Role.ACCOUNT
        case Note() if event.address:
            yield event.address, Role.ADDRESS
        case _:
            pass
    client: Client | None = getattr(event, "client", None)
    if client and client.ident:
        yield client.ident, Role.LOCAL_USER


def _words_of(event: Event | Unparsed) -> Iterator[str]:
    """Words of the configuration on a line, which somebody's mailbox may also be called."""
    for word in (getattr(event, name, None) for name in ("authenticator", "router", "transport", "protocol")):
        if word:
            yield word
