"""Head, flags and kinds of line. Source: Exim's specification, chapter "Log files"."""

from collections.abc import Mapping

from ingest.exim.events import Kind, Stage, Topic
from ingest.exim.meanings.entry import Entry, Where, table

HEAD: Mapping[str, Entry] = table(
    Where.HEAD,
    (
        ("date and time", "When the server wrote the line.", "2026-03-01 10:00:00"),
        ("+hhmm", "Zone of the time before it. Exim writes it only if log_timezone is set.",
         "2026-03-01 10:00:00 +0100"),
        ("[number]", "Process number of the Exim process that wrote the line.", "[5791]"),
        (
            "message id",
            "Exim's own id for this message on this server. Its first part is the time reception began.",
            "1vwZZZ-00000000001-0001",
        ),
        (
            "syslog",
            "Written by syslog, which passed the line on. Not Exim's.",
            "Mar  1 10:00:00 mx exim[77]:",
        ),
    ),
)  # fmt: skip

FLAGS: Mapping[str, Entry] = table(
    Where.FLAG,
    (
        ("<=", "Arrival: this server took responsibility for the message.",
         "<= alice@example.com H=mx.example.net [198.51.100.5] P=esmtps S=4512"),
        ("(=", "Arrival, although the client was told that the message is refused.",
         "(= alice@example.com H=mx.example.net [198.51.100.5] P=esmtps S=4512"),
        ("=>", "Delivered: the message was handed over for this recipient.",
         "=> bob@example.org R=dnslookup T=remote_smtp H=mx.example.org [203.0.113.7]"),
        ("->", "Delivered to one more recipient, in the same transaction as the line before.",
         "-> carol@example.org R=dnslookup T=remote_smtp H=mx.example.org [203.0.113.7]"),
        (">>", "Delivered while it was still coming in; this line stands before the arrival.",
         ">> bob@example.org R=dnslookup T=remote_smtp H=mx.example.org [203.0.113.7]"),
        ("*>", "Not really delivered: Exim was told to suppress the delivery (option -N).",
         "*> bob@example.org R=dnslookup T=remote_smtp"),
        ("==", "Not delivered now. Exim keeps the message and tries again.",
         "== bob@example.org R=dnslookup T=remote_smtp defer (111): Connection refused"),
        ("**", "Failed for good: this recipient does not get the message.",
         "** bob@example.org R=dnslookup T=remote_smtp H=mx.example.org [203.0.113.7]: 550 5.1.1 no such"
         " user"),
    ),
)  # fmt: skip

KINDS: Mapping[Kind, Entry] = {
    kind: Entry(kind.value, Where.KIND, meaning, example)
    for kind, meaning, example in (
        (Kind.ARRIVAL, "This server accepted a message.", "<= alice@example.com H=mx.example.net"
         " [198.51.100.5] P=esmtps S=4512"),
        (Kind.DELIVERY, "A message was handed over for one recipient.",
         "=> bob <bob@example.org> R=local_user T=maildir_home"),
        (Kind.DEFERRAL, "A message could not be handed over for one recipient now; Exim will try again.",
         "== bob@example.org R=dnslookup T=remote_smtp defer (110): Connection timed out"),
        (Kind.BOUNCE, "A message could not be handed over for one recipient, for good.",
         "** bob@example.org: Unrouteable address"),
        (Kind.COMPLETION, "Nothing is left to do for this message.", "Completed"),
        (Kind.REJECTION, "This server refused something during a connection; no message came of it.",
         "H=(bad) [203.0.113.9] F=<x@example.net> rejected RCPT <y@example.com>: relay not permitted"),
        (Kind.AUTH_FAILURE, "This server refused a login.", "plain authenticator failed for (bad)"
         " [203.0.113.9]: 535 Incorrect authentication data"),
        (Kind.CONNECTION, "A connection was opened, closed, lost or timed out.",
         "SMTP connection from (bad) [203.0.113.9] closed by QUIT"),
        (Kind.NOTE, "A remark of the server.", "Start queue run: pid=4711"),
    )
}  # fmt: skip

