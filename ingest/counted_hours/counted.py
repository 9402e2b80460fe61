"""What is counted of one hour, and the messages that it is counted from."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network

from ingest.assembly import Attempt, Gathered
from ingest.exim.events import Arrival
from ingest.refusals import Refusal
from ingest.rules.facts import Network, Outcome, read_address
from ingest.rules.relaying import PRIVATE
from ingest.rules.signs import Sign

KEPT = 50
"""So many different addresses, ids or names of an hour are kept: more than any rule asks for."""
LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
INSIDE: tuple[Network, ...] = (*LOOPBACK, *PRIVATE)
_PUBLIC_NAME = re.compile(r"\.[A-Za-z]{2,}\.?$")
_INSIDE_NAME = re.compile(r"\.(?:local|lan|internal|localdomain|home|arpa|corp|intranet)\.?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One sign of one value in one hour."""

    hour: datetime
    sign: Sign
    value: str = ""
    count: int
    total: int = 0
    seen: frozenset[str] = frozenset()
    first_at: datetime
    last_at: datetime
    message_id: str | None = None
    line: int | None = None


@dataclass(slots=True)
class Arrived:
    """A message whose arrival was seen."""

    message_id: str
    arrival: Arrival
    gathered: Gathered
    hour: datetime = field(init=False)
    handed_on: int = field(init=False)  # recipients given to other servers, and not by a redirection

    def __post_init__(self) -> None:
        self.hour = hour_of(self.arrival.logged_at)
        self.handed_on = sum(map(is_handed_on, self.gathered.attempts))

    @property
    def at(self) -> datetime:
        """When it was received."""
        return self.arrival.logged_at

    @property
    def address(self) -> str | None:
        """Of the client; None if a program handed it in."""
        return self.arrival.client.sender_host_address

    @property
    def is_own(self) -> bool:
        """From the host itself by SMTP, without a login."""
        if self.arrival.authenticator is not None or self.address is None:
            return False
        return is_in(self.address, LOOPBACK) or self.address == self.arrival.client.interface_address

    @property
    def is_gateway(self) -> bool:
        """Without a login from a private address that calls itself by a public name."""
        name = self.arrival.client.helo_name or ""
        if self.arrival.authenticator is not None or not is_in(self.address, PRIVATE):
            return False
        return _PUBLIC_NAME.search(name) is not None and _INSIDE_NAME.search(name) is None


def hour_of(at: datetime) -> datetime:
    """The beginning of the hour, in UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def is_in(address: str | None, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of some networks; not if there is none."""
    ip = read_address(address) if address else None
    return ip is not None and any(ip in network for network in networks)


def grouped[K, T](items: Iterable[T], key: Callable[[T], K]) -> Mapping[K, list[T]]:
    """Some things by what they have in common, in the order in which they came."""
    groups: dict[K, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def of_messages(sign: Sign, value: str, count: int, messages: Sequence[Arrived], **more: object) -> Counted:
    """A sign of some messages of one hour; of them there must be one at least."""
    return Counted(
        hour=messages[0].hour,
        sign=sign,
        value=value,
        count=count,
        first_at=min(message.at for message in messages),
        last_at=max(message.at for message in messages),
        message_id=min(message.message_id for message in messages),
        **more,  # type: ignore[arg-type]
    )


def is_handed_on(attempt: Attempt) -> bool:
    """Whether another server got, or refused, the message, and not by a redirection."""
    return (
        attempt.remote_host_address is not None
        and not is_in(attempt.remote_host_address, LOOPBACK)
        and attempt.original_recipient is None
        and attempt.outcome is not Outcome.DEFERRED
    )


def some_addresses(messages: Iterable[Arrived]) -> frozenset[str]:
    """Their addresses, KEPT at most."""
    addresses = {message.address for message in messages if message.address}
    return frozenset(sorted(addresses, key=address_order)[:KEPT])


def address_order(address: str) -> tuple[int, int]:
    """Sorts addresses as the database does."""
    ip = read_address(address)
    return (ip.version, int(ip)) if ip else (0, 0)


def line_order(item: Attempt | Refusal) -> tuple[datetime, int, int]:
    """Sorts lines by time, and those of one second always alike."""
    return item.logged_at, item.digest, item.copy
