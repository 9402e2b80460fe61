"""What the parts of a log line mean, for somebody who has never seen Exim.

Source: Exim's specification, chapter "Log files". "This server" is the log host that wrote the line.
"""

import re
from collections.abc import Mapping

from ingest.exim.events import Kind, Stage, Topic

NOT_TAKEN_APART = "Text as it stands in the log."

KINDS: Mapping[Kind, str] = {
    Kind.ARRIVAL: "This server accepted a message.",
    Kind.DELIVERY: "A message was handed over for one recipient.",
    Kind.DEFERRAL: "A message could not be handed over for one recipient now; Exim will try again.",
    Kind.BOUNCE: "A message could not be handed over for one recipient, for good.",
    Kind.COMPLETION: "Nothing is left to do for this message.",
    Kind.REJECTION: "This server refused something during a connection; no message came of it.",
    Kind.AUTH_FAILURE: "This server refused a login.",
    Kind.CONNECTION: "A connection was opened, closed, lost or timed out.",
    Kind.NOTE: "A remark of the server.",
}

FLAGS: Mapping[str, str] = {
    "<=": "Arrival: this server took responsibility for the message.",
    "(=": "Arrival, although the client was told that the message is refused.",
    "=>": "Delivered: the message was handed over for this recipient.",
    "->": "Delivered to one more recipient, in the same transaction as the line before.",
    ">>": "Delivered while it was still coming in; this line stands before the arrival.",
    "*>": "Not really delivered: Exim was told to suppress the delivery (option -N).",
    "==": "Not delivered now. Exim keeps the message and tries again.",
    "**": "Failed for good: this recipient does not get the message.",
}

ARRIVAL_FIELDS: Mapping[str, str] = {
    "sender": "Envelope sender. The client may write anything here.",
    "R": "The message that this notice is about. This server made the notice because of it.",
    "H": "The host that connected.",
    "I": "Address and port of this server to which the client connected.",
    "U": "What the client's own ident service says about the user. A claim.",
    "Ci": "Number that Exim gave the connection.",
    "P": "Protocol.",
    "X": "TLS version, cipher and key length: the connection was encrypted.",
    "CV": "Whether the client's certificate was verified. Few clients have one.",
    "DN": "Name in the client's certificate.",
    "SNI": "Server name that the client asked for in TLS.",
    "A": "Login of the client.",
    "PRX": "Address of the proxy through which the client came.",
    "S": "Size in bytes, headers included.",
    "M8S": "Whether the message was announced as 8-bit text.",
    "DKIM": "Domain whose DKIM signature on the message was verified.",
    "DMARC": "Result of the DMARC check.",
    "SPF": "Result of the SPF check.",
    "RT": "How long it took to receive the message.",
    "Q": "Name of the queue that the message was put on.",
    "id": "Message-ID header. Made by the client.",
    "id*": "Message-ID header. This server added it, since the message had none.",
    "masked": "Masked in the log as it was handed in. At this place stands the Message-ID header.",
    "T": "Subject. Its writer may write anything here.",
    "from": "Envelope sender before this server rewrote it.",
    "for": "Recipients that the client named.",
}

DELIVERY_FIELDS: Mapping[str, str] = {
    "recipient": "Recipient.",
    "parents": "Address in between, on the way from the original recipient.",
    "original recipient": "The recipient as the message named it, before aliases and forwarding.",
    "SRS": "Envelope sender as it was rewritten for forwarding.",
    "F": "Envelope sender.",
    "Q": "Name of the queue that the message lay on.",
    "P": "Return path: where a bounce of this delivery goes.",
    "R": "Router: the rule that decided where the message goes.",
    "T": "Transport: the way in which it was handed over. (On an arrival T= would be the subject.)",
    "S": "Size in bytes as delivered.",
    "ST": "Shadow transport: a copy was handed over as well.",
    "H": "Remote host: the server that this server spoke to.",
    "PRX": "Address of the proxy in between.",
    "I": "Address and port of this server from which it connected.",
    "PS": "Details of the protocol.",
    "X": "TLS version, cipher and key length of this delivery: it was encrypted.",
    "CV": "Whether the remote certificate was verified. Mail between servers works without.",
    "DN": "Name in the remote certificate.",
    "A": "Login that this server used at the remote server.",
    "DKIM": "Domain and selector of the DKIM signature that this server added.",
    "C": "The answer of the remote server.",
    "QT": "Time from arrival to this delivery.",
    "DT": "How long the delivery itself took.",
    "defer": "Number of the reason in Exim's own list.",
}

