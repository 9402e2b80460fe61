"""What a sample tells about its log host, and where addresses are from: no file knows the networks of documentation."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from unittest.mock import patch

from ingest import countries
from ingest.countries import Origin
from ingest.explain import Known
from ingest.rules.facts import Network, read_address

type Told = tuple[Network, Origin]

EDITION = "2026-06-17"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What is told about the log host of a sample; ``origins`` stand in place of the files."""

    name: str = "mx.ours.example"
    known: Known = field(default_factory=Known)
    origins: tuple[Told, ...] = ()


def host_told(text: str) -> Host:
    """The one of a line ``KEY=A,B KEY=C``. Raises ValueError for keys and values that it does not know."""
    host = Host()
    for pair in text.split():
        key, _, value = pair.partition("=")
        if key == "name":
            host = replace(host, name=value)
        elif key in ("countries", "operators"):
            host = replace(host, origins=(*host.origins, *_origins(key, value.split(","))))
        else:
            host = replace(host, known=_known(host.known, key, value.split(",")))
    return host


def _origins(key: str, pairs: Sequence[str]) -> Iterator[Told]:
    for pair in pairs:
        network, _, value = pair.rpartition(":")
        origin = Origin(country=value) if key == "countries" else Origin(network=int(value))
        yield ip_network(network), origin


def _known(known: Known, key: str, values: list[str]) -> Known:
    match key:
        case "local_domains":
            return replace(known, local_domains=frozenset(values))
        case "own_addresses":
            return replace(known, own_addresses=frozenset(values))
        case "known_accounts":
            return replace(known, known_accounts=frozenset(values))
        case "trusted_networks":
            return replace(known, trusted_networks=tuple(map(ip_network, values)))
        case "smarthosts":
            return replace(known, smarthosts=tuple(map(ip_network, values)))
    raise ValueError(f"A host has no {key!r}.")


@contextmanager
def told_instead_of_files(origins: Sequence[Told]) -> Iterator[None]:
    """Within it, addresses are from where was told, or from nowhere known. Told nothing, files are asked."""
    if not origins:
        yield
        return
    knows_networks = any(origin.network is not None for _, origin in origins)
    with (
        patch.object(countries, "origin_of", lambda address: _origin_of(address, origins)),
        patch.object(countries, "knows_networks", lambda: knows_networks),
        patch.object(countries, "edition", lambda: EDITION),
    ):
        yield


def _origin_of(address: str | None, origins: Sequence[Told]) -> Origin:
    """The first country and the first operator that were told of it."""
    ip = read_address(address or "")
    found = [origin for network, origin in origins if ip is not None and ip in network]
    return Origin(
        next((origin.country for origin in found if origin.country), None),
        next((origin.network for origin in found if origin.network), None),
    )
