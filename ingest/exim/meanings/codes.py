"""Codes in the answers of servers: three digits of SMTP, and enhanced status codes.

Sources: RFC 5321, 4954, 3207, 7504; RFC 3463 and the registry of RFC 5248. The same detail serves 2, 4 and 5, so
entries name it as ``x.1.1``.
"""

from collections.abc import Mapping

from ingest.exim.meanings.entry import Entry, Where, table

CODES: Mapping[str, Entry] = table(
    Where.CODE,
    (
        ("211", "Status or help, as asked.", "211 System status"),
        ("214", "Help, as asked.", "214 Commands supported"),
        ("220", "The server is ready.", "220 mx.example.org ESMTP"),
        ("221", "The server closes the connection, as agreed.", "221 Bye"),
        ("235", "The login was accepted.", "235 2.7.0 Authentication successful"),
        ("250", "Accepted.", "250 OK"),
        ("251", "Accepted; the server will forward it, since the user is elsewhere.",
         "251 User not local; will forward"),
        ("252", "The server does not say whether the address exists, and would take the message.",
         "252 Cannot VRFY user"),
        ("334", "The server asks for the next part of the login.", "334 VXNlcm5hbWU6"),
        ("354", "The server asks for the message.", "354 Enter message"),
        ("421", "Not now: the server closes the connection. The sender should try again later.",
         "421 4.7.0 Try again later, closing connection"),
        ("422", "Not now: the mailbox is full.", "422 Recipient mailbox is full"),
        ("432", "Not now: the server asks to change the password or to wait.",
         "432 4.3.2 recipient thread limit exceeded"),
        ("435", "The login could not be checked just now.", "435 Unable to authenticate at present"),
        ("450", "Not now: the mailbox cannot be used at the moment, or the sender is asked to wait.",
         "450 4.2.0 Greylisted"),
        ("451", "Not now: the server has a problem of its own, or asks to wait.",
         "451 4.7.1 try again later"),
        ("452", "Not now: no space left, or too many recipients at once.", "452 4.2.2 mailbox full"),
        ("454", "Not now: TLS or the login does not work at the moment.", "454 4.7.0 TLS not available"),
        ("455", "Not now: the server cannot use these parameters.",
         "455 Server unable to accommodate parameters"),
        ("459", "Not now, with a code that the other side chose.", "459 try later"),
        ("499", "Not now, with a code that the other side chose.", "499 try later"),
        ("500", "The server does not know the command.", "500 unrecognized command"),
        ("501", "The command has something wrong in it.", "501 syntactically invalid HELO argument"),
        ("502", "The server does not do this command.", "502 Command not implemented"),
        ("503", "The command came at the wrong time.", "503 valid RCPT command must precede DATA"),
        ("504", "The server does not do this form of the command.",
         "504 Authentication mechanism not supported"),
        ("521", "The server takes no mail at all.", "521 Server does not accept mail"),
        ("530", "A login or TLS is needed first.", "530 5.7.0 Must issue a STARTTLS command first"),
        ("534", "This way of logging in is too weak for the server.",
         "534 5.7.9 Please use another mechanism"),
        ("535", "The login was refused: user name or password are wrong, or the account may not log in.",
         "535 Incorrect authentication data"),
        ("538", "This way of logging in needs TLS.", "538 Encryption required"),
        ("541", "Refused: the message is taken for spam.", "541 Recipient address rejected"),
        ("550", "Refused for good: the mailbox does not exist, or the server does not want the message."
         " The text says which.", "550 5.1.1 no such user"),
        ("551", "Refused for good: the user is not here.", "551 User not local"),
        ("552", "Refused for good: too large, or the mailbox is full.", "552 5.2.2 mailbox full"),
        ("553", "Refused for good: the address is not acceptable.",
         "553 sorry, that domain is not in my list"),
        ("554", "Refused for good: often a block of the sending server, or the content.",
         "554 5.7.1 Service unavailable; Client host blocked"),
        ("555", "The server does not know a parameter of the address.",
         "555 MAIL parameters not recognized"),
        ("556", "The domain takes no mail at all.", "556 5.1.10 Recipient address has null MX"),
        ("571", "Refused for good by a rule of the other side.", "571 Message refused"),
        ("2xx", "Accepted. (A code that begins with 2.)", "299 OK"),
        ("4xx", "Not now: the sender should try again later. (A code that begins with 4.)", "468 later"),
        ("5xx", "Refused for good. (A code that begins with 5.)", "599 no"),
    ),
)  # fmt: skip

