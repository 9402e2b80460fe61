"""Which machines may be spoken to: not this one, nor what only its own wire reaches, unless a setting allows it.

Names are looked up first and the address that was looked at is the one to connect to, so that a name which answers
differently the second time gains nothing, nor does 127.0.0.1 written as 2130706433, 0x7f.1 or ::ffff:7f00:1.
"""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from ingest.sources.places import BadPlace, Unreachable

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")
# Where clouds tell machines their secrets, beside 169.254.169.254.
_METADATA = frozenset(map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")))


def address_of(host: str, *, allowed: Sequence[Network]) -> str:
    """The address to connect to. Raises BadPlace where it is one inside, and Unreachable where there is none."""
    try:
        found = _looked_up(host)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "there is no such name"
        raise Unreachable(f"{host} could not be reached: {reason}.") from error
    for address in found:
        _check(host, address, allowed)
    return str(found[0])


def check_written(host: str, *, allowed: Sequence[Network]) -> None:
    """Raises BadPlace for an address inside, in whatever form it is written. Asks nobody for names."""
    if host.rstrip(".").lower().rpartition(".")[2] == "localhost":
        _check(host, IPv4Address("127.0.0.1"), allowed)
    try:
        found = _looked_up(host, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return  # a name
    for address in found:
        _check(host, address, allowed)


def is_inside(address: Address) -> bool:
    """Of this machine, of its own wire, or nobody's; not merely private, as mail servers often are."""
    inner = _inner(address)
    if inner in _METADATA or address in _METADATA:
        return True
    # IPv6 counts what is not given out yet as reserved
    is_nobodys = inner.is_multicast or inner.is_unspecified or (inner.version == 4 and inner.is_reserved)
    return inner.is_loopback or inner.is_link_local or is_nobodys or _is_of_this_network(inner)


def _is_of_this_network(address: Address) -> bool:
    """0.0.0.0/8, which systems take for themselves."""
    return isinstance(address, IPv4Address) and address.packed[0] == 0


def _looked_up(host: str, flags: int = 0) -> list[Address]:
    rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(ip_address(str(row[4][0])) for row in rows))


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(address.packed[12:])
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or _compatible(address)


def _compatible(address: IPv6Address) -> Address:
    """::127.0.0.1, an old way to write an IPv4 address."""
    is_old = not any(address.packed[:12]) and address not in (IPv6Address("::"), IPv6Address("::1"))
    return IPv4Address(address.packed[12:]) if is_old else address


def _check(host: str, address: Address, allowed: Sequence[Network]) -> None:
    if is_inside(address) and not any(
        one in network for one in (address, _inner(address)) for network in allowed
    ):
        raise BadPlace(
            f"{host} is this machine, or one that only its own wire reaches ({address}); the setting "
            "MAILWATCH_SOURCE_NETWORKS names those of them that may be spoken to."
        )
