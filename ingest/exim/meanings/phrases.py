"""The words of lines without a flag that speak of clients: what they did, and what was refused.

Patterns are tried in this order at a place, never searched for; where a client follows the words, they end with
"from", "for" or "on". Source: smtp_in.c, acl.c, receive.c, verify.c, daemon.c, tls.c; the specification.
"""

from collections.abc import Mapping

from ingest.exim.meanings.entry import Entry, Known, Where, known, table

REFUSALS: tuple[Known, ...] = known(
    Where.REFUSAL,
    (
        (r"(?:temporarily )?rejected (?:EHLO or HELO|EHLO from|HELO from|EHLO|HELO)",
         "rejected EHLO or HELO", "Refused because of the name that the client gave itself.",
         "rejected EHLO or HELO bad.example: go away"),
        (r'(?:temporarily )?rejected "(?:EHLO|HELO)[^"]{0,320}" from', "rejected \"EHLO …\" from",
         "Refused because of the name that the client gave itself.",
         'rejected "EHLO bad.example" from [203.0.113.9]'),
        (r"temporarily rejected RCPT", "temporarily rejected RCPT", "Recipient refused for now; the client"
         " may try again later.", "temporarily rejected RCPT <y@example.com>: greylisted"),
        (r"rejected RCPT", "rejected RCPT", "Recipient refused. No message came of it. The client may have"
         " named other recipients, which were accepted.",
         "rejected RCPT <y@example.com>: relay not permitted"),
        (r"(?:temporarily )?rejected MAIL (?:from(?= )|command(?= ))", "rejected MAIL from",
         "Sender refused, or the client had not said who it is.",
         "rejected MAIL from [203.0.113.9]: no HELO/EHLO given"),
        (r"(?:temporarily )?rejected MAIL", "rejected MAIL", "Sender refused.",
         "rejected MAIL <x@example.net>: no thanks"),
        (r"(?:temporarily )?rejected AUTH", "rejected AUTH",
         "Login command refused, before any password was looked at.",
         "rejected AUTH plain: STARTTLS required before AUTH"),
        (r"(?:temporarily )?rejected (?:VRFY|EXPN)", "rejected VRFY",
         "The client asked whether an address exists, and was not told.",
         "rejected VRFY bob: VRFY refused"),
        (r"(?:temporarily )?rejected ETRN", "rejected ETRN", "The client asked to be sent waiting mail,"
         " and was refused.", "rejected ETRN #example.org"),
        (r"(?:temporarily )?rejected STARTTLS", "rejected STARTTLS",
         "The client asked for encryption, and was refused.", "rejected STARTTLS"),
        (r"(?:temporarily )?rejected connection in \"connect\" ACL",
         "rejected connection in \"connect\" ACL", "Connection refused by a rule.",
         'rejected connection in "connect" ACL: blocked'),
        (r"(?:temporarily )?rejected connection(?: from)?", "rejected connection", "Connection refused.",
         "rejected connection from H=[203.0.113.9]"),
        (r"(?:temporarily )?rejected (?:after DATA(?: PRDR)?|DATA|during MIME ACL checks)",
         "rejected after DATA", "Message refused after its text was sent. The client knows that it was not"
         " accepted.", "rejected after DATA: contains malware"),
        (r"(?:temporarily )?rejected by (?:non-SMTP ACL|local_scan\(\)|[^:]{1,40})",
         "rejected by non-SMTP ACL", "Message refused by a check of this server.",
         "rejected by non-SMTP ACL: too many messages"),
        (r"(?:temporarily )?rejected DKIM", "rejected DKIM", "Message refused for its DKIM signature.",
         "rejected DKIM : no thanks"),
        (r"(?:temporarily )?rejected(?: from)?(?= |:|\Z)", "rejected", "Refused.",
         "rejected from <x@example.net> H=(bad) [203.0.113.9]: message too big"),
        (r"unqualified (?:recipient|sender|verify) rejected:", "unqualified recipient rejected",
         "Refused: an address without a domain.", "unqualified recipient rejected: <bob> H=(bad)"
         " [203.0.113.9]"),
        (r"(?:temporarily )?refused connection from", "refused connection from", "Connection refused.",
         "refused connection from [203.0.113.9] (host_reject_connection)"),
        (r"refused: too many connections(?: from that IP address)?", "refused: too many connections",
         "Refused: too many connections at once.", "Connection from [203.0.113.9]:4711 refused: too many"
         " connections"),
        (r"refused(?: \(IP options\))?:?(?= |\Z)", "refused", "Refused.",
         "connection from [203.0.113.9] refused (IP options)"),
        (r"\((?:host_reject_connection|tcp wrappers)\)", "(host_reject_connection)",
         "Why: the configuration names this host among those that may not connect.",
         "(host_reject_connection)"),
        (r"too many recipients: (?:message rejected|excess temporarily rejected):", "too many recipients",
         "Refused: more recipients than allowed.", "too many recipients: message rejected:"
         " sender=<x@example.net> H=(bad) [203.0.113.9]"),
        (r"message too big:.{0,80}", "message too big", "Refused: the message is larger than allowed. The"
         " numbers are what came and what is allowed.", "message too big: read=60000000 max=52428800"),
        (r"no HELO/EHLO given|no EHLO given", "no HELO/EHLO given",
         "The client did not say who it is, as spam programs do.",
         "rejected MAIL from [203.0.113.9]: no HELO/EHLO given"),
        (r"syntactically invalid argument\(s\):.{0,400}", "syntactically invalid argument(s)",
         "The name that the client gave itself cannot be one.", "syntactically invalid argument(s): !@#$"),
        (r"(?:VRFY|EXPN) failed for [^ ]{1,320}(?: from)?", "VRFY failed for",
         "The client asked whether an address exists; it does not.",
         "VRFY failed for bob H=(bad) [203.0.113.9]"),
        (r"(?:ETRN|ATRN) .{0,255}? received from", "ETRN received from",
         "The client asks to be sent mail that waits for it.",
         "ETRN #example.org received from [203.0.113.9]"),
        (r"ignoring AUTH=.{0,320}? from", "ignoring AUTH=", "The client named the account that sent a"
         " message, and is not believed, since it did not log in itself.",
         "ignoring AUTH=x@example.net from H=(bad) [203.0.113.9] (client not authenticated)"),
        (r"\(client not authenticated\)", "(client not authenticated)", "The client did not log in.",
         "(client not authenticated)"),
        (r"SMTP protocol synchronization error \([^)]*\):", "SMTP protocol synchronization error",
         "The client did not wait for its turn to speak, as spam programs do.",
         "SMTP protocol synchronization error (input sent without waiting for greeting): rejected"
         " connection from H=[203.0.113.9]"),
        (r"SMTP syntax error in", "SMTP syntax error in", "The client sent a command that makes no sense.",
         'SMTP syntax error in "FOO" H=[203.0.113.9] unrecognized command'),
        (r"SMTP protocol error in", "SMTP protocol error in", "The client sent a command that is not"
         " allowed at this point.", 'SMTP protocol error in "AUTH LOGIN" H=[203.0.113.9] AUTH command used'
         ' when not advertised'),
        (r"(?:next )?input=\".*\"(?:\.\.\.)?(?: \([0-9]{1,9} bytes?\))?|(?:next )?input=\".*", "input=",
         "What the client sent too early, as Exim saw it.", 'input="EHLO scan\\r\\n"'),
        (r"authenticator failed for", "authenticator failed for", "Login refused.",
         "plain authenticator failed for (bad) [203.0.113.9]: 535 Incorrect authentication data"),
        (r"authenticator failed(?= H=)", "authenticator failed H=",
         "The remote server refused this server's login.", "smarthost_login authenticator failed"
         " H=mx.example.org [203.0.113.7] 535 no"),
        (r"535 Incorrect authentication data", "535 Incorrect authentication data",
         "User name or password are wrong.", "535 Incorrect authentication data (set_id=alice)"),
        (r"435 Unable to authenticate at present", "435 Unable to authenticate at present",
         "The login could not be checked just now.", "435 Unable to authenticate at present"),
        (r"\(set_id=.*\)(?=\Z|: )", "(set_id=…)", "The account that was tried. The client may write"
         " anything here.", "(set_id=alice)"),
        (r"sender verify (?:fail|defer) for", "sender verify fail for",
         "The sender's address was checked; this one failed.", "sender verify fail for <x@example.net>:"
         " Unrouteable address"),
        (r"discarded by (?:RCPT|MAIL|DATA) ACL", "discarded by RCPT ACL",
         "Accepted, then thrown away by a rule of this server.",
         "RCPT <y@example.com>: discarded by RCPT ACL"),
        (r"Warning:", "Warning:", "A remark that a rule of this server makes. Nothing was refused by it.",
         "H=(bad) [203.0.113.9] Warning: in a grey list"),
        (r"dropped by '[a-z_]{1,32}' ACL", "dropped by 'connect' ACL",
         "A rule of this server ended the connection.",
         "H=[203.0.113.9] dropped by 'connect' ACL: blocked"),
        (r"at (?:RCPT|MAIL|DATA|EHLO|HELO)(?= |:|\Z)", "at RCPT", "At this SMTP command.", "at RCPT"),
        (r"PRDR R=<[^<>]{0,320}> (?:refusal|acceptance|temporary refusal)", "PRDR R=",
         "The answer for one recipient of several: the servers agreed to answer for each.",
         "PRDR R=<bob@example.org> refusal"),
    ),
)  # fmt: skip

