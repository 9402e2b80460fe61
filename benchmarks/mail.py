"""Messages: how they arrive, what becomes of each recipient, and the lines Exim writes about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.log_host import Exchanger, Line, LogHost, Peer

HELD_AFTER = 10  # smtp_accept_queue_per_connection
GIVEN_UP = "retry timeout exceeded"  # stands right behind the last deferral


@dataclass(frozen=True, slots=True)
class Deferral:
    """Why an attempt failed for now. `{sender}`, `{recipient}`, `{domain}`, `{size}` are filled in."""

    errno: int
    text: str
    answered: bool = False  # the remote host said so: H= stands in the line
    host_line: bool = True  # the host is at fault, not the address: a line of its own says so first


@dataclass(frozen=True, slots=True)
class Recipient:
    """One final address and its fate: deferred as often as listed, then delivered or refused."""

    address: str
    original: str = ""  # the address before aliasing, where it differs
    exchanger: Exchanger | None = None  # None: a mailbox on this machine
    deferrals: Sequence[Deferral] = ()
    refusal: str = ""  # the text after `**`; "" = delivered
    refused_by_host: bool = True  # False: Exim found out alone, while routing
    confirmation: str = ""  # what the other side answers, where it matters (the next server's id)

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent, before anything happens to it. `sender` "" is the null sender."""

    sender: str
    recipients: tuple[Recipient, ...]
    size: int
    header_id: str = ""
    subject: str = ""
    dkim_domain: str = ""
    message_id: str = ""  # given where another log has to name it


@dataclass(frozen=True, slots=True)
class Login:
    """A successful AUTH. `account` "" is a login without a user name."""

    authenticator: str
    account: str


@dataclass(frozen=True, slots=True)
class Session:
    """One SMTP connection that brings messages."""

    at: float
    peer: Peer
    messages: tuple[Message, ...]
    login: Login | None = None
    tls: bool = True
    pace: float = 2.0  # seconds from one message to the next

    def lines(self, host: LogHost) -> list[Line]:
        pid, port = host.pid(), host.random.randrange(1024, 65536)
        local_port = 587 if self.login else 25
        came_from = f"H={host.peer(self.peer, port, local_port=local_port)} {self._protocol(host)}"
        lines: list[Line] = []
        at = self.at + host.random.uniform(0.3, 1.5)
        for number, message in enumerate(self.messages):
            started_at = at
            at += self.pace * host.random.uniform(0.5, 1.5)
            message_id = message.message_id or host.message_id(started_at, pid)
            arrived_at = started_at + min(at - started_at, host.random.uniform(0.05, 1.2)) * 0.9
            lines += arrival(host, message, message_id, arrived_at, came_from)
            lines += onward(host, message, message_id, arrived_at, held=number >= HELD_AFTER)
        return lines

    def _protocol(self, host: LogHost) -> str:
        text = f"P=esmtp{'s' if self.tls else ''}{'a' if self.login else ''}"
        if self.tls:
            text += f" X={host.random.choice(host.ciphers)} CV=no"
        if self.login:
            text += f" A={self.login.authenticator}:{self.login.account}"
        return text


@dataclass(frozen=True, slots=True)
class LocalSubmission:
    """A message handed to Exim by a program on the machine."""

    at: float
    user: str
    message: Message

    def lines(self, host: LogHost) -> list[Line]:
        message_id = host.message_id(self.at, host.pid())
        arrived_at = self.at + 0.1
        return [
            *arrival(host, self.message, message_id, arrived_at, f"U={self.user} P=local"),
            *onward(host, self.message, message_id, arrived_at),
        ]


