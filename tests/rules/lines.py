"""Log lines as Exim writes them, and what the rules find in them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ingest.explain import explain
from ingest.rules.definition import Severity

CONFIGURATION = """\
domainlist local_domains = example.com : example.org
hostlist relay_from_hosts = 127.0.0.1 : 198.51.100.0/24
"""
_START = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def stamp(minutes: float) -> str:
    """A stamp so many minutes after six in the morning."""
    return f"{_START + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"


def mail(
    minutes: float,
    arrival: str,
    *outcomes: str,
    number: int = 0,
) -> list[str]:
    """The lines of one message: what stands behind ``<=``, each delivery line from its arrow on, and its completion."""
    name = f"1wvZ{_DIGITS[int(minutes) // 60 % 62]}{_DIGITS[int(minutes) % 60]}-{number:011d}-0001"
    at = stamp(minutes)
    told = [f"{at} {name} {outcome}" for outcome in outcomes]
    return [f"{at} {name} <= {arrival}", *told, f"{at} {name} Completed"]


def found(lines: Iterable[str], configuration: str = CONFIGURATION) -> dict[tuple[str, str], Severity]:
    """What the rules find on addresses, accounts and local users: severities by subject and rule."""
    explained = explain("\n".join(lines).encode(), configuration=configuration, log_host="mx.example.com")
    return {
        (report.value, finding.rule): finding.severity
        for report in explained.reports
        for finding in report.findings
    }
