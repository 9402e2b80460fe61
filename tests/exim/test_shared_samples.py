"""Real logs beside the checkout: a run of a real Exim, logs of Exim's own test suite, the published lines."""

import re
from collections import Counter
from datetime import UTC
from pathlib import Path

import pytest

from ingest.exim.events import Arrival, Completion, Delivery, Event, Unparsed
from ingest.exim.glossary import explain
from ingest.exim.line import has_stamp
from ingest.exim.parse import parse
from tests.conftest import SHARED

SAMPLES = SHARED / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="shared samples are not here")

LOGS = [
    path
    for path in sorted(SAMPLES.rglob("*"))
    if path.is_file() and path.suffix not in {".md", ".conf", ".txt"}
]
FLAGGED = re.compile(rb"\d{4}-\S+ [0-9:.]+ (?:[+-]\d{4} )?(?:\[\d+\] )?\S{16,23} (<=|=>|->|Completed)(?= |$)")
EVENTS: dict[bytes, type[Event]] = {
    b"<=": Arrival,
    b"=>": Delivery,
    b"->": Delivery,
    b"Completed": Completion,
}


def lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().split(b"\n") if line]


def test_every_stamped_line_is_an_event_and_no_other() -> None:
    for path in LOGS:
        for line in lines(path):
            assert isinstance(parse(line, zone=UTC), Unparsed) is not has_stamp(line), (path, line)


def test_every_flag_gives_its_event() -> None:
    seen: Counter[bytes] = Counter()
    for path in LOGS:
        for line in lines(path):
            match = FLAGGED.match(line)
            if match is not None:
                seen[match[1]] += 1
                assert isinstance(parse(line, zone=UTC), EVENTS[match[1]]), (path, line)
    assert all(seen[flag] > 20 for flag in EVENTS), seen


@pytest.mark.parametrize("name", ["live", "seed"])
def test_every_arrival_of_a_real_exim_is_read_whole(name: str) -> None:
    for path in (path for path in LOGS if path.parent.name == name):
        for event in (parse(line, zone=UTC) for line in lines(path)):
            if isinstance(event, Arrival):
                assert event.protocol and event.size, event
                assert event.client.sender_host_address or event.client.ident, event
                assert "@" in event.envelope_sender or event.envelope_sender in {"", MASKED}, event


MASKED = "[email\xa0protected]"


def test_arrivals_of_the_test_suite_keep_sender_and_protocol() -> None:
    """Its sizes and addresses are letters; that costs those fields only."""
    arrivals = [
        event
        for path in LOGS
        if "exim-tests" in path.parts
        for event in (parse(line, zone=UTC) for line in lines(path))
        if isinstance(event, Arrival)
    ]
    assert len(arrivals) > 1_000
    assert [event for event in arrivals if event.protocol is None] == []
    assert [event for event in arrivals if event.size is not None and event.size < 0] == []


def test_the_empty_login_of_the_real_exim_is_seen_in_every_log() -> None:
    for path in SAMPLES.glob("live/*.mainlog"):
        events = [parse(line, zone=UTC) for line in lines(path)]
        empty = [event for event in events if isinstance(event, Arrival) and event.authenticated_id == ""]
        assert [event.authenticator for event in empty] == ["noid"], path


def test_every_line_is_explained_whole() -> None:
    for path in LOGS:
        for line in lines(path)[:200]:
            explanation = explain(line, zone=UTC)
            told = "".join(token.text for token in explanation.tokens).replace(" ", "")
            text = line.decode("utf-8", "backslashreplace").rstrip("\r").replace(" ", "")
            assert told == text, (path, line)