def arrival(host: LogHost, message: Message, message_id: str, at: float, came_from: str) -> Iterator[Line]:
    """The `<=` line, and before it what was found out about the signature."""
    if message.dkim_domain and host.logging.dkim:
        signature = f"d={message.dkim_domain} s=s1 c=relaxed/relaxed a=rsa-sha256 b=2048"
        yield Line(at, f"{message_id} DKIM: {signature} [verification succeeded]")
    text = f"{message_id} <= {message.sender or '<>'} {came_from} S={message.size}"
    if message.dkim_domain:
        text += f" DKIM={message.dkim_domain}"
    if message.header_id:
        text += f" id={message.header_id}"
    if host.logging.subjects and message.subject:
        text += f' T="{escaped(message.subject)}"'
    if host.logging.listed_recipients:
        text += " for " + " ".join(
            recipient.original or recipient.address for recipient in message.recipients
        )
    yield Line(at, text)


def onward(
    host: LogHost, message: Message, message_id: str, at: float, *, held: bool = False
) -> Iterator[Line]:
    """What follows an arrival: attempts until every recipient is settled, bounces, completion."""
    if held:
        reason = f"more than {HELD_AFTER} messages received in one connection"
        yield Line(at, f"{message_id} no immediate delivery: {reason}")
        at = host.slot_in_next_queue_run(at)
    else:
        at += host.random.uniform(0.1, 1.5)
    pending, attempt = message.recipients, 0
    while True:
        yield from _attempt(host, message, message_id, at, pending, attempt, reused=held)
        at += 0.6
        failed = [recipient for recipient in pending if _fails(recipient, attempt)]
        pending = tuple(recipient for recipient in pending if len(recipient.deferrals) > attempt)
        if failed and message.sender:
            yield from bounce(host, message, message_id, at)
        if failed and not message.sender:
            yield from _frozen(host, message_id, at)
            return
        if not pending:
            yield Line(at + 0.1, f"{message_id} Completed")
            return
        attempt += 1
        at = host.slot_in_next_queue_run(at)


def bounce(host: LogHost, message: Message, message_id: str, at: float) -> Iterator[Line]:
    """The message Exim makes to tell the envelope sender of a failure, and its own way."""
    bounce_id = host.message_id(at, host.pid())
    report = Message(
        sender="",
        recipients=(return_route(host, message.sender),),
        size=message.size + 700 + host.random.randrange(300),
        subject="Mail delivery failed: returning message to sender",
    )
    yield from arrival(host, report, bounce_id, at + 0.05, f"R={message_id} U=Debian-exim P=local")
    yield from onward(host, report, bounce_id, at + 0.05)


def return_route(host: LogHost, address: str) -> Recipient:
    """The recipient of a bounce: a mailbox here, the sender's server, or nowhere."""
    domain = address.rpartition("@")[2]
    if domain in host.local_domains:
        return Recipient(address)
    exchanger = host.exchanger(domain)
    if exchanger is None:
        return Recipient(address, refusal="Unrouteable address", refused_by_host=False)
    return Recipient(address, exchanger=exchanger)


def _fails(recipient: Recipient, attempt: int) -> bool:
    return bool(recipient.refusal) and len(recipient.deferrals) == attempt


def _attempt(
    host: LogHost,
    message: Message,
    message_id: str,
    at: float,
    recipients: Sequence[Recipient],
    attempt: int,
    *,
    reused: bool,
) -> Iterator[Line]:
    """One round over the recipients that are still open; those of one server share its answer."""
    answers: dict[str, str] = {}
    for number, recipient in enumerate(recipients):
        at += min(0.5 / len(recipients), 0.2) * (number > 0)
        if len(recipient.deferrals) > attempt:
            yield from _deferred(host, message, message_id, at, recipient, recipient.deferrals[attempt])
        elif recipient.refusal:
            if recipient.refusal == GIVEN_UP and attempt:
                yield from _deferred(host, message, message_id, at, recipient, recipient.deferrals[0])
            yield Line(at, f"{message_id} ** {_failed(host, message, recipient)}")
        elif recipient.exchanger is None:
            yield Line(at, f"{message_id} => {_delivered_here(host, recipient)}")
        else:
            flag = "->" if recipient.exchanger.name in answers else "=>"
            answer = answers.setdefault(recipient.exchanger.name, _answer(host, message, recipient, at))
            way = _way(host, recipient.exchanger, reused=reused and host.random.random() < 0.4)
            text = f'{_shown(recipient)} R=dnslookup T=remote_smtp {way} C="{answer}"'
            yield Line(at, f"{message_id} {flag} {text}")


