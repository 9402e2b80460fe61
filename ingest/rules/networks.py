"""Which addresses are one place: a network of the same operator, or the neighbours of one address."""

from functools import lru_cache
from ipaddress import IPv4Address, ip_network

from ingest.rules.facts import LogHostFacts, MessageFacts, read_address

_NEIGHBOURS = {4: 24, 6: 64}  # bits in front that are equal for one customer, or for one pool of a provider


def network_of(message: MessageFacts) -> str:
    """``AS3320`` where a file says it, else the /24 or /64 of the address; "" without an address."""
    if message.network is not None:
        return f"AS{message.network}"
    return neighbours_of(message.sender_host_address) if message.sender_host_address else ""


@lru_cache(maxsize=1 << 16)
def neighbours_of(address: str) -> str:
    """``192.0.2.0/24`` or ``2001:db8::/64``; the text itself where it is no address."""
    ip = read_address(address)
    if ip is None:
        return address
    version = 4 if isinstance(ip, IPv4Address) else 6
    return str(ip_network((ip, _NEIGHBOURS[version]), strict=False))


def is_remote_login(message: MessageFacts, host: LogHostFacts) -> bool:
    """Whether somebody logged in by name from outside; webmail and trusted networks log in for many people."""
    address = message.sender_host_address
    return bool(message.authenticated_id) and address is not None and not host.is_trusted(address)
