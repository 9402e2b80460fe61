"""Texts of refusals, as Exim, its usual ACLs, control panels and remote servers write them, by their class."""

import time

import pytest

from ingest.exim.reasons import Reason, reason_of, verification_failure

TEXTS = {
    Reason.UNKNOWN_RECIPIENT: (
        "No such user here",
        "Unrouteable address",
        "550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
        "all relevant MX records point to non-existent hosts",
        "an MX or SRV record indicated no SMTP service",
        "550 5.5.0 Requested action not taken: mailbox unavailable",
        "VRFY failed for userx",
    ),
    Reason.MAILBOX_FULL: ("Mailbox is full", "452 4.2.2 The email account is over quota"),
    Reason.RELAY: (
        "relay not permitted",
        "550 5.7.1 Relaying denied",
        "Please turn on SMTP Authentication in your mail client. (x) [203.0.113.9]:4711 is not permitted to relay"
        " through this server without authentication.",
        "Rejected relay attempt: '203.0.113.9' From: 'a@b.example' To: 'c@d.example'",
    ),
    Reason.BLOCKLIST: (
        "rejected because 203.0.113.9 is in a black list at zen.spamhaus.org",
        '"JunkMail rejected - mx.example.net (x) [203.0.113.9]:4711 is in an RBL: see https://lists.example"',
        "sender IP address 203.0.113.9 is locally blacklisted here. If you think this is wrong, get in touch",
        "host is listed in dnsbl.example",
        "550 5.7.1 Unfortunately, messages from [203.0.113.9] weren't sent (S3140)",
    ),
    Reason.LOGIN_NEEDED: ("authentication required", "530 5.7.0 Must issue AUTH first"),
    Reason.ENCRYPTION: ("STARTTLS required before AUTH", '"You must encrypt"', "encryption required"),
    Reason.SENDER: (
        "Sender verify failed",
        "(recipient): Sender verify failed",
        "Could not complete sender verify callout",
        "there is no valid sender in any header line (envelope sender is <x@example.net>)",
        "No verifiable sender address in message headers",
        "SPF: 203.0.113.9 is not allowed to send mail from example.net",
        "550 5.7.26 Unauthenticated email from example.net is not accepted due to domain's DMARC policy",
        "sender domain does not exist",
    ),
    Reason.HOST: (
        "(host_reject_connection)",
        "REJECTED - Bad HELO - Host impersonating [192.0.2.1]",
        "no reverse DNS for your address",
        "HELO is an IP address",
    ),
    Reason.GREYLISTED: ("greylisted, try later", "Greylisting in action, come back", "greylisted by policy"),
    Reason.RATE: (
        "too many recipients: message rejected",
        "Host is ratelimited (16.0/1h max:16)",
        "Domain example.org has exceeded the max emails per hour (151/150 (100%)) allowed. Message discarded.",
        "421 4.7.28 Our system has detected an unusual rate",
        "refused: too many connections",
    ),
    Reason.CONTENT: (
        "This message contains malware (Eicar-Test-Signature)",
        "Your message scored 12.3 SpamAssassin points",
        "This message was classified as spam",
    ),
    Reason.SIZE: ("message too big: read=225 max=100", "SIZE value too big"),
    Reason.PROTOCOL: (
        'next input="virus spam relay not permitted"',
        'input="helo abcd\\r\\n"',
        "syntactically invalid argument(s): x y!",
        "unrecognized command",
        "sender not yet given",
        "AUTH command used when not advertised",
        "restricted characters in address",
        "no HELO/EHLO given",
        "unqualified verify rejected: <bob>",
        "Message headers fail syntax check",
    ),
    Reason.FAULT: ('failed to expand ACL string "${lookup{x}lsearch{/y}}"', "Temporary local problem"),
    Reason.UNREACHABLE: ("Connection timed out", "defer (111): Connection refused"),
    Reason.DISCARDED: ("discarded by RCPT ACL", "discarded by MAIL ACL: spam trap"),
    Reason.UNSAID: ("", "Administrative prohibition"),
    Reason.OTHER: ("go away", "message discarded by nobody", "we dislike you"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "text"), [(reason, text) for reason, texts in TEXTS.items() for text in texts]
)
def test_a_text_has_its_class(reason: Reason, text: str) -> None:
    assert reason_of(text) is reason


def test_every_class_but_that_of_logins_is_sampled() -> None:
    assert set(TEXTS) | {Reason.LOGIN} == set(Reason)


@pytest.mark.parametrize(
    "piece", ["x", "sender ", "lookup of ", "exceed quot ", "too many ", "\n", "listed "]
)
def test_a_long_text_costs_little(piece: str) -> None:
    """An attacker writes some of them, once for each line."""
    text = piece * 100_000
    start = time.perf_counter()
    for number in range(20):
        reason_of(f"{number}{text}")
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "H=(x) [203.0.113.9] sender verify fail for <a@b.example>: Unrouteable address",
            "Unrouteable address",
        ),
        ("H=(x) [203.0.113.9] sender verify defer for <a@b.example>: lookup: failed", "lookup: failed"),
        ("H=(x) [203.0.113.9] sender verify fail for <a@b.example>", ""),
        ("H=( for <a@b.example>: no) [203.0.113.9] sender verify fail for <a@b.example>: yes", "yes"),
        ("H=(x) [203.0.113.9] F=<a@b.example> rejected RCPT <c@d.example>: Sender verify failed", ""),
    ],
)
def test_what_the_note_before_a_rejection_says(text: str, reason: str) -> None:
    assert verification_failure(text) == reason