def _deferred(
    host: LogHost, message: Message, message_id: str, at: float, recipient: Recipient, deferral: Deferral
) -> Iterator[Line]:
    reason = _filled(deferral.text, message, recipient)
    exchanger = recipient.exchanger
    if exchanger is None:
        router = f"R=local_user T={host.local_transport}"
        yield Line(at, f"{message_id} == {_shown(recipient)} {router} defer ({deferral.errno}): {reason}")
        return
    remote = f"H={exchanger.name} [{exchanger.address}]"
    if deferral.host_line:
        yield Line(at, f"{message_id} {remote}{':' if deferral.answered else ''} {reason}")
    said_by = f" {remote}{_interface(host)}" if deferral.answered else ""
    way = f"R=dnslookup T=remote_smtp defer ({deferral.errno}){said_by}"
    yield Line(at, f"{message_id} == {_shown(recipient)} {way}: {reason}")


def _failed(host: LogHost, message: Message, recipient: Recipient) -> str:
    reason = _filled(recipient.refusal, message, recipient)
    if not recipient.refused_by_host or recipient.exchanger is None:
        return f"{_shown(recipient)}: {reason}"
    return f"{_shown(recipient)} R=dnslookup T=remote_smtp {_way(host, recipient.exchanger)}: {reason}"


def _delivered_here(host: LogHost, recipient: Recipient) -> str:
    mailbox = recipient.address.rpartition("@")[0]
    text = f"{mailbox} <{recipient.original or recipient.address}> R=local_user T={host.local_transport}"
    if host.local_transport.endswith("lmtp"):
        text += f' C="250 2.0.0 <{recipient.address}> {host.token(22)} Saved"'
    return text


def _way(host: LogHost, exchanger: Exchanger, *, reused: bool = False) -> str:
    """The remote host of a delivery with the connection's properties; `*` marks a reused connection."""
    text = f"H={exchanger.name} [{exchanger.address}]{'*' if reused else ''}{_interface(host)}"
    if exchanger.tls:
        domain = exchanger.name.partition(".")[2]
        text += f' X={host.ciphers[0]} CV=yes DN="CN=*.{domain}"'
    return text


def _interface(host: LogHost) -> str:
    return f" I=[{host.address}]" if host.logging.interface else ""


def _answer(host: LogHost, message: Message, recipient: Recipient, at: float) -> str:
    if recipient.confirmation:
        return recipient.confirmation
    assert recipient.exchanger is not None
    header_id = message.header_id or f"{host.token(12)}@{host.primary_hostname}"
    return recipient.exchanger.answer.format(token=host.token(11), header_id=header_id, at=int(at))


def _shown(recipient: Recipient) -> str:
    return f"{recipient.address} <{recipient.original}>" if recipient.original else recipient.address


def _filled(text: str, message: Message, recipient: Recipient) -> str:
    if "{" not in text:
        return text
    return text.format(
        sender=message.sender, recipient=recipient.address, domain=recipient.domain, size=message.size + 1024
    )


def _frozen(host: LogHost, message_id: str, at: float) -> Iterator[Line]:
    """A bounce that cannot be delivered is frozen, skipped by each queue run, and removed by hand."""
    yield Line(at, f"{message_id} Frozen (delivery error message)")
    for _ in range(host.random.randrange(12, 60)):
        at = host.slot_in_next_queue_run(at)
        yield Line(at, f"{message_id} Message is frozen")
    yield Line(at + 700, f"{message_id} removed by root")
    yield Line(at + 700, f"{message_id} Completed")


def escaped(subject: str) -> str:
    """A subject as Exim quotes it: backslash before quote and backslash, other bytes in octal."""
    if subject.isascii() and subject.isprintable() and '"' not in subject and "\\" not in subject:
        return subject
    return "".join(_escaped_byte(byte) for byte in subject.encode())


def _escaped_byte(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