CLASSES: Mapping[str, Entry] = table(
    Where.STATUS,
    (
        ("2.x.x", "It worked.", "2.0.0"),
        ("4.x.x", "It did not work now, and may work later: the sender tries again.", "4.7.1"),
        ("5.x.x", "It failed for good: the sender gives up.", "5.1.1"),
    ),
)  # fmt: skip

_DETAILS: tuple[tuple[str, str], ...] = (
    ("0.0", "Nothing more is said; the text counts."),
    ("1.0", "Something is wrong with an address."),
    ("1.1", "The mailbox does not exist. Compare the address letter by letter."),
    ("1.2", "The domain of the address does not exist, or takes no mail."),
    ("1.3", "The address is not written as an address must be."),
    ("1.4", "The address could mean several mailboxes."),
    ("1.5", "The address is good."),
    ("1.6", "The mailbox has moved, and nobody forwards."),
    ("1.7", "The sender's address is not written as an address must be."),
    ("1.8", "The sender's domain does not exist, or the sender may not send."),
    ("1.9", "Passed on to a server that may not give notice of failure."),
    ("1.10", "The domain says that it takes no mail; with Microsoft, the mailbox does not exist."),
    ("2.0", "Something is wrong with the mailbox, or its owner's settings refuse the message."),
    ("2.1", "The mailbox is disabled, or takes no mail at the moment."),
    ("2.2", "The mailbox is full. Its owner must make room."),
    ("2.3", "The message is larger than this mailbox takes."),
    ("2.4", "The mailing list could not be expanded."),
    ("3.0", "The other mail system has a problem of its own."),
    ("3.1", "The other mail system has no room left."),
    ("3.2", "The other mail system takes no mail at the moment."),
    ("3.3", "The other mail system cannot do what was asked."),
    ("3.4", "The message is larger than the other mail system takes."),
    ("3.5", "The other mail system is not set up for this."),
    ("4.0", "Something is wrong with the network or the way to the other system."),
    ("4.1", "No answer from the other server; with Microsoft, the address is refused by the domain."),
    ("4.2", "The connection broke."),
    ("4.3", "A directory or DNS server did not answer."),
    ("4.4", "No way to the domain was found."),
    ("4.5", "The other mail system is too busy."),
    ("4.6", "The message went round in a circle."),
    ("4.7", "The message was too old: it could not be delivered in time."),
    ("5.0", "The servers did not understand each other."),
    ("5.1", "The command is wrong or came at the wrong time."),
    ("5.2", "The command has something wrong in it."),
    ("5.3", "Too many recipients at once."),
    ("5.4", "A parameter of the command is wrong."),
    ("5.5", "The servers speak different versions of the protocol."),
    ("5.6", "The answer of the login was too long or cannot be read."),
    ("6.0", "Something is wrong with the content of the message."),
    ("6.1", "The other system does not take this kind of content."),
    ("6.2", "The content would have to be converted, which is not allowed."),
    ("6.3", "The content would have to be converted, which nobody can."),
    ("6.4", "The content was converted and lost something."),
    ("6.5", "The content could not be converted."),
    ("6.6", "The content is not there."),
    ("6.7", "The address needs letters beyond ASCII, which the other system does not take."),
    ("6.8", "The reply needs letters beyond ASCII, which the other side does not take."),
    ("6.9", "The header needs letters beyond ASCII, which the other system does not take."),
    ("7.0", "Refused for security or by a rule."),
    ("7.1", "Refused by a rule of the other side. The text says which: a block of the sending server, a"
     " rule against relaying, or the content."),
    ("7.2", "The sender may not write to this mailing list."),
    ("7.3", "The security of the two systems does not fit together."),
    ("7.4", "A security feature is not supported."),
    ("7.5", "Encryption failed."),
    ("7.6", "The encryption is not supported."),
    ("7.7", "The message was changed on the way, or cannot be checked."),
    ("7.8", "User name or password are wrong."),
    ("7.9", "The way of logging in is too weak, or the account needs another one."),
    ("7.10", "Encryption is needed."),
    ("7.11", "This way of logging in needs encryption."),
    ("7.12", "The password must be changed first."),
    ("7.13", "The account is disabled."),
    ("7.14", "The two systems have no trust in each other."),
    ("7.15", "The priority of the message is too low for now."),
    ("7.16", "The message is too large for its priority."),
    ("7.17", "The mailbox changed its owner, and the message is older than that."),
    ("7.18", "The domain changed its owner, and the message is older than that."),
    ("7.19", "The other side cannot check who owned the mailbox when."),
    ("7.20", "No DKIM signature passed the check. Sign outgoing mail and publish the key."),
    ("7.21", "No DKIM signature was acceptable to the other side."),
    ("7.22", "The DKIM signature is not the author's. Sign with the domain of the From address."),
    ("7.23", "SPF failed: the sender's domain does not allow this server. Add the server to the domain's"
     " SPF record."),
    ("7.24", "The SPF record could not be evaluated. Repair it."),
    ("7.25", "The name of the sending address in the DNS is missing or does not lead back to it. Set the"
     " PTR record."),
    ("7.26", "Neither SPF nor DKIM proves the sender's domain. Publish SPF and sign with DKIM."),
    ("7.27", "The sender's domain takes no mail (null MX), so nobody may write from it."),
    ("7.28", "Too much mail, or mail of a suspicious kind. Find out who sends it, and slow down."),
    ("7.29", "The ARC check failed: a forwarder broke the chain."),
    ("7.30", "The other side insists on REQUIRETLS, which cannot be kept."),
)  # fmt: skip

