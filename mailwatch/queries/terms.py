"""How the text in the search box is understood."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from ingest.exim import message_id
from ingest.languages import later, say

type Network = IPv4Network | IPv6Network

_DOMAIN = re.compile(r"@?(?=.{1,253}\Z)(?:[\w-]{1,63}\.)+[\w-]{1,63}\.?")
_BEHIND_AT = re.compile(r"[\w-]{1,63}|\[[\w.:-]{1,63}\]")
_IPV4_BEGINNING = re.compile(r"(?:\d{1,3}\.){1,3}")
_LONGEST = 1000  # characters; the longest thing a log line holds that people look for is a Message-ID header


class TermKind(StrEnum):
    """The value is the URL's ``as``."""

    EVERYTHING = "everything"
    MESSAGE_ID = "message_id"
    HEADER = "header_message_id"
    ADDRESS = "address"
    DOMAIN = "domain"
    NETWORK = "network"  # one IP address, or a network of them
    ACCOUNT = "account"
    TEXT = "text"  # words in raw lines
    PATTERN = "pattern"  # a regular expression in raw lines
    SUBJECT = "subject"  # words in subjects
    BEGINNING = "beginning"  # how an address begins: alice@, ali*
    PART = "part"  # part of an address
    HOST = "host"  # the name of a host: verified, said in HELO, or delivered to


_SCANNED = frozenset({TermKind.TEXT, TermKind.PATTERN, TermKind.SUBJECT, TermKind.PART, TermKind.HOST})


@dataclass(frozen=True, slots=True)
class Term:
    """What is looked for: ``value`` as the database holds it, without brackets and white space."""

    kind: TermKind
    value: str
    network: Network | None = None

    @property
    def is_one_host(self) -> bool:
        return self.network is not None and self.network.num_addresses == 1

    @property
    def is_scanned(self) -> bool:
        """No index answers it: the lines themselves are read."""
        return self.kind in _SCANNED

    @property
    def noun(self) -> str:
        """What the page says the text was read as."""
        if self.kind is TermKind.NETWORK:
            return say("IP address") if self.is_one_host else say("network")
        return say(_NOUNS[self.kind])


_NOUNS = {
    TermKind.EVERYTHING: later("everything"),
    TermKind.MESSAGE_ID: later("message id"),
    TermKind.HEADER: later("Message-ID header"),
    TermKind.ADDRESS: later("address"),
    TermKind.DOMAIN: later("domain"),
    TermKind.ACCOUNT: later("account"),
    TermKind.TEXT: later("words in the lines"),
    TermKind.PATTERN: later("pattern"),
    TermKind.SUBJECT: later("words in subjects"),
    TermKind.BEGINNING: later("beginning of an address"),
    TermKind.PART: later("part of an address"),
    TermKind.HOST: later("host name"),
}


_ALTERNATIVES = {
    TermKind.MESSAGE_ID: (TermKind.TEXT,),
    TermKind.HEADER: (TermKind.ADDRESS, TermKind.TEXT),
    TermKind.ADDRESS: (TermKind.ACCOUNT, TermKind.HEADER, TermKind.PART, TermKind.TEXT),
    TermKind.DOMAIN: (TermKind.HOST, TermKind.ACCOUNT, TermKind.PART, TermKind.TEXT),
    TermKind.NETWORK: (TermKind.TEXT,),
    TermKind.ACCOUNT: (
        TermKind.ADDRESS,
        TermKind.BEGINNING,
        TermKind.PART,
        TermKind.SUBJECT,
        TermKind.TEXT,
    ),
    TermKind.TEXT: (TermKind.SUBJECT, TermKind.PART, TermKind.PATTERN),
    TermKind.PATTERN: (TermKind.TEXT,),
    TermKind.SUBJECT: (TermKind.TEXT, TermKind.PART),
    TermKind.BEGINNING: (TermKind.PART, TermKind.TEXT),
    TermKind.PART: (TermKind.BEGINNING, TermKind.TEXT, TermKind.SUBJECT),
    TermKind.HOST: (TermKind.DOMAIN, TermKind.TEXT),
}


class NotUnderstood(ValueError):
    """The text is nothing that can be searched; the message is one sentence for the reader."""


def understand(text: str, *, kind: TermKind | None = None) -> Term:
    """Read ``text`` as ``kind``, or as the first kind that it looks like.

    Raises NotUnderstood.
    """
    value = text.strip()
    if len(value) > _LONGEST or "\0" in value:
        raise NotUnderstood(
            say("That is no search: more than {number} characters, or unprintable ones.", number=_LONGEST)
        )
    if kind is not None and kind is not TermKind.EVERYTHING:
        return _read_as(value, kind)
    if not value:
        return Term(TermKind.EVERYTHING, "")
    for attempt in _IN_ORDER:
        term = attempt(value)
        if term is not None:
            return term
    return Term(TermKind.TEXT, value)


def alternatives(term: Term) -> tuple[TermKind, ...]:
    """The other kinds that the same text could be, for "read it as" links."""
    return tuple(kind for kind in _ALTERNATIVES.get(term.kind, ()) if _BY_KIND[kind](term.value) is not None)


