"""Reads the text of a configuration: ``exim -bP``, a configure file, or a single authenticator.

Text only; nothing is run, no file is opened. Passwords are masked before anything is read, so that a
``Configuration`` never holds one.

Source: Exim's specification, chapters "The Exim run time configuration file" and "SMTP authentication";
readconf.c for what ``-bP`` prints.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from ingest.exim.access_lists import VERBS, Acl, read_acl
from ingest.exim.lists import Network, holds_strangers, network, split_list
from ingest.exim.masking import MASK, mask
from ingest.exim.preprocessing import INCLUDE, Line, Macro, Preprocessed

__all__ = ["MASK", "Acl", "Authenticator", "Configuration", "Driver", "Option", "mask", "read"]

AUTHENTICATOR_DRIVERS = frozenset(
    ["plaintext", "cram_md5", "cyrus_sasl", "dovecot", "external", "gsasl", "heimdal_gssapi", "spa", "tls"]
)
_NAMED_LISTS = frozenset(["domainlist", "hostlist", "addresslist", "localpartlist"])
_SECTIONS_OF_DRIVERS = frozenset({"routers", "transports", "authenticators"})
_MANY_SETTINGS = 60  # so many, and no section: what ``exim -bP`` prints, which is every setting

_OPTION = re.compile(r"(?:hide\s+)?(?P<name>[A-Za-z_]\w*)\s*(?:==?\s*(?P<value>.*))?$", re.DOTALL)
_NAMED_LIST = re.compile(
    r"(?:hide\s+)?(?P<kind>[a-z]+)\s+(?:(?:hide|cache)\s+)?(?P<name>[\w.-]+)\s*=\s*(?P<value>.*)$", re.DOTALL
)
_HEADER = re.compile(r"(?P<name>[A-Za-z0-9_][\w.-]*)(?:\s+(?P<kind>router|transport|authenticator))?\s*:$")
_DRIVER_OPTION = re.compile(
    r"(?:hide\s+)?(?:no_|not_)?(?:driver|public_name|(?:server|client)_\w+)\s*(?:=|$)"
)
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+", re.ASCII)


class Option(NamedTuple):
    """One setting: its value as one line, and where it stands (from 1)."""

    name: str
    value: str
    line: int
    doubt: str = ""  # the condition (``.ifdef X``) that decides whether it counts, "" if it does


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One router, transport or authenticator."""

    name: str
    line: int
    options: Mapping[str, Option]
    kind: str = ""  # "router", "transport", "authenticator", as far as the text says
    is_cut: bool = False  # part of it stands in a file or a macro that was not read

    def get(self, name: str) -> str:
        """The value of an option, "" if it is not set."""
        option = self.options.get(name)
        return option.value if option else ""

    @property
    def driver(self) -> str:
        """The driver, "" if the text does not say."""
        return self.get("driver")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator(Driver):
    """One authenticator. Two of the same name may stand in one text (as found, as mended)."""

    @property
    def mechanism(self) -> str:
        """What clients ask for: public_name, else the authenticator's own name; upper case."""
        return (self.get("public_name") or self.name).upper()

    @property
    def is_server(self) -> bool:
        """Whether clients can log in through it, or may; otherwise we log in elsewhere with it."""
        if self.is_cut and not any(name.startswith("client_") for name in self.options):
            return True
        if self.driver == "plaintext":
            return bool(self.get("server_condition"))
        return self.driver in {"dovecot", "external", "tls"} or any(
            name.startswith("server_") and option.value for name, option in self.options.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a text says. ``text`` is the whole of it, masked."""

    text: str
    settings: Mapping[str, Option] = field(default_factory=lambda: MappingProxyType({}))
    named_lists: Mapping[str, Option] = field(default_factory=lambda: MappingProxyType({}))
    macros: Mapping[str, Macro] = field(default_factory=lambda: MappingProxyType({}))
    acls: tuple[Acl, ...] = ()
    authenticators: tuple[Authenticator, ...] = ()
    drivers: tuple[Driver, ...] = ()  # routers and transports
    includes: tuple[str, ...] = ()  # files and macros whose lines belong to the text and do not stand in it
    sections: frozenset[str] = frozenset()  # those that the text begins: "acl", "routers", ...

    def get(self, name: str) -> str:
        """The value of a main setting, "" if it is not set or not in the text."""
        option = self.settings.get(name)
        return option.value if option else ""

    def tells(self, name: str) -> bool:
        """Whether the text says what a main setting is; where it is not set, that it is not set."""
        if name in self.settings:
            return not self.settings[name].doubt
        is_file = bool(self.settings) and {"acl", "routers"} <= self.sections
        return not self.includes and (is_file or len(self.settings) >= _MANY_SETTINGS)

    def acl(self, name: str) -> Acl | None:
        """An access control list by its name; of several the last."""
        return next((acl for acl in reversed(self.acls) if acl.name == name), None)

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
        items = [item for name in names for item in self._list_items(name)]
        if not names:
            items = [
                self.get("qualify_recipient") or self.get("qualify_domain"),
                self.get("primary_hostname"),
            ]
        plain = (self.get("primary_hostname") if item == "@" else item for item in items)
        return frozenset(item.lower() for item in plain if _DOMAIN.fullmatch(item))

    def trusted_networks(self, strangers: int) -> tuple[Network, ...]:
        """The plain addresses and networks of relay_from_hosts, without those that hold strangers.

        ``strangers``: the bits of a public IPv4 network from which on it does (ingest.rules.limits).
        """
        found = (network(item) for item in self._list_items("relay_from_hosts"))
        return tuple(one for one in found if one and not holds_strangers(one, strangers))

    def _list_items(self, name: str) -> Iterator[str]:
        """The items of a list and of the lists that it names, each list once."""
        seen, waiting = {name}, self._items_of(name)
        while waiting:
            item = waiting.pop()
            other = item.removeprefix("+")
            if other == item and item not in self.macros:
                yield item
            elif other not in seen:
                seen.add(other)
                waiting += self._items_of(other)

    def _items_of(self, name: str) -> list[str]:
        """Last item first."""
        option = self.named_lists.get(name) or self.macros.get(name)
        return split_list(option.value)[::-1] if option else []


def read(text: str) -> Configuration:
    """Reads a configuration. Never fails: text that is none gives an empty one."""
    masked = mask(text)
    preprocessed = Preprocessed(masked)
    reader = _Reader()
    for line in preprocessed.lines:
        reader.line(line)
    reader.close_block()
    return Configuration(
        text=masked,
        settings=reader.settings,
        named_lists=reader.named_lists,
        macros=preprocessed.macros,
        acls=tuple(reader.acls),
        authenticators=tuple(reader.authenticators),
        drivers=tuple(reader.drivers),
        includes=tuple(preprocessed.includes),
        sections=frozenset(reader.sections),
    )


def _unquoted(value: str) -> str:
    """A value without the quotes around it; within quotes a backslash protects the next character."""
    if len(value) < 2 or not (value.startswith('"') and value.endswith('"')):
        return value
    return re.sub(r"\\(.)", r"\1", value[1:-1])


def _option(line: Line) -> Option | None:
    match = _OPTION.match(line.text)
    if match is None:
        return None
    name, value = match["name"], match["value"]
    if value is not None:
        return Option(name, _unquoted(value.strip()), line.number, line.doubt)
    for prefix in ("no_", "not_"):
        if name.startswith(prefix):
            return Option(name.removeprefix(prefix), "false", line.number, line.doubt)
    return Option(name, "true", line.number, line.doubt)


class _Block:
    """A named block: an ACL, an authenticator, a router or a transport; which one, its lines tell."""

    def __init__(self, name: str, number: int, kind: str | None) -> None:
        self.name = name
        self.number = number
        self.kind = kind  # where the heading says it
        self.lines: list[Line] = []

    @property
    def is_acl(self) -> bool:
        return self.kind == "acl" or (
            self.kind is None and bool(self.lines) and self.lines[0].text.split()[0].rstrip(":") in VERBS
        )

    @property
    def is_cut(self) -> bool:
        return any(line.text.startswith(INCLUDE) for line in self.lines)

    def options(self) -> dict[str, Option]:
        found = (_option(line) for line in self.lines if not line.text.startswith(INCLUDE))
        return {option.name: option for option in found if option}


class _Reader:
    """Sorts lines into settings, lists and blocks."""

    def __init__(self) -> None:
        self.settings: dict[str, Option] = {}
        self.named_lists: dict[str, Option] = {}
        self.acls: list[Acl] = []
        self.authenticators: list[Authenticator] = []
        self.drivers: list[Driver] = []
        self.sections: set[str] = set()
        self._section: str | None = None
        self._block: _Block | None = None

    def line(self, line: Line) -> None:
        """Reads one logical line."""
        if line.text.startswith(INCLUDE):
            if self._block is not None:
                self._block.lines.append(line)
        elif begin := re.match(r"begin\s+(\w+)$", line.text):
            self.close_block()
            self._section = begin[1].lower()
            self.sections.add(self._section)
        elif header := _HEADER.match(line.text):
            self._open_block(header["name"], line.number, header["kind"])
        elif self._block is not None and self._belongs(self._block, line.text):
            self._block.lines.append(line)
        elif self._block is None and self._section not in {None, "main"} and not _is_dump(line.text):
            return  # rewriting and retry rules, text of local_scan
        else:
            self.close_block()
            self._section = None
            self._setting(line)

    def _open_block(self, name: str, number: int, kind: str | None) -> None:
        self.close_block()
        if kind is None and self._section in _SECTIONS_OF_DRIVERS:
            kind = self._section.removesuffix("s") if self._section else None
        self._block = _Block(name, number, kind)

    def _belongs(self, block: _Block, line: str) -> bool:
        """Whether a line is part of the block, or a setting of a dump that follows it."""
        if block.kind in {"router", "transport"}:
            return True
        if self._section == "acl" or block.is_acl or line.split(maxsplit=1)[0].rstrip(":") in VERBS:
            return not _DRIVER_OPTION.match(line) or block.is_acl
        return bool(_DRIVER_OPTION.match(line))

    def close_block(self) -> None:
        """Keeps the block that ends here."""
        block, self._block = self._block, None
        if block is None:
            return
        options = block.options()
        driver = options.get("driver")
        if block.is_acl or (self._section == "acl" and driver is None):
            self.acls.append(read_acl(block.name, block.number, block.lines))
            return
        is_authenticator = block.kind == "authenticator" or (driver and driver.value in AUTHENTICATOR_DRIVERS)
        if is_authenticator:
            self.authenticators.append(
                Authenticator(
                    name=block.name,
                    line=block.number,
                    options=options,
                    kind="authenticator",
                    is_cut=block.is_cut,
                )
            )
        elif driver:
            self.drivers.append(
                Driver(
                    name=block.name,
                    line=block.number,
                    options=options,
                    kind=block.kind or "",
                    is_cut=block.is_cut,
                )
            )

    def _setting(self, line: Line) -> None:
        listed = _NAMED_LIST.match(line.text)
        if listed and listed["kind"] in _NAMED_LISTS:
            value = _unquoted(listed["value"].strip())
            self.named_lists[listed["name"]] = Option(listed["name"], value, line.number, line.doubt)
        elif option := _option(line):
            name = option.name.lower()
            self.settings[name] = option._replace(name=name)


def _is_dump(line: str) -> bool:
    """Whether a line outside of any block looks like ``exim -bP``, not like a retry or rewriting rule."""
    return re.match(r"(?:hide\s+)?[a-z]\w*\s*(?:=|$)", line) is not None
