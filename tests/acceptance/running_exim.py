"""A running Exim of the test's own: strangers reach it by the PROXY protocol, what it sends ends in a sink."""

import socket
import socketserver
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.rules.real_exim import EXIM

OWN_ADDRESS = "192.0.2.1"


class _Session(socketserver.StreamRequestHandler):
    """Takes everything but mail to nobody-..., who does not exist."""

    def handle(self) -> None:
        self._say("220 sink.example ESMTP")
        while line := self.rfile.readline():
            command = line.decode("ascii", "replace").strip().upper()
            if command.startswith("DATA"):
                self._say("354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self._say("250 OK")
            elif command.startswith("RCPT TO:<NOBODY-"):
                self._say("550 5.1.1 User unknown")
            elif command == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 OK")

    def _say(self, reply: str) -> None:
        self.wfile.write(f"{reply}\r\n".encode())


class _Sink(socketserver.ThreadingTCPServer):
    daemon_threads = True


class RunningExim:
    """Its daemon, its spool and its log in one folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.file = folder / "exim.conf"
        self.port = port
        self._client_port = 20_000

    @property
    def log(self) -> Path:
        return self.folder / "mainlog"

    def run(self, *arguments: str, given: str = "") -> str:
        """What it prints; it must say that all went well."""
        command = [EXIM or "exim", "-C", str(self.file), *arguments]
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, check=False, timeout=120, cwd=self.folder
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def deliver(self) -> None:
        """Runs the queue, then once more for the bounces that this made."""
        self.run("-qf")
        self.run("-qf")

    def session(self, host: str, *commands: str) -> list[str]:
        """The last line of each reply to the commands of a client at that address."""
        self._client_port += 1
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=30) as client,
            client.makefile("r", encoding="ascii", errors="replace") as read,
        ):
            client.sendall(f"PROXY TCP4 {host} {OWN_ADDRESS} {self._client_port} 25\r\n".encode())
            replies = [_reply(read)]
            for before, command in pairwise(("", *commands, "QUIT")):
                if before == "DATA" and not replies[-1].startswith("354"):
                    continue  # the text is not asked for: Exim would take it for commands
                client.sendall(f"{command}\r\n".encode())
                replies.append(_reply(read))
        return replies[1:-1]

    def submit(self, user: str, sender: str, recipient: str) -> None:
        """Hands in one message as a program of that local user."""
        text = f"From: <{sender}>\nTo: <{recipient}>\nSubject: hello\n\ntext\n"
        self.run("-oMt", user, "-f", sender, recipient, given=text)

    def mail(
        self,
        host: str,
        sender: str,
        recipients: Sequence[str],
        *,
        login: tuple[str, str] | None = None,
        helo: str = "client.example",
    ) -> list[str]:
        """The replies to one message from a client at that address."""
        return self.session(
            host,
            f"EHLO {helo}",
            *([f"AUTH PLAIN {plain(*login)}"] if login else []),
            f"MAIL FROM:<{sender}>",
            *(f"RCPT TO:<{recipient}>" for recipient in recipients),
            "DATA",
            f"From: <{sender}>\r\nSubject: hello\r\n\r\ntext\r\n.",
        )


def plain(user: str, password: str) -> str:
    """What a client sends to log in by PLAIN."""
    return b64encode(f"\0{user}\0{password}".encode()).decode()


def _reply(read: Iterator[str]) -> str:
    for line in read:
        if line[3:4] != "-":
            return line.strip()
    return ""


@contextmanager
def running(text: str, prepare: Callable[[RunningExim], None]) -> Iterator[RunningExim]:
    """Exim with that configuration, in which SINK and USERS stand for what is its own here, once prepared."""
    with TemporaryDirectory() as name, _Sink(("127.0.0.9", 0), _Session) as sink:
        threading.Thread(target=sink.serve_forever, daemon=True).start()
        exim = RunningExim(Path(name), _free_port())
        exim.folder.chmod(0o777)  # Exim gives up its privileges, and logs here
        _configure(exim, text, sink.server_address[1])
        prepare(exim)
        daemon = subprocess.Popen([EXIM or "exim", "-C", str(exim.file), "-bdf"], cwd=exim.folder)
        try:
            _wait_for(exim.port, daemon)
            yield exim
        finally:
            daemon.terminate()
            daemon.wait(timeout=30)
            sink.shutdown()


def _configure(exim: RunningExim, text: str, sink_port: int) -> None:
    for old, new in (("SINK", f"127.0.0.9::{sink_port}"), ("USERS", f"{exim.folder}/users.db")):
        text = text.replace(old, new)
    exim.file.write_text(
        f"spool_directory = {exim.folder}/spool\nlog_file_path = {exim.folder}/%slog\n"
        f"pid_file_path = {exim.folder}/exim.pid\nlocal_interfaces = 127.0.0.1\n"
        f"daemon_smtp_ports = {exim.port}\nhosts_proxy = 127.0.0.1\n{text}"
    )


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, daemon: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert daemon.poll() is None, "Exim did not start"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("Exim does not listen")
