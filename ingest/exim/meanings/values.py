"""Protocols, addresses, words without a value, TLS and usual names: what stands behind a key or alone."""

from collections.abc import Mapping

from ingest.exim.meanings.entry import Entry, Known, Where, known, table

PROTOCOLS: Mapping[str, Entry] = table(
    Where.PROTOCOL,
    (
        ("smtp", "SMTP, without login and without TLS.", "P=smtp"),
        ("smtps", "SMTP over TLS, without login.", "P=smtps"),
        ("smtpa", "SMTP, a = logged in. No s, so the login crossed the network without TLS.", "P=smtpa"),
        ("smtpsa", "SMTP, s = TLS, a = logged in.", "P=smtpsa"),
        ("esmtp", "ESMTP, without login and without TLS.", "P=esmtp"),
        ("esmtps", "ESMTP, s = TLS, without login.", "P=esmtps"),
        ("esmtpa", "ESMTP, a = logged in. No s, so the login crossed the network without TLS.", "P=esmtpa"),
        ("esmtpsa", "ESMTP, s = TLS, a = logged in.", "P=esmtpsa"),
        ("ssmtp", "SMTP with TLS from the first byte, without login.", "P=ssmtp"),
        ("ssmtpa", "SMTP with TLS from the first byte, logged in.", "P=ssmtpa"),
        ("essmtp", "ESMTP with TLS from the first byte, without login.", "P=essmtp"),
        ("essmtpa", "ESMTP with TLS from the first byte, logged in.", "P=essmtpa"),
        ("asmtp", "SMTP, logged in (spelling of old versions).", "P=asmtp"),
        ("lmtp", "LMTP, the protocol between a mail server and its mailboxes.", "P=lmtp"),
        ("local", "Handed over on this server by a program, not over the network.", "P=local"),
        ("local-smtp", "Handed over on this server by a program that spoke SMTP.", "P=local-smtp"),
        ("local-smtps", "Handed over on this server by a program that spoke SMTP over TLS.",
         "P=local-smtps"),
        ("local-smtpa", "Handed over on this server by a program that spoke SMTP and logged in.",
         "P=local-smtpa"),
        ("local-esmtp", "Handed over on this server by a program that spoke ESMTP.", "P=local-esmtp"),
        ("local-esmtps", "Handed over on this server by a program that spoke ESMTP over TLS.",
         "P=local-esmtps"),
        ("local-esmtpa", "Handed over on this server by a program that spoke ESMTP and logged in.",
         "P=local-esmtpa"),
        ("local-esmtpsa", "Handed over on this server by a program that spoke ESMTP over TLS and logged"
         " in.", "P=local-esmtpsa"),
        ("local-bsmtp", "Handed over on this server as a batch.", "P=local-bsmtp"),
        ("utf8…", "utf8 before a protocol: the addresses may hold letters beyond ASCII (SMTPUTF8).",
         "P=utf8esmtps"),
        ("any other word", "Protocol, as a program on this server named it, such as a scanner that hands"
         " mail back. What it means is local choice.", "P=spam-scanned"),
    ),
)  # fmt: skip

ADDRESSES: Mapping[str, Entry] = table(
    Where.ADDRESS,
    (
        ("<>", "Null sender: a bounce or another automatic notice. Nobody is told if it fails.", "<= <>"),
        ("name without @", "Recipient: a mailbox of this server, without its domain.",
         "=> bob <bob@example.org>"),
        (":blackhole:", "Thrown away on purpose, as the configuration says.",
         "=> :blackhole: <hole@example.org> R=router"),
        ("blackhole", "Thrown away on purpose, as a rule of this server says.",
         "=> blackhole (RCPT ACL discarded recipients)"),
        ("discarded", "Thrown away on purpose, as a filter says.",
         "=> discarded <bob@example.org> R=userforward"),
        ("|command", "Given to this program on the server.", "=> |/usr/bin/procmail <bob@example.org>"),
        ("/path", "Written to this file on the server.", "=> /var/mail/bob <bob@example.org>"),
        (">address", "An automatic reply to this address.", "=> >alice@example.com <bob@example.org>"),
        ("a***@…", "Masked in the log as it was handed in.", "=> b****@example.org"),
    ),
)  # fmt: skip

RECIPIENTS: tuple[tuple[str, Entry], ...] = tuple(
    (beginning, ADDRESSES[term])
    for beginning, term in (
        (":blackhole:", ":blackhole:"),
        ("blackhole", "blackhole"),
        ("discarded", "discarded"),
        ("|", "|command"),
        ("/", "/path"),
        (">", ">address"),
    )
)  # fmt: skip
"""By beginning, for recipients that are no addresses."""

