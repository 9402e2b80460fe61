"""Why something was refused, in few words: the normalised class of a free text.

The texts are local choice (ACL messages) or the remote server's, so this reads by typical words and is never
proof; what it does not know is OTHER.
"""

import re
from enum import StrEnum


class Reason(StrEnum):
    """Classes of refusal; the value is what pages print."""

    UNKNOWN_RECIPIENT = "unknown recipient"
    RELAY = "relay not permitted"
    BLOCKLIST = "on a blocklist"
    LOGIN = "login refused"
    SENDER = "sender refused"
    GREYLISTED = "greylisted"
    RATE = "too many, too fast"
    CONTENT = "content refused"
    SIZE = "too large"
    PROTOCOL = "protocol error"
    OTHER = "other"


_WORDS: tuple[tuple[Reason, str], ...] = (
    (Reason.RELAY, r"relay(?:ing)? (?:not permitted|access denied|denied)|relay access denied"),
    (
        Reason.BLOCKLIST,
        r"spamhaus|barracuda|blocked using|black ?list|block ?list|dnsbl|S3140|S3150|poor reputation"
        r"|listed (?:at|in|by)",
    ),
    (Reason.GREYLISTED, r"gr[ea]y-?list"),
    (
        Reason.UNKNOWN_RECIPIENT,
        r"\b5\.1\.[01]\b|user unknown|unknown user|no such (?:user|recipient|person|mailbox)"
        r"|unrouteable address|unknown recipient|does not exist|mailbox unavailable|no mailbox",
    ),
    (
        Reason.RATE,
        r"rate ?limit|rate overlimit|too many|\b4\.7\.28\b|RP-00\d|exceeded the max|sending limit",
    ),
    (
        Reason.SENDER,
        r"sender verify|verify sender|sender (?:address )?(?:rejected|refused|unknown)|\bspf\b|\bdmarc\b",
    ),
    (Reason.CONTENT, r"\bspam\b|virus|malware|junk|message content|\b5\.7\.1\b"),
    (Reason.SIZE, r"message too big|size limit|too large"),
    (Reason.PROTOCOL, r"synchronization error|syntax|protocol error|no HELO|helo|ehlo"),
)
_PATTERNS = tuple((reason, re.compile(words, re.IGNORECASE)) for reason, words in _WORDS)
_READ_AT_MOST = 2000  # characters; an attacker's text must not cost more


def reason_of(text: str) -> Reason:
    """The class of a refusal's text, from an ACL or a remote server."""
    head = text[:_READ_AT_MOST]
    for reason, pattern in _PATTERNS:
        if pattern.search(head):
            return reason
    return Reason.OTHER
