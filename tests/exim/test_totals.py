"""Totals, equal to those that eximstats counts.

What eximstats (4.96) counts otherwise, and how the comparison allows for it:

* It knows ids of 16 characters only: logs with longer ids are compared with each id shortened.
* It counts every ``=>`` without ``T=`` (blackhole, discarded) as a delivery by the transport ":blackhole:", and as
  a reject besides. Here a discard is a delivery without a transport, and nothing is refused: rejects are not
  compared.
* It calls an authenticated submission that goes to another server a relay. Relays are not compared (-nr).
* It passes over ``>>``, ``*>`` and ``(=``: cutthrough deliveries, suppressed ones and messages that were accepted
  although the client was told no. So these flags are left out of the sums.
* The size of a delivery is that of the arrival: 0 where the arrival is in another file, or behind the delivery.
* A recipient that is deferred or fails counts only where the arrival was seen, and once for each message; with a
  message that is completed it forgets that it counted.
* It takes ``S=``, ``T=`` and ``H=`` wherever they stand on a line; in these logs no subject imitates them on a
  delivery.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.bulk import write_bulk
from benchmarks.story import story
from ingest.exim.events import Arrival, Bounce, Deferral, Delivery, Event
from tests.exim.assembled import assembled
from tests.exim.real_logs import EXIMSTATS, SAMPLES, lines, needs_exim_tools, needs_samples, run

pytestmark = needs_exim_tools

_ROW = re.compile(r" +(Received|Delivered) +(\d+) +(\d+)(.*)")
_TRANSPORT = re.compile(r"  (\S+) +(\d+) +(\d+)\n")
_LONG_ID = re.compile(r"\b([0-9A-Za-z]{6})-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}\b")


@dataclass(frozen=True, slots=True)
class Totals:
    """Numbers of messages, bytes."""

    received: int
    received_volume: int
    delivered: int
    addresses: int
    delivered_volume: int
    delayed: int  # messages of which a recipient was deferred
    failed: int
    transports: dict[str, tuple[int, int]] = field(default_factory=dict)  # bytes, messages


def eximstats(log: Path) -> Totals:
    report = run(EXIMSTATS, "-nvr", "-ne", "-nr", "-h0", "-q0", "-t0", str(log))
    rows = {name: (int(volume), int(messages), rest) for name, volume, messages, rest in _ROW.findall(report)}
    received, delivered = rows["Received"], rows["Delivered"]
    delayed, failed = re.findall(r"(\d+) +[\d.]+%", received[2])
    transports = _TRANSPORT.findall(report.partition("Deliveries by transport")[2])
    return Totals(
        received[1],
        received[0],
        delivered[1],
        int(delivered[2].split()[0]),
        delivered[0],
        int(delayed),
        int(failed),
        {name: (int(volume), int(messages)) for name, volume, messages in transports},
    )


def totals(read: Iterable[bytes]) -> Totals:
    events = assembled(read).events
    arrivals = {
        event.message_id: event for event in events if isinstance(event, Arrival) and not event.is_fake_reject
    }
    deliveries = [event for event in events if isinstance(event, Delivery)]
    first = [event for event in deliveries if event.flag == "=>"]
    sizes: Counter[str] = Counter()
    for event in first:
        sizes[event.transport or ":blackhole:"] += size(arrivals, event)
    messages = Counter(event.transport or ":blackhole:" for event in first)
    return Totals(
        len(arrivals),
        sum(arrival.size or 0 for arrival in arrivals.values()),
        len(first),
        sum(event.flag in {"=>", "->"} for event in deliveries),
        sum(sizes.values()),
        len({event.message_id for event in events if isinstance(event, Deferral)} & arrivals.keys()),
        len({event.message_id for event in events if isinstance(event, Bounce)} & arrivals.keys()),
        {name: (sizes[name], messages[name]) for name in messages},
    )


def size(arrivals: dict[str, Arrival], event: Event) -> int:
    arrival = arrivals.get(event.message_id or "")
    return 0 if arrival is None else arrival.size or 0


@pytest.mark.parametrize("seed", [1, 2])
def test_totals_of_a_generated_log(seed: int, tmp_path: Path) -> None:
    log = tmp_path / "mainlog"
    write_bulk(log, lines=30_000, seed=seed, days=2, long_ids=False)
    counted = totals(lines(log))
    assert counted.delivered > 5_000 and counted.failed > 10
    assert counted == eximstats(log)


@pytest.mark.parametrize("number", [0, 1], ids=["srv1", "mx2"])
def test_totals_of_the_story(number: int, tmp_path: Path) -> None:
    log = tmp_path / "mainlog"
    log.write_text(with_short_ids("".join(line for _, line in story()[number].lines)), encoding="ascii")
    counted = totals(lines(log))
    assert counted.delivered > 500
    assert counted == eximstats(log)


@needs_samples
@pytest.mark.parametrize("name", ["default", "typical", "all"])
def test_totals_of_a_real_log(name: str) -> None:
    log = SAMPLES / "live" / f"{name}.mainlog"
    counted = totals(lines(log))
    assert (counted.received, counted.delivered, counted.addresses) == (24, 23, 25)
    assert counted == eximstats(log)


def with_short_ids(text: str) -> str:
    """The text with each long id replaced by one of 16 characters that no other has."""
    known: dict[str, str] = {}

    def short(match: re.Match[str]) -> str:
        return known.setdefault(match[0], f"{match[1]}-{len(known):06d}-00")

    return _LONG_ID.sub(short, text)
