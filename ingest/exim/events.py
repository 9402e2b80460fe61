"""What one log line says, as frozen values.

Named tuples, because one is made for every line of a log: building one costs 0.4 us where a frozen dataclass
costs 3 us. Build them by position in hot code.

Fields that are absent from the line are None; an address that is present but empty is "" (the null sender
``<>``, the empty authenticated id of ``A=plain:``).
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The kinds of line that pages and ``--json`` name."""

    ARRIVAL = "arrival"
    DELIVERY = "delivery"
    DEFERRAL = "deferral"
    BOUNCE = "bounce"
    COMPLETION = "completion"
    REJECTION = "rejection"
    AUTH_FAILURE = "auth_failure"
    CONNECTION = "connection"
    NOTE = "note"


class Topic(StrEnum):
    """What a note is about, where something depends on it; OTHER is any text we do not need to tell apart."""

    FROZEN = "frozen"
    THAWED = "thawed"
    REMOVED = "removed"  # "removed by USER": recipients get no line
    CANCELLED = "cancelled"  # "cancelled by USER", "cancelled by timeout_frozen_after"
    ERROR_IGNORED = "error ignored"  # a failed address that is dropped silently
    NOT_ACCEPTED = "not accepted"  # "SMTP connection lost after final dot", "rescind ...": no message exists
    QUEUED_CONNECTION = "queued: many messages in one connection"  # value: N of "more than N messages"
    QUEUED = "queued"  # any other "no immediate delivery"
    HOST_ERROR = "remote host error"  # an attempt at one host, not an outcome
    DISCARDED = "discarded"  # accepted by SMTP, thrown away by an ACL
    ARGUMENTS = "arguments"  # "cwd=... args: ..."
    QUEUE_RUN = "queue run"
    DAEMON = "daemon"
    DKIM = "dkim"
    SENDER_VERIFY = "sender verify"  # comes before the rejection it explains
    TLS_ERROR = "tls error"
    SPOOL = "spool"  # locked by another process, missing, damaged, full
    CHANGED = "changed by hand"  # "recipient <x> added by U", "address <x> marked delivered by U"
    SYSTEM_FILTER = "system filter"
    PIPE_OUTPUT = "pipe output"  # what a program said that a message was given to
    DNS = "dns"
    IDENT = "ident"
    COMMAND = "command"  # ETRN, ATRN, AUTH= of MAIL: a command of a client that is noted
    REWRITTEN = "address rewritten"
    WARNING = "warning"  # "H=... Warning: ...": a rule of the server speaks
    INCOMPLETE = "incomplete transaction"  # the client broke off before the message was sent
    SENDER_CHECK = "sender check"  # SPF, DMARC, ARC and "Authentication-Results:"
    SCANNER = "scanner"  # a virus or spam scanner failed
    CONFIGURATION_ERROR = "configuration error"
    IDENTIFIED = "sender identified"  # cPanel: which account of the server sends the message
    OUTBOUND = "outbound"  # cPanel: the message leaves for one recipient; value: the second in which it does
    SENDING_LIMIT = "sending limit"  # a control panel stops an account or domain; value: what is allowed
    SENDING_RATE = (
        "sending rate"  # a control panel counts what an account sends; value: how many, rounded down
    )
    OTHER = "other"


class Stage(StrEnum):
    """The SMTP command at which a client was refused."""

    CONNECT = "connect"
    HELO = "helo"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # DATA, after DATA, MIME, local_scan, non-SMTP ACL
    OTHER = "other"  # VRFY, EXPN, ETRN, STARTTLS, synchronization and protocol errors


class Client(NamedTuple):
    """Who connected. Only ``sender_host_address`` is a fact: the HELO name is the client's claim.

    Source: Exim's specification, chapter "Log files"; host.c, host_and_ident().
    """

    sender_host_address: str | None = None  # without brackets and port; None for a local submission
    sender_host_port: int | None = None
    sender_host_name: str | None = None  # verified by DNS
    helo_name: str | None = None  # as claimed, with the brackets of a literal: "[127.0.0.1]"
    interface_address: str | None = None  # I=
    interface_port: int | None = None
    ident: str | None = None  # U=: the ident of a host, or the login of a local caller


class Arrival(NamedTuple):
    """``<=`` or ``(=``: the server took responsibility for a message."""

    logged_at: datetime
    message_id: str
    envelope_sender: str  # "" is the null sender
    client: Client
    parent_message_id: str | None  # R= on a bounce: the message that caused it
    protocol: str | None  # P=
    tls: str | None  # X=
    authenticator: str | None  # A=
    authenticated_id: str | None  # None: no A=, or A=name without a colon; "": A=name: with nothing behind it
    size: int | None  # bytes
    header_message_id: str | None  # id=, without < >
    subject: str | None  # T=, decoded
    recipients: tuple[str, ...] | None  # "for a b c"; None: the log does not list them
    is_fake_reject: bool = False  # "(=": the client was told 5xx, the message is accepted all the same
    connection_id: str | None = None  # Ci=: also on the lines of the connection
    original_sender: str | None = None  # from <...>: before the server rewrote it

    @property
    def kind(self) -> Kind:
        return Kind.ARRIVAL


