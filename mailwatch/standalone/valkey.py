"""The embedded Valkey, the broker of Celery: on a private socket only, its queue kept on disk.

It lives and dies with the supervisor; commands do not need it.
"""

import os
import signal
import socket
import time
from pathlib import Path

from mailwatch.standalone import ServiceError, logs, places, processes, wheels
from mailwatch.standalone.places import Places
from mailwatch.standalone.processes import Process


def start(home: Path) -> Process:
    """Start it and wait until it answers."""
    where, account = places.prepare(home)
    program = wheels.valkey(where, account)
    with logs.open_for_append(home, "valkey") as log:
        server = processes.start(
            [str(program), *_options(where)],
            account=account,
            output=log,
            environment=processes.mark({"PATH": os.defpath, "LC_ALL": "C"}, home),
            dies_by=signal.SIGTERM,
        )
    while not _answers(where.valkey_socket):
        if not processes.is_alive(server):
            raise ServiceError(f"Valkey did not start: {logs.last_line(home, 'valkey')}")
        time.sleep(0.01)
    return server


def _options(where: Places) -> list[str]:
    values = {
        "port": "0",
        "unixsocket": str(where.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(where.valkey_data),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "daemonize": "no",
        "set-proc-title": "no",  # it would overwrite the mark
    }
    return [argument for name, value in values.items() for argument in (f"--{name}", value)]


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class Broker:
    """The embedded Valkey of a home, if it uses that."""

    def __init__(self, home: Path, *, is_embedded: bool) -> None:
        self.is_embedded = is_embedded
        self._home = home
        self._process: Process | None = None

    def start(self) -> None:
        """Start it. Raises ServiceError."""
        if self.is_embedded:
            self._process = start(self._home)

    def has_ended(self) -> bool:
        return self._process is not None and not processes.is_alive(self._process)

    def stop(self, *, patience: float) -> None:
        if self._process is not None:
            processes.stop(self._process, signal.SIGTERM, patience=patience)
