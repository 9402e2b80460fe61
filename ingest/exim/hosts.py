"""The forms in which Exim names a host.

::

    H=[ip]                  no HELO name, no verified name
    H=(helo) [ip]           a HELO name, not verified
    H=name [ip]             a name verified by DNS
    H=name (helo) [ip]      a verified name, and a HELO name that differs

each with ``:port``, then ``I=[ip]:port``, ``U=ident`` and ``Ci=connection`` where they are logged. Connection
lines have the same without ``H=``. Only the last address in brackets is a fact: the client writes the HELO
name, and may write brackets into it. Source: host.c, host_and_ident(); smtp_in.c.
"""

import re
from collections.abc import Callable
from functools import partial
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from ingest.exim.events import Client

_NAME = r"(?:(?P<name>[^ ()\[\]]++) )?+(?:DS )?+"
_ADDRESS = r"\[(?P<address>[^\[\] ]*+)\](?::(?P<port>[^ :*\[\]()]++))?+"
# What Exim writes behind a host. A HELO name may imitate an address in brackets, but hardly this as well.
_KNOWN = (
    r"(?:\Z|:(?: |\Z)| (?:: |I=\[|(?:Ci|P|X|CV|DN|SNI|F|U|A|D|C|DT|PRX|PS|SPF|DMARC)=|TFO|\((?:TCP|client not )"
    r"|(?:temporarily )?rejected|sender verify|Warning:|incomplete|RCPT <|closed|lost|dropped|refused"
    r"|next input))"
)
_PLAIN = re.compile(_NAME + r"(?:\((?P<helo>[^ ()]*+)\) )?+" + _ADDRESS + r"(?=\*?" + _KNOWN + ")")
_ODD = re.compile(_NAME + r"(?:\((?P<helo>.{0,1024}?)\) )?" + _ADDRESS + r"(?=\*?" + _KNOWN + ")")
_ANY = re.compile(_NAME + r"(?:\((?P<helo>.{0,1024}?)\) )?" + _ADDRESS + r"(?=\Z|[ :*)])")
_INTERFACE = re.compile(r" I=\[([^\[\] ]*+)\](?::([^ :]++))?+")
_IDENT = re.compile(r" U=(?:(.{0,256}?)(?=" + _KNOWN + r")|([^ :]*+))")
# The usual client whole, as far as these parts go; what follows must be something that Exim writes there.
USUAL = (
    r"(?:([^ ()\[\]]++) )?+(?:\(([^ ()]*+)\) )?+\[([0-9A-Fa-f.:]++)\](?::([0-9]++))?+"
    r"(?: I=\[([0-9A-Fa-f.:]++)\](?::([0-9]++))?+)?+"
)
"""Pattern of a host as most lines show it, with the six groups that ``usual_client`` takes."""
_USUAL = re.compile(rf"(?:H=)?+{USUAL}(?= F=<|: | rejected | temporarily | closed | \(TCP|\Z)")
_BARE_IDENT = re.compile(r"(?:U=)?+([^ :]++)")
_CONNECTION = re.compile(r" Ci=[^ :]++")


class Host(NamedTuple):
    """A host as it stands on a line; ``end`` is where it ends."""

    name: str | None
    helo_name: str | None
    address: str | None  # None where it is no IP address (a masked log)
    port: int | None
    address_start: int  # of the bracket
    end: int


client_of: Callable[[tuple[object, ...]], Client] = partial(tuple.__new__, Client)
"""A client from its seven fields; see ``line`` for why."""


def address(text: str | None) -> str | None:
    """An IP address in its one standard spelling; None for None and for any other text.

    An IPv4 address in IPv6 clothes (``::ffff:192.0.2.1``) is the IPv4 address; a scope (``%eth0``) is not
    accepted, since a database cannot store it.
    """
    if text is None:
        return None
    known = _ADDRESSES.get(text)
    return _new_address(text) if known is None else known


# A dictionary, not lru_cache, which keeps an order besides: that costs as much again as all the rest of a client.
_ADDRESSES: dict[str, str] = {}
_MOST_ADDRESSES = 65_536


def _new_address(text: str) -> str | None:
    try:
        value = ip_address(text)
    except ValueError:
        return None
    if "%" in text:
        return None
    if isinstance(value, IPv6Address) and value.ipv4_mapped is not None:
        value = value.ipv4_mapped
    if len(_ADDRESSES) >= _MOST_ADDRESSES:
        _ADDRESSES.clear()
    _ADDRESSES[text] = standard = str(value)
    return standard


def port(text: str | None) -> int | None:
    """A port number; None for text that is none (0..65535)."""
    if text is None or len(text) > 5 or not (text.isascii() and text.isdigit()):
        return None
    value = int(text)
    return value if value <= 65_535 else None


def read_host(text: str, start: int) -> Host | None:
    """Read a host that begins at ``start``, behind ``H=`` where there is one."""
    match = _PLAIN.match(text, start) or _ODD.match(text, start) or _ANY.match(text, start)
    if match is None:
        return None
    name, helo_name, address_text, port_text = match.groups()
    return Host(
        name, helo_name, address(address_text), port(port_text), match.start("address") - 1, match.end()
    )


def usual_client(
    name: str | None,
    helo_name: str | None,
    ip: str | None,
    ip_port: str | None,
    interface_ip: str | None,
    interface_port: str | None,
) -> Client:
    """A client from the groups of ``USUAL``."""
    return client_of((
        address(ip),
        None if ip_port is None else port(ip_port),
        name,
        helo_name,
        None if interface_ip is None else address(interface_ip),
        None if interface_port is None else port(interface_port),
        None,
    ))  # fmt: skip


def host_and_ident(text: str, start: int) -> tuple[Client, int]:
    """Read who connected, from ``start`` on: with ``H=`` and ``U=``, or without (behind "from" or "for").

    Returns the client and where its description ends; an unreadable one gives an empty client and ``start``.
    """
    usual = _USUAL.match(text, start)
    if usual is not None:
        return usual_client(*usual.groups()), usual.end()
    tagged = text.startswith("H=", start)
    host = read_host(text, start + 2 if tagged else start)
    if host is None:
        ident = _BARE_IDENT.match(text, start)
        if ident is None or tagged:
            return Client(), start
        return Client(ident=ident[1]), _behind_connection(text, ident.end())
    end = host.end
    interface = _INTERFACE.match(text, end)
    interface_address = interface_port = ident_text = None
    if interface is not None:
        interface_address, interface_port = address(interface[1]), port(interface[2])
        end = interface.end()
    ident = _IDENT.match(text, end)
    if ident is not None:
        ident_text, end = ident[1] if ident[1] is not None else ident[2], ident.end()
    client = Client(
        host.address, host.port, host.name, host.helo_name, interface_address, interface_port, ident_text
    )
    return client, _behind_connection(text, end)


def _behind_connection(text: str, end: int) -> int:
    match = _CONNECTION.match(text, end)
    return end if match is None else match.end()
