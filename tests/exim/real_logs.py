"""Logs of real Exims beside the checkout, and the two programs that Exim brings to read them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import SHARED

SAMPLES = SHARED / "samples"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="shared samples are not here")

_SEARCHED = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin"
EXIGREP = shutil.which("exigrep", path=_SEARCHED)
EXIMSTATS = shutil.which("eximstats", path=_SEARCHED)
needs_exim_tools = pytest.mark.skipif(EXIGREP is None or EXIMSTATS is None, reason="exim4-base is not here")

# Written anew, not taken from the grammar, which it checks.
STAMPED = re.compile(
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?(?: [+-]\d{4})?(?: \[\d+\])?(?= |$)(?P<rest>.*)", re.DOTALL
)
_ID = re.compile(rb"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})\Z")


def logs(*folders: str) -> list[Path]:
    """The log files of some folders below the samples; each of Exim's own is a log host of its own."""
    return [
        path
        for folder in folders
        for path in sorted((SAMPLES / folder).glob("*"))
        if path.is_file() and path.suffix not in {".md", ".conf", ".txt"}
    ]


def lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().split(b"\n") if line.strip()]


def id_of(line: bytes) -> str | None:
    """The id of a stamped line: the next word, if it has one of the two shapes and nothing else."""
    stamp = STAMPED.match(line)
    words = [] if stamp is None else stamp["rest"].split(b" ")
    word = words[1] if len(words) > 1 else b""
    return word.decode() if _ID.match(word) else None


def run(program: str | None, *arguments: str) -> str:
    assert program is not None
    told = subprocess.run([program, *arguments], capture_output=True, check=True, timeout=120)
    return told.stdout.decode("utf-8", "surrogateescape")
