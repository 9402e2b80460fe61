"""The logs of the processes, under log/ in the home."""

from pathlib import Path
from typing import BinaryIO

_LARGE = 16 * 2**20


def path(home: Path, name: str) -> Path:
    return home / "log" / f"{name}.log"


def open_for_append(home: Path, name: str) -> BinaryIO:
    """The log of one process. A large one is put aside as <name>.log.1 first."""
    log = path(home, name)
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LARGE:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def last_line(home: Path, name: str) -> str:
    """The last line that is not blank, for a message; with the place of the rest."""
    log = path(home, name)
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return f"{lines[-1] if lines else 'no reason given'} (see {log})"