class Delivery(NamedTuple):
    """``=>``, ``->``, ``>>``, ``*>``: one recipient delivered."""

    logged_at: datetime
    message_id: str
    flag: str
    recipient: str  # final address; for a pipe or file the command or path, for :blackhole: that word
    original_recipient: str  # the address before aliasing; equal to recipient where the line shows no other
    router: str | None  # R=
    transport: str | None  # T=
    remote_host_name: str | None  # H= of a remote delivery
    remote_host_address: str | None
    remote_host_port: int | None
    tls: str | None
    text: str | None  # C=: the answer of the remote server, decoded
    queue_time: float | None = None  # QT=, seconds from arrival to this delivery
    delivery_time: float | None = None  # DT=, seconds

    @property
    def kind(self) -> Kind:
        return Kind.DELIVERY


class Deferral(NamedTuple):
    """``==``: one recipient not delivered now; Exim will try again."""

    logged_at: datetime
    message_id: str
    recipient: str
    original_recipient: str
    router: str | None
    transport: str | None
    remote_host_name: str | None
    remote_host_address: str | None
    remote_host_port: int | None
    text: str  # from "defer (" on: code, reason, the remote server's words
    is_attempt: bool  # False for "retry time not reached": nothing was tried

    @property
    def kind(self) -> Kind:
        return Kind.DEFERRAL


class Bounce(NamedTuple):
    """``**``: one recipient failed for good."""

    logged_at: datetime
    message_id: str
    recipient: str
    original_recipient: str
    router: str | None
    transport: str | None
    remote_host_name: str | None
    remote_host_address: str | None
    remote_host_port: int | None
    text: str

    @property
    def kind(self) -> Kind:
        return Kind.BOUNCE


class Completion(NamedTuple):
    """``Completed``: no recipient is left, the message has gone from the spool."""

    logged_at: datetime
    message_id: str
    queue_time: float | None = None  # QT=, seconds that the message was here

    @property
    def kind(self) -> Kind:
        return Kind.COMPLETION


class Rejection(NamedTuple):
    """A refusal during SMTP. ``message_id`` only for what was refused after DATA; there is no arrival."""

    logged_at: datetime
    message_id: str | None
    stage: Stage
    is_temporary: bool
    client: Client
    envelope_sender: str | None  # F=<...>; "" is the null sender
    recipient: str | None  # of RCPT, without < > and ESMTP parameters
    authenticator: str | None  # A= of a client that had logged in
    authenticated_id: str | None
    text: str  # the reason as logged, without the part before it

    @property
    def kind(self) -> Kind:
        return Kind.REJECTION


class AuthFailure(NamedTuple):
    """``NAME authenticator failed for ...``: a login refused."""

    logged_at: datetime
    message_id: str | None
    authenticator: str
    client: Client
    code: int | None  # 535 wrong, 435 temporarily
    attempted_id: str | None  # (set_id=...); attackers write it
    text: str

    @property
    def kind(self) -> Kind:
        return Kind.AUTH_FAILURE


class Connection(NamedTuple):
    """A connection opened, closed, lost, dropped or timed out."""

    logged_at: datetime
    message_id: str | None
    client: Client
    text: str
    connection_id: str | None = None  # Ci=: also on the arrivals over this connection

    @property
    def kind(self) -> Kind:
        return Kind.CONNECTION


class Note(NamedTuple):
    """Any other line with a stamp."""

    logged_at: datetime
    message_id: str | None
    topic: Topic
    client: Client | None
    address: str | None  # the recipient or sender that the note names, where it names one
    value: int | None  # see Topic
    text: str  # the line behind stamp, pid and id
    addresses: tuple[str, ...] = ()  # every mail address that the line names, eight at most
    domain: str | None = None  # the domain that a control panel's line is about
    directory: str | None = None  # cwd=: where the program was started
    identified_by: str | None = None  # B=: how cPanel knows which account sends

    @property
    def kind(self) -> Kind:
        return Kind.NOTE


class Unparsed(NamedTuple):
    """Text that is no line of an Exim log: it has no stamp, or an impossible one."""

    reason: str
    raw: bytes


Event = Arrival | Delivery | Deferral | Bounce | Completion | Rejection | AuthFailure | Connection | Note
