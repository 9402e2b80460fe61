"""The web server's sockets, taken before it starts, so that a port found free is still free then."""

import errno
import socket
from dataclasses import dataclass

from mailwatch.standalone import ServiceError

_TRIES = 100
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Listening:
    """sockets: one, or for this machine only both of IPv4 and IPv6, since `localhost` may be either."""

    sockets: tuple[socket.socket, ...]
    port: int

    def url(self, address: str) -> str:
        host = "localhost" if address in _LOOPBACK | {"0.0.0.0", "::"} else address
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def listen(address: str, port: int) -> Listening:
    """Take the port, or the next one that is free."""
    for candidate in range(port, min(port + _TRIES, 65536)):
        sockets = _take(address, candidate)
        if sockets:
            return Listening(sockets, candidate)
    raise ServiceError(f"the ports from {port} on are taken; MAILWATCH_PORT sets another")


def _take(address: str, port: int) -> tuple[socket.socket, ...]:
    """The sockets bound to the port; none if somebody has it already."""
    taken: list[socket.socket] = []
    for host in ("127.0.0.1", "::1") if address in _LOOPBACK else (address,):
        try:
            taken.append(_bind(host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                for other in taken:
                    other.close()
                return ()
            if not (host == "::1" and taken):  # a machine without IPv6
                raise ServiceError(f"cannot listen on {host}, port {port}: {error.strerror}") from error
    return tuple(taken)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # not to wait for connections of before
        if family == socket.AF_INET6 and host == "::1":
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((host, port))
        bound.listen(512)
    except BaseException:
        bound.close()
        raise
    return bound