WORDS: Mapping[str, Entry] = table(
    Where.WORD,
    (
        ("K", "The message came in chunks (BDAT).", "P=esmtps K S=4512"),
        ("PRDR", "The two servers agreed to answer for each recipient.", "P=esmtps PRDR S=4512"),
        ("L", "The two servers used pipelining: commands without waiting for each answer. L- = offered and"
         " not used; a dot or a star: early pipelining offered or used.", "P=esmtps L S=4512"),
        ("DS", "The name was confirmed by DNSSEC.", "DS H=mx.example.net [198.51.100.5]"),
        ("TFO", "TCP Fast Open was used; with a star, data went with the first packet.",
         "H=mx.example.net [198.51.100.5] TFO"),
        ("SPF", "The SPF check passed: the sender's domain allows this host to send for it.",
         "P=esmtps SPF S=4512"),
        ("ARC", "The ARC check passed: the chain of forwarders vouches for earlier checks.", "S=4512 ARC"),
        ("DMARC", "The DMARC check passed: the address that the reader sees is proven.", "S=4512 DMARC"),
    ),
)  # fmt: skip

TLS: tuple[Known, ...] = known(
    Where.TLS,
    (
        (r"TLS1\.3|TLSv1\.3", "TLS1.3", "TLS 1.3, the newest version.",
         "TLS1.3:TLS_AES_256_GCM_SHA384:256"),
        (r"TLS1\.2|TLSv1\.2", "TLS1.2", "TLS 1.2, still good.", "TLS1.2:ECDHE_RSA_AES_256_GCM_SHA384:256"),
        (r"TLS1\.[01]|TLSv1(?:\.[01])?(?=:)|TLS1(?=:)", "TLS1.0, TLS1.1",
         "An old version of TLS that browsers no longer accept. Better than no encryption.",
         "TLSv1:DHE-RSA-AES256-SHA:256"),
        (r"SSLv?[23]", "SSLv3", "SSL, broken since long. The other side needs an update.",
         "SSLv3:AES256-SHA:256"),
        (r"TLS[\w.]*+(?=:)", "TLS", "A version of TLS.", "TLS1.x:ECDHE-RSA-AES256-SHA:256"),
        (r"ECDHE|TLS_(?:AES|CHACHA)", "ECDHE", "The key was made for this connection only (ECDHE): it"
         " cannot be decrypted later.", "ECDHE_RSA_AES_256_GCM_SHA384"),
        (r"(?<![A-Z])DHE", "DHE", "The key was made for this connection only (DHE): it cannot be decrypted"
         " later.", "DHE-RSA-AES256-SHA"),
        (r"CHACHA20", "CHACHA20", "Cipher ChaCha20.", "TLS_CHACHA20_POLY1305_SHA256"),
        (r"(?<![A-Z])AES", "AES", "Cipher AES.", "TLS_AES_128_GCM_SHA256"),
        (r"CAMELLIA", "CAMELLIA", "Cipher Camellia.", "DHE_RSA_CAMELLIA_256_CBC_SHA1"),
        (r"3DES|DES-CBC3|RC4|ARCFOUR|(?<![A-Z])NULL", "3DES, RC4",
         "A weak cipher. The other side needs an update.", "TLSv1:DES-CBC3-SHA:168"),
        (r"GCM|CCM|POLY1305", "GCM, POLY1305", "The cipher also guards against changes on the way.",
         "TLS_AES_256_GCM_SHA384"),
        (r"(?<![A-Z])CBC", "CBC", "An older way of using the cipher.", "ECDHE_RSA_AES_256_CBC_SHA384"),
    ),
)  # fmt: skip
"""Parts of X=, by what they hold."""

