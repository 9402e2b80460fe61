"""Lines to copy that keep an attacker out until the cause is mended: a firewall's, and an access control list's.

What comes from a log is quoted for the shell, and stands in a line for Exim only if it cannot be read as anything
but a name.
"""

import re
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Address, ip_network

from ingest.languages import say_of
from ingest.rules.facts import LogHostFacts, read_address
from ingest.rules.relaying import is_private_address

MOST_ADDRESSES = 10
_NETWORK_BITS = {4: 24, 6: 48}
_PORTS = "25,465,587"
_PLAIN_NAME = re.compile(r"[\w.+=-]+(?:@[\w.-]+)?", re.ASCII)


def firewall(addresses: Sequence[str], host: LogHostFacts) -> tuple[str, str] | None:
    """What to say, and the command that shuts the mail ports to them; None for addresses of the house."""
    foreign = _foreign(addresses, host)
    if not foreign:
        return None
    chosen = foreign if len(foreign) <= MOST_ADDRESSES else _networks(foreign)
    commands = [
        f"{tool} -I INPUT -s {','.join(sources)} -p tcp -m multiport --dports {_PORTS} -j DROP"
        for tool, sources in (
            ("iptables", [source for source in chosen if ":" not in source]),
            ("ip6tables", [source for source in chosen if ":" in source]),
        )
        if sources
    ]
    return _shut_out(foreign, chosen), " && ".join(commands)


def _shut_out(foreign: Sequence[str], chosen: Sequence[str]) -> str:
    if len(foreign) <= MOST_ADDRESSES:
        return say_of(
            len(foreign),
            "Shut this address out at the firewall until the way in is closed.",
            "Shut these addresses out at the firewall until the way in is closed.",
        )
    return say_of(
        len(chosen),
        "Shut out the network that most of the {addresses:,} addresses are in. This alone does not help: others will "
        "come. It also shuts out neighbours.",
        "Shut out the {number} networks that most of the {addresses:,} addresses are in. This alone does not help: "
        "others will come. It also shuts out neighbours.",
        addresses=len(foreign),
    )


def _foreign(addresses: Sequence[str], host: LogHostFacts) -> list[str]:
    return [
        str(ip)
        for address in addresses
        if (ip := read_address(address)) and not host.is_trusted(address) and not is_private_address(address)
    ]


def one_of_each_network(addresses: Sequence[str], host: LogHostFacts) -> list[str]:
    """The first foreign address of each network, of the network with the most of them first."""
    foreign = _foreign(addresses, host)
    first: dict[str, str] = {}
    for address in foreign:
        first.setdefault(_network(address), address)
    return [first[network] for network in _networks(foreign)]


def _networks(addresses: Sequence[str]) -> list[str]:
    """The networks with the most of them."""
    found = Counter(map(_network, addresses))
    most = sorted(found, key=lambda network: (-found[network], network))
    return most[:MOST_ADDRESSES]


def _network(address: str) -> str:
    version = 4 if isinstance(read_address(address), IPv4Address) else 6
    return str(ip_network(f"{address}/{_NETWORK_BITS[version]}", strict=False))


def deny_accounts(accounts: Sequence[str]) -> str | None:
    """A statement for the beginning of the ACL for RCPT; None where a name could be read as more than a name."""
    if not accounts or not all(_PLAIN_NAME.fullmatch(account) for account in accounts):
        return None
    names = " : ".join(account.lower() for account in accounts[:MOST_ADDRESSES])
    return (
        "deny\n"
        f"  condition = ${{if inlisti{{$authenticated_id}}{{{names}}}}}\n"
        "  message   = This account is locked. Please call the helpdesk."
    )


def deny_users(users: Sequence[str]) -> str | None:
    """The same for the ACL for messages of programs (acl_not_smtp)."""
    if not users or not all(_PLAIN_NAME.fullmatch(user) for user in users):
        return None
    names = " : ".join(user for user in users[:MOST_ADDRESSES])
    return f"deny\n  condition = ${{if inlist{{$sender_ident}}{{{names}}}}}"


DENY_STRANGERS = (
    "deny\n"
    "  !authenticated = *\n"
    "  !hosts         = +relay_from_hosts\n"
    "  !domains       = +local_domains : +relay_to_domains\n"
    "  message        = relay not permitted"
)
"""For the beginning of the ACL for RCPT: nobody who has not logged in sends elsewhere, whoever he says he is."""
