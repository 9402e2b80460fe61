"""The address that a request comes from."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    """Of the reader's browser; None if the web server does not say.

    Behind ``MAILWATCH_PROXIES`` proxies it is that many places from the end of X-Forwarded-For: what stands before was
    written by whoever asked, and where the list is shorter somebody has passed the proxies by.
    """
    proxies: int = settings.MAILWATCH_PROXIES
    text = request.META.get("REMOTE_ADDR", "")
    if proxies:
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        text = hops[-proxies] if len(hops) >= proxies else text
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def network_of(address: IPv4Address | IPv6Address, *, v4: int, v6: int) -> IPv4Address | IPv6Address:
    """The first address of the network of so many bits that an address is in."""
    bits = v4 if address.version == 4 else v6
    return ip_network((address, bits), strict=False).network_address
