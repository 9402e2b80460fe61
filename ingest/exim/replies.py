"""What the usual answers of mail servers mean, and Exim's own words for failures."""

import re

REPLIES: tuple[tuple[re.Pattern[str], str, bool], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning, matters)
    for pattern, meaning, matters in (
        (r"retry time not reached", "nothing was tried: the time for the next attempt has not come", False),
        (r"retry timeout exceeded", "Exim tried for as long as its rules allow and gave up", False),
        (r"relay(?:ing)? (?:is )?(?:not permitted|denied|access denied)|relay access denied",
         "the server takes no mail for this recipient from this client (no relaying)", False),
        (r"blocked using|spamhaus|barracuda|black ?list|block ?list|S31[45]0|poor reputation"
         r"|listed (?:at|in|by)",
         "a blocklist names the server that sends", True),
        (r"4\.7\.28|rate ?limit|too many messages|throttl|RP-00[0-9]",
         "too much mail in a short time: the sender is slowed down", True),
        (r"gr[ae]y-?list|try again later", "the sender is asked to try again later", False),
        (r"\bspam\b|message content rejected|AUP#", "the message is taken for spam", True),
        (r"5\.1\.[01]\b|user unknown|unknown user|no such (?:user|mailbox|recipient)|does not exist"
         r"|mailbox unavailable|invalid (?:mailbox|recipient)", "the mailbox does not exist", False),
        (r"[45]\.2\.2\b|mailbox (?:is )?full|over ?quota|quota exceeded",
         "the mailbox is full", False),
        (r"5\.7\.26|\bspf\b|\bdkim\b|\bdmarc\b", "the sender's domain is not proven", False),
        (r"unrouteable address", "Exim found no way to it: the domain or the mailbox is unknown", False),
        (r"sender verify failed", "the sender's address does not exist, as far as can be told", False),
        (r"connection refused", "the other server does not accept connections", False),
        (r"timed out|timeout", "the other server did not answer in time", False),
        (r"network is unreachable|no route to host", "the other server cannot be reached", False),
        (r"remote host closed connection", "the other server hung up", False),
        (r"lookup|\bDNS\b", "a question to the DNS was not answered", False),
        (r"message (?:too big|size exceeds)|5\.3\.4", "the message is too large", False),
        (r"535 |authentication", "the login was refused", False),
        (r"\b4[0-9]{2}[ -]", "the server asked says: not now", False),
        (r"\b5[0-9]{2}[ -]", "the server asked says no", False),
    )
)  # fmt: skip
"""Common answers of servers, and Exim's own words for failures: half a sentence each, most telling first."""


def reply(text: str) -> tuple[str, bool] | None:
    """What an answer or a reason means, as half a sentence, and whether it carries an argument."""
    beginning = text[:2_000]
    for pattern, meaning, matters in REPLIES:
        if pattern.search(beginning):
            return meaning, matters
    return None