CLIENT_FIELDS: Mapping[str, str] = {
    "H": "The host that connected.",
    "I": ARRIVAL_FIELDS["I"],
    "U": ARRIVAL_FIELDS["U"],
    "Ci": ARRIVAL_FIELDS["Ci"],
    "F": "Envelope sender that the client named. It may write anything here.",
    "A": "Login of the client.",
    "P": "Protocol.",
    "X": ARRIVAL_FIELDS["X"],
    "CV": ARRIVAL_FIELDS["CV"],
    "DN": ARRIVAL_FIELDS["DN"],
    "SNI": ARRIVAL_FIELDS["SNI"],
    "D": "How long the connection lasted.",
    "DT": DELIVERY_FIELDS["DT"],
    "QT": "Time that the message spent here.",
    "C": "SMTP commands that the client used, in order.",
    "cwd": "Directory in which the program was started.",
    "pid": "Process number.",
}

WORDS: Mapping[str, str] = {
    "K": "The message came in chunks (BDAT).",
    "PRDR": "The two servers agreed to answer for each recipient.",
    "L": "The two servers used pipelining.",
    "DS": "The name was confirmed by DNSSEC.",
    "TFO": "TCP Fast Open was used.",
    "SPF": "The SPF check passed.",
    "ARC": "The ARC check passed.",
    "DMARC": "The DMARC check passed.",
}

PROTOCOLS: Mapping[str, str] = {
    "smtp": "SMTP, without login and without TLS.",
    "smtps": "SMTP over TLS, without login.",
    "esmtp": "ESMTP, without login and without TLS.",
    "esmtps": "ESMTP, s = TLS, without login.",
    "esmtpa": "ESMTP, a = logged in. No s, so the login crossed the network without TLS.",
    "esmtpsa": "ESMTP, s = TLS, a = logged in.",
    "ssmtp": "SMTP with TLS from the first byte, without login.",
    "essmtp": "ESMTP with TLS from the first byte, without login.",
    "essmtpa": "ESMTP with TLS from the first byte, logged in.",
    "asmtp": "SMTP, logged in (spelling of old versions).",
    "local": "Handed over on this server by a program, not over the network.",
    "local-smtp": "Handed over on this server by a program that spoke SMTP.",
    "local-esmtp": "Handed over on this server by a program that spoke ESMTP.",
    "local-esmtpa": "Handed over on this server by a program that spoke ESMTP and logged in.",
    "local-bsmtp": "Handed over on this server as a batch.",
}

ROUTERS: Mapping[str, str] = {
    "dnslookup": "Router: found the destination by MX lookup.",
    "smarthost": "Router: sends everything to one outgoing server.",
    "system_aliases": "Router: found the address in the list of aliases.",
    "userforward": "Router: the user's own forwarding rules.",
    "local_user": "Router: found a user of this server.",
    "localuser": "Router: found a user of this server.",
}

TRANSPORTS: Mapping[str, str] = {
    "remote_smtp": "Transport: sent by SMTP to another server. (On an arrival T= would be the subject.)",
    "remote_smtp_smarthost": "Transport: sent by SMTP to the outgoing server.",
    "maildir_home": "Transport: written to the user's mailbox on this server.",
    "mail_spool": "Transport: written to the user's mailbox on this server.",
    "local_delivery": "Transport: written to the user's mailbox on this server.",
    "address_pipe": "Transport: given to a program on this server.",
    "address_file": "Transport: written to a file on this server.",
}

RECIPIENTS: tuple[tuple[str, str], ...] = (
    (":blackhole:", "Thrown away on purpose, as the configuration says."),
    ("blackhole", "Thrown away on purpose, as a rule of this server says."),
    ("discarded", "Thrown away on purpose, as a filter says."),
    ("|", "Given to this program on the server."),
    ("/", "Written to this file on the server."),
    (">", "An automatic reply to this address."),
)
"""By beginning, for recipients that are no addresses."""

STAGES: Mapping[Stage, str] = {
    Stage.CONNECT: "was refused a connection",
    Stage.HELO: "was refused for the name that it gave itself",
    Stage.AUTH: "was refused a login",
    Stage.MAIL: "was refused the sender",
    Stage.RCPT: "was refused the recipient",
    Stage.DATA: "was refused the message",
    Stage.OTHER: "was refused a command",
}