STAGES: Mapping[Stage, Entry] = {
    stage: Entry(f"stage: {stage.value}", Where.KIND, meaning, example)
    for stage, meaning, example in (
        (Stage.CONNECT, "Was refused a connection. Nothing else was asked.",
         'rejected connection in "connect" ACL'),
        (Stage.HELO, "Was refused for the name that it gave itself.", "rejected EHLO or HELO bad.example"),
        (Stage.AUTH, "Was refused a login.", "rejected AUTH plain"),
        (Stage.MAIL, "Was refused the sender.", "rejected MAIL <x@example.net>"),
        (Stage.RCPT, "Was refused the recipient.", "rejected RCPT <y@example.com>"),
        (Stage.DATA, "Was refused the message.", "rejected after DATA"),
        (Stage.OTHER, "Was refused a command.", "rejected VRFY bob"),
    )
}  # fmt: skip

TOPICS: Mapping[Topic, Entry] = {
    topic: Entry(f"note: {topic.value}", Where.KIND, meaning, example)
    for topic, meaning, example in (
        (Topic.FROZEN, "The message is frozen: Exim keeps it and does not try to deliver it.",
         "Frozen (delivery error message)"),
        (Topic.THAWED, "The message is no longer frozen; Exim tries to deliver it again.",
         "Unfrozen by forced delivery"),
        (Topic.REMOVED, "The message was removed from the queue. Its recipients do not get it, nobody is"
         " told.", "removed by root"),
        (Topic.CANCELLED, "The message was given up. Its remaining recipients do not get it.",
         "cancelled by root"),
        (Topic.ERROR_IGNORED, "A recipient failed, and the failure was dropped without a notice.",
         "bob@example.org: error ignored"),
        (Topic.NOT_ACCEPTED, "The message was not accepted after all; the client will send it again.",
         "SMTP connection lost after final dot H=(x) [203.0.113.9] P=esmtp"),
        (Topic.QUEUED_CONNECTION, "It was queued, not delivered at once.",
         "no immediate delivery: more than 10 messages received in one connection"),
        (Topic.QUEUED, "It was queued, not delivered at once.", "no immediate delivery: load average 8.20"),
        (Topic.HOST_ERROR, "An attempt at one remote host failed. Others may follow.",
         "H=mx.example.org [203.0.113.7] Connection timed out"),
        (Topic.DISCARDED, "The client was told yes, and the message was thrown away for this recipient.",
         "H=(bad) [203.0.113.9] F=<x@example.net> RCPT <y@example.com>: discarded by RCPT ACL"),
        (Topic.ARGUMENTS, "Exim was started with these arguments.",
         "cwd=/var/www 3 args: /usr/sbin/sendmail -t -i"),
        (Topic.QUEUE_RUN, "Exim goes through its queue and tries what is due.",
         "Start queue run: pid=4711"),
        (Topic.DAEMON, "Exim itself was started, stopped or told something.",
         "exim 4.96 daemon started: pid=1, -q30m, listening for SMTP on port 25"),
        (Topic.DKIM, "What the check of a DKIM signature gave.", "DKIM: d=example.net s=sel"
         " c=relaxed/relaxed a=rsa-sha256 b=2048 verification succeeded"),
        (Topic.SENDER_VERIFY, "The sender's address was checked and failed; the refusal follows.",
         "H=(bad) [203.0.113.9] sender verify fail for <x@example.net>: Unrouteable address"),
        (Topic.TLS_ERROR, "An encrypted connection failed or was not as it should be.",
         "TLS error on connection from (bad) [203.0.113.9] (SSL_accept): error:1408F10B"),
        (Topic.SPOOL, "Something about the message's place on the disk: usually another Exim process is at"
         " work on it, which is harmless.", "Spool file is locked (another process is handling this"
         " message)"),
        (Topic.CHANGED, "Somebody changed the message on the queue by hand.",
         "recipient <bob@example.org> added by root"),
        (Topic.SYSTEM_FILTER, "A filter that this server applies to every message did something.",
         "original recipients ignored (system filter)"),
        (Topic.PIPE_OUTPUT, "What the program said to which the message was given.",
         "<bob@example.org>: address_pipe transport output: no such folder"),
        (Topic.DNS, "A question to the DNS was not answered as it should be.",
         "no host name found for IP address 203.0.113.9"),
        (Topic.IDENT, "Exim asked the client's host for the user's name and got no answer. Harmless.",
         "ident connection to [203.0.113.9] timed out"),
        (Topic.COMMAND, "A client sent a command that is noted.",
         "ETRN #example.org received from [203.0.113.9]"),
        (Topic.REWRITTEN, "An address was changed by a rewriting rule of this server.",
         '"a@x.example" from env-from rewritten as "a@example.com" by rule 1'),
        (Topic.WARNING, "A rule of this server makes a remark. Nothing was refused by it.",
         "H=(bad) [203.0.113.9] Warning: in a grey list"),
        (Topic.INCOMPLETE, "The client broke off before its message was sent.",
         "H=(bad) [203.0.113.9] incomplete transaction (QUIT) from <x@example.net>"),
        (Topic.SENDER_CHECK, "What the checks of the sender's domain gave (SPF, DMARC, ARC).",
         "Authentication-Results: mx.example.org; spf=pass"),
        (Topic.SCANNER, "A virus or spam scanner of this server did not answer as it should.",
         "malware acl condition: clamd: unable to connect"),
        (Topic.CONFIGURATION_ERROR, "Exim's configuration has a mistake and must be repaired.",
         "Exim configuration error in line 12 of /etc/exim4/exim4.conf:"),
        (Topic.IDENTIFIED, "The control panel says which account of this server sends.",
         "Sender identification U=shop D=example.org S=shop@example.org"),
        (Topic.OUTBOUND, "The control panel notes that the message leaves for one recipient.",
         "SMTP connection outbound 1700000000 1vwZZZ-00000000001-0001 example.org bob@example.net"),
        (Topic.SENDING_LIMIT, "A limit of the control panel stops an account or domain that sent too much.",
         "Domain example.org has exceeded the max emails per hour (150/150 (100%)) allowed.  Message"
         " discarded."),
        (Topic.SENDING_RATE, "The control panel counts how much an account sends.",
         "Warning: Sender rate 201.3 / 1h"),
        (Topic.OTHER, "A remark of the server.", "no host name found for IP address 203.0.113.9"),
    )
}  # fmt: skip

FREE = table(
    Where.TEXT,
    (
        ("unknown words", "Text as it stands in the log. The glossary does not know these words: a program"
         " or this server's own configuration (logwrite, log_message) may write anything.",
         "1vwZZZ-00000000001-0001 ticket 4711 opened"),
        ("no log line", "No line of an Exim log: it does not begin with a date and a time.",
         "Envelope-from: <x@example.net>"),
        ("this server's reason", "The reason, in the words of this server's configuration. They are local"
         " choice.", "rejected RCPT <y@example.com>: not today"),
        ("the other side's reason", "The reason, as this server or the other side put it. The words are"
         " their own choice.", "550 go away"),
        ("remark of a rule", "What a rule of this server remarks, in its own words (log_message). Nothing"
         " was refused by it.", "Warning: sender is in a grey list"),
        ("what was named", "What the client or the command named here. The client may write anything.",
         "rejected EHLO or HELO bad.example"),
        (":", "The reason follows.", "sender verify fail for <x@example.net>: Unrouteable address"),
        ("**** log string overflowed", "Exim cuts a line at 8,192 characters. What followed is lost.",
         "**** log string overflowed log buffer ****"),
    ),
)  # fmt: skip
