"""What the rules find on one message by itself."""

from collections.abc import Iterable
from datetime import datetime

from ingest.languages import say
from ingest.rules.authenticators import UNKNOWN_ID
from ingest.rules.bots import BOT_NAME, is_bot_name
from ingest.rules.bulk import BLOCKLISTED, MANY_IN_CONNECTION
from ingest.rules.definition import Limits, MessageFinding, Rule
from ingest.rules.facts import LogHostFacts, MessageFacts, RecipientFacts
from ingest.rules.helo import HELO_IS_OURS, HELO_LITERAL, HELO_WITHOUT_DOMAIN, has_no_domain, is_only_noted
from ingest.rules.logins import EMPTY_ID
from ingest.rules.relaying import LOCAL_SENDER, OPEN_RELAY, ROUTED_RECIPIENT, is_routed
from ingest.rules.reputation import SPAM_REFUSED
from ingest.rules.volumes import LIMITED

MESSAGE_RULES: tuple[Rule, ...] = (
    OPEN_RELAY,
    LOCAL_SENDER,
    ROUTED_RECIPIENT,
    EMPTY_ID,
    UNKNOWN_ID,
    BOT_NAME,
    LIMITED,
    MANY_IN_CONNECTION,
    BLOCKLISTED,
    SPAM_REFUSED,
    HELO_IS_OURS,
    HELO_WITHOUT_DOMAIN,
    HELO_LITERAL,
)


def message_findings(
    message: MessageFacts, host: LogHostFacts, limits: Limits | None = None
) -> tuple[MessageFinding, ...]:
    """The findings on one message, worst first; the same ones however its recipients are ordered."""
    limits = limits or host.limits
    if len(message.recipients) > 1:
        message = message._replace(recipients=tuple(sorted(message.recipients, key=_place)))
    found = []
    for rule in MESSAGE_RULES:
        evidence = rule.message(message, host, limits) if rule.message else None
        if evidence is not None:
            title = evidence.title or say(rule.title)
            found.append(MessageFinding(rule.code, evidence.severity, title, evidence.text))
    return tuple(sorted(found, key=lambda finding: finding.severity.rank))


def _place(told: RecipientFacts) -> tuple[datetime, str, str]:
    return told.logged_at, told.recipient, told.original_recipient


def may_be_found_on_login(account: str | None, helo_name: str, host: LogHostFacts) -> bool:
    """Whether a rule may find something on a message that came by a login and was delivered; most need not be asked.

    ``account``: "" where the log shows an empty id, None where it shows none; ``helo_name``: "" where it has none.
    """
    if account == "" or is_bot_name(helo_name):
        return True
    return account is not None and host.is_unknown_account(account)


def may_be_found_on_stranger(
    helo_name: str, sender: str, recipients: Iterable[str], host: LogHostFacts
) -> bool:
    """The same for one that came by network without a login, and was delivered on this host.

    ``helo_name``: "" where the log has none; ``recipients``: as they were before aliasing.
    """
    return (
        "[" in helo_name
        or helo_name[-1:].isdigit()
        or (helo_name != "" and (has_no_domain(helo_name) or host.is_own_name(helo_name)))
        or host.is_local(sender)
        or any(map(is_routed, recipients))
    )


def is_worth_judging(finding: MessageFinding) -> bool:
    """Whether a subject can get a report because of it: Worth.FOUND_ON_MESSAGE."""
    return not is_only_noted(finding)
