"""The words of lines about the queue, the server itself, DKIM and control panels.

Source: deliver.c, queue.c, daemon.c, dkim.c; the specification; the panels' own configurations.
"""

from collections.abc import Mapping

from ingest.exim.meanings.entry import Entry, Known, Where, known, table

QUEUE: tuple[Known, ...] = known(
    Where.QUEUE,
    (
        (r"Completed(?= |\Z)", "Completed", "No recipient is left; the message has gone from the spool.",
         "Completed"),
        (r"no immediate delivery:", "no immediate delivery", "Accepted, but not delivered at once. The"
         " next queue run delivers.", "no immediate delivery: load average 8.20"),
        (r"more than [0-9]{1,9} messages received in one connection",
         "more than n messages received in one connection", "Why: after so many messages in one connection"
         " Exim only queues (smtp_accept_queue_per_connection). The next queue run delivers. Typical for"
         " bulk sending.", "more than 10 messages received in one connection", True),
        (r"queued(?: in \S{1,64})? by ACL", "queued by ACL", "Why: a rule of this server says so.",
         "no immediate delivery: queued by ACL"),
        (r"load average [0-9.]{1,12}", "load average", "Why: this server was busy.",
         "no immediate delivery: load average 8.20"),
        (r"too many connections[^:]{0,60}", "too many connections", "Why: too many connections at once.",
         "no immediate delivery: too many connections (21, max 20)"),
        (r"[Ff]rozen by the system filter", "Frozen by the system filter",
         "The message is frozen, since a filter of this server says so: Exim keeps it and does not try to"
         " deliver it.", "Frozen by the system filter: suspicious"),
        (r"Frozen \(delivery error message\)", "Frozen (delivery error message)",
         "The message is frozen: a bounce that cannot be delivered. Often the answer to spam with a false"
         " sender.", "Frozen (delivery error message)"),
        (r"Frozen \(message created with -f <>\)", "Frozen (message created with -f <>)",
         "The message is frozen: a notice of a program that cannot be delivered.",
         "Frozen (message created with -f <>)"),
        (r"[Ff]rozen(?= |:|\Z)", "Frozen", "The message is frozen: Exim keeps it and does not try to"
         " deliver it.", "frozen by ACL"),
        (r"Message is frozen", "Message is frozen", "The message is frozen, so the queue run left it out.",
         "Message is frozen"),
        (r"[Uu]nfrozen by errmsg timer", "Unfrozen by errmsg timer", "The message is no longer frozen: it"
         " is a bounce that gets one more attempt (ignore_bounce_errors_after).",
         "Unfrozen by errmsg timer"),
        (r"[Uu]nfrozen by auto-thaw", "Unfrozen by auto-thaw",
         "The message is no longer frozen: time is up (auto_thaw).", "Unfrozen by auto-thaw"),
        (r"[Uu]nfrozen by forced delivery", "Unfrozen by forced delivery",
         "The message is no longer frozen: somebody asked Exim to deliver it.",
         "Unfrozen by forced delivery"),
        (r"[Uu]nfrozen", "Unfrozen", "The message is no longer frozen; Exim tries to deliver it again.",
         "unfrozen by root"),
        (r"removed(?= by )", "removed by", "The message was removed from the queue. Its recipients do not"
         " get it, nobody is told.", "removed by root"),
        (r"Message removed because .{0,80}", "Message removed because",
         "The message was removed from the queue, since it was too old.",
         "Message removed because older than 7d"),
        (r"cancelled by timeout_frozen_after", "cancelled by timeout_frozen_after",
         "The message was frozen for so long that Exim gave it up. Its remaining recipients do not get it.",
         "cancelled by timeout_frozen_after"),
        (r"cancelled by (?:the )?system filter", "cancelled by system filter",
         "A filter of this server gave the message up. Its remaining recipients do not get it.",
         "cancelled by system filter: spam"),
        (r"cancelled(?= by )", "cancelled by", "The message was given up. Its remaining recipients do not"
         " get it.", "cancelled by root"),
        (r"marked delivered by", "marked delivered by", "Somebody told Exim that this recipient has the"
         " message. Nothing was delivered.", "address <bob@example.org> marked delivered by root"),
        (r"added by", "added by", "Somebody added this recipient to the message.",
         "recipient <bob@example.org> added by root"),
        (r"(?:sender address changed to|address|recipient)(?= <)", "address, recipient",
         "The address in question, which somebody changed by hand.",
         "sender address changed to <alice@example.com> by root"),
        (r"by (?:the system filter|[^ :]{1,64})", "by …", "Who or what did it.", "removed by root"),
        (r"[^ ].{0,400}?(?=: error ignored)", "address: error ignored", "The recipient that failed.",
         "bob@example.org: error ignored"),
        (r"error ignored(?:: .{0,200})?", "error ignored", "The failure was dropped without a notice:"
         " nobody is told, as the configuration or the sender asked.", "bob@example.org: error ignored"),
        (r"original recipients ignored \(system filter\)", "original recipients ignored",
         "A filter of this server decided alone who gets the message.",
         "original recipients ignored (system filter)"),
        (r"Delivery deferred by system filter", "Delivery deferred by system filter",
         "A filter of this server asked to wait.", "Delivery deferred by system filter"),
        (r"Spool file (?:for [^ ]{1,32} )?is locked.{0,120}", "Spool file is locked",
         "Another Exim process is at work on this message. Harmless.",
         "Spool file is locked (another process is handling this message)"),
        (r"Spool file .{0,80}not found", "Spool file not found", "The message has gone from the disk in"
         " between, usually since another process finished it.",
         "Spool file 1vwZZZ-00000000001-0001-D not found"),
        (r"Format error in spool file.{0,200}", "Format error in spool file",
         "The message on the disk of this server is damaged. Somebody must look at it.",
         "Format error in spool file 1vwZZZ-00000000001-0001-H"),
        (r"Message abandoned:.{0,200}", "Message abandoned", "The message was not accepted after all; the"
         " client will send it again.", "Message abandoned: spool file lost"),
        (r"rescind the above message-accept", "rescind the above message-accept",
         "The arrival before does not count: the message was not accepted after all.",
         "rescind the above message-accept"),
        (r"moved from .{0,80}? to [^:]{0,80}", "moved from",
         "The message was moved to another queue or place by hand.",
         "moved from input, msglog to (slow) input, msglog"),
        (r"[^ ]{1,64} transport output:", "transport output",
         "What the program said to which the message was given.", "<bob@example.org>: address_pipe"
         " transport output: no such folder"),
        (r"retry time not reached.{0,200}", "retry time not reached",
         "Nothing was tried: the time for the next attempt has not come.",
         "retry time not reached for any host"),
    ),
)  # fmt: skip