TOPICS: Mapping[Topic, str] = {
    Topic.FROZEN: "The message is frozen: Exim keeps it and does not try to deliver it.",
    Topic.THAWED: "The message is no longer frozen; Exim tries to deliver it again.",
    Topic.REMOVED: "The message was removed from the queue. Its recipients do not get it, nobody is told.",
    Topic.CANCELLED: "The message was given up. Its remaining recipients do not get it.",
    Topic.ERROR_IGNORED: "A recipient failed, and the failure was dropped without a notice.",
    Topic.NOT_ACCEPTED: "The message was not accepted after all; the client will send it again.",
    Topic.QUEUED_CONNECTION: "It was queued, not delivered at once.",
    Topic.QUEUED: "It was queued, not delivered at once.",
    Topic.HOST_ERROR: "An attempt at one remote host failed. Others may follow.",
    Topic.DISCARDED: "The client was told yes, and the message was thrown away for this recipient.",
    Topic.ARGUMENTS: "Exim was started with these arguments.",
    Topic.QUEUE_RUN: "Exim goes through its queue and tries what is due.",
    Topic.DAEMON: "Exim itself was started, stopped or told something.",
    Topic.DKIM: "What the check of a DKIM signature gave.",
    Topic.SENDER_VERIFY: "The sender's address was checked and failed; the refusal follows.",
    Topic.TLS_ERROR: "An encrypted connection failed or was not as it should be.",
    Topic.SPOOL: "About the file in which Exim keeps the message. Locked means that another process is at work on it.",
    Topic.CHANGED: "Somebody with rights on this server changed the message's recipients or sender by hand.",
    Topic.SYSTEM_FILTER: "The filter that this server applies to every message did this.",
    Topic.PIPE_OUTPUT: "What a program said that the message was given to.",
    Topic.DNS: "A name or address was not found in the DNS, or does not fit.",
    Topic.IDENT: "The client's ident service did not answer. Harmless.",
    Topic.COMMAND: "A command of a client that Exim takes note of.",
    Topic.REWRITTEN: "This server rewrote an address.",
    Topic.WARNING: "A rule of this server noted something about the client; it refused nothing.",
    Topic.INCOMPLETE: "The client broke off before its message was sent.",
    Topic.SENDER_CHECK: "What the checks of the sender's domain gave (SPF, DMARC, ARC).",
    Topic.SCANNER: "A virus or spam scanner could not be asked.",
    Topic.CONFIGURATION_ERROR: "Something in Exim's configuration is wrong.",
    Topic.IDENTIFIED: "cPanel says which account of this server sends the message.",
    Topic.OUTBOUND: "cPanel says that the message leaves this server for one recipient.",
    Topic.SENDING_LIMIT: "A limit on sending was reached. What goes beyond it is thrown away or waits.",
    Topic.SENDING_RATE: "How much an account has been sending lately.",
    Topic.OTHER: "A remark of the server.",
}