CONNECTIONS: tuple[Known, ...] = known(
    Where.CONNECTION,
    (
        (r"[Cc]onnection from", "Connection from", "Connection of a client.",
         "Connection from [203.0.113.9]:4711 refused: too many connections"),
        (r"no MAIL in (?:TFO )?SMTP connection from", "no MAIL in SMTP connection from",
         "A connection in which no message was sent.", "no MAIL in SMTP connection from (bad)"
         " [203.0.113.9] D=2s C=EHLO,QUIT"),
        (r"SMTP connection lost after final dot", "SMTP connection lost after final dot",
         "The client went before it heard the answer. The message was not accepted; the client will send"
         " it again.", "SMTP connection lost after final dot H=(bad) [203.0.113.9] P=esmtp"),
        (r"SMTP connection (?:Ci=[^ ]+ )?from", "SMTP connection from", "Connection of a client.",
         "SMTP connection from (bad) [203.0.113.9] closed by QUIT"),
        (r"closed by QUIT", "closed by QUIT", "Closed by the client, as it should be.",
         "SMTP connection from (bad) [203.0.113.9] closed by QUIT"),
        (r"closed by EOF", "closed by EOF", "The client closed the connection without a goodbye.",
         "SMTP connection from (bad) [203.0.113.9] closed by EOF"),
        (r"closed by DROP in ACL", "closed by DROP in ACL", "A rule of this server ended the connection.",
         "SMTP connection from (bad) [203.0.113.9] closed by DROP in ACL"),
        (r"closed (?:after|by|due to)[^:]{0,80}", "closed after …", "The connection ended, and why.",
         "SMTP connection from (bad) [203.0.113.9] closed after SMTP timeout"),
        (r"\(TCP/IP connection count = [0-9]{1,9}\)", "(TCP/IP connection count = n)",
         "How many connections were open then.", "SMTP connection from [203.0.113.9]:4711 (TCP/IP"
         " connection count = 3)"),
        (r"unexpected (?:disconnection|EOF) while [a-zA-Z ]{1,60}? from", "unexpected disconnection",
         "The client went without a goodbye, in the middle of a message.",
         "unexpected disconnection while reading SMTP command from (bad) [203.0.113.9]"),
        (r"SMTP command timeout (?:\([^)]*\) )?on (?:TLS )?connection from", "SMTP command timeout",
         "The client fell silent, and Exim closed the connection.", "SMTP command timeout on connection"
         " from (bad) [203.0.113.9]"),
        (r"SMTP data timeout (?:\([^)]*\) )?on (?:TLS )?connection from", "SMTP data timeout",
         "The client fell silent in the middle of a message, and Exim closed the connection. The message"
         " was not accepted.", "SMTP data timeout (message abandoned) on connection from (bad)"
         " [203.0.113.9]"),
        (r"SMTP call from", "SMTP call from", "Connection of a client.",
         "SMTP call from (bad) [203.0.113.9] dropped: too many unrecognized commands"),
        (r"dropped: too many (?:nonmail|unrecognized|unknown) commands[^:]{0,200}",
         "dropped: too many nonmail commands", "This server ended the connection, since the client sent"
         " many commands and no mail, as scanners do.",
         'dropped: too many nonmail commands (last was "RSET")'),
        (r"dropped: too many syntax or protocol errors.{0,400}",
         "dropped: too many syntax or protocol errors", "This server ended the connection, since the"
         " client sent many commands that make no sense, as scanners do.",
         'dropped: too many syntax or protocol errors (last command was "GET /", C=EHLO)'),
        (r"dropped", "dropped", "This server ended the connection.",
         "SMTP call from (bad) [203.0.113.9] dropped: …"),
        (r"lost while reading message data(?: \(header\))?", "lost while reading message data",
         "The connection broke in the middle of a message. The message was not accepted.",
         "SMTP connection from (bad) [203.0.113.9] lost while reading message data"),
        (r"(?:TFO )?lost", "lost", "The connection broke.",
         "SMTP connection from (bad) [203.0.113.9] lost D=3s"),
        (r"incomplete transaction \([^)]*\)", "incomplete transaction",
         "The client broke off before the message was sent. In brackets: how.",
         "H=(bad) [203.0.113.9] incomplete transaction (QUIT) from <x@example.net>"),
        (r"for (?=[^ ]+@)[^\n]{1,2000}\Z", "for …", "Recipients that the client had named.",
         "incomplete transaction (RSET) from <x@example.net> for bob@example.org"),
        (r"SMTP peer appears to have seen our banner", "SMTP peer appears to …",
         "How the beginning of an early connection went (TCP Fast Open, early pipelining).",
         "SMTP peer appears to have seen our banner"),
        (r"ident connection to [^ ]{1,60} (?:timed out|failed).{0,80}", "ident connection timed out",
         "Exim asked the client's host for the user's name and got no answer. Harmless.",
         "ident connection to [203.0.113.9] timed out"),
        (r"TLS error (?:\([^)]*\): )?on connection from", "TLS error on connection from",
         "An encrypted connection with a client failed. Often a client that is old, or a scanner.",
         "TLS error on connection from (bad) [203.0.113.9] (SSL_accept): error:1408F10B"),
        (r"TLS error on connection(?: to)?", "TLS error on connection",
         "The encrypted connection to the remote server failed.", "H=mx.example.org [203.0.113.7] TLS"
         " error on connection (SSL_connect): error"),
        (r"TLS error(?: \([^)]*\))?(?: on connection)?:?", "TLS error", "An encrypted connection failed.",
         "TLS error (SSL_read): on connection"),
        (r"TLS session:.{0,400}delivering unencrypted to", "delivering unencrypted to",
         "The encrypted connection failed, and the message goes without encryption, as the configuration"
         " allows.", "TLS session: (SSL_connect): error: delivering unencrypted to H=mx.example.org"
         " [203.0.113.7] (not in hosts_require_tls)"),
        (r"TLS session:", "TLS session:", "What happened with an encrypted connection.",
         "TLS session: (SSL_connect): timed out"),
        (r"\(not in hosts_require_tls\)", "(not in hosts_require_tls)",
         "The configuration does not demand encryption for this server.", "(not in hosts_require_tls)"),
        (r"\((?:SSL_|gnutls_|tls |recv|send|handshake|certificate|cert/key|ALPN|SSL)[^)]{0,200}\)",
         "(SSL_accept)", "The step of TLS at which it failed.", "(SSL_accept)"),
        (r"(?:tmp|perm)-reject from cutthrough after [A-Za-z ]{1,30}:", "reject from cutthrough",
         "While the message was coming in, this server already handed it to the next one (cutthrough"
         " delivery), which refused it at this point.", "tmp-reject from cutthrough after DATA: R=all"
         " T=smtp H=mx.example.org [203.0.113.7]"),
        (r"SSL verify error:.{0,1000}", "SSL verify error", "The certificate could not be verified:"
         " expired, not made by a known authority, or for another name. Mail is often delivered all the"
         " same.", "[203.0.113.7] SSL verify error: depth=0 error=self signed certificate"
         " cert=/CN=mx.example.org"),
        (r"SSL_(?:write|read)[^:]{0,40}:?(?: \(from)?", "SSL_write", "An encrypted connection broke.",
         "SSL_write: (from (bad) [203.0.113.9]) syscall: Broken pipe"),
        (r"DANE (?:attempt failed|error).{0,1000}", "DANE attempt failed",
         "The domain publishes which certificate its server must have (DANE), and the check failed.",
         "DANE attempt failed; TLS connection to mx.example.org [203.0.113.7]: certificate verification"
         " failed"),
        (r"Required TLS certificate status not received|Server certificate revoked.{0,200}"
         r"|OCSP dates invalid", "certificate status", "The state of the remote certificate (OCSP) is"
         " missing or bad.", "Required TLS certificate status not received"),
    ),
)  # fmt: skip

