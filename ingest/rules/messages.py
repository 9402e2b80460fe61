"""What the rules find on one message by itself."""

from ingest.rules.bulk import BLOCKLISTED, MANY_IN_CONNECTION
from ingest.rules.definition import Limits, MessageFinding, Rule
from ingest.rules.facts import LogHostFacts, MessageFacts
from ingest.rules.helo import HELO_LITERAL
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
    """The findings on one message, worst first."""
    found = []
    for rule in MESSAGE_RULES:
        evidence = rule.message(message, host, limits) if rule.message else None
        if evidence is not None:
            title = evidence.title or rule.title
            found.append(MessageFinding(rule.code, evidence.severity, title, evidence.text))
    return tuple(sorted(found, key=lambda finding: finding.severity.rank))
