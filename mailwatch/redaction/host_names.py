"""Which names of hosts and domains are nobody's business outside, and who stands for them.

A name that the world can look up is evidence, such as ``mx3.hotmail.com``. A name that only the house knows is
not: ``mailhub``, ``web01.corp.local``, or whatever has an address that only the house can reach.
"""

import re
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_INTERNAL_NETWORKS = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "::/127", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
# Names without a place in the public DNS: RFC 6761, 6762, 7686, 8375, and what ICANN found to collide.
_INTERNAL_SUFFIX = re.compile(
    r"\.(?:local|internal|lan|corp|home|arpa|localdomain|localhost|intranet|intra|private|priv|domain|workgroup|"
    r"mail|dmz|server|loc|locale)\Z"
)
_LOOKED_UP = re.compile(r"\.(?:ip6|in-addr|e164)\.arpa\Z")
_EVERYBODYS = frozenset(
    {
        "localhost",
        "localhost.localdomain",
        "localhost4",
        "localhost6",
        "localhost6.localdomain6",
        "ip6-localhost",
    }
)
_OURS = re.compile(r"(?:host-\d+\.)?(?:internal|domain-\d+)\.invalid\Z")
_LABEL = r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?)"
_NAME = re.compile(rf"(?:\*\.)?(?:_?{_LABEL}\.)*{_LABEL}\Z")
# Japanese sentences have no space around a name.
_LETTER = r"[^\W\u3040-\u30ff\u3400-\u9fff]"
_TOP = rf"(?:xn--[a-z0-9-]+|(?:(?![\d_]){_LETTER}){{2,63}})"
DOTTED = re.compile(
    rf"(?<!{_LETTER})(?:\*\.)?(?:(?:{_LETTER}|-){{1,63}}\.)+{_TOP}(?!{_LETTER})", re.IGNORECASE
)
"""What looks like the name of a host or a domain wherever it stands."""
_FILES = _words(
    "php html htm shtml conf cfg txt log gz db dat exe zip rar pdf doc docx xls xlsx jpg png gif js css json xml "
    "asp aspx jsp cgi mbox tmp lock pid so"
)
# "example.co.uk": the registry sells names below these.
_SECOND_LEVEL = _words("ac co com edu go gob gov govt ltd me mil ne net nom or org plc sch web")


def is_internal_address(text: str) -> bool:
    """Whether only the house can reach an IP address: private, loopback, link-local."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in _INTERNAL_NETWORKS)


def is_literal(name: str) -> bool:
    """An IP address where a name may stand, also ``[192.0.2.1]`` and ``[IPv6:2001:db8::1]``."""
    inner = name.removeprefix("[").removesuffix("]")
    inner = inner[5:] if inner[:5].lower() == "ipv6:" else inner
    try:
        ip_address(inner)
    except ValueError:
        return False
    return True


def folded(name: str) -> str:
    return name.rstrip(".").casefold()


def registered(name: str) -> str:
    """The part of a public name that somebody registered: ``example.net`` of ``mx.example.net``."""
    labels = name.split(".")
    most = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else 2
    return ".".join(labels[-most:])


class HostNames:
    """Names of hosts and domains on one side, ``host-2.domain-1.invalid`` on the other."""

    def __init__(self, *, hides_domains: bool) -> None:
        self._hides_domains = hides_domains
        self._internal: set[str] = set()  # those at addresses of the house
        self._of_mail: set[str] = set()  # domains that people have addresses in
        self._stand_ins: dict[str, str] = {}
        self._domains: dict[str, str] = {}  # registered name -> "domain-1.invalid"
        self._numbers: Counter[str] = Counter()

    def learn(self, name: str, *, address: str | None = None) -> None:
        """Take note of a host's name. ``address``: where it is, if the line says so."""
        name = folded(name)
        if address and is_internal_address(address) and name not in _EVERYBODYS and not is_literal(name):
            self._internal.add(name)

    def learn_mail_domain(self, name: str) -> None:
        """Take note of a domain that people have addresses in: it is no name of a host, whatever has it."""
        self._of_mail.add(folded(name))

    def is_hidden(self, name: str) -> bool:
        """Whether something else is shown in the place of a name."""
        name = folded(name)
        if not name or name in _EVERYBODYS or is_literal(name) or _OURS.match(name):
            return False
        return self._hides_domains or self._is_internal(name)

    def is_internal(self, name: str) -> bool:
        """Whether a name is hidden at each level."""
        return self.is_hidden(name) and self._is_internal(folded(name))

    def shown(self, name: str) -> str:
        """What is shown in the place of a name: itself, or what stands for it throughout the report."""
        if not self.is_hidden(name):
            return name
        key = folded(name)
        if key not in self._stand_ins:
            self._stand_ins[key] = self._next(key)
        return self._stand_ins[key]

    def internal(self) -> Iterator[str]:
        """Public names that were found to be of the house."""
        return iter(self._internal)

    def _is_internal(self, name: str) -> bool:
        if not _NAME.match(name) or "." not in name:
            return True
        if _INTERNAL_SUFFIX.search(name):
            return not _LOOKED_UP.search(name)
        return any(parent in self._internal and not self._is_domain(parent) for parent in _with_parents(name))

    def _is_domain(self, name: str) -> bool:
        return name in self._of_mail and name == registered(name)

    def _next(self, name: str) -> str:
        domain = "internal.invalid"
        if not self._is_internal(name):
            sold = registered(name.removeprefix("*."))
            if sold not in self._domains:
                self._numbers["domain"] += 1
                self._domains[sold] = f"domain-{self._numbers['domain']}.invalid"
            domain = self._domains[sold]
            if name == sold:
                return domain
        self._numbers[domain] += 1
        return f"host-{self._numbers[domain]}.{domain}"


def _with_parents(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.partition(".")[2]


def is_file(name: str) -> bool:
    """``index.php`` looks like a host's name and is none."""
    return name.count(".") == 1 and name.rpartition(".")[2].casefold() in _FILES
