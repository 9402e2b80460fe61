"""Who answers for an address, by RDAP (RFC 9082, RFC 9083)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address, summarize_address_range
from socket import SOCK_STREAM, getaddrinfo
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ingest.sources.machines import is_inside

SECONDS = 10.0
LARGEST = 1_000_000  # bytes of an answer
_HOPS = 5  # from the server that knows all registries to the one that knows the address


class NotAsked(ValueError):
    """Nobody outside answers for this address."""


class NoAnswer(Exception):
    """The lookup failed; the text says how, in a sentence."""


@dataclass(frozen=True, slots=True)
class Contact:
    """``network``: in CIDR or as a range, ``name`` what the registry calls it; ``mails``: maybe none."""

    network: str
    name: str
    mails: tuple[str, ...]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether a registry knows an address: not private, reserved, documentation, loopback or multicast."""
    return address.is_global and not address.is_multicast


def lookup(address: str, *, url: str) -> Contact:
    """Ask the server at ``url``, which ends before the address. Raises NotAsked and NoAnswer."""
    parsed = ip_address(address)
    if not is_public(parsed):
        raise NotAsked(f"{address} is no public address: no registry knows who answers for it.")
    try:
        answer = json.loads(_fetched(f"{url.rstrip('/')}/{parsed}"))
    except (URLError, OSError, HTTPException) as error:
        raise NoAnswer(f"The registry did not answer: {getattr(error, 'reason', None) or error}.") from error
    except ValueError as error:
        raise NoAnswer("The registry answered with something that is no RDAP.") from error
    if not isinstance(answer, dict):
        raise NoAnswer("The registry answered with something that is no RDAP.")
    return contact_in(answer)


def contact_in(answer: dict[str, Any]) -> Contact:
    """The abuse contact of a network as a registry told it."""
    mails = dict.fromkeys(mail for entity in _abuse_entities(answer) for mail in _mails(entity))
    return Contact(_network(answer), str(answer.get("name") or "")[:200], tuple(mails)[:5])


class _OnlyHttps(HTTPRedirectHandler):
    """A registry sends on to another one, never to a file or a machine of ours."""

    max_redirections = _HOPS

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if urlsplit(newurl).scheme != "https" and urlsplit(req.full_url).scheme == "https":
            raise URLError("it sent on to an address that is not https")
        _refuse_inside(urlsplit(newurl).hostname or "", of=urlsplit(req.full_url).hostname)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _refuse_inside(host: str, *, of: str | None) -> None:
    """A registry is out there: it sends nobody to a machine of the house, unless it is one itself."""
    if host == of:
        return
    try:
        found = [ip_address(str(row[4][0])) for row in getaddrinfo(host, None, type=SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise URLError(f"it sent on to {host}, which is not known") from error
    if not all(is_public(address) and not is_inside(address) for address in found):
        raise URLError(f"it sent on to {host}, a machine inside")


def _fetched(url: str) -> bytes:
    request = Request(url, headers={"Accept": "application/rdap+json", "User-Agent": "Mailwatch"})
    with build_opener(_OnlyHttps).open(request, timeout=SECONDS) as answer:
        text: bytes = answer.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise NoAnswer("The registry's answer is too long to be read.")
    return text


def _abuse_entities(part: dict[str, Any], depth: int = 0) -> Iterator[dict[str, Any]]:
    """Entities whose role is abuse, wherever they stand in one another."""
    for entity in _list(part.get("entities")):
        if isinstance(entity, dict) and depth < 5:
            if "abuse" in _list(entity.get("roles")):
                yield entity
            yield from _abuse_entities(entity, depth + 1)


def _mails(entity: dict[str, Any]) -> Iterator[str]:
    """Of a jCard (RFC 7095): ["vcard", [["email", {...}, "text", "abuse@example.net"], ...]]."""
    card = _list(entity.get("vcardArray"))
    for item in _list(card[1]) if len(card) > 1 else ():
        if isinstance(item, list) and len(item) > 3 and item[0] == "email" and isinstance(item[3], str):
            mail = item[3].removeprefix("mailto:").strip()
            if "@" in mail and mail.isprintable() and " " not in mail and len(mail) <= 254:
                yield mail


def _network(answer: dict[str, Any]) -> str:
    try:
        first, last = ip_address(answer["startAddress"]), ip_address(answer["endAddress"])
        networks = list(summarize_address_range(first, last))
    except (KeyError, TypeError, ValueError):
        return ""
    return str(networks[0]) if len(networks) == 1 else f"{first} - {last}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
