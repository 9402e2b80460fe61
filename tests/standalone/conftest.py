"""Homes of their own for tests that start services."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailwatch.standalone import places, postgres, processes

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home() -> Iterator[Path]:
    """The path of a home that is not there yet, in a directory that everybody may enter."""
    with new_home() as path:
        yield path


@pytest.fixture
def secluded_home() -> Iterator[Path]:
    """The path of a home in a directory that only its owner may enter."""
    with new_home(mode=0o700) as path:
        yield path


@contextmanager
def new_home(*, mode: int = 0o711) -> Iterator[Path]:
    """The path of a home; afterwards whatever runs there is stopped and all of it removed."""
    parent = Path(tempfile.mkdtemp(prefix="mw-"))
    parent.chmod(mode)
    path = parent / "home"
    try:
        yield path
    finally:
        for process in processes.marked(path):
            processes.stop(process, patience=20)
        postgres.stop(path)
        where = places.known(path)
        for directory in (where.root, where.sockets, parent):
            shutil.rmtree(directory, ignore_errors=True)


def manage(home: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """manage.py in a process of its own, with this home and nothing else set."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MAILWATCH_")}
    for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
        ours.pop(name, None)
    return subprocess.Popen(
        [sys.executable, "-u", str(CHECKOUT / "manage.py"), *arguments],
        env={**ours, "MAILWATCH_HOME": str(home), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
