"""Exim's own words for why something failed, and where in the conversation with another server it did.

Exim writes numbers too, but they changed between versions: the text counts. Source: deliver.c, retry.c,
transports/smtp.c, routers and verify.c.
"""

import re

from ingest.exim.meanings.entry import Known, Where, known

REASONS: tuple[Known, ...] = known(
    Where.REASON,
    (
        (r"retry time not (?:yet )?reached", "retry time not reached", "Nothing was tried: the time for"
         " the next attempt has not come. Such lines repeat at every queue run and are no attempts.",
         "retry time not reached for any host for 'example.org'"),
        (r"retry timeout exceeded|long failure period|all hosts .{0,80}have been failing for a long time",
         "retry timeout exceeded", "Exim tried for as long as its rules allow and gave up. The lines"
         " before say why each attempt failed.", "retry timeout exceeded"),
        (r"unrouteable address", "Unrouteable address", "Exim found no way to it: the domain or the"
         " mailbox is unknown.", "Unrouteable address"),
        (r"all relevant MX records point to non-existent hosts"
         r"|an MX or SRV record indicated no SMTP service|no MX", "no mail server in the DNS",
         "The DNS names no mail server for the domain that exists, or says that it takes no mail.",
         "all relevant MX records point to non-existent hosts"),
        (r"lowest numbered MX record points to local host",
         "lowest numbered MX record points to local host", "The DNS says that this server takes the mail"
         " of that domain, and its configuration does not. One of the two must be repaired.",
         "lowest numbered MX record points to local host"),
        (r"remote host address is the local host", "remote host address is the local host",
         "This server would send the message to itself. Its configuration or the DNS must be repaired.",
         "remote host address is the local host: example.org"),
        (r"host lookup did not complete|(?:dns|host) lookup.{0,80}(?:defer|fail|not complete)"
         r"|lookup.{0,60}(?:defer|timed out|gave|try again)|(?-i:\bDNS (?:error|lookup))",
         "host lookup did not complete", "A question to the DNS was not answered. It is asked again later.",
         "host lookup did not complete"),
        (r"no IP address found for host|no host name found", "no IP address found",
         "The DNS has no address for the name, or no name for the address.",
         "no IP address found for host mx.example.org"),
        (r"domain is in queue_domains|queue_smtp|SMTP delivery explicitly queued"
         r"|no deliveries made locally", "queued on purpose", "The configuration says that mail for this"
         " domain waits on the queue.", "domain is in queue_domains"),
        (r"remote host closed connection", "Remote host closed connection",
         "The other server hung up. The text says at which command.",
         "Remote host closed connection in response to initial connection"),
        (r"connection refused", "Connection refused", "The other server does not accept connections.",
         "Connection refused"),
        (r"connection timed out|timeout while|timed out|timeout", "Connection timed out",
         "The other server did not answer in time.", "Connection timed out"),
        (r"connection reset", "Connection reset by peer", "The other server broke the connection.",
         "Connection reset by peer"),
        (r"broken pipe", "Broken pipe", "The other side hung up while this server was writing.",
         "Broken pipe"),
        (r"network is unreachable|no route to host|network error|host is unreachable"
         r"|netwk addr not available|cannot assign requested", "Network is unreachable",
         "The other server cannot be reached: no way leads to it.", "Network is unreachable"),
        (r"a TLS session is required|TLS is required|TLS session.{0,20}(?:required|not)"
         r"|failure while setting up (?:a )?TLS|TLS (?:error|negotiation|fatal|connection)|SSL_"
         r"|certificate|tls_verify", "TLS failed", "The encrypted connection could not be made as the"
         " configuration demands.", "a TLS session is required, but the server did not offer TLS support"),
        (r"DANE", "DANE failed", "The domain publishes which certificate its server must have (DANE), and"
         " the server did not show it.", "DANE attempt failed"),
        (r"authentication required but|authentication attempt|authenticator .{0,40}fail",
         "authentication failed", "This server had to log in at the other server, and could not.",
         "authentication required but authentication attempt(s) failed"),
        (r"mailbox is full|quota|mailbox .{0,80}too (?:big|full)", "mailbox is full",
         "The mailbox is full. Its owner must make room.", "mailbox is full (MTA-imposed quota exceeded"
         " while writing to file /var/mail/bob)"),
        (r"child process of .{0,80}returned|returned (?:status )?[0-9]+|terminated by signal"
         r"|return message generated|pipe delivery", "Child process returned",
         "The program to which the message was given reported an error. The number or the text is the"
         " program's own.", "Child process of address_pipe transport returned 1 from command:"
         " /usr/bin/procmail"),
        (r"failed to (?:open|read|create|lock|expand|chdir|write|find|lookup|rename|get|stat)"
         r"|cannot (?:open|read|create|write)|permission denied|no such file|not a directory|failed to",
         "failed to open, read, expand", "This server itself failed: a file, a directory or its"
         " configuration must be repaired.", "failed to open /etc/exim4/passwd for linear search:"
         " Permission denied"),
        (r"too many \"?received\"? headers|mail loop|loop", "mail loop",
         "The message went round in a circle between servers.",
         'Too many "Received" headers - suspected mail loop'),
        (r"forced (?:fail|defer)|:fail:|:defer:|(?:by|in) (?:the )?system filter|filter fail"
         r"|this filter failed", "forced", "The configuration or a filter of this server says so.",
         "forced fail"),
        (r"missing or malformed|(?:domain|local ?part|address).{0,40}(?:missing|malformed|not allowed"
         r"|unqualified|invalid)|unqualified|missing at end|syntactically invalid|empty address",
         "malformed address", "The address is not written as an address must be.",
         "missing or malformed local part (expected word or \"<\")"),
        (r"response to \"?(?:MAIL|RCPT|DATA|EHLO)|callout|could not (?:complete|connect)", "callout",
         "This server asked the other one whether the address exists (callout).",
         "Could not complete sender verify callout"),
        (r"(?:concurrency|connection) limit reached|limit reached for all hosts", "limit reached",
         "This server keeps the number of its connections or programs small, so this one waits.",
         "concurrency limit reached for transport"),
        (r"domain is held", "domain is held", "The configuration or somebody holds back mail for this"
         " domain.", "domain is held"),
        (r"(?:explicit|forced|forcibly)(?: to)? ?(?:defer|freeze)|deferred by [a-z_]+|just discard"
         r"|and defer requested|skips previous routing defer", "deferred on purpose",
         "A rule or a filter of this server asked to wait.", "forcibly deferred"),
        (r"error in (?:filter file|redirect data)|filtering not enabled|failed in filter file",
         "error in filter file", "The user's own filter or list of forwards has a mistake, and waits until"
         " it is repaired.", "error in filter file: unknown filtering command"),
        (r"transport filter process failed|unable to execute command|no command specified"
         r"|transport .{0,80}not found|_transport is unset|is not absolute|too many environment"
         r"|file format unrecognized", "transport failed", "The way by which the message is handed over is"
         " not set up right on this server. It must be repaired.", "transport filter process failed (69):"
         " unable to execute command"),
        (r"malformed value|expansion of .{0,300}(?:failed|contains)|tainted", "expansion failed",
         "A text of the configuration could not be worked out. It must be repaired.",
         'expansion of "${if" failed in smarthost router'),
        (r"utf-?[0-9]* support required", "utf8 support required", "The address holds letters beyond"
         " ASCII, and the other server does not take such addresses.",
         "utf8 support required but not offered for forwarding"),
        (r"unrouteable mail domain|can't route by DNS|lookup of host .{0,300}failed|is not local",
         "no way by the DNS", "The DNS knows no way to the domain.",
         'lookup of host "mx.example.org" failed in smarthost router'),
        (r"there is no valid sender in any header|(?:From|Date|Sender):? header|header.{0,20}syntax"
         r"|restricted characters in address", "header or address not acceptable",
         "The headers or an address of the message are not written as they must be.",
         "there is no valid sender in any header line"),
        (r"SIZE value too big", "SIZE value too big",
         "The client said that the message is larger than allowed.", "SIZE value too big"),
        (r"recipients? detected|closed mailing list", "rule about recipients",
         "A rule about who may write to whom refuses it.", "list1@example.org is a closed mailing list"),
        (r"message (?:is )?too (?:big|large)|message size exceeds|size limit", "message too large",
         "The message is too large.", "message is too big (transport limit = 10M)"),
        (r"spool|no space|disk", "spool or disk", "The disk of this server has a problem.",
         "No space left on device"),
    ),
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip

STEPS: tuple[Known, ...] = known(
    Where.STEP,
    (
        (r"(?:SMTP|LMTP) error from remote (?:mail server|mailer) after (?:pipelined )?RCPT TO.{0,600}?: ",
         "after RCPT TO", "The other server answered so when this server named the recipient.",
         "SMTP error from remote mail server after RCPT TO:<bob@example.org>: 550 no such user"),
        (r"(?:SMTP|LMTP) error from remote (?:mail server"
         r"|mailer) after (?:pipelined )?MAIL FROM.{0,600}?: ", "after MAIL FROM",
         "The other server answered so when this server named the sender.",
         "SMTP error from remote mail server after MAIL FROM:<alice@example.com> SIZE=2349: 421 later"),
        (r"(?:SMTP|LMTP) error from remote (?:mail server|mailer) after initial connection: ",
         "after initial connection", "The other server answered so as soon as this server connected,"
         " before it knew sender or recipient: it is about this server's address.",
         "SMTP error from remote mail server after initial connection: 554 blocked"),
        (r"(?:SMTP|LMTP) error from remote (?:mail server|mailer) after (?:pipelined )?(?:EHLO|HELO"
         r"|LHLO).{0,300}?: ", "after EHLO", "The other server answered so when this server gave its name.",
         "SMTP error from remote mail server after EHLO mx.example.net: 550 no"),
        (r"(?:SMTP|LMTP) error from remote (?:mail server"
         r"|mailer) after (?:pipelined )?(?:sending data block|end of data|DATA|BDAT[^:]{0,40}): ",
         "after end of data", "The other server answered so after it had the whole message: it is about"
         " the content, the size or the mailbox.", "SMTP error from remote mail server after end of data:"
         " 554 5.7.1 spam"),
        (r"(?:SMTP|LMTP) error from remote (?:mail server|mailer) after (?:pipelined )?(?:STARTTLS"
         r"|AUTH).{0,300}?: ", "after STARTTLS, AUTH", "The other server answered so when this server"
         " asked for encryption or logged in.", "SMTP error from remote mail server after STARTTLS: 454"
         " TLS not available"),
        (r"(?:SMTP|LMTP) error from remote (?:mail server|mailer) after .{0,600}?: ",
         "after another command", "The other server answered so after this command.",
         "SMTP error from remote mail server after RSET: 421 bye"),
        (r"(?:SMTP|LMTP) timeout (?:while connected to|after) .{0,400}?(?:: |\Z)", "timeout after",
         "The other server did not answer this command in time.", "SMTP timeout after end of data"),
        (r"defer \([^)]*\)", "defer (number)", "Not now, and why: the number in brackets, then the text.",
         "defer (111): Connection refused"),
        (r"host [^ ]{1,255} \[[^\]]{1,45}\]: ", "host", "Remote host: the server that answered.",
         "host mx.example.org [203.0.113.7]: 450 later"),
    ),
    re.DOTALL,
)  # fmt: skip
