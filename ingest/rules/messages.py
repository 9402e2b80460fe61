"""What the rules find on one message by itself."""

from datetime import datetime

from ingest.rules.bulk import BLOCKLISTED, MANY_IN_CONNECTION
from ingest.rules.definition import Limits, MessageFinding, Rule
from ingest.rules.facts import LogHostFacts, MessageFacts, RecipientFacts
from ingest.rules.helo import HELO_LITERAL, is_only_noted
from ingest.rules.logins import EMPTY_ID
from ingest.rules.relaying import LOCAL_SENDER, OPEN_RELAY

MESSAGE_RULES: tuple[Rule, ...] = (
    OPEN_RELAY,
    LOCAL_SENDER,
    EMPTY_ID,
    MANY_IN_CONNECTION,
    BLOCKLISTED,
    HELO_LITERAL,
)

_DEFAULTS = Limits()


def message_findings(
    message: MessageFacts, host: LogHostFacts, limits: Limits = _DEFAULTS
) -> tuple[MessageFinding, ...]:
    """The findings on one message, worst first; the same ones however its recipients are ordered."""
    if len(message.recipients) > 1:
        message = message._replace(recipients=tuple(sorted(message.recipients, key=_place)))
    found = []
    for rule in MESSAGE_RULES:
        evidence = rule.message(message, host, limits) if rule.message else None
        if evidence is not None:
            title = evidence.title or rule.title
            found.append(MessageFinding(rule.code, evidence.severity, title, evidence.text))
    return tuple(sorted(found, key=lambda finding: finding.severity.rank))


def _place(told: RecipientFacts) -> tuple[datetime, str, str]:
    return told.logged_at, told.recipient, told.original_recipient


def is_worth_judging(finding: MessageFinding) -> bool:
    """Whether a subject can get a report because of it: Worth.FOUND_ON_MESSAGE."""
    return not is_only_noted(finding)
