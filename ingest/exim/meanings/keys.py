"""``KEY=value`` by kind of line: a letter has no meaning without its line.

Source: Exim's specification, chapter "Log files"; receive.c; deliver.c, delivery_log(); smtp_in.c.
"""

from collections.abc import Mapping

from ingest.exim.meanings.entry import Entry, Where, table

ARRIVAL: Mapping[str, Entry] = table(
    Where.ARRIVAL,
    (
        ("sender", "Envelope sender: where a bounce would go. The client may write anything here.",
         "<= alice@example.com"),
        ("R=", "The message that this notice is about. This server made the notice because of it. (On a"
         " delivery R= is the router.)", "<= <> R=1vwZZZ-00000000001-0001 U=Debian-exim P=local S=1602"),
        ("H=", "The host that connected: its name, the name it gave itself, its address.",
         "H=mx.example.net (helo.example.net) [198.51.100.5]"),
        ("I=", "Address and port of this server to which the client connected.", "I=[192.0.2.25]:25"),
        ("U=", "What the client's own ident service says about the user. A claim.", "U=alice"),
        ("U= without H=", "The local user, or the user of the program, that handed the message over. The"
         " message did not come over the network.", "U=www-data P=local"),
        ("Ci=", "Number that Exim gave the connection. The same number stands on the other lines of that"
         " connection.", "Ci=22"),
        ("P=", "Protocol by which the message came in.", "P=esmtps"),
        ("X=", "TLS version, cipher and key length: the connection was encrypted. A * behind it: an"
         " earlier TLS session was resumed.", "X=TLS1.3:TLS_AES_256_GCM_SHA384:256"),
        ("CV=", "Whether the client's certificate was verified. Few clients have one.", "CV=no"),
        ("CV=yes", "The client's certificate was verified.", "CV=yes"),
        ("CV=no", "The client's certificate was not verified, or it had none. Normal for mail.", "CV=no"),
        ("DN=", "Name in the client's certificate.", 'DN="CN=mx.example.net"'),
        ("SNI=", "Server name that the client asked for in TLS.", "SNI=mail.example.org"),
        ("A=name:account", "The client logged in: before the colon the authenticator, behind it the"
         " account. The authenticator's name is local choice; what stands behind the colon is what the"
         " configuration says (server_set_id), usually the login name.", "A=plain:alice"),
        ("A=name", "The client logged in. This authenticator does not log which account; server_set_id"
         " would tell.", "A=plain"),
        ("A=name:", "The client logged in, and nothing follows the colon: the authenticated id is empty. A"
         " login without a user name should be impossible.", "A=plain:"),
        ("PRX=", "Address of the proxy through which the client came.", "PRX=192.0.2.80"),
        ("S=", "Size in bytes, headers included.", "S=4512"),
        ("M8S=", "Whether the message was announced as 8-bit text: 8 = yes, 7 = no, 0 = nothing was said.",
         "M8S=8"),
        ("DKIM=", "Domain whose DKIM signature on the message was verified: that domain vouches for it.",
         "DKIM=example.com"),
        ("DMARC=", "Result of the DMARC check: whether the address that the reader sees is proven.",
         "DMARC=accept"),
        ("SPF=", "Result of the SPF check: whether the sender's domain allows this host to send for it.",
         "SPF=pass"),
        ("RT=", "How long it took to receive the message.", "RT=0.304s"),
        ("Q=", "Name of the queue that the message was put on. Names of queues are local choice.",
         "Q=lowpri"),
        ("id=", "Message-ID header. Made by the client: neither unique nor proof of anything.",
         "id=abc@example.com"),
        ("id*=", "Message-ID header. This server added it, since the message had none.",
         "id*=E1vwZZZ-00000000001-0001@mx.example.org"),
        ("masked", "Masked in the log as it was handed in. At this place stands the Message-ID header.",
         "[email protected]"),
        ("T=", "Subject. Its writer may write anything here, also what looks like other fields. (On a"
         " delivery T= is the transport.)", 'T="Invoice 4711"'),
        ("from", "Envelope sender before this server rewrote it.", "from <alice@example.com>"),
        ("for", "Recipients that the client named.", "for bob@example.org carol@example.org"),
    ),
)  # fmt: skip