NAMES: Mapping[str, Entry] = table(
    Where.NAME,
    (
        ("R=dnslookup", "Router: by custom, found the destination by MX lookup. The name is local choice.",
         "R=dnslookup"),
        ("R=smarthost", "Router: by custom, sends everything to one outgoing server. The name is local"
         " choice.", "R=smarthost"),
        ("R=system_aliases", "Router: by custom, found the address in the list of aliases. The name is"
         " local choice.", "R=system_aliases"),
        ("R=userforward", "Router: by custom, the user's own forwarding rules. The name is local choice.",
         "R=userforward"),
        ("R=local_user", "Router: by custom, found a user of this server. The name is local choice.",
         "R=local_user"),
        ("R=localuser", "Router: by custom, found a user of this server. The name is local choice.",
         "R=localuser"),
        ("R=lookuphost", "Router: on cPanel, found the destination by MX lookup.", "R=lookuphost"),
        ("R=dkim_lookuphost", "Router: on cPanel, found the destination by MX lookup; the message is"
         " signed.", "R=dkim_lookuphost"),
        ("R=virtual_user", "Router: on cPanel and DirectAdmin, found a mailbox of a hosted domain.",
         "R=virtual_user"),
        ("R=virtual_aliases", "Router: on cPanel and DirectAdmin, found a forwarder of a hosted domain.",
         "R=virtual_aliases"),
        ("R=enforce_mail_permissions", "Router: on cPanel, refuses what the limits of an account do not"
         " allow, such as too many messages an hour.", "R=enforce_mail_permissions"),
        ("T=remote_smtp", "Transport: by custom, sent by SMTP to another server. The name is local choice."
         " (On an arrival T= would be the subject.)", "T=remote_smtp"),
        ("T=remote_smtp_smarthost", "Transport: by custom, sent by SMTP to the outgoing server. The name"
         " is local choice.", "T=remote_smtp_smarthost"),
        ("T=dkim_remote_smtp", "Transport: by custom, signed and sent by SMTP to another server. The name"
         " is local choice.", "T=dkim_remote_smtp"),
        ("T=maildir_home", "Transport: by custom, written to the user's mailbox on this server. The name"
         " is local choice.", "T=maildir_home"),
        ("T=mail_spool", "Transport: by custom, written to the user's mailbox on this server. The name is"
         " local choice.", "T=mail_spool"),
        ("T=local_delivery", "Transport: by custom, written to the user's mailbox on this server. The name"
         " is local choice.", "T=local_delivery"),
        ("T=dovecot_virtual_delivery", "Transport: on cPanel, handed to the mailbox server Dovecot.",
         "T=dovecot_virtual_delivery"),
        ("T=dovecot_delivery", "Transport: on cPanel, handed to the mailbox server Dovecot.",
         "T=dovecot_delivery"),
        ("T=lmtp", "Transport: by custom, handed to the mailbox server by LMTP. The name is local choice.",
         "T=lmtp"),
        ("T=virtual_localdelivery", "Transport: on DirectAdmin, written to a mailbox of a hosted domain.",
         "T=virtual_localdelivery"),
        ("T=address_pipe", "Transport: by custom, given to a program on this server. The name is local"
         " choice.", "T=address_pipe"),
        ("T=address_file", "Transport: by custom, written to a file on this server. The name is local"
         " choice.", "T=address_file"),
        ("T=address_reply", "Transport: by custom, an automatic reply. The name is local choice.",
         "T=address_reply"),
        ("T=**bypassed**", "Transport: left out. The file was /dev/null, so nothing had to be written.",
         "T=**bypassed**"),
    ),
)  # fmt: skip

DURATION = Entry(
    "3w2d4h5m6s",
    Where.WORD,
    "A duration: weeks, days, hours, minutes, seconds. Parts that are zero are left out.",
    "QT=2h5m",
)  # fmt: skip
NUMBERS: Mapping[str, Entry] = table(
    Where.NUMBER,
    (
        ("1", "The operating system does not allow it.", "defer (1): Operation not permitted"),
        ("2", "A file or directory does not exist.", "defer (2): No such file or directory"),
        ("4", "The operating system broke it off.", "defer (4): Interrupted system call"),
        ("5", "The disk or another device failed.", "defer (5): Input/output error"),
        ("11", "Something was busy just now.", "defer (11): Resource temporarily unavailable"),
        ("12", "This server had no memory left.", "defer (12): Cannot allocate memory"),
        ("13", "A file or directory may not be read or written by Exim.", "defer (13): Permission denied"),
        ("17", "A file exists already, often a lock.", "defer (17): File exists"),
        ("20", "A path leads through something that is no directory.", "defer (20): Not a directory"),
        ("22", "The operating system did not accept a value.", "defer (22): Invalid argument"),
        ("24", "This server had too many files open.", "defer (24): Too many open files"),
        ("28", "The disk of this server is full.", "defer (28): No space left on device"),
        ("30", "The disk of this server cannot be written.", "defer (30): Read-only file system"),
        ("32", "The other side hung up while this server was writing.", "defer (32): Broken pipe"),
        ("97", "This server does not speak that kind of address.",
         "defer (97): Address family not supported by protocol"),
        ("99", "This server has no such address to connect from.",
         "defer (99): Cannot assign requested address"),
        ("101", "No way leads to the network of the other server.", "defer (101): Network is unreachable"),
        ("104", "The other server broke the connection.", "defer (104): Connection reset by peer"),
        ("110", "The other server did not answer in time.", "defer (110): Connection timed out"),
        ("111", "The other server does not accept connections.", "defer (111): Connection refused"),
        ("113", "No way leads to the other server.", "defer (113): No route to host"),
        ("122", "The mailbox or its owner may not store more.", "defer (122): Disk quota exceeded"),
        ("0", "No number: the text says why.", "defer (0): …"),
        ("any other number", "Number of an error of this server's operating system. The text behind it"
         " says the same in words.", "defer (71): Protocol error"),
        ("-n", "Number of the reason in Exim's own list. The numbers changed between versions, so the text"
         " behind it counts.", "defer (-44): SMTP error from remote mail server after RCPT TO"),
        ("letter", "Masked in the log as it was handed in. A number stood here.",
         "defer (dd): Connection refused"),
    ),
)  # fmt: skip
