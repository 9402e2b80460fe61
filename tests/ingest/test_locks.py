"""No two things wait for each other by the same advisory lock."""

import re
from pathlib import Path

import ingest
from ingest.locks import Lock

ROOT = Path(ingest.__file__).parent.parent


def test_every_advisory_lock_has_a_name_and_a_number_of_its_own() -> None:
    assert len({lock.value for lock in Lock}) == len(Lock.__members__)
    sources = [path for package in ("ingest", "mailwatch") for path in (ROOT / package).rglob("*.py")]
    taken = [
        (path.name, call)
        for path in sources
        for call in re.findall(r"advisory_(?:xact_)?(?:un)?lock(?:_shared)?\([^)]*\)[^\n]*", path.read_text())
    ]
    assert len(taken) >= len(Lock)
    keys = ("Lock.", "WHOLE_LOG", "[log_host_id, key]")  # the last: an hour or a day, told there
    assert [found for found in taken if not any(key in found[1] for key in keys)] == []
    assert not re.search(
        r"\b4_820_\d", "".join(path.read_text() for path in sources if path.name != "locks.py")
    )
