"""What the rules read: plain facts, made from parsed lines in memory or from rows of the database.

Named tuples, because a subject may have hundreds of thousands of messages. All datetimes are aware.
``None`` means that the log does not say it; ``""`` that the log says it is empty (the null sender, the empty
authenticated id of ``A=plain:``).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from types import MappingProxyType
from typing import NamedTuple

from ingest.exim.events import Stage
from ingest.rules.limits import Limits

Network = IPv4Network | IPv6Network

_LOCAL_PART = re.compile(r"[\w.+&=~-]+")  # not what a page that hides addresses leaves: "[email protected]"


class Outcome(StrEnum):
    """What became of one recipient at the last attempt."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"


class SubjectKind(StrEnum):
    """Whose behaviour is judged over time."""

    SENDER_HOST_ADDRESS = "sender_host_address"
    AUTHENTICATED_ID = "authenticated_id"
    LOCAL_USER = "local_user"


class RecipientFacts(NamedTuple):
    """One recipient of a message, as the last line about it says."""

    recipient: str
    original_recipient: str  # before aliasing; equal to recipient where nothing was redirected
    outcome: Outcome
    is_remote: bool  # the line has H=... [ip]: handed, or tried to hand, to another server
    text: str | None  # the remote server's or Exim's words
    logged_at: datetime


class MessageFacts(NamedTuple):
    """One message, merged from all its lines."""

    message_id: str
    received_at: datetime | None  # None: no arrival line was seen
    envelope_sender: str | None
    sender_host_address: str | None
    sender_host_port: int | None
    helo_name: str | None
    sender_host_name: str | None
    protocol: str | None
    authenticator: str | None
    authenticated_id: str | None
    local_user: str | None
    listed_recipients: tuple[str, ...] | None  # the "for" list; None: not logged
    connection_limit: int | None  # N of "more than N messages received in one connection"
    recipients: tuple[RecipientFacts, ...]
    size: int | None
    subject: str | None
    status: str
    country: str | None = None  # of sender_host_address: two letters; None: not known
    network: int | None = None  # of sender_host_address: the number of its autonomous system


class RejectionFacts(NamedTuple):
    """A refusal during SMTP, or a failed login (stage AUTH)."""

    logged_at: datetime
    stage: Stage
    sender_host_address: str | None
    helo_name: str | None
    envelope_sender: str | None
    recipient: str | None
    authenticator: str | None
    account: str | None  # the id that was tried (stage AUTH), or that had logged in
    text: str
    line: int  # opaque reference to the raw line

    @property
    def is_failed_login(self) -> bool:
        """A login that was refused; not one put off because the server could not check it (435)."""
        return self.stage is Stage.AUTH and not self.text.lstrip().startswith("435")


@dataclass(frozen=True, slots=True)
class LoginCounts:
    """How the arrivals through one authenticator name their user."""

    named: int = 0  # A=plain:alice
    nameless: int = 0  # A=plain: with nothing behind the colon
    unrecorded: int = 0  # A=plain without a colon: server_set_id is not set


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHostFacts:
    """What is known of the machine that wrote the log."""

    name: str  # "" where lines were pasted and nobody said whose they are
    local_domains: frozenset[str] = frozenset()  # lower case; domains it accepts mail for
    local_domains_inferred: bool = True  # found from local deliveries, not given
    trusted_networks: tuple[Network, ...] = ()
    own_addresses: frozenset[str] = frozenset()
    smarthosts: tuple[Network, ...] = ()  # hand in mail of others with right; our mail goes to them
    known_accounts: frozenset[str] = frozenset()  # lower case; empty: nobody gave them
    logins: Mapping[str, LoginCounts] = field(
        default_factory=lambda: MappingProxyType({})
    )  # by authenticator
    zone: tzinfo = UTC  # of the log; times in sentences are told in it
    limits: Limits = field(default_factory=Limits)  # the thresholds of this log host
    origins: str = ""  # which edition of the files countries and networks are read from

    def is_trusted(self, address: str) -> bool:
        """Whether the address is the host itself, loopback, or in a trusted network."""
        if address in self.own_addresses:
            return True
        ip = read_address(address)
        return ip is not None and (ip.is_loopback or any(ip in network for network in self.trusted_networks))

    def is_smarthost(self, address: str) -> bool:
        """Whether mail goes, or comes, through this address on behalf of others."""
        ip = read_address(address)
        return ip is not None and any(ip in network for network in self.smarthosts)

    def is_local(self, address: str | None) -> bool:
        """Whether the address has one of the local domains, or is a bare local part."""
        if not address:
            return False
        if "@" in address:
            return domain_of(address) in self.local_domains
        return _LOCAL_PART.fullmatch(address) is not None

    def is_own_name(self, helo_name: str) -> bool:
        """Whether a client that calls itself so claims to be this host."""
        name = helo_name.lower().strip("[]").removeprefix("ipv6:")
        return name in self.local_domains or name in self.own_addresses or name == self.name.lower()

    def is_unknown_account(self, account: str) -> bool:
        """Whether somebody gave the accounts, and this id is none: neither as it is, nor as DOMAIN\\user, nor bare."""
        if not self.known_accounts:
            return False
        name = account.lower().rpartition("\\")[2]
        return name not in self.known_accounts and name.partition("@")[0] not in self.known_accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What the log contained at all: order-free ORs over its lines."""

    has_arrivals: bool = False
    has_deliveries: bool = False
    has_listed_recipients: bool = False
    has_ports: bool = False
    has_interface: bool = False
    has_subjects: bool = False
    has_arguments: bool = False
    has_rejections: bool = False
    has_connections: bool = False
    has_local_arrivals: bool | None = None  # P=local; None: nobody looked
    has_gaps: bool | None = None  # many hours on end without a line; None: nobody looked
    has_countries: bool | None = None  # there is a file of the countries of addresses
    has_networks: bool | None = None  # there is a file of the networks of addresses
    has_history: bool | None = None  # it spans the days that habits are told from
    first_at: datetime | None = None
    last_at: datetime | None = None


@lru_cache(maxsize=1 << 16)  # every address of a busy day
def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a text is, None for anything else. An IPv4-mapped IPv6 address reads as IPv4."""
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return mapped or ip


def domain_of(address: str) -> str:
    """The domain of a mail address in lower case, "" without one."""
    return address.rpartition("@")[2].lower().rstrip(".") if "@" in address else ""


def strangers(message: MessageFacts, host: LogHostFacts) -> set[str]:
    """The recipients of a message that are not local, by their addresses before aliasing; told or only listed."""
    addresses = {item.original_recipient.lower() for item in message.recipients}
    if message.listed_recipients:
        addresses.update(map(str.lower, message.listed_recipients))
    local = host.local_domains
    return {address for address in addresses if (domain := domain_of(address)) and domain not in local}


def infer_local_domains(pairs: Iterable[tuple[str, int]], minimum: int = 3) -> frozenset[str]:
    """The domains that local transports delivered to at least ``minimum`` times.

    Takes (domain, number of deliveries without a remote host). Commands, files and bare local parts have no
    domain and are left out.
    """
    counts: dict[str, int] = {}
    for domain, deliveries in pairs:
        counts[domain.lower()] = counts.get(domain.lower(), 0) + deliveries
    return frozenset(domain for domain, deliveries in counts.items() if domain and deliveries >= minimum)
