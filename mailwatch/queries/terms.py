"""How the text in the search box is understood."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from ingest.exim import message_id

type Network = IPv4Network | IPv6Network

_DOMAIN = re.compile(r"@?(?=.{1,253}\Z)(?:[\w-]{1,63}\.)+[\w-]{1,63}\.?")
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
    def noun(self) -> str:
        """What the page says the text was read as."""
        if self.kind is TermKind.NETWORK:
            return "IP address" if self.is_one_host else "network"
        return _NOUNS[self.kind]


_NOUNS = {
    TermKind.EVERYTHING: "everything",
    TermKind.MESSAGE_ID: "message id",
    TermKind.HEADER: "Message-ID header",
    TermKind.ADDRESS: "address",
    TermKind.DOMAIN: "domain",
    TermKind.ACCOUNT: "account",
}


_ALTERNATIVES = {
    TermKind.HEADER: (TermKind.ADDRESS,),
    TermKind.ADDRESS: (TermKind.ACCOUNT, TermKind.HEADER),
    TermKind.DOMAIN: (TermKind.ACCOUNT,),
    TermKind.ACCOUNT: (TermKind.ADDRESS,),
}


class NotUnderstood(ValueError):
    """The text is nothing that can be searched; the message is one sentence for the reader."""


def understand(text: str, *, kind: TermKind | None = None) -> Term:
    """Read ``text`` as ``kind``, or as the first kind that it looks like.

    Raises NotUnderstood.
    """
    value = text.strip()
    if len(value) > _LONGEST or "\0" in value:
        raise NotUnderstood(f"That is no search: more than {_LONGEST} characters, or unprintable ones.")
    if kind is not None and kind is not TermKind.EVERYTHING:
        return _read_as(value, kind)
    if not value:
        return Term(TermKind.EVERYTHING, "")
    for attempt in _IN_ORDER:
        term = attempt(value)
        if term is not None:
            return term
    raise NotUnderstood(
        "Words are not searched here. Look for a message id, an address, a domain, an IP address, a network"
        " or an account; for words in the lines use manage.py search."
    )


def alternatives(term: Term) -> tuple[TermKind, ...]:
    """The other kinds that the same text could be, for "read it as" links."""
    return tuple(kind for kind in _ALTERNATIVES.get(term.kind, ()) if _BY_KIND[kind](term.value) is not None)


def _read_as(value: str, kind: TermKind) -> Term:
    if kind is TermKind.ACCOUNT and not value:
        return Term(TermKind.ACCOUNT, "")  # A=name: with nothing behind the colon
    term = _BY_KIND[kind](value)
    if term is None:
        raise NotUnderstood(f"{value} cannot be read as {_NOUNS.get(kind, 'an IP address or network')}.")
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


def _domain(value: str) -> Term | None:
    if _DOMAIN.fullmatch(value) is None:
        return None
    return Term(TermKind.DOMAIN, value.removeprefix("@").rstrip(".").lower())


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


type _Reader = Callable[[str], Term | None]
_IN_ORDER: tuple[_Reader, ...] = (
    _message_id, _bracketed_header, _network, _domain, _address_with_domain, _account_word,
)  # fmt: skip
_BY_KIND: dict[TermKind, _Reader] = {
    TermKind.MESSAGE_ID: _message_id,
    TermKind.HEADER: _header,
    TermKind.NETWORK: _network,
    TermKind.DOMAIN: _domain,
    TermKind.ADDRESS: _address,
    TermKind.ACCOUNT: _account,
}
