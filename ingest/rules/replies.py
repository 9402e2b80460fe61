"""What servers say when they refuse: the few wordings that the rules must tell apart."""

import re

from ingest.exim.reasons import Reason, reason_of

UNKNOWN_RECIPIENT = re.compile(
    r"\b5\.1\.[01]\b|user unknown|unknown (?:user|local part|recipient|address)"
    r"|no such (?:user|recipient|mailbox|address)"
    r"|(?:user|address|account|mailbox|recipient)\b.{0,40}?\b"
    r"(?:does not exist|doesn't exist|not found|unknown)"
    r"|not listed in (?:domino|public)|mailbox unavailable|invalid recipient"
    r"|recipient (?:address )?rejected: undeliverable|unrouteable address",
    re.IGNORECASE,
)
"""An address that does not exist."""

BLOCKLISTED = re.compile(
    r"\b5\.7\.1\b.{0,200}?"
    r"(?:spamhaus|barracuda|blocked using|blacklist|block ?list|S3140|S3150|poor reputation)"
    r"|blocked using [\w.-]+|(?<!not )\b(?:black|block)?listed (?:at|in|on|by) [\w-]",
    re.IGNORECASE | re.DOTALL,
)
"""The other side refuses us because of a list of spammers."""

_BLOCKLIST = re.compile(
    r"(?:blocked using|listed (?:at|in|on|by)) (?:the )?([\w-]+(?:\.[\w-]+)*)|(spamhaus|barracuda)",
    re.IGNORECASE,
)


THROTTLED = (
    r"\m421[ -]4\.7\.[0-9]+|\m4\.7\.28\M|rate limit|too many (messages|connections|recipients)|temporarily deferred"
    r"|\mRP-00[0-9]|\[TSS?0[0-9]\]|throttl"
)
"""The other side gets too much from us; as a pattern of PostgreSQL, which counts these."""

_CONTENT = re.compile(
    r"\b5\.7\.1\b.{0,200}?spam|\bAUP#|message content rejected|detected as spam|likely (?:suspicious|unsolicited)"
    r"|looks like spam|classified as spam|spam message rejected",
    re.IGNORECASE | re.DOTALL,
)
_UNPROVEN = re.compile(r"\b5\.7\.(?:26|509|515)\b|\b(?:SPF|DKIM|DMARC)\b", re.IGNORECASE)


def says_sender_unproven(text: str | None) -> bool:
    """Whether a reply says that SPF, DKIM or DMARC does not vouch for the sender."""
    return text is not None and _UNPROVEN.search(text) is not None


def says_content_refused(text: str | None) -> bool:
    """Whether a reply says that the message itself looks like spam; a listed host or a missing SPF is not that."""
    return (
        text is not None
        and _CONTENT.search(text) is not None
        and not BLOCKLISTED.search(text)
        and not _UNPROVEN.search(text)
    )


def says_unknown_recipient(text: str | None) -> bool:
    """Whether a reply says that the address does not exist. A refusal because of a blocklist is not that."""
    return text is not None and bool(UNKNOWN_RECIPIENT.search(text)) and not BLOCKLISTED.search(text)


def blocklist_named(text: str | None) -> str | None:
    """The blocklist that a reply names, "" if it names none, None if it is about something else."""
    if text is None or not BLOCKLISTED.search(text):
        return None
    match = _BLOCKLIST.search(text)
    return (match[1] or match[2]).lower() if match else ""


def says_relay_refused(text: str) -> bool:
    """Whether we refused because the recipient is not ours and the client is not known."""
    return reason_of(text) is Reason.RELAY
