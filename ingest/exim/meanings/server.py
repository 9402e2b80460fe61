"""The words of lines about the server itself: daemon, queue runs, DNS, configuration, programs.

Source: daemon.c, queue.c, host.c, expand.c; the specification.
"""

from ingest.exim.meanings.entry import Known, Where, known

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
        (r"-q[A-Za-z]*(?:/?[0-9]+[smhdw][^ ,]*)?(?:,(?= )|(?=[ ,]|\Z))", "-q",
         "How Exim goes through its queue: q = what is due, qq = in two steps, f = also what is not due,"
         " ff = also frozen messages, l = local only, i = new messages only. A time such as 30m: so often.",
         "-qff"),
        (r"-q[^ ,]{1,80},?", "-q…", "How often Exim goes through which queue.", "-qGlowpri/3s"),
        (r"-[RS]r? (?:\S+|\Z)", "-R, -S", "Only messages with this text in a recipient (R) or in the"
         " sender (S).", "-R example.org"),
        (r"-M\w* ?[^ ]{0,40}", "-M", "Deliver this message.", "-Mc 1vwZZZ-00000000001-0001"),
        (r"exim [^ ]{1,40} daemon started:", "daemon started", "Exim was started.",
         "exim 4.96 daemon started: pid=1, -q30m, listening for SMTP on port 25"),
        (r"no queue runs,?", "no queue runs", "This Exim process does not go through the queue; another"
         " one may.", "daemon started: pid=1, no queue runs, listening for SMTP on port 25"),
        (r"not listening for SMTP", "not listening for SMTP", "This Exim process takes no connections.",
         "daemon started: pid=1, -q30m, not listening for SMTP"),
        (r"(?:listening for|launched with listening socket,|and for) .{1,400}", "listening for SMTP on",
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
        (r"remote host address is the local host:?.{0,255}", "remote host address is the local host",
         "This server would send the message to itself. Its configuration or the DNS must be repaired.",
         "remote host address is the local host: example.org"),
        (r"lowest numbered MX record points to local host:?.{0,255}", "lowest numbered MX record",
         "The DNS says that this server takes the mail of that domain, and its configuration does not. One"
         " of the two must be repaired.", "lowest numbered MX record points to local host: example.org"),
        (r"quota of <[^<>]{0,320}> asked for .{1,320} by", "quota of",
         "Another Exim asked how much room a mailbox has.", "quota of <a@example.org> asked for"
         " b@example.net by H=mx.example.net [203.0.113.9]"),
        (r"\)\Z", ")", "The end of the remark in brackets.", "(during SMTP connection from [203.0.113.9])"),
        (r"[^ ]{1,64} authenticator \([A-Z0-9-]{1,32}\):.{0,300}|.{0,40}SASL.{0,300}",
         "authenticator (MECHANISM):", "The program that checks passwords did not work as it should.",
         "plain authenticator (PLAIN): Cyrus SASL permanent failure: generic failure"),
        (r"\"[a-z_]{1,32}\" verb not allowed in .{0,80}|verb not allowed in .{0,80}", "verb not allowed",
         "The configuration has a mistake: this cannot be said in that rule.",
         '"discard" verb not allowed in EHLO or HELO ACL'),
        (r"(?:qualify/rewrite|verify header_syntax).{0,400}", "qualify/rewrite",
         "An address in a header is not written as an address must be, and was left as it is.",
         "qualify/rewrite: domain missing or malformed"),
        (r"EHLO/HELO response must not.{0,400}", "EHLO/HELO response",
         "The configuration has a mistake in the greeting of this server.",
         "EHLO/HELO response must not contain newlines: message truncated"),
        (r"internal scanner error.{0,400}", "internal scanner error",
         "The virus scanner failed on a part of the message, which was left out.",
         "internal scanner error (ignored): /tmp/x"),
        (r"WARNING: .{0,300}", "WARNING:", "Exim warns about its own configuration.",
         "WARNING: deprecated Diffie-Hellman parameter 'ike24' used"),
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
        (r"spool directory space check failed.{0,120}", "spool directory space check failed",
         "The disk of this server is full, so it takes no mail for now. Make room.",
         "spool directory space check failed: space=1024 inodes=12"),
        (r"(?:recipient|sender) verify (?:defer|fail) \([^)]{0,80}\)", "verify defer (callout)",
         "This server asked another one whether the address exists (callout), and could not find out.",
         "sender verify defer (making callout connection): T=smtp Connection refused"),
        (r'(?:[Ff]ailed to expand|[Ee]xpansion of|[a-z ]{1,60}"[^"]{0,300}" failed to expand).{0,8000}',
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
        (r"Error in system filter:?.{0,8000}", "Error in system filter",
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
