"""The usual shapes are read by one pattern, all others field by field: both must say the same."""

from datetime import UTC
from pathlib import Path

import pytest

from ingest.exim import arrivals, deliveries
from ingest.exim.events import Arrival, Bounce, Deferral, Delivery, Event, Unparsed
from ingest.exim.line import read_line
from ingest.exim.parse import parse
from tests.conftest import SHARED
from tests.exim.test_damaged_lines import damaged
from tests.exim.test_samples import LINES


def read_carefully(raw: bytes) -> Event | None:
    line = read_line(raw, zone=UTC)
    if isinstance(line, Unparsed) or line.message_id is None:
        return None
    match parse(raw, zone=UTC):
        case Arrival():
            return arrivals.read_carefully(line, line.message_id)
        case Delivery():
            return deliveries.delivery_carefully(line, line.message_id)
        case Deferral():
            return deliveries.deferral_carefully(line, line.message_id)
        case Bounce():
            return deliveries.bounce_carefully(line, line.message_id)
    return None


@pytest.mark.parametrize("line", [str(sample.values[1]) for sample in LINES])
def test_samples_read_the_same_both_ways(line: str) -> None:
    event = read_carefully(line.encode())
    assert event is None or event == parse(line.encode(), zone=UTC)


@pytest.mark.skipif(not (SHARED / "samples").is_dir(), reason="shared samples are not here")
@pytest.mark.parametrize("name", ["live", "exim-tests/log", "seed"])
def test_real_lines_read_the_same_both_ways(name: str) -> None:
    files: list[Path] = [path for path in sorted((SHARED / "samples" / name).glob("*")) if path.is_file()]
    for raw in (line for path in files for line in path.read_bytes().split(b"\n")):
        event = read_carefully(raw)
        assert event is None or event == parse(raw, zone=UTC), raw


def test_damaged_lines_read_the_same_address_both_ways() -> None:
    """Broken lines may differ in detail, but never in who connected."""
    differing = []
    for raw in damaged(5_000, 7):
        event, careful = parse(raw, zone=UTC), read_carefully(raw)
        if isinstance(event, Arrival) and isinstance(careful, Arrival) and event.client != careful.client:
            differing.append(raw)
    assert differing == []
