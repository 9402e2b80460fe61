"""What is added to Exim's own lines: checks of the sender's domain, and the lines of hosting control panels.

Source: dkim.c, dmarc.c, arc.c; the panels' own configurations.
"""

from collections.abc import Mapping

from ingest.exim.meanings.entry import Entry, Known, Where, known, table

DKIM: tuple[Known, ...] = known(
    Where.DKIM,
    (
        (r"(?:Authentication-Results|iprev|dkim)[=:].{0,2000}", "Authentication-Results:",
         "What this server's checks of the sender's domain gave, as it writes them into the message: spf,"
         " dkim, dmarc, arc, iprev, each with its result.", "Authentication-Results: mx.example.org;"
         " spf=pass smtp.mailfrom=example.net"),
        (r"P?DKIM: (?:signing|validation|Error|warning|not signing).{0,400}", "DKIM: signing failed",
         "This server could not sign or check with DKIM, and why.", "DKIM: signing failed: RSA_LONG_LINE"),
        (r"P?DKIM:", "DKIM:", "Check of a DKIM signature: whether a domain vouches for the message.",
         "DKIM: d=example.net s=sel c=relaxed/relaxed a=rsa-sha256 b=2048 [verification succeeded]"),
        (r"\[?verification succeeded\]?", "verification succeeded", "The signature is good: the domain"
         " vouches for the message. That says nothing about spam.", "[verification succeeded]"),
        (r"\[?verification failed(?: - .{0,300})?", "verification failed",
         "The signature does not fit: the message was changed on the way, or is forged.",
         "[verification failed - body hash mismatch (body probably modified in transit)]"),
        (r"\[fail(?:ed)?[ -].{0,300}", "failed", "The signature does not count: it is too weak, or its key"
         " could not be read.", "[fail - hash too weak]"),
        (r"\[?invalid - .{0,300}", "invalid", "The signature could not be checked: its key is missing or"
         " unreadable.", "[invalid - public key record (currently?) unavailable]"),
        (r"(?:dmarc|DMARC)(?:_[a-z_]+)?[: ].{0,300}", "dmarc:", "About the check whether the address that"
         " the reader sees is proven (DMARC).", "dmarc: no From header"),
        (r"(?:arc|ARC)(?:_[a-z_]+)?: .{0,300}", "arc:", "About the chain by which forwarders vouch for"
         " earlier checks (ARC).", "arc: signing failed"),
        (r"(?:spf|SPF): .{0,300}", "spf:", "About the check whether the sender's domain allows the host"
         " (SPF).", "spf: permerror"),
    ),
)  # fmt: skip

DKIM_FIELDS: Mapping[str, Entry] = table(
    Where.DKIM,
    (
        ("d=", "Domain that signed.", "d=example.net"),
        ("s=", "Selector: which of the domain's keys was used. Its name is that domain's choice.", "s=sel"),
        ("c=", "How header and text were tidied before signing.", "c=relaxed/relaxed"),
        ("a=", "Algorithm of the signature.", "a=rsa-sha256"),
        ("b=", "Length of the key in bits.", "b=2048"),
        ("i=", "In whose name the domain signed.", "i=@example.net"),
        ("t=", "When it was signed, in seconds since 1970.", "t=1700000000"),
        ("x=", "Until when the signature holds, in seconds since 1970.", "x=1700600000"),
        ("l=", "Only so many bytes of the text are signed; the rest could have been added.", "l=1200"),
        ("h=", "Headers that are signed.", "h=From:To:Subject"),
    ),
)  # fmt: skip

PANELS: tuple[Known, ...] = known(
    Where.PANEL,
    (
        (r"Sender identification", "Sender identification", "cPanel says whose account sends: U= the user,"
         " D= the domain, S= the sender.", "Sender identification U=shop D=example.org S=shop@example.org"),
        (r"SMTP connection identification", "SMTP connection identification",
         "cPanel says which user of this server opened the connection.",
         "SMTP connection identification H=localhost A=127.0.0.1 P=44512 U=shop ID=1001 S=shop"
         " B=identify_local_connection"),
        (r"SMTP connection outbound [0-9]{1,12} [^ ]{1,32} [^ ]{1,255} .{1,320}",
         "SMTP connection outbound", "cPanel notes a delivery to the outside: when (seconds since 1970),"
         " which message, the sending domain, the recipient.", "SMTP connection outbound 1700000000"
         " 1vwZZZ-00000000001-0001 example.org bob@example.net"),
    ),
)  # fmt: skip

PANEL_FIELDS: Mapping[str, Entry] = table(
    Where.PANEL,
    (
        ("U=", "The user of this server whose account it is.", "U=shop"),
        ("D=", "The domain whose account it is. -system-: none.", "D=example.org"),
        ("S=", "The sender, or the user behind the connection.", "S=shop@example.org"),
        ("H=", "The host that connected.", "H=localhost"),
        ("A=", "Its address.", "A=127.0.0.1"),
        ("P=", "Its port.", "P=44512"),
        ("M=", "The message in question.", "M=1vwZZZ-00000000001-0001"),
        ("ID=", "The number of the user of this server.", "ID=1001"),
        ("B=", "How cPanel knew the user: authenticated_local_user = by a login, identify_local_connection"
         " = by the port of a connection from this server.", "B=authenticated_local_user"),
    ),
)  # fmt: skip

LIMITS: tuple[Known, ...] = known(
    Where.PANEL,
    (
        (r"has exceeded the max emails per hour", "has exceeded the max emails per hour",
         "cPanel's limit of messages an hour for this domain is used up. Find out who sends before raising"
         " it: often a stolen password or a script.", "Domain example.org has exceeded the max emails per"
         " hour (150/150 (100%)) allowed.  Message discarded.", True),
        (r"has exceeded the max defers and failures per hour",
         "has exceeded the max defers and failures per hour", "Too many messages of this domain failed"
         " within the hour, so cPanel stops it. Dead addresses in such number mean a bought or guessed"
         " list.", "Domain example.org has exceeded the max defers and failures per hour (5/5 (100%))"
         " allowed.  Message discarded.", True),
        (r"has an outgoing mail (?:hold|suspension)", "has an outgoing mail hold",
         "cPanel holds back or suspends the outgoing mail of this account. Somebody or a rule decided so.",
         "Sender shop@example.org has an outgoing mail suspension.  Message rejected.", True),
        (r"is sending too many emails", "is sending too many emails", "Hestia's limit of messages an hour"
         " for this account or website is used up. Find out who sends: often a stolen password or a"
         " script.", "Email account bob@example.org is sending too many emails", True),
        (r"(?:daily|hourly|e-?mail|sending|send) limit|has reached (?:its|their|your|the) .{0,40}limit",
         "sending limit of the panel", "The control panel's limit of messages for this account is used up."
         " Find out who sends before raising it.", "You (shop) have reached your daily email limit of 200"
         " emails", True),
        (r"[Ss]ender rate [0-9.]+ ?/", "Sender rate", "How many messages the sender sent within the time"
         " named: a limit of this server counts them.", "Warning: Sender rate 201.3 / 1h", True),
    ),
)  # fmt: skip
