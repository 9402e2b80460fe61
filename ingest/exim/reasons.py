"""Why something was refused, in few words: the normalised class of a free text.

The texts are local choice (ACL messages) or the remote server's, so this reads by typical words and is never
proof; what it does not know is OTHER.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from ingest.exim import hosts


class Reason(StrEnum):
    """Classes of refusal; the value is what pages print, 20 characters at most."""

    UNKNOWN_RECIPIENT = "unknown recipient"
    MAILBOX_FULL = "mailbox full"
    RELAY = "relay not permitted"
    BLOCKLIST = "on a blocklist"
    LOGIN = "login refused"
    LOGIN_NEEDED = "login required"
    ENCRYPTION = "encryption required"
    SENDER = "sender refused"
    HOST = "sender host refused"
    GREYLISTED = "greylisted"
    RATE = "too many, too fast"
    CONTENT = "content refused"
    SIZE = "too large"
    PROTOCOL = "protocol error"
    UNREACHABLE = "server not reached"
    FAULT = "server fault"
    DISCARDED = "thrown away silently"  # by an ACL; the client was told that all is well
    UNSAID = "no reason logged"
    OTHER = "other"


class _Words(NamedTuple):
    """What tells a class. Phrases are looked for as they are, in lower case: fifty of them cost as much as one
    pattern. ``patterns`` are searched only where the word before them stands somewhere.
    """

    reason: Reason
    phrases: tuple[str, ...]
    patterns: tuple[tuple[str, str], ...] = ()


# The first that finds its words wins: what quotes the client comes first, what is told by codes alone last.
_WORDS = (
    _Words(
        Reason.PROTOCOL,
        ("synchronization error", "synchronisation error"),
        (("input=", r"\A(?:next )?input="), ("unqualified", r"\Aunqualified \w+ rejected")),
    ),
    _Words(Reason.DISCARDED, (), (("discarded", r"\Adiscarded by "),)),
    _Words(
        Reason.FAULT,
        (
            "failed to expand", "failed to open", "temporary local problem", "local configuration problem",
            "local configuration error", "internal error", "internal server error", "insufficient system",
        ),
        (("lookup", r"\blookup (?:of|for) .* (?:gave|defer)"),),
    ),
    _Words(
        Reason.RELAY,
        ("to relay through", "unable to relay", "cannot relay", "do not relay", "open relay"),
        (
            ("relay", r"relay(?:ing)? (?:is )?(?:not (?:permitted|allowed)|(?:access )?denied|attempt|prohibited)"),
            ("relay", r"not (?:permitted|allowed) to relay"),
        ),
    ),
    _Words(Reason.GREYLISTED, ("greylist", "graylist", "grey-list", "gray-list", "grey list", "gray list")),
    _Words(
        Reason.BLOCKLIST,
        (
            "spamhaus", "spamcop", "barracuda", "blocked using", "blacklist", "black list", "black-list", "blocklist",
            "block list", "block-list", "denylist", "dnsbl", "reputation", "is listed at", "is listed in",
            "is listed by", "is listed on", "s3140", "s3150",
        ),
        (("rbl", r"\brbl"), ("listed", r"\blisted (?:at|in|by|on)\b")),
    ),
    _Words(
        Reason.LOGIN_NEEDED,
        (
            "authentication required", "authentication is required", "login required", "must authenticate",
            "smtp auth required", "requires authentication", "must be authenticated", "must first authenticate",
            "must log in", "530 5.7.0", "530-5.7.0", "530 5.7.1", "530-5.7.1",
        ),
    ),
    _Words(
        Reason.ENCRYPTION,
        ("starttls required", "must encrypt", "encryption required", "encryption is required", "tls required",
         "tls is required", "must issue a starttls", "starttls command first", "requires encryption", "requires tls",
         "must use tls", "must use starttls"),
    ),
    _Words(
        Reason.SENDER,
        ("sender verify", "verify sender", "dmarc", "unauthenticated email", "unauthenticated mail", "unknown sender",
         "invalid sender", "bad sender", "forged sender", "valid sender", "verifiable sender"),
        (
            ("sender", r"sender (?:envelope )?(?:address )?(?:is )?(?:rejected|refused|unknown|invalid|denied)"),
            ("sender", r"sender[^:]{0,60}(?:does not exist|not found|cannot be verified)"),
            ("spf", r"\bspf\b"),
            ("5.1.", r"\b5\.1\.[78]\b"),
            ("5.7.2", r"\b5\.7\.2[0-46-9]\b"),
        ),
    ),
    _Words(
        Reason.UNKNOWN_RECIPIENT,
        (
            "user unknown", "unknown user", "unknown recipient", "recipient unknown", "unknown local", "no such user",
            "no such local", "no such recipient", "no such person", "no such mailbox", "no such address",
            "no such account", "unrouteable address", "unroutable address", "does not exist", "doesn't exist",
            "user not found", "recipient not found", "mailbox not found", "address not found", "mailbox unavailable",
            "mailbox disabled", "account disabled", "account that you tried to reach", "no mailbox",
            "recipient rejected", "recipient address rejected", "invalid recipient", "invalid mailbox",
            "mx records point to non-existent", "record indicated no smtp service", "vrfy failed", "expn failed",
        ),
        (("5.1.", r"\b5\.1\.(?:[0-3]|10)\b"),),
    ),
    _Words(
        Reason.MAILBOX_FULL,
        ("mailbox full", "mailbox is full", "over quota", "overquota", "quota exceeded", "out of storage"),
        ((".2.2", r"\b[45]\.2\.2\b"), ("quota", r"exceed.{0,40}quota")),
    ),
    _Words(
        Reason.SIZE,
        ("too big", "too large", "size limit", "message too long", "header too long", "headers too long"),
        ((".3.4", r"\b[45]\.3\.4\b"),),
    ),
    _Words(
        Reason.RATE,
        (
            "ratelimit", "rate limit", "rate-limit", "rate overlimit", "too fast", "too quickly", "too frequent",
            "too many connections", "sending limit", "hourly limit", "max emails per hour", "exceeded the max",
            "throttl", "not in reserve list", "load average", "rp-001", "rp-002", "rp-003",
        ),
        (
            ("too many", r"too many (?!syntax|nonmail|unrecogni)"),
            ("4.7.28", r"\b4\.7\.28\b"),
            ("[ts", r"\[tss?0\d\]"),
        ),
    ),
    _Words(
        Reason.PROTOCOL,
        (
            "syntax", "syntactically", "protocol error", "no helo", "helo required", "say helo", "unrecognized command",
            "unrecognised command", "address operand", "already given", "not yet given", "must precede",
            "not permitted in mail", "not permitted inside", "missing at ", "malformed", "when not advertised",
            "already authenticated", "invalid data", "invalid character", "invalid base64", "did not include",
            "restricted characters", "line length", "lines longer than", "line too long", "binary zero",
            "must begin with", "bad sequence", "out of sequence",
        ),
    ),
    _Words(
        Reason.HOST,
        (
            "reverse dns", "reverse-dns", "reverse lookup", "no host name", "no hostname", "host_reject",
            "impersonat", "dynamic ip", "dynamic host", "dynamic address", "host not allowed", "host is not allowed",
            "host not permitted", "host rejected", "host refused", "host denied", "helo", "ehlo", "ip options",
            "access denied",
        ),
        (("rdns", r"\brdns\b"), ("ptr", r"\bptr\b"), ("5.7.25", r"\b5\.7\.25\b")),
    ),
    _Words(
        Reason.CONTENT,
        ("virus", "malware", "phish", "junk", "message content", "attachment", "executable", "uribl", "unsolicited"),
        (("spam", r"\bspam"), ("5.7.1", r"\b5\.7\.1\b")),
    ),
    _Words(
        Reason.UNREACHABLE,
        ("connection refused", "timed out", "timeout", "connection reset", "no route to host", "network error",
         "network is unreachable", "could not connect", "host not found", "lost connection"),
    ),
    _Words(Reason.UNSAID, (), (("", r"\A(?:administrative prohibition)?\Z"),)),
)  # fmt: skip
_COMPILED = tuple(
    (reason, phrases, tuple((word, re.compile(pattern, re.DOTALL)) for word, pattern in patterns))
    for reason, phrases, patterns in _WORDS
)
_VERIFIED = re.compile(r' sender verify (?:fail|defer) for <(?:[^<>"]|"(?:[^"\\]|\\.)*+")*+>')
_READ_AT_MOST = 1000  # characters; an attacker's text must not cost more


def reason_of(text: str) -> Reason:
    """The class of a refusal's text, from an ACL or a remote server."""
    return _reason_of(text[:_READ_AT_MOST].lower())


@lru_cache(maxsize=4096)
def _reason_of(head: str) -> Reason:
    for reason, phrases, patterns in _COMPILED:
        for phrase in phrases:
            if phrase in head:
                return reason
        for word, pattern in patterns:
            if word in head and pattern.search(head):
                return reason
    return Reason.OTHER


def verification_failure(note: str) -> str:
    """What stands behind the address in ``H=... sender verify fail for <address>: reason``; "" where nothing does."""
    _client, end = hosts.host_and_ident(note, 0)
    match = _VERIFIED.match(note, end)
    return "" if match is None else note[match.end() :].removeprefix(":").strip()