REFUSED_FOR: frozenset[str] = frozenset(
    {
        "no HELO/EHLO given",
        "syntactically invalid argument(s)",
        "message too big",
        "input=",
        "(client not authenticated)",
    }
)  # fmt: skip
"""Terms of refusals that are reasons in Exim's own words."""

QUOTED: tuple[Known, ...] = known(
    Where.TEXT,
    (
        (r"sender=<[^<>]{0,320}>", "sender=<…>", "Envelope sender that the client named.",
         "sender=<x@example.net>"),
        (r"\"[^\"]{0,320}\"", "\"…\"", "What the client sent, or a name from the configuration.",
         '"AUTH LOGIN"'),
        (r"(?:(?:from|for|RCPT|MAIL) |FROM:|from )?<[^<>]{0,320}>(?:[A-Za-z0-9= ]{0,60}(?=: |\Z))?", "<…>",
         "The address in question.", "RCPT <y@example.com>"),
    ),
)  # fmt: skip

_WRONG = table(
    Where.REFUSAL,
    (
        ("what was wrong", "What was wrong with the command, in Exim's words.",
         'SMTP syntax error in "FOO" H=[203.0.113.9] unrecognized command'),
        ("what went wrong", "What went wrong, in the words of the TLS library.",
         "error:1408F10B:SSL routines:ssl3_get_record:wrong version number"),
    ),
)  # fmt: skip
_TLS_WORDS = (
    "TLS error on connection from",
    "TLS error on connection",
    "TLS error",
    "TLS session:",
    "SSL_write",
    "(SSL_accept)",
)
REST: Mapping[str, Entry] = {
    "SMTP syntax error in": _WRONG["what was wrong"],
    "SMTP protocol error in": _WRONG["what was wrong"],
    **dict.fromkeys(_TLS_WORDS, _WRONG["what went wrong"]),
}  # fmt: skip
"""What stands behind some words, where nothing else is known about it."""

NAMED = table(
    Where.REFUSAL,
    (
        ("argument", "What the client named: a host name, an address or a mechanism. It may write anything"
         " here.", "rejected EHLO or HELO bad.example"),
        ("authenticator", "Authenticator: the way of logging in, as the configuration names it. The name"
         " is local choice.", "plain authenticator failed for (bad) [203.0.113.9]"),
    ),
)  # fmt: skip
