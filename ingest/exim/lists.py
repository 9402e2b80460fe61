"""Exim's lists: how they are split, and which networks are too many to be trusted.

Source: Exim's specification, chapter "Domain, host, address, and local part lists".
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network

_SEPARATOR = re.compile(r"\s*<(?P<separator>\S)\s*")


def split_list(value: str) -> list[str]:
    """The items of a list; ``<;`` at the front changes the separator, a doubled one is literal.

    Empty items are left out.
    """
    return [item for item in items_of(value) if item]


def items_of(value: str) -> list[str]:
    """The items of a list, empty ones too: in a list of hosts they stand for a program of the host itself."""
    separator = ":"
    if changed := _SEPARATOR.match(value):
        separator, value = changed["separator"], value[changed.end() :]
    parts = _outside_braces(value.replace(separator * 2, "\0"), separator)
    return [part.replace("\0", separator).strip() for part in parts]


def _outside_braces(value: str, separator: str) -> list[str]:
    """Splits at separators; Exim expands the list first, so those within an expansion are not yet there."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(value):
        depth = max(0, depth + (char == "{") - (char == "}"))
        if char == separator and depth == 0:
            parts.append(value[start:at])
            start = at + 1
    return [*parts, value[start:]]


def joined(items: Sequence[str]) -> str:
    """A list of these items, with a separator that none of them holds."""
    if not any(":" in item for item in items):
        return " : ".join(items)
    return f"<; {' ; '.join(items)}"


def network(item: str) -> Network | None:
    """The network that an item names; None where it is something else."""
    try:
        return ip_network(item, strict=False)
    except ValueError:
        return None


def is_too_wide(network: Network) -> bool:
    """Whether a network holds so many strangers that it must not be trusted (X09).

    A /8 of private addresses is a local network; a /8 of the Internet is not.
    """
    if network.version == 4 and network.prefixlen == 8 and network.is_private:
        return False
    return network.prefixlen <= (8 if network.version == 4 else 32)


def holds_strangers(network: Network, bits: int) -> bool:
    """Whether it is too wide, or a public IPv4 network of ``bits`` or fewer: more than one owner's machines (X09)."""
    if is_too_wide(network):
        return True
    return network.version == 4 and network.prefixlen <= bits and not network.is_private
