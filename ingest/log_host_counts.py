"""What is counted of a log host: its hours, the domains it delivers for, its logins and its scripts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from ingest.assembly import Attempt, same_recipient
from ingest.rules.facts import Outcome
from ingest.sql import statement


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
