"""The country of an address, and the network (AS) it belongs to, from files on this machine.

Nothing is asked over the network. The files are those that ``MAILWATCH_COUNTRY_DB`` and ``MAILWATCH_ASN_DB`` name, in
the format .mmdb; a process opens each once. A file that cannot be read has no answers, and says why.
"""

import logging
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, NamedTuple

import maxminddb
from django.conf import settings

BUNDLED = Path(__file__).with_name("countries.mmdb")

_LOGGER = logging.getLogger(__name__)
_ADDRESSES_KEPT = 1 << 16  # every address of a busy day


class Origin(NamedTuple):
    """Where an address is from, as far as the files say."""

    country: str | None = None  # two letters, of ISO 3166
    network: int | None = None  # the number of the autonomous system


class OriginFile:
    """One file, open; with its path, and in ``problem`` one sentence if it cannot be read."""

    def __init__(self, path: Path, setting: str) -> None:
        self.path = path
        self.problem = ""
        self._reader: maxminddb.Reader | None = None
        try:
            self._reader = maxminddb.open_database(path)
        except FileNotFoundError:
            self.problem = f"{setting}: there is no file {path}."
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged"
            self.problem = f"{setting}: {path} cannot be read: {reason}."

    @property
    def is_read(self) -> bool:
        """Whether it has answers."""
        return self._reader is not None

    @property
    def date(self) -> date | None:
        """The day that the data was put together, by UTC."""
        if self._reader is None:
            return None
        return datetime.fromtimestamp(self._reader.metadata().build_epoch, UTC).date()

    def entry(self, address: IPv4Address | IPv6Address) -> dict[str, Any]:
        """What the file says of an address; nothing where it is damaged there."""
        try:
            found = self._reader.get(address) if self._reader else None
        except (
            ValueError,
            maxminddb.InvalidDatabaseError,
        ) as error:  # an IPv6 address, and a file of IPv4 only
            _LOGGER.debug("%s: %s", self.path, error)
            return {}
        return found if isinstance(found, dict) else {}


@cache
def country_file() -> OriginFile:
    """The file that knows countries."""
    return OriginFile(settings.MAILWATCH_COUNTRY_DB, "MAILWATCH_COUNTRY_DB")


@cache
def network_file() -> OriginFile | None:
    """The file that knows networks; None where none is named."""
    path = settings.MAILWATCH_ASN_DB
    return None if path is None else OriginFile(path, "MAILWATCH_ASN_DB")


def problems() -> list[str]:
    """What cannot be read, one sentence each."""
    files = (country_file(), network_file())
    return [file.problem for file in files if file is not None and file.problem]


def knows_networks() -> bool:
    """Whether there is a file that says which network an address belongs to."""
    file = network_file()
    return file is not None and file.is_read


def edition() -> str:
    """Equal for the same data: the days of the files, as a sentence says them."""
    files = (country_file(), network_file())
    return " and ".join(str(file.date) for file in files if file is not None and file.date)


@lru_cache(maxsize=_ADDRESSES_KEPT)
def origin_of(address: str | None) -> Origin:
    """Where an address is from. Of what is no public address nothing is known."""
    ip = _public(address)
    if ip is None:
        return Origin()
    networks = network_file()
    return Origin(
        _country(country_file().entry(ip)), _network(networks.entry(ip)) if networks is not None else None
    )


def forget() -> None:
    """Open the files again: the settings are others."""
    for kept in (country_file, network_file, origin_of):
        kept.cache_clear()


def _public(address: str | None) -> IPv4Address | IPv6Address | None:
    try:
        ip = ip_address(address or "")
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    ip = mapped or ip
    return ip if ip.is_global else None


def _country(entry: dict[str, Any]) -> str | None:
    """Written in one of the ways that are in use: ip-location-db, MaxMind and DB-IP, IPinfo."""
    country = entry.get("country")
    code = entry.get("country_code") or (country.get("iso_code") if isinstance(country, dict) else country)
    return code.upper() if isinstance(code, str) and len(code) == 2 else None


def _network(entry: dict[str, Any]) -> int | None:
    number = entry.get("autonomous_system_number", entry.get("asn"))
    if isinstance(number, str):
        digits = number.upper().removeprefix("AS")
        return int(digits) if digits.isascii() and digits.isdigit() else None
    return number if isinstance(number, int) else None
