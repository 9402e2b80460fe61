"""What is counted of a log host: its hours, the domains it delivers for, its logins and its scripts."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from ingest.assembly import Attempt, same_recipient
from ingest.models.hour_counts import Counted
from ingest.rules.facts import Outcome
from ingest.sql import statement

LONGEST_VALUE = 255
"""Characters of what is counted by the hour."""

# The part of a server's name that its owner registered, as far as it shows without a list of all registries.
_REGISTERED = re.compile(r"(?:[^.]+\.(?:ac|co|com|edu|gov|ne|net|or|org)\.[a-z]{2}|[^.]+\.[^.]+)\Z", re.ASCII)


@dataclass(slots=True)
class Hour:
    """Lines of one hour."""

    lines: int = 0
    messages: int = 0
    delivered: int = 0
    deferred: int = 0
    bounced: int = 0
    rejected: int = 0
    failed_logins: int = 0


@dataclass(slots=True)
class Logins:
    """Authenticated arrivals through one authenticator."""

    named: int = 0
    nameless: int = 0
    unrecorded: int = 0


@dataclass(slots=True)
class Counts:
    """What a batch adds to the counts of its log host."""

    hours: dict[datetime, Hour] = field(default_factory=dict)
    local_deliveries: dict[str, int] = field(default_factory=dict)  # by domain
    logins: dict[str, Logins] = field(default_factory=dict)  # by authenticator
    script_runs: dict[tuple[datetime, str], int] = field(default_factory=dict)  # by hour and directory
    named: Counter[tuple[Counted, datetime, str]] = field(default_factory=Counter)  # by kind, hour and value


def add(log_host_id: int, counts: Counts) -> None:
    """Count up. Rows are taken in the order of their keys, so that batches wait and never deadlock."""
    hours = sorted(counts.hours.items())
    columns = [[getattr(hour, name) for _, hour in hours] for name in Hour.__slots__]
    volumes = {"hours": [at for at, _ in hours]} | dict(zip(Hour.__slots__, columns, strict=True))
    domains = sorted(counts.local_deliveries.items())
    logins = sorted(counts.logins.items())
    with connection.cursor() as cursor:
        _execute(cursor, "add_hourly_volumes", log_host_id, volumes)
        if domains:
            by_domain = {"domains": [name for name, _ in domains], "deliveries": [n for _, n in domains]}
            _execute(cursor, "add_local_domains", log_host_id, by_domain)
        if logins:
            by_name: dict[str, list[Any]] = {"authenticators": [name for name, _ in logins]}
            for name in Logins.__slots__:
                by_name[name] = [getattr(count, name) for _, count in logins]
            _execute(cursor, "add_login_counts", log_host_id, by_name)
        if counts.script_runs:
            runs = sorted(counts.script_runs.items())
            by_hour = {"hours": [at for (at, _), _ in runs], "directories": [name for (_, name), _ in runs]}
            _execute(
                cursor, "add_script_runs", log_host_id, by_hour | {"runs": [number for _, number in runs]}
            )
        if counts.named:
            _add_named(cursor, log_host_id, counts.named)


def _add_named(cursor: Any, log_host_id: int, named: Mapping[tuple[Counted, datetime, str], int]) -> None:
    kinds, hours, names = zip(*named, strict=True)
    columns = {"kinds": list(kinds), "hours": list(hours), "names": list(names), "numbers": [*named.values()]}
    _execute(cursor, "add_hour_counts", log_host_id, columns)


def _execute(cursor: Any, name: str, log_host_id: int, parameters: Mapping[str, Any]) -> None:
    cursor.execute(statement(name), {"log_host_id": log_host_id, **parameters})


def domain_of_local_delivery(attempt: Attempt) -> str | None:
    """The domain that a local transport delivered for; None for remote deliveries and discards."""
    if attempt.outcome is not Outcome.DELIVERED or attempt.is_remote or attempt.transport is None:
        return None
    return local_domain_of(attempt.recipient, attempt.original_recipient)


def local_domain_of(recipient: str, original_recipient: str | None) -> str | None:
    """The domain of a recipient, as local domains are counted."""
    name = same_recipient(recipient, original_recipient)
    domain = name.rpartition("@")[2] if "@" in name else ""
    return domain[:255] or None


def provider_of(remote_host_name: str | None, recipient: str) -> str:
    """Whose server put a recipient off: gmail-smtp-in.l.google.com is google.com; without a server, the domain."""
    name = (remote_host_name or "").rstrip(".").lower()
    found = _REGISTERED.search(name)
    return (found[0] if found else domain_of(recipient))[:LONGEST_VALUE]


def domain_of(address: str) -> str:
    """The domain of an address; "" where it has none."""
    return address.rpartition("@")[2].lower()[:LONGEST_VALUE] if "@" in address else ""
