"""The bundled logs as tests read them: from the files under samples/, with nothing of the generator."""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
LOG_HOSTS = ("srv1", "mx2")
STAMPED = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:(\w{6}-(?:\w{6}-\w\w|\w{11}-\w{4})) )?(.*)")


def stored(path: Path) -> str:
    """The text of a log file, compressed or not."""
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("ascii")


@cache
def files(log_host: str) -> dict[str, str]:
    """File name -> text, oldest first."""
    found = sorted((SAMPLES / log_host).glob("mainlog*"), key=_age, reverse=True)
    return {path.name: stored(path) for path in found}


@cache
def lines(log_host: str) -> tuple[str, ...]:
    """All lines of a log host in the order of the log."""
    return tuple("".join(files(log_host).values()).splitlines())


@cache
def stamped(log_host: str) -> tuple[tuple[str, str, str], ...]:
    """(stamp, message id or "", the rest) of every line that has a stamp."""
    return tuple(
        (match[1], match[2] or "", match[3]) for line in lines(log_host) if (match := STAMPED.fullmatch(line))
    )


def arrivals(log_host: str) -> list[tuple[str, str, str]]:
    return [line for line in stamped(log_host) if line[2].startswith("<= ")]


@cache
def expected() -> dict[str, Any]:
    """The counts beside the logs."""
    counts: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_text())
    return counts


def _age(path: Path) -> int:
    number = path.name.removeprefix("mainlog").removesuffix(".gz").removeprefix(".")
    return int(number or 0)
