"""Reads the text of a configuration: ``exim -bP``, a configure file, or a single authenticator.

Text only; nothing is run, no file is opened, no macro is replaced. Passwords are masked before anything is
read, so that a ``Configuration`` never holds one.

Source: Exim's specification, chapters "The Exim run time configuration file" and "SMTP authentication";
readconf.c for what ``-bP`` prints.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType
from typing import NamedTuple

from ingest.exim.masking import MASK, mask

__all__ = ["MASK", "Acl", "Authenticator", "Configuration", "Option", "mask", "read"]

AUTHENTICATOR_DRIVERS = frozenset(
    ["plaintext", "cram_md5", "cyrus_sasl", "dovecot", "external", "gsasl", "heimdal_gssapi", "spa", "tls"]
)
_ACL_VERBS = frozenset(["accept", "defer", "deny", "discard", "drop", "require", "warn"])
_NAMED_LISTS = frozenset(["domainlist", "hostlist", "addresslist", "localpartlist"])
_SECTIONS_OF_DRIVERS = frozenset({"routers", "transports", "authenticators"})

_OPTION = re.compile(r"(?:hide\s+)?(?P<name>[A-Za-z_]\w*)\s*(?:==?\s*(?P<value>.*))?$", re.DOTALL)
_NAMED_LIST = re.compile(
    r"(?:hide\s+)?(?P<kind>[a-z]+)\s+(?:hide\s+)?(?P<name>[\w.-]+)\s*=\s*(?P<value>.*)$", re.DOTALL
)
_HEADER = re.compile(r"(?P<name>[A-Za-z0-9_][\w.-]*)(?:\s+(?P<kind>router|transport|authenticator))?\s*:$")
_DRIVER_OPTION = re.compile(
    r"(?:hide\s+)?(?:no_|not_)?(?:driver|public_name|(?:server|client)_\w+)\s*(?:=|$)"
)
_INCLUDE = re.compile(r"\.include(?:_if_exists)?\s+(?P<path>.+)$")
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+", re.ASCII)


class Option(NamedTuple):
    """One setting: its value as one line, and where it stands (from 1)."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """One authenticator. Two of the same name may stand in one text (as found, as mended)."""

    name: str
    line: int
    options: Mapping[str, Option]

    def get(self, name: str) -> str:
        """The value of an option, "" if it is not set."""
        option = self.options.get(name)
        return option.value if option else ""

    @property
    def driver(self) -> str:
        """The driver, "" if the text does not say."""
        return self.get("driver")

    @property
    def mechanism(self) -> str:
        """What clients ask for: public_name, else the authenticator's own name; upper case."""
        return (self.get("public_name") or self.name).upper()

    @property
    def is_server(self) -> bool:
        """Whether clients can log in through it; otherwise we log in elsewhere with it."""
        if self.driver == "plaintext":
            return bool(self.get("server_condition"))
        return self.driver in {"dovecot", "external", "tls"} or any(
            name.startswith("server_") and option.value for name, option in self.options.items()
        )