# Where a client follows the words, the pattern ends with "from", "for" or "on".
PHRASES: tuple[tuple[re.Pattern[str], str, bool], ...] = tuple(
    (re.compile(pattern), meaning, matters)
    for pattern, meaning, matters in (
        (r"Completed(?= |\Z)", "No recipient is left; the message has gone from the spool.", False),
        (r"no immediate delivery:", "Accepted, but not delivered at once.", False),
        (
            r"more than [0-9]{1,9} messages received in one connection",
            "Why: after so many messages in one connection Exim only queues "
            "(smtp_accept_queue_per_connection). The next queue run delivers. Typical for bulk sending.",
            True,
        ),
        (r"queued(?: in \S{1,64})? by ACL", "Why: a rule of this server says so.", False),
        (r"load average [0-9.]{1,12}", "Why: this server was busy.", False),
        (r"too many connections", "Why: too many connections at once.", False),
        (
            r"(?:temporarily )?rejected (?:EHLO or HELO|EHLO from|HELO from|EHLO|HELO)",
            "Refused because of the name that the client gave itself.",
            False,
        ),
        (r"temporarily rejected RCPT", "Recipient refused for now; the client may try again later.", False),
        (r"rejected RCPT", "Recipient refused. No message came of it.", False),
        (r"(?:temporarily )?rejected MAIL", "Sender refused.", False),
        (r"(?:temporarily )?rejected AUTH", "Login command refused.", False),
        (r"(?:temporarily )?rejected connection in \"connect\" ACL", "Connection refused by a rule.", False),
        (r"(?:temporarily )?rejected connection", "Connection refused.", False),
        (r"[Cc]onnection from", "Connection of a client.", False),
        (r"too many recipients: message rejected:", "Refused: more recipients than allowed.", False),
        (r"sender=<[^<>]{0,320}>", "Envelope sender that the client named.", False),
        (r"\"[^\"]{0,320}\"", "What the client sent.", False),
        (r"\(set_id=.*\)(?=\Z|: )", "The account that was tried. The client may write anything here.", False),
        (r"[0-9]{1,6} args: .*", "Exim was started with these arguments.", False),
        (
            r"(?:temporarily )?rejected (?:after DATA(?: PRDR)?|DATA|during MIME ACL checks)",
            "Message refused after its text was sent. The client knows that it was not accepted.",
            False,
        ),
        (r"(?:temporarily )?rejected by [^:]{1,40}", "Message refused by a check of this server.", False),
        (r"(?:temporarily )?rejected", "Refused.", False),
        (
            r"unqualified (?:recipient|sender|verify) rejected:",
            "Refused: an address without a domain.",
            False,
        ),
        (r"(?:temporarily )?refused connection from", "Connection refused.", False),
        (
            r"SMTP protocol synchronization error \([^)]*\):",
            "The client did not wait for its turn to speak, as spam programs do.",
            False,
        ),
        (r"SMTP syntax error in", "The client sent a command that makes no sense.", False),
        (r"SMTP protocol error in", "The client sent a command that is not allowed at this point.", False),
        (r"authenticator failed for", "Login refused.", False),
        (r"authenticator failed(?= H=)", "The remote server refused this server's login.", False),
        (r"535 Incorrect authentication data", "User name or password are wrong.", False),
        (r"435 Unable to authenticate at present", "The login could not be checked just now.", False),
        (r"no MAIL in (?:TFO )?SMTP connection from", "A connection in which no message was sent.", False),
        (r"SMTP connection lost after final dot", "The client went before it heard the answer.", False),
        (r"SMTP connection (?:Ci=[^ ]+ )?from", "Connection of a client.", False),
        (r"closed by QUIT", "Closed by the client, as it should be.", False),
        (r"\(TCP/IP connection count = [0-9]{1,9}\)", "How many connections were open then.", False),
        (
            r"unexpected (?:disconnection|EOF) while [a-zA-Z ]{1,60}? from",
            "The client went without a goodbye.",
            False,
        ),
        (r"SMTP (?:command|data) timeout (?:\([^)]*\) )?on (?:TLS )?connection from", "Silence.", False),
        (r"SMTP call from", "Connection of a client.", False),
        (r"dropped", "This server ended the connection.", False),
        (r"lost", "The connection broke.", False),
        (r"sender verify (?:fail|defer) for", "The sender's address was checked; this one failed.", False),
        (r"incomplete transaction \([^)]*\)", "The client broke off before the message was sent.", False),
        (r"Warning:", "A remark that a rule of this server makes.", False),
        (r"[Ff]rozen", TOPICS[Topic.FROZEN], False),
        (r"Message is frozen", TOPICS[Topic.FROZEN], False),
        (r"[Uu]nfrozen", TOPICS[Topic.THAWED], False),
        (r"removed(?= by )", TOPICS[Topic.REMOVED], False),
        (r"cancelled(?= by )", TOPICS[Topic.CANCELLED], False),
        (r"by [^ :]{1,64}", "Who or what did it.", False),
        (r"(?:(?:from|for|RCPT|MAIL) |FROM:)?<[^<>]{0,320}>", "The address in question.", False),
        (r"discarded by (?:RCPT|MAIL) ACL", "Accepted, then thrown away by a rule of this server.", False),
        (r"Start(?: '[^']*')? queue run:?", "Exim begins to go through its queue.", False),
        (r"End(?: '[^']*')? queue run:?", "Exim has gone through its queue.", False),
        (r"DKIM:", "Check of a DKIM signature.", False),
        (r"exim [^ ]{1,40} daemon started:", "Exim was started.", False),
        (r"Spool file", "Another Exim process is at work on this message. Harmless.", False),
        (
            r"TLS error (?:\([^)]*\): )?on connection from",
            "An encrypted connection with a client failed.",
            False,
        ),
    )
)
