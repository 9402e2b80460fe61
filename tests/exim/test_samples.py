"""The annotated lines of tests/samples: above each what must be read from it."""

import json
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from ingest.exim.events import Client, Event, Unparsed
from ingest.exim.line import has_stamp
from ingest.exim.parse import parse

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
FILES = ("arrivals.log", "deliveries.log", "rejections.log", "notes.log", "panels.log", "misleading.log")
EXPECT = "# expect "


def samples() -> Iterator[Any]:
    for name in FILES:
        expected = None
        lines = (SAMPLES / name).read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines, start=1):
            if line.startswith(EXPECT):
                expected = json.loads(line.removeprefix(EXPECT))
            elif line and not line.startswith("#"):
                yield pytest.param(expected, line, id=f"{name}:{number}")
                expected = None


LINES = list(samples())


def value(event: Event | Unparsed, name: str) -> object:
    """A field of the event or of its client, as JSON would hold it."""
    client = getattr(event, "client", None)
    if name in Client._fields:
        return None if client is None else getattr(client, name)
    found = getattr(event, name)
    if name == "logged_at":
        return found.isoformat()
    return list(found) if isinstance(found, tuple) else found


@pytest.mark.parametrize(("expected", "line"), LINES)
def test_line_reads_as_annotated(expected: dict[str, object] | None, line: str) -> None:
    assert expected is not None, "a sample line without an expectation above it"
    event = parse(line.encode(), zone=UTC)
    named = {name: value(event, name) for name in expected if name != "event"}
    assert {"event": type(event).__name__, **named} == expected


@pytest.mark.parametrize(("expected", "line"), LINES)
def test_stamp_is_seen_where_a_line_is_read(expected: dict[str, object], line: str) -> None:
    is_read = expected["event"] != "Unparsed" or expected["reason"] == "impossible stamp"
    assert has_stamp(line.encode()) is is_read