class Acl(NamedTuple):
    """The text of one access control list."""

    name: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a text says. ``text`` is the whole of it, masked."""

    text: str
    settings: Mapping[str, Option] = field(default_factory=lambda: MappingProxyType({}))
    named_lists: Mapping[str, Option] = field(default_factory=lambda: MappingProxyType({}))
    macros: Mapping[str, Option] = field(default_factory=lambda: MappingProxyType({}))
    acls: tuple[Acl, ...] = ()
    authenticators: tuple[Authenticator, ...] = ()
    includes: tuple[str, ...] = ()  # files that the text includes and that were not read

    def get(self, name: str) -> str:
        """The value of a main setting, "" if it is not set or not in the text."""
        option = self.settings.get(name)
        return option.value if option else ""

    @property
    def primary_hostname(self) -> str | None:
        """The name of the host, None where the text does not say."""
        return self.get("primary_hostname") or None

    @property
    def log_selector(self) -> str | None:
        """What is logged, None where the text does not say."""
        option = self.settings.get("log_selector")
        return option.value if option else None

    @property
    def local_domains(self) -> frozenset[str]:
        """The domains it accepts mail for: local_domains and relay_to_domains as far as they are plain names.

        Without these lists (``exim -bP`` does not print them) the domain that unqualified recipients get, and
        the host's own name.
        """
        names = [name for name in ("local_domains", "relay_to_domains") if name in self.named_lists]
        items = [item for name in names for item in self._list_items(name, frozenset())]
        if not names:
            items = [
                self.get("qualify_recipient") or self.get("qualify_domain"),
                self.get("primary_hostname"),
            ]
        plain = (self.get("primary_hostname") if item == "@" else item for item in items)
        return frozenset(item.lower() for item in plain if _DOMAIN.fullmatch(item))

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The plain addresses and networks of relay_from_hosts, without those that are too wide."""
        networks = (_network(item) for item in self._list_items("relay_from_hosts", frozenset()))
        return tuple(network for network in networks if network and not _is_too_wide(network))

    def _list_items(self, name: str, seen: frozenset[str]) -> Iterator[str]:
        option = self.named_lists.get(name) or self.macros.get(name)
        for item in _split_list(option.value) if option else ():
            other = item.removeprefix("+")
            if other == item and item not in self.macros:
                yield item
            elif other not in seen:
                yield from self._list_items(other, seen | {name, other})


