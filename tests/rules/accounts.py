"""What the rules find on one account, and messages of it from many places."""

from typing import Any

from ingest.rules.facts import LogHostFacts, MessageFacts, RecipientFacts, RejectionFacts, SubjectKind
from ingest.rules.relays import SubjectReport, subject_findings
from tests.rules.facts import HOST, START, login, recipient

ALICE = "alice@example.com"
DAY = 24 * 60  # minutes


def account_report(
    *facts: MessageFacts | RejectionFacts, host: LogHostFacts = HOST, account: str = ALICE
) -> SubjectReport | None:
    """The report on an account, from facts in any order."""
    messages = [fact for fact in facts if isinstance(fact, MessageFacts)]
    rejections = [fact for fact in facts if isinstance(fact, RejectionFacts)]
    return subject_findings(
        SubjectKind.AUTHENTICATED_ID,
        account,
        sorted(messages, key=lambda fact: (fact.received_at or START, fact.message_id)),
        sorted(rejections, key=lambda fact: fact.logged_at),
        host,
    )


def severity_of(report: SubjectReport | None, rule: str) -> str | None:
    """How severe the finding of one rule is; None without one."""
    finding = report.finding(rule) if report else None
    return None if finding is None else finding.severity.value


def sent(minutes: float, number: int, *, domains: int = 1, prefix: str = "d", **changes: Any) -> MessageFacts:
    """A message to so many recipients at so many domains."""
    return login(minutes, recipients=recipients(number, domains=domains, prefix=prefix), **changes)


def recipients(number: int, *, domains: int = 1, prefix: str = "d") -> tuple[RecipientFacts, ...]:
    return tuple(recipient(f"r{n}@{prefix}{n % domains}.example") for n in range(number))


def from_place(minutes: float, address: str, country: str | None = None, **changes: Any) -> MessageFacts:
    """A login from an address, with the country that a file has for it."""
    return login(minutes, sender_host_address=address, country=country, **changes)
