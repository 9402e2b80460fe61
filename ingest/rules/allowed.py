"""What somebody has allowed: findings that an entry covers are kept, but do not count.

An entry covers what was last seen before its end, by the log's time: whatever goes on behind it is told again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_network
from typing import Any

from ingest.rules.facts import MessageFacts, Network, SubjectKind, read_address


class AllowedKind(StrEnum):
    """Whom an entry is for."""

    SENDER_HOST_ADDRESS = "sender_host_address"
    NETWORK = "network"
    AUTHENTICATED_ID = "authenticated_id"
    LOCAL_USER = "local_user"
    LOG_HOST = "log_host"  # as a whole, its configuration, or what its log cannot tell


_SUBJECT = {
    AllowedKind.SENDER_HOST_ADDRESS: SubjectKind.SENDER_HOST_ADDRESS,
    AllowedKind.NETWORK: SubjectKind.SENDER_HOST_ADDRESS,
    AllowedKind.AUTHENTICATED_ID: SubjectKind.AUTHENTICATED_ID,
    AllowedKind.LOCAL_USER: SubjectKind.LOCAL_USER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """An entry of the allow-list that stands."""

    entry: int  # its number
    rule: str  # "": all
    kind: AllowedKind
    value: str
    reason: str
    author: str
    until: datetime

    def is_for(self, kind: SubjectKind, value: str) -> bool:
        """Whether it speaks of this subject."""
        if _SUBJECT.get(self.kind) is not kind:
            return False
        match self.kind:
            case AllowedKind.NETWORK:
                address = read_address(value)
                return address is not None and address in _network(self.value)
            case AllowedKind.SENDER_HOST_ADDRESS:
                address = read_address(value)
                return address is not None and address == read_address(self.value)
            case AllowedKind.AUTHENTICATED_ID:
                return value.lower() == self.value.lower()
            case _:
                return value == self.value

    def covers(self, rule: str, last_at: datetime | None) -> bool:
        """Whether it silences a finding of this rule that was last seen then."""
        return self.rule in ("", rule) and last_at is not None and last_at < self.until

    def as_json(self) -> dict[str, Any]:
        """As in ``relays --json``."""
        return {
            "entry": self.entry,
            "reason": self.reason,
            "author": self.author,
            "until": self.until.isoformat(),
        }


@lru_cache(maxsize=1024)
def _network(text: str) -> Network:
    """Of IPv4 where it is one of mapped addresses, as ``read_address`` reads them."""
    network = ip_network(text, strict=False)
    first = read_address(str(network.network_address))
    if network.version == 6 and first is not None and first.version == 4 and network.prefixlen >= 96:
        return ip_network(f"{first}/{network.prefixlen - 96}", strict=False)
    return network


def allowances_of(allowances: Iterable[Allowance], kind: SubjectKind, value: str) -> tuple[Allowance, ...]:
    """Those for one subject, the oldest first."""
    return tuple(
        sorted((entry for entry in allowances if entry.is_for(kind, value)), key=lambda entry: entry.entry)
    )


def allowances_of_message(allowances: Iterable[Allowance], message: MessageFacts) -> tuple[Allowance, ...]:
    """Those for the address, account or local user that a message came from, the oldest first."""
    subjects = (
        (SubjectKind.SENDER_HOST_ADDRESS, message.sender_host_address),
        (SubjectKind.AUTHENTICATED_ID, message.authenticated_id),
        (SubjectKind.LOCAL_USER, message.local_user if message.sender_host_address is None else None),
    )
    known = [(kind, value) for kind, value in subjects if value]
    return tuple(
        sorted(
            (entry for entry in allowances if any(entry.is_for(*subject) for subject in known)),
            key=lambda entry: entry.entry,
        )
    )


def allowances_of_log_host(allowances: Iterable[Allowance]) -> tuple[Allowance, ...]:
    """Those for the log host as a whole, the oldest first."""
    of_host = (entry for entry in allowances if entry.kind is AllowedKind.LOG_HOST)
    return tuple(sorted(of_host, key=lambda entry: entry.entry))


def covering(allowances: Iterable[Allowance], rule: str, last_at: datetime | None) -> Allowance | None:
    """The first that silences a finding; None: it counts."""
    return next((entry for entry in allowances if entry.covers(rule, last_at)), None)