def _network(item: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(item, strict=False)
    except ValueError:
        return None


def _is_too_wide(network: IPv4Network | IPv6Network) -> bool:
    """A /8 of private addresses is a local network; a /8 of the Internet is not."""
    if network.version == 4 and network.prefixlen == 8 and network.is_private:
        return False
    return network.prefixlen <= (8 if network.version == 4 else 32)


def _split_list(value: str) -> list[str]:
    """The items of an Exim list; ``<;`` at the front changes the separator, a doubled one is literal."""
    separator = ":"
    if changed := re.match(r"<(\S)\s*", value):
        separator, value = changed[1], value[changed.end() :]
    parts = value.replace(separator * 2, "\0").split(separator)
    return [part.replace("\0", separator).strip() for part in parts if part.strip()]


def read(text: str) -> Configuration:
    """Reads a configuration. Never fails: text that is none gives an empty one."""
    masked = mask(text)
    reader = _Reader()
    for number, line in _logical_lines(masked):
        reader.line(number, line)
    reader.close_block()
    return Configuration(
        text=masked,
        settings=reader.settings,
        named_lists=reader.named_lists,
        macros=reader.macros,
        acls=tuple(reader.acls),
        authenticators=tuple(reader.authenticators),
        includes=tuple(reader.includes),
    )


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, continued lines joined, each with the number of its first line."""
    joined, first = "", 0
    for number, physical in enumerate(text.splitlines(), start=1):
        line = physical.strip()
        if line.startswith("#"):
            continue  # even between continued lines
        if not joined:
            first = number
        joined += line
        if joined.endswith("\\"):
            joined = joined[:-1]
            continue
        if joined:
            yield first, joined
        joined = ""
    if joined:
        yield first, joined


def _unquoted(value: str) -> str:
    """A value without the quotes around it; within quotes a backslash protects the next character."""
    if len(value) < 2 or not (value.startswith('"') and value.endswith('"')):
        return value
    return re.sub(r"\\(.)", r"\1", value[1:-1])


def _option(line: str, number: int) -> Option | None:
    match = _OPTION.match(line)
    if match is None:
        return None
    name, value = match["name"], match["value"]
    if value is not None:
        return Option(name, _unquoted(value.strip()), number)
    for prefix in ("no_", "not_"):
        if name.startswith(prefix):
            return Option(name.removeprefix(prefix), "false", number)
    return Option(name, "true", number)


class _Block:
    """A named block: an ACL, an authenticator, a router or a transport; which one, its lines tell."""

    def __init__(self, name: str, number: int, kind: str | None) -> None:
        self.name = name
        self.number = number
        self.kind = kind  # where the heading says it
        self.lines: list[tuple[int, str]] = []

    @property
    def is_acl(self) -> bool:
        return self.kind == "acl" or (
            self.kind is None and bool(self.lines) and self.lines[0][1].split()[0].rstrip(":") in _ACL_VERBS
        )

    def options(self) -> dict[str, Option]:
        found = (_option(line, number) for number, line in self.lines)
        return {option.name: option for option in found if option}


class _Reader:
    """Sorts lines into settings, lists, macros and blocks."""

    def __init__(self) -> None:
        self.settings: dict[str, Option] = {}
        self.named_lists: dict[str, Option] = {}
        self.macros: dict[str, Option] = {}
        self.acls: list[Acl] = []
        self.authenticators: list[Authenticator] = []
        self.includes: list[str] = []
        self._section: str | None = None
        self._block: _Block | None = None

    def line(self, number: int, line: str) -> None:
        """Reads one logical line."""
        if line.startswith("."):
            match = _INCLUDE.match(line)
            self.includes += [match["path"].strip()] if match else []
        elif begin := re.match(r"begin\s+(\w+)$", line):
            self.close_block()
            self._section = begin[1].lower()
        elif header := _HEADER.match(line):
            self._open_block(header["name"], number, header["kind"])
        elif self._block is not None and self._belongs(self._block, line):
            self._block.lines.append((number, line))
        elif self._block is None and self._section not in {None, "main"} and not _is_dump(line):
            return  # rewriting and retry rules, text of local_scan
        else:
            self.close_block()
            self._section = None
            self._setting(number, line)

    def _open_block(self, name: str, number: int, kind: str | None) -> None:
        self.close_block()
        if kind is None and self._section in _SECTIONS_OF_DRIVERS:
            kind = self._section.removesuffix("s") if self._section else None
        self._block = _Block(name, number, kind)

    def _belongs(self, block: _Block, line: str) -> bool:
        """Whether a line is part of the block, or a setting of a dump that follows it."""
        if block.kind in {"router", "transport"}:
            return True
        if self._section == "acl" or block.is_acl or line.split(maxsplit=1)[0].rstrip(":") in _ACL_VERBS:
            return not _DRIVER_OPTION.match(line) or block.is_acl
        return bool(_DRIVER_OPTION.match(line)) or _is_macro(line)

    def close_block(self) -> None:
        """Keeps the block that ends here."""
        block, self._block = self._block, None
        if block is None:
            return
        options = block.options()
        driver = options.get("driver")
        if block.is_acl or (self._section == "acl" and driver is None):
            self.acls.append(Acl(block.name, "\n".join(line for _, line in block.lines), block.number))
        elif block.kind == "authenticator" or (driver and driver.value in AUTHENTICATOR_DRIVERS):
            self.authenticators.append(Authenticator(name=block.name, line=block.number, options=options))

    def _setting(self, number: int, line: str) -> None:
        listed = _NAMED_LIST.match(line)
        if listed and listed["kind"] in _NAMED_LISTS:
            value = _unquoted(listed["value"].strip())
            self.named_lists[listed["name"]] = Option(listed["name"], value, number)
        elif option := _option(line, number):
            if _is_macro(line):
                self.macros[option.name] = option
            else:
                name = option.name.lower()
                self.settings[name] = option._replace(name=name)


def _is_macro(line: str) -> bool:
    """Macros begin with a capital; a page that capitalises words is no reason to lose a setting."""
    return re.match(r"[A-Z][A-Z0-9_]*\s*==?", line) is not None


def _is_dump(line: str) -> bool:
    """Whether a line outside of any block looks like ``exim -bP``, not like a retry or rewriting rule."""
    return re.match(r"(?:hide\s+)?[a-z]\w*\s*(?:=|$)", line) is not None
