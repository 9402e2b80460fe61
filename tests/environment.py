"""Loaded by pytest before the settings are: a home of its own for every test process, never a person's."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from ingest import granted

HOME = Path(tempfile.mkdtemp(prefix="mailwatch-test-"))
HOME.chmod(0o711)  # root's PostgreSQL runs under a system user, who has to pass
(HOME / "static").mkdir()
OWNER = os.getpid()

os.environ["MAILWATCH_HOME"] = str(HOME)
kept = ("MAILWATCH_HOME", "MAILWATCH_TEST_")  # the latter tell how much a long test does
for name in [name for name in os.environ if name.startswith("MAILWATCH_") and not name.startswith(kept)]:
    del os.environ[name]


# What tests do outside a request is an operator's work.
granted.everything_in_this_process()


def _remove() -> None:
    if os.getpid() == OWNER:  # and not a child that it forked
        shutil.rmtree(HOME, ignore_errors=True)


atexit.register(_remove)
