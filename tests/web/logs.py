"""Log lines that tests of several pages read."""

# One ordinary day: in, out, deferred, bounced, refused, a bounce message, a local script.
DAY = (
    "2026-03-02 09:00:00 1vwz8C-00000000001-0001 <= alice@example.org H=mx.example.net (helo.example.net)"
    " [198.51.100.7]:4711 P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256"
    " A=login:alice S=4512 id=one@example.org"
    ' T="Minutes of Monday"',
    "2026-03-02 09:00:02 1vwz8C-00000000001-0001 => bob@remote.example R=dnslookup T=remote_smtp"
    ' H=mx.remote.example [203.0.113.7] C="250 2.0.0 Ok: queued as ABC123"',
    "2026-03-02 09:00:02 1vwz8C-00000000001-0001 == carol@remote.example R=dnslookup"
    " T=remote_smtp defer (-44) H=mx.remote.example [203.0.113.7]: SMTP error from remote mail server"
    " after RCPT TO:<carol@remote.example>: 451 4.7.1 try again later",
    "2026-03-02 09:30:02 1vwz8C-00000000001-0001 => carol@remote.example R=dnslookup T=remote_smtp"
    ' H=mx.remote.example [203.0.113.7] C="250 2.0.0 Ok"',
    "2026-03-02 09:30:02 1vwz8C-00000000001-0001 Completed",
    "2026-03-02 10:00:00 1vx04G-00000000002-0001 <= www@example.org U=www-data P=local S=412",
    "2026-03-02 10:00:01 1vx04G-00000000002-0001 ** nobody@remote.example R=dnslookup T=remote_smtp"
    " H=mx.remote.example [203.0.113.7]: SMTP error from remote mail server"
    " after RCPT TO:<nobody@remote.example>: 550 5.1.1 no such user",
    "2026-03-02 10:00:01 1vx04H-00000000003-0001 <= <> R=1vx04G-00000000002-0001"
    " U=Debian-exim P=local S=1602",
    "2026-03-02 10:00:01 1vx04G-00000000002-0001 Completed",
    "2026-03-02 10:00:02 1vx04H-00000000003-0001 => www <www@example.org> R=local_user T=local_delivery",
    "2026-03-02 10:00:02 1vx04H-00000000003-0001 Completed",
    "2026-03-02 11:00:00 H=(probe.example.net) [203.0.113.9] F=<one@foreign.example> rejected RCPT"
    " <victim@elsewhere.example>: relay not permitted",
    "2026-03-02 11:00:05 login authenticator failed for (User) [203.0.113.9]"
    ": 535 Incorrect authentication data (set_id=admin@example.org)",
)
SENT, SCRIPT, BOUNCE = "1vwz8C-00000000001-0001", "1vx04G-00000000002-0001", "1vx04H-00000000003-0001"


def many(count: int) -> list[str]:
    """``count`` messages by one host, one a second, each to a mailbox of its own."""
    lines = []
    for number in range(count):
        stamp = f"2026-03-02 12:{number // 60:02d}:{number % 60:02d}"
        message_id = f"1vx1wO-{number:011d}-0001"
        lines += [
            f"{stamp} {message_id} <= list@example.org H=(news) [198.51.100.20] P=esmtp S=100",
            f"{stamp} {message_id} => r{number}@many.example R=dnslookup T=remote_smtp"
            ' H=mx.many.example [203.0.113.8] C="250 ok"',
            f"{stamp} {message_id} Completed",
        ]
    return lines