def _read_as(value: str, kind: TermKind) -> Term:
    if kind is TermKind.ACCOUNT and not value:
        return Term(TermKind.ACCOUNT, "")  # A=name: with nothing behind the colon
    term = _BY_KIND[kind](value)
    if term is None:
        raise NotUnderstood(
            say(
                "{value} cannot be read as {noun}.",
                value=value,
                noun=say(_NOUNS[kind]) if kind in _NOUNS else say("an IP address or network"),
            )
        )
    return term


def _message_id(value: str) -> Term | None:
    return Term(TermKind.MESSAGE_ID, value) if message_id.is_message_id(value) else None


def _bracketed_header(value: str) -> Term | None:
    """``<x@y>`` or ``id=x@y``, as headers and log lines show it."""
    if value.startswith("<") and value.endswith(">") and len(value) > 2:
        return Term(TermKind.HEADER, value[1:-1])
    return Term(TermKind.HEADER, value[3:]) if value.startswith("id=") and len(value) > 3 else None


def _header(value: str) -> Term | None:
    return _bracketed_header(value) or (Term(TermKind.HEADER, value) if "@" in value[1:] else None)


def _network(value: str) -> Term | None:
    text = value.removeprefix("[").removesuffix("]")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    if "/" in text:
        return Term(TermKind.NETWORK, str(network), network)
    return Term(TermKind.NETWORK, str(ip_address(text)), network)


def _network_beginning(value: str) -> Term | None:
    """``192.0.2.`` is 192.0.2.0/24."""
    if _IPV4_BEGINNING.fullmatch(value) is None:
        return None
    numbers = value.rstrip(".").split(".")
    address = ".".join(numbers + ["0"] * (4 - len(numbers)))
    return _network(f"{address}/{8 * len(numbers)}")


def _domain(value: str) -> Term | None:
    if _DOMAIN.fullmatch(value) is None:
        return None
    return Term(TermKind.DOMAIN, value.removeprefix("@").rstrip(".").lower())


def _domain_asked_for(value: str) -> Term | None:
    """Asked for as a domain: what stands behind the @ of an address, as localhost or [192.0.2.1] may."""
    literal = value.removeprefix("@")
    is_one = bool(_BEHIND_AT.fullmatch(literal))
    return _domain(value) or (Term(TermKind.DOMAIN, literal.lower()) if is_one else None)


def _address(value: str) -> Term | None:
    """Asked for as an address: any text, because local ones have no domain."""
    return Term(TermKind.ADDRESS, value) if value else None


def _address_with_domain(value: str) -> Term | None:
    local, at, _ = value.rpartition("@")
    return _address(value) if at and local else None


def _account(value: str) -> Term | None:
    return Term(TermKind.ACCOUNT, value) if value else None


def _account_word(value: str) -> Term | None:
    return Term(TermKind.ACCOUNT, value) if value and not re.search(r"\s", value) else None


def _text(value: str) -> Term | None:
    return Term(TermKind.TEXT, value) if value else None


def _written_pattern(value: str) -> Term | None:
    """``/10\\.0\\.\\d+/``"""
    is_one = len(value) > 2 and value.startswith("/") and value.endswith("/")
    return Term(TermKind.PATTERN, value[1:-1]) if is_one else None


def _pattern(value: str) -> Term | None:
    return _written_pattern(value) or (Term(TermKind.PATTERN, value) if value else None)


def _written_subject(value: str) -> Term | None:
    """``subject: quarterly report``"""
    name, _, words = value.partition(":")
    return Term(TermKind.SUBJECT, words.strip()) if name.lower() == "subject" and words.strip() else None


def _subject(value: str) -> Term | None:
    return _written_subject(value) or (Term(TermKind.SUBJECT, value) if value else None)


def _written_beginning(value: str) -> Term | None:
    """``alice@``, whatever the domain, or ``ali*``."""
    is_one = len(value) > 1 and value[-1] in "@*" and value[0] != "@" and not re.search(r"\s", value)
    return _beginning(value) if is_one else None


def _beginning(value: str) -> Term | None:
    beginning = value.removesuffix("*")
    return Term(TermKind.BEGINNING, beginning) if beginning else None


def _part(value: str) -> Term | None:
    return Term(TermKind.PART, value) if value else None


def _host(value: str) -> Term | None:
    return Term(TermKind.HOST, value) if value and not re.search(r"\s", value) else None


type _Reader = Callable[[str], Term | None]
_IN_ORDER: tuple[_Reader, ...] = (
    _message_id, _bracketed_header, _written_pattern, _written_subject, _network, _network_beginning, _domain,
    _written_beginning, _address_with_domain, _account_word,
)  # fmt: skip
_BY_KIND: dict[TermKind, _Reader] = {
    TermKind.MESSAGE_ID: _message_id,
    TermKind.HEADER: _header,
    TermKind.NETWORK: _network,
    TermKind.DOMAIN: _domain_asked_for,
    TermKind.ADDRESS: _address,
    TermKind.ACCOUNT: _account,
    TermKind.TEXT: _text,
    TermKind.PATTERN: _pattern,
    TermKind.SUBJECT: _subject,
    TermKind.BEGINNING: _beginning,
    TermKind.PART: _part,
    TermKind.HOST: _host,
}
