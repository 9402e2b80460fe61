"""Requests to addresses that a setting allows, and to no other: nobody reaches inside through this machine.

The name is resolved once, what it means is checked, and that very address is connected to. No redirect is followed.
"""

import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Timer
from urllib.parse import urlsplit

from ingest.languages import later

SECONDS = 5.0  # without a byte
MOST_SECONDS = 10.0  # for all of it

_PORTS = {"http": 80, "https": 443}
_NAT64 = IPv6Network("64:ff9b::/96")

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network


class NotAllowed(ValueError):
    """No request goes there. The text says why, in a sentence."""


class NoAnswer(Exception):
    """There was no answer. The text says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One that requests may go to: a name, or a network."""

    name: str  # "" of a network
    network: Network | None
    is_plain: bool  # by http too

    def fits(self, host: str, address: Address | None) -> bool:
        """``address`` None: as far as the name tells."""
        if self.network is None:
            return self.name == host
        return address is not None and address in self.network


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request goes: ``address`` is what is connected to, ``host`` what it calls itself."""

    scheme: str
    host: str
    port: int
    address: Address
    path: str

    @property
    def named(self) -> str:
        """As the Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_entries(entries: Iterable[str]) -> tuple[Entry, ...]:
    """Names, addresses and networks, each with ``http://`` before it where that may be used. Raises ValueError."""
    return tuple(_entry(text.strip()) for text in entries)


def _entry(text: str) -> Entry:
    is_plain = text.lower().startswith("http://")
    bare = text[7:] if is_plain else text.removeprefix("https://")
    bare = bare.strip("[]").lower()
    try:
        return Entry("", ip_network(bare), is_plain)
    except ValueError:
        pass
    if (
        not bare
        or not all(part and part.replace("-", "").isalnum() for part in bare.split("."))
        or not bare.isascii()
    ):
        raise ValueError(f"{text!r} is neither a name nor an address nor a network")
    return Entry(bare, None, is_plain)


def is_public(address: Address) -> bool:
    """Whether everybody reaches it: not private, loopback, link-local, reserved, multicast, nor with such inside."""
    is_local = address.is_multicast or (isinstance(address, IPv6Address) and address.is_site_local)
    return address.is_global and not is_local and all(map(is_public, _inner(address)))


def _inner(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, address.teredo and address.teredo[1]]
    if address in _NAT64:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in found if inner]


def check(url: str, entries: Iterable[Entry]) -> None:
    """Whether a request may go there, as far as it can be told without resolving the name. Raises NotAllowed."""
    _parsed(url, tuple(entries))


def destination(url: str, entries: Iterable[Entry]) -> Destination:
    """Resolve the name and check what it means. Raises NotAllowed and NoAnswer."""
    entries = tuple(entries)
    scheme, host, port, path = _parsed(url, entries)
    addresses = _resolved(host, port)
    for address in addresses:
        _check_address(scheme, host, address, entries)
    return Destination(scheme, host, port, addresses[0], path)


def _parsed(url: str, entries: tuple[Entry, ...]) -> tuple[str, str, int, str]:
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise NotAllowed(later("The address has characters that do not belong in one."))
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise NotAllowed(later("The address cannot be read as it is written.")) from None
    if parts.scheme not in _PORTS or not host:
        raise NotAllowed(later("The address must begin with https:// and a name."))
    if parts.username is not None or parts.password is not None:
        raise NotAllowed(later("The address must hold no user and no password."))
    if not entries:
        raise NotAllowed(later("No webhook is allowed: MAILWATCH_WEBHOOK_HOSTS is empty."))
    address = _literal(host)
    possible = [
        one for one in entries if one.fits(host, address) or (one.network is not None and address is None)
    ]
    if not possible:
        raise NotAllowed(later("MAILWATCH_WEBHOOK_HOSTS does not name that host."))
    if parts.scheme == "http" and not any(one.is_plain for one in possible):
        raise NotAllowed(
            later("Only https is allowed there: MAILWATCH_WEBHOOK_HOSTS does not name the host with http://.")
        )
    if address is not None:
        _check_address(parts.scheme, host, address, entries)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return parts.scheme, host, _PORTS[parts.scheme] if port is None else port, path


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _resolved(host: str, port: int) -> list[Address]:
    literal = _literal(host)
    if literal is not None:
        return [literal]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NoAnswer(later("The name of the host is not known.")) from None
    addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    return list(dict.fromkeys(addresses))


def _check_address(scheme: str, host: str, address: Address, entries: tuple[Entry, ...]) -> None:
    fitting = [one for one in entries if one.fits(host, address)]
    if scheme == "http":
        fitting = [one for one in fitting if one.is_plain]
    if not fitting:
        raise NotAllowed(later("MAILWATCH_WEBHOOK_HOSTS allows neither that host nor its address."))
    is_named = any(address in one.network for one in entries if one.network is not None)
    if not is_public(address) and not is_named:
        raise NotAllowed(
            later("The host has an address inside, and no network in MAILWATCH_WEBHOOK_HOSTS has it.")
        )


class _Pinned(HTTPConnection):
    """A connection to the address that was checked, whatever the name means by now."""

    def __init__(self, to: Destination) -> None:
        super().__init__(to.host, to.port, timeout=SECONDS)
        self._to = to
        self.was_cut = False

    def connect(self) -> None:
        self.sock = socket.create_connection((str(self._to.address), self._to.port), SECONDS)
        if self._to.scheme == "https":
            context = ssl.create_default_context()
            secured = context.wrap_socket(
                self.sock, server_hostname=self._to.host, do_handshake_on_connect=False
            )
            self.sock = secured
            secured.do_handshake()

    def cut(self) -> None:
        """From another thread: whoever waits for a byte waits no longer."""
        self.was_cut = True
        try:
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def post(url: str, body: bytes, headers: Mapping[str, str], *, entries: Iterable[Entry]) -> int:
    """Send something and return the status of the answer, whose body is not read. Raises NotAllowed and NoAnswer."""
    to = destination(url, entries)
    connection = _Pinned(to)
    watch = Timer(MOST_SECONDS, connection.cut)
    watch.daemon = True
    watch.start()
    try:
        connection.request(
            "POST", to.path, body=body, headers={"Host": to.named, "Connection": "close", **headers}
        )
        status = connection.getresponse().status
        if connection.was_cut:  # what there is of the answer looks like a whole one
            raise TimeoutError
        return status
    except TimeoutError:
        raise NoAnswer(later("The host did not answer in time.")) from None
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer(f"The host's certificate is not good: {error.verify_message}.") from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise NoAnswer(f"The host did not answer: {reason}.") from None
    finally:
        watch.cancel()
        connection.close()