DELIVERY: Mapping[str, Entry] = table(
    Where.DELIVERY,
    (
        ("recipient", "Recipient: the address to which this delivery went, after aliases and forwarding.",
         "=> bob@example.org F=<alice@example.com> R=dnslookup T=remote_smtp"),
        ("(address)", "Address in between, on the way from the original recipient.",
         "=> |/usr/bin/vacation (bob@example.org) <info@example.org>"),
        ("<address>", "The recipient as the message named it, before aliases and forwarding.",
         "=> bob@example.net <info@example.org>"),
        ("(rule)", "Which rule threw it away.", "=> blackhole (RCPT ACL discarded recipients)"),
        ("SRS=", "Envelope sender as it was rewritten for forwarding (SRS).",
         "SRS=<SRS0=x=y=example.net=bob@example.org>"),
        ("F=", "Envelope sender of the message.", "F=<alice@example.com>"),
        ("Q=", "Name of the queue that the message lay on. Names of queues are local choice.", "Q=lowpri"),
        ("P=", "Return path: where a bounce of this delivery goes. (On an arrival P= is the protocol.)",
         "P=<alice@example.com>"),
        ("R=", "Router: the rule that decided where the message goes. Its name is local choice. (On an"
         " arrival R= names a message.)", "R=dnslookup"),
        ("T=", "Transport: the way in which it was handed over. Its name is local choice. (On an arrival"
         " T= would be the subject.)", "T=remote_smtp"),
        ("S=", "Size in bytes as delivered.", "S=4611"),
        ("ST=", "Shadow transport: a copy was handed over as well.", "ST=archive"),
        ("H=", "Remote host: the server that this server spoke to. A * behind the address: an open"
         " connection was used again.", "H=mx.example.org [203.0.113.7]"),
        ("PRX=", "Address of the proxy in between.", "PRX=[192.0.2.80]:1080"),
        ("I=", "Address and port of this server from which it connected.", "I=[192.0.2.25]:38312"),
        ("PS=", "Details of the protocol that were used, one letter each.", "PS=P"),
        ("X=", "TLS version, cipher and key length of this delivery: it was encrypted.",
         "X=TLS1.3:TLS_AES_256_GCM_SHA384:256"),
        ("CV=", "Whether the remote certificate was verified. Mail between servers works without.",
         "CV=no"),
        ("CV=no", "The remote certificate was not verified. Normal for mail between servers.", "CV=no"),
        ("CV=yes", "The remote certificate was verified.", "CV=yes"),
        ("CV=dane", "The remote certificate was verified by DANE: the DNS, secured by DNSSEC, vouches for"
         " it.", "CV=dane"),
        ("DN=", "Name in the remote certificate.", 'DN="CN=mx.example.org"'),
        ("SNI=", "Server name that this server asked for in TLS.", "SNI=mx.example.org"),
        ("A=", "Login that this server used at the remote server. (On an arrival A= is the client's"
         " login.)", "A=smarthost_login"),
        ("DKIM=", "Domain and selector of the DKIM signature that this server added.",
         "DKIM=example.org:2026"),
        ("C=", "The answer of the remote server. Quote it when you ask them about the message.",
         'C="250 2.0.0 Ok: queued as ABC123"'),
        ("QT=", "Time from arrival to this delivery.", "QT=2s"),
        ("DT=", "How long the delivery itself took.", "DT=1s"),
        ("routing", "The attempt ended while Exim looked for the way, before any connection.",
         "== bob@example.org routing defer (-53): retry time not reached"),
        ("transporting", "The attempt ended while the message was handed over.",
         "== bob@example.org transporting defer (-52): retry time not reached"),
    ),
)  # fmt: skip

