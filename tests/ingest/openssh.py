"""A real OpenSSH server on this machine, for the length of a test."""

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

_PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
SSHD = shutil.which("sshd", path=_PLACES)
# Where .ci/get-openssh unpacks what newer servers start by a path of their own.
_PARTS = Path("/usr/local/lib/mailwatch-openssh/usr/lib/openssh")


@dataclass
class Server:
    """What a client needs, and the folder that it serves."""

    folder: Path
    port: int
    username: str
    host_key: str  # as in a .pub file
    private_key: str
    place: Path  # of its own files
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"sftp://{self.username}@127.0.0.1:{self.port}{self.folder}"

    def start(self) -> None:
        """Begin to listen."""
        assert SSHD is not None
        options: dict[str, object] = {}
        if os.geteuid() == 0:  # a server of root needs a system user of its own; one of nobody does not
            account = pwd.getpwnam(self.username)
            options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        with (self.place / "said").open("ab") as said:
            self.process = subprocess.Popen(  # type: ignore[call-overload]
                [SSHD, "-D", "-e", "-f", str(self.place / "config")], stderr=said, cwd="/", **options
            )
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process is not None and self.process.poll() is None, (self.place / "said").read_text()
            time.sleep(0.05)
        raise AssertionError((self.place / "said").read_text())

    def stop(self) -> None:
        """Stop listening."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None

    def change_host_key(self) -> None:
        """As if the machine had been installed anew."""
        self.stop()
        self.host_key = _write_host_key(self.place, self.username)
        self.start()


@contextmanager
def openssh() -> Iterator[Server]:
    """Started, and stopped at the end."""
    username = "nobody" if os.geteuid() == 0 else getpass.getuser()
    place = Path(tempfile.mkdtemp(prefix="mw-ssh-"))
    try:
        server = _prepared(place, username)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _prepared(place: Path, username: str) -> Server:
    place.chmod(0o755)
    folder = place / "exim4"
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    key = asyncssh.generate_private_key("ssh-ed25519")
    (place / "authorized").write_bytes(key.export_public_key("openssh"))
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": place / "host_key",
        "AuthorizedKeysFile": place / "authorized",
        "StrictModes": "no",
        "UsePAM": "yes",  # else an account without a password counts as locked
        "PasswordAuthentication": "no",
        "PidFile": "none",
        "Subsystem": "sftp internal-sftp",
    }
    for option, part in (("SshdSessionPath", "sshd-session"), ("SshdAuthPath", "sshd-auth")):
        if (_PARTS / part).exists():
            settings[option] = _PARTS / part
    (place / "config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    return Server(
        folder=folder,
        port=port,
        username=username,
        host_key=_write_host_key(place, username),
        private_key=key.export_private_key("openssh").decode(),
        place=place,
    )


def _write_host_key(place: Path, username: str) -> str:
    key = asyncssh.generate_private_key("ssh-ed25519")
    path = place / "host_key"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(key.export_private_key("openssh"))
    if os.geteuid() == 0:
        shutil.chown(path, username)
    return " ".join(key.export_public_key("openssh").decode().split()[:2])