SERVER: tuple[Known, ...] = known(
    Where.SERVER,
    (
        (r"Start(?: '[^']*'| ODMR)? queue run:?", "Start queue run",
         "Exim begins to go through its queue and tries what is due.", "Start queue run: pid=4711"),
        (r"End(?: '[^']*'| ODMR)? queue run:?", "End queue run", "Exim has gone through its queue.",
         "End queue run: pid=4711"),
        (r"Abandon(?: '[^']*'| ODMR)? queue run:?.{0,120}", "Abandon queue run",
         "Exim broke off going through its queue, usually since the server was busy.",
         "Abandon queue run: pid=4711 (load 12.10, max 8.00)"),
        (r"-q[A-Za-z]*(?:/?[0-9]+[smhdw][^ ,]*)?(?=[ ,]|\Z)", "-q", "How Exim goes through its queue: q ="
         " what is due, qq = in two steps, f = also what is not due, ff = also frozen messages, l = local"
         " only, i = new messages only. A time such as 30m: so often.", "-qff"),
        (r"-q[^ ,]{1,80}", "-q…", "How often Exim goes through which queue.", "-qGlowpri/3s"),
        (r"-[RS]r? (?:\S+|\Z)", "-R, -S", "Only messages with this text in a recipient (R) or in the"
         " sender (S).", "-R example.org"),
        (r"-M\w* ?[^ ]{0,40}", "-M", "Deliver this message.", "-Mc 1vwZZZ-00000000001-0001"),
        (r"exim [^ ]{1,40} daemon started:", "daemon started", "Exim was started.",
         "exim 4.96 daemon started: pid=1, -q30m, listening for SMTP on port 25"),
        (r"no queue runs,?", "no queue runs", "This Exim process does not go through the queue; another"
         " one may.", "daemon started: pid=1, no queue runs, listening for SMTP on port 25"),
        (r"not listening for SMTP", "not listening for SMTP", "This Exim process takes no connections.",
         "daemon started: pid=1, -q30m, not listening for SMTP"),
        (r"(?:listening for|launched with listening socket|and for) .{1,400}", "listening for SMTP on",
         "Where this Exim process takes connections: ports and addresses.",
         "listening for SMTP on port 25 (IPv6 and IPv4) and for SMTPS on port 465"),
        (r"pid [0-9]{1,9}: SIGHUP received:?.{0,80}", "SIGHUP received",
         "Exim was told to read its configuration again.", "pid 4711: SIGHUP received: re-exec daemon"),
        (r"[0-9]{1,6} args: .*", "args", "Exim was started with these arguments. The program that did it"
         " is not named; the directory often tells.", "3 args: /usr/sbin/sendmail -t -i"),
        (r"listen backlog [0-9]{1,9}.{0,120}", "listen backlog", "So many connections waited to be taken.",
         "listen backlog 21 I=[192.0.2.25]:25"),
        (r"daemon: .{1,300}", "daemon:", "Something failed in the Exim process that takes connections and"
         " starts queue runs.", "daemon: fork of queue-runner process failed"),
        (r"(?:no host name found for IP address|no IP address found for host) [^ ]{1,255}",
         "no host name found", "The DNS has no name for this address, or no address for this name. Common"
         " with home connections and spam programs.", "no host name found for IP address 203.0.113.9"),
        (r"\(during SMTP connection from", "(during SMTP connection from …)",
         "When it was noticed: while this client was connected.", "no IP address found for host"
         " bad.example (during SMTP connection from [203.0.113.9])"),
        (r"[^ ]{1,64} does not match any IP address for .{1,255}", "does not match any IP address",
         "The name that the DNS gives for the client's address does not lead back to that address, so the"
         " name is not believed.", "203.0.113.9 does not match any IP address for mx.example.net"),
        (r"(?:list|DNS list|dnslists?) (?:lookup|query).{0,300}", "DNS list lookup",
         "A question to a blocklist in the DNS, and what came of it.",
         "DNS list lookup defer (probably timeout) for 9.113.0.203.dnsbl.example.net"),
        (r"Exim configuration error(?: in line [0-9]{1,9} of [^ ]{1,255}:?)?.{0,300}",
         "Exim configuration error", "Exim cannot read its configuration and does not work until it is"
         " repaired. The next line says what is wrong.", "Exim configuration error in line 12 of"
         " /etc/exim4/exim4.conf:"),
        (r"spool directory space check failed.{0,120}|.{0,40}no space left.{0,120}",
         "spool directory space check failed", "The disk of this server is full, so it takes no mail for"
         " now. Make room.", "spool directory space check failed: space=1024 inodes=12"),
        (r"(?:recipient|sender) verify (?:defer|fail) \([^)]{0,80}\)", "verify defer (callout)",
         "This server asked another one whether the address exists (callout), and could not find out.",
         "sender verify defer (making callout connection): T=smtp Connection refused"),
        (r"(?:failed to expand|Failed to expand|Expansion of|expansion of|.{0,60}failed to expand).{0,600}",
         "failed to expand", "A text of the configuration could not be worked out. It must be repaired.",
         'failed to expand "${lookup{x}lsearch{/non/exist}}": failed to open /non/exist'),
        (r"(?i:tainted).{0,400}", "Tainted", "The configuration uses what a client wrote as a file name or"
         " a query, and Exim refused. It must be repaired.",
         "Tainted filename for search: '/etc/x@example.org'"),
        (r"(?:malware|spam) acl condition:.{0,400}", "malware acl condition",
         "The virus or spam scanner did not answer as it should.",
         "malware acl condition: clamd: unable to connect"),
        (r"local_scan\(\) (?:function )?.{0,200}", "local_scan()", "The check that somebody programmed for"
         " this server failed.", "local_scan() function timed out - message temporarily rejected"),
        (r"(?:[^ ]{1,64} )?router: skipped error:.{0,300}", "skipped error",
         "One address in a list of forwards is wrong, and was left out.",
         "system_aliases router: skipped error: missing domain in \"bob@\""),
        (r"Error in system filter:?.{0,300}", "Error in system filter",
         "The filter of this server has a mistake. It must be repaired.",
         "Error in system filter: missing endif"),
        (r"(?:Error while (?:reading|handling)|Child mail process|configured error code"
         r"|invalid (?:value for )?message_size_limit|timed out while reading).{0,400}", "Error while …",
         "Something failed in this server or in its configuration, in Exim's words.",
         "Error while reading message with no usable sender address"),
        (r"\"[^\"]{0,320}\" from (?:env-(?:from|to)"
         r"|[A-Za-z-]{1,40}:?) rewritten as \"[^\"]{0,320}\" by rule [0-9]{1,6}", "rewritten by rule",
         "An address was changed by a rewriting rule of this server.",
         '"a@x.example" from env-from rewritten as "a@example.com" by rule 1'),
        (r"(?:smtp|[^ ]{1,64}) transport process returned non-zero status.{0,200}",
         "transport process returned non-zero status", "The Exim process that delivered died. The message"
         " is tried again.", "smtp transport process returned non-zero status 0x000b: terminated by signal"
         " 11"),
        (r"bind of \[[^\]]{1,45}\].{0,80}", "bind failed",
         "This server has no such address or port to connect from.", "bind of [192.0.2.25]:0 failed"),
        (r"\*\*\*\* log string overflowed log buffer \*\*\*\*", "log string overflowed",
         "Exim cuts a line at 8,192 characters. What followed is lost.",
         "**** log string overflowed log buffer ****"),
    ),
)  # fmt: skip

DKIM: tuple[Known, ...] = known(
    Where.DKIM,
    (
        (r"DKIM: validation error:.{0,300}", "DKIM: validation error",
         "The DKIM signature could not be checked.", "DKIM: validation error: Public key signature"
         " verification has failed."),
        (r"DKIM:", "DKIM:", "Check of a DKIM signature: whether a domain vouches for the message.",
         "DKIM: d=example.net s=sel c=relaxed/relaxed a=rsa-sha256 b=2048 [verification succeeded]"),
        (r"\[?verification succeeded\]?", "verification succeeded", "The signature is good: the domain"
         " vouches for the message. That says nothing about spam.", "[verification succeeded]"),
        (r"\[?verification failed(?: - .{0,300})?", "verification failed",
         "The signature does not fit: the message was changed on the way, or is forged.",
         "[verification failed - body hash mismatch (body probably modified in transit)]"),
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