FIELDS: Mapping[str, Entry] = table(
    Where.FIELD,
    (
        ("H=", "The host that connected. On lines about a delivery it is the remote host.",
         "H=(bad) [203.0.113.9]"),
        ("I=", ARRIVAL["I="].meaning, "I=[192.0.2.25]:25"),
        ("U=", "What the client's ident service says about the user; without a host, the local user.",
         "U=alice"),
        ("Ci=", ARRIVAL["Ci="].meaning, "Ci=22"),
        ("F=", "Envelope sender that the client named. It may write anything here.", "F=<x@example.net>"),
        ("A=name:account", "The client had logged in: before the colon the authenticator, behind it the"
         " account. The authenticator's name is local choice.", "A=plain:alice"),
        ("A=name", "The client had logged in. This authenticator does not log which account.", "A=plain"),
        ("A=name:", "The client had logged in, and nothing follows the colon: the authenticated id is"
         " empty. A login without a user name should be impossible.", "A=plain:"),
        ("P=", "Protocol that the client spoke.", "P=esmtp"),
        ("X=", ARRIVAL["X="].meaning, "X=TLS1.3:TLS_AES_256_GCM_SHA384:256"),
        ("CV=", ARRIVAL["CV="].meaning, "CV=no"),
        ("DN=", ARRIVAL["DN="].meaning, 'DN="CN=mx.example.net"'),
        ("SNI=", ARRIVAL["SNI="].meaning, "SNI=mail.example.org"),
        ("SPF=", ARRIVAL["SPF="].meaning, "SPF=fail"),
        ("DMARC=", ARRIVAL["DMARC="].meaning, "DMARC=reject"),
        ("PRX=", ARRIVAL["PRX="].meaning, "PRX=192.0.2.80"),
        ("S=", "Size in bytes.", "S=4512"),
        ("T=", "Transport: the way by which the message was to be handed over. Its name is local choice.",
         "T=remote_smtp"),
        ("R=", "The message in question.", "R=1vwZZZ-00000000001-0001"),
        ("D=", "How long the connection lasted.", "D=12s"),
        ("DT=", "How long the attempt took.", "DT=1s"),
        ("QT=", "Time from arrival until the message left the queue.", "Completed QT=3m2s"),
        ("C=", "SMTP commands that the client used, in order.", "C=EHLO,AUTH,QUIT"),
        ("cwd=", "Directory in which the program was started. It often names the website.",
         "cwd=/var/www/shop 3 args: /usr/sbin/sendmail -t -i"),
        ("pid=", "Process number of the process that the text speaks of.", "pid=4711"),
        ("input=", "What the client sent, as Exim saw it.", 'input="EHLO scan\\r\\n"'),
        ("next input=", "What the client sent too early. Its next commands stand in it.",
         'next input="mail from:<x@example.net>"'),
        ("id=", "A message id that the text speaks of.", "id=1vwZZZ-00000000001-0001"),
    ),
)  # fmt: skip

HOST: Mapping[str, Entry] = table(
    Where.HOST,
    (
        ("[address]", "Sender host address: who really connected. The last bracketed address of the host"
         " is the one to trust.", "[198.51.100.5]"),
        (":port", "Behind it the port that the client used.", "[198.51.100.5]:58779"),
        ("(name)", "The name the client gave itself (HELO). A claim, not a fact.", "(helo.example.net)"),
        ("name", "Name of the client, confirmed by the DNS.", "mx.example.net [198.51.100.5]"),
        ("([address])", "The name the client gave itself (HELO) is an address, and it is not the one it"
         " came from. A claim, not a fact.", "([127.0.0.1]) [198.51.100.5]"),
        ("remote host", "Remote host: the server that this server spoke to.",
         "H=mx.example.org [203.0.113.7]:25"),
        ("[server]", "Remote host address: the server in question.", "[203.0.113.7] SSL verify error"),
        ("local user", "The user or program of this server that spoke SMTP to Exim, without the network.",
         "SMTP connection from root"),
    ),
)  # fmt: skip
