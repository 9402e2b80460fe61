"""The words of lines about a message on the queue. Source: deliver.c, queue.c; the specification."""

from ingest.exim.meanings.entry import Known, Where, known

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