SUBJECTS: Mapping[str, Entry] = table(
    Where.STATUS,
    (
        ("x.0.x", "Nothing more is said; the text counts.", "5.0.0"),
        ("x.1.x", "About an address. The last number is the other side's own.", "5.1.90"),
        ("x.2.x", "About the mailbox. The last number is the other side's own.", "5.2.121"),
        ("x.3.x", "About the other mail system. The last number is the other side's own.", "4.3.99"),
        ("x.4.x", "About the network or the way to the other system. The last number is the other side's"
         " own.", "4.4.316"),
        ("x.5.x", "About the conversation between the servers. The last number is the other side's own.",
         "4.5.6"),
        ("x.6.x", "About the content of the message. The last number is the other side's own.", "5.6.11"),
        ("x.7.x", "About security or a rule of the other side. The last number is the other side's own.",
         "5.7.999"),
        ("x.n.x", "A number of the other side's own; the text counts.", "4.12.343"),
    ),
)  # fmt: skip

STATUS: Mapping[str, Entry] = {
    detail: Entry(f"x.{detail}", Where.STATUS, meaning, f"5.{detail}") for detail, meaning in _DETAILS
}  # fmt: skip


def code(digits: str) -> Entry | None:
    """The entry of an SMTP code; None for a number that is none."""
    if len(digits) != 3 or not (digits.isascii() and digits.isdigit()):
        return None
    return CODES.get(digits) or CODES.get(f"{digits[0]}xx")


def status(text: str) -> Entry:
    """The entry of an enhanced status code such as 5.1.1: the exact one, else that of its subject."""
    _class, subject, _detail = text.split(".")
    return STATUS.get(text.partition(".")[2]) or SUBJECTS.get(f"x.{subject}.x") or SUBJECTS["x.n.x"]
