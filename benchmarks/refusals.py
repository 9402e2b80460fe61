"""What a server turns away: recipients, senders, logins, broken connections."""

from dataclasses import dataclass

from benchmarks.log_host import Line, LogHost, Peer


@dataclass(frozen=True, slots=True)
class RefusedRecipients:
    """A session whose recipients are refused one after the other."""

    at: float
    peer: Peer
    sender: str
    recipients: tuple[str, ...]
    reason: str
    temporary: bool = False
    pace: float = 1.0  # seconds from one attempt to the next

    def lines(self, host: LogHost) -> list[Line]:
        port = host.random.randrange(1024, 65536)
        came_from = f"H={host.peer(self.peer, port)}"
        verb = "temporarily rejected" if self.temporary else "rejected"
        reason = self.reason.format(address=self.peer.address)
        return [
            Line(
                self.at + number * self.pace,
                f"{came_from} F=<{self.sender}> {verb} RCPT <{recipient}>: {reason}",
            )
            for number, recipient in enumerate(self.recipients)
        ]


@dataclass(frozen=True, slots=True)
class UnverifiableSender:
    """Exim writes two lines for one refusal: what the check found, and the refusal itself."""

    at: float
    peer: Peer
    sender: str
    recipient: str
    reason: str

    def lines(self, host: LogHost) -> list[Line]:
        came_from = f"H={host.peer(self.peer, host.random.randrange(1024, 65536))}"
        refusal = f"F=<{self.sender}> rejected RCPT <{self.recipient}>: Sender verify failed"
        return [
            Line(self.at, f"{came_from} sender verify fail for <{self.sender}>: {self.reason}"),
            Line(self.at, f"{came_from} {refusal}"),
        ]


@dataclass(frozen=True, slots=True)
class FailedLogins:
    """Wrong passwords from one address; an account "" is a login that named nobody."""

    at: float
    peer: Peer
    authenticator: str
    accounts: tuple[str, ...]
    pace: float = 15.0

    def lines(self, host: LogHost) -> list[Line]:
        lines: list[Line] = []
        at = self.at
        for account in self.accounts:
            came_from = host.peer(self.peer, host.random.randrange(1024, 65536), local_port=587)
            tried = f" (set_id={account})" if account else ""
            text = f"authenticator failed for {came_from}: 535 Incorrect authentication data{tried}"
            lines.append(Line(at, f"{self.authenticator} {text}"))
            at += self.pace * host.random.uniform(0.4, 1.6)
        return lines


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A connection that ends badly or speaks badly. `{peer}` stands for who it was with."""

    at: float
    peer: Peer
    text: str

    def lines(self, host: LogHost) -> list[Line]:
        came_from = host.peer(self.peer, host.random.randrange(1024, 65536))
        duration = f"D={host.random.randrange(1, 60)}s"
        text = self.text.format(peer=came_from, address=self.peer.address, duration=duration)
        return [Line(self.at, text)]


DISTURBANCES = (
    "SMTP connection from {peer} lost {duration}",
    "unexpected disconnection while reading SMTP command from {peer} {duration}",
    "no host name found for IP address {address}",
    "SMTP command timeout on connection from {peer} D=5m",
    "TLS error on connection from {peer} (gnutls_handshake): The TLS connection was non-properly terminated.",
    'SMTP protocol error in "AUTH LOGIN" H={peer} AUTH command used when not advertised',
    "SMTP protocol synchronization error (input sent without waiting for greeting): "
    'rejected connection from H={peer} input="EHLO scan\\r\\n"',
    'SMTP call from {peer} dropped: too many syntax or protocol errors (last command was "GET / HTTP/1.1")',
)
