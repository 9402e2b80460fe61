"""Exim itself, asked what a configuration means: nothing listens, nothing is sent."""

import base64
import shutil
import subprocess
from pathlib import Path

import pytest

_SEARCHED = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin"


def _with_sqlite() -> str | None:
    for name in ("mailwatch-exim", "exim4", "exim"):
        path = shutil.which(name, path=_SEARCHED)
        if (
            path
            and "sqlite" in subprocess.run([path, "-bV"], capture_output=True, text=True, check=False).stdout
        ):
            return path
    return None


EXIM = _with_sqlite()
needs_exim = pytest.mark.skipif(EXIM is None, reason="an Exim with SQLite is not here")


class RealExim:
    """Exim with a configuration file and a spool of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "exim.conf"
        folder.chmod(0o777)  # Exim gives up its privileges, and logs here

    def configure(self, text: str) -> "RealExim":
        """Takes this text as configuration. What is handed in stays on the spool: a delivery would outlive the test."""
        own = f"spool_directory = {self.folder}/spool\nlog_file_path = {self.folder}/%slog\nqueue_only\n"
        self.file.write_text(own + text)
        return self

    def run(self, *arguments: str, given: str = "") -> str:
        """What it prints; it must say that all went well."""
        command = [EXIM or "exim", "-C", str(self.file), *arguments]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def replies(self, *commands: str, host: str = "203.0.113.1") -> list[str]:
        """The answers to the commands of one session as of a host, without the greeting."""
        given = "".join(f"{command}\r\n" for command in (*commands, "QUIT"))
        lines = self.run("-bh", host, given=given).splitlines()
        return [line for line in lines if line[:3].isdigit() and line[3:4] == " "][1:-1]

    def lets_in(self, user: str, password: str) -> bool:
        """Whether a login by PLAIN succeeds."""
        sent = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        return self.replies("EHLO client.example", f"AUTH PLAIN {sent}")[-1].startswith("235")

    def relays(self, host: str = "203.0.113.1") -> bool:
        """Whether a stranger reaches an address elsewhere, from one of the senders that he may choose."""
        for sender in ("<>", "<a@sender.example>", "<spam@example.org>"):
            commands = ("EHLO friend", f"MAIL FROM:{sender}", "RCPT TO:<b@recipient.example>")
            if self.replies(*commands, host=host)[-1].startswith("250"):
                return True
        return False
