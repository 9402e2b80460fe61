"""Nothing of a real log is lost, doubled or given to another message."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC
from pathlib import Path

import pytest

from benchmarks.bulk import write_bulk
from ingest.exim.events import Arrival, Bounce, Completion, Deferral, Delivery, Event, Note, Topic, Unparsed
from ingest.exim.parse import parse
from ingest.sources.entries import entries_of
from tests.exim.real_logs import EXIGREP, STAMPED, id_of, lines, logs, needs_exim_tools, needs_samples, run

SUITE = ("exim-tests/log", "exim-tests/rejectlog", "exim-tests/paniclog")
ALL = (*SUITE, "live", "seed", ".")
_FLAG = re.compile(
    rb" \S{6}-(?:\S{6}-\S\S|\S{11}-\S{4}) (<=|\(=|=>|->|>>|\*>|==|\*\*|Completed(?= QT=\S+$|$))(?= |$)"
)
_SEPARATOR = re.compile(rb"\+\+\+ .* has not completed \+\+\+$")


def flag_of(event: Event | Unparsed) -> str | None:
    match event:
        case Arrival():
            return "(=" if event.is_fake_reject else "<="
        case Delivery():
            return event.flag
        case Deferral():
            return "=="
        case Bounce():
            return "**"
        case Completion():
            return "Completed"
    return None


@needs_samples
@pytest.mark.parametrize("folder", ALL)
def test_every_stamped_line_becomes_one_event(folder: str) -> None:
    for path in logs(folder):
        events = [parse(line, zone=UTC) for line in lines(path)]
        read = sum(not isinstance(event, Unparsed) for event in events)
        assert read == sum(STAMPED.match(line) is not None for line in lines(path)), path


@needs_samples
@pytest.mark.parametrize("folder", ALL)
def test_entries_hold_every_line_once_and_in_order(folder: str) -> None:
    for path in logs(folder):
        kept = [line.rstrip(b"\r") for line in lines(path) if not _SEPARATOR.match(line)]
        entries = list(entries_of(path.read_bytes().split(b"\n")))
        assert b"\n".join(entry.text for entry in entries) == b"\n".join(kept), path
        assert sum(entry.lines for entry in entries) == len(kept), path
        stamped = sum(STAMPED.match(line) is not None for line in kept)
        assert sum(entry.is_stamped for entry in entries) == stamped, path


@needs_samples
@pytest.mark.parametrize("folder", ALL)
def test_flags_are_as_many_as_stand_behind_an_id(folder: str) -> None:
    total: Counter[str] = Counter()
    for path in logs(folder):
        expected: Counter[str] = Counter()
        for line in lines(path):
            stamp = STAMPED.match(line)
            found = None if stamp is None else _FLAG.match(stamp["rest"].rstrip(b"\r"))
            expected.update([] if found is None else [found[1].decode()])
        flags = (flag_of(parse(line, zone=UTC)) for line in lines(path))
        assert Counter(flag for flag in flags if flag is not None) == expected, path
        total += expected
    if folder == "exim-tests/log":
        assert set(total) == {"<=", "(=", "=>", "->", ">>", "*>", "==", "**", "Completed"}


def grouped(path: Path) -> dict[str | None, list[bytes]]:
    groups: defaultdict[str | None, list[bytes]] = defaultdict(list)
    for line in lines(path):
        event = parse(line, zone=UTC)
        if not isinstance(event, Unparsed):
            groups[event.message_id].append(line)
    return groups


@needs_samples
@pytest.mark.parametrize("folder", ALL)
def test_lines_go_to_the_message_whose_id_they_begin_with(folder: str) -> None:
    for path in logs(folder):
        expected: defaultdict[str | None, list[bytes]] = defaultdict(list)
        for line in lines(path):
            if STAMPED.match(line):
                expected[id_of(line)].append(line)
        assert grouped(path) == expected, path


def exigrep_groups(path: Path) -> dict[str | None, list[str]]:
    """What exigrep prints for a pattern that every line has: blocks, a message or a single line each.

    It closes a block at every line with the word "Completed" in it, also in a subject, and begins another for
    what follows: blocks of one id belong together.
    """
    groups: defaultdict[str | None, list[str]] = defaultdict(list)
    for block in run(EXIGREP, "--no-pager", "-I", ".", str(path)).split("\n\n"):
        found = [line for line in block.split("\n") if line and not line.startswith("+++ ")]
        if found:
            groups[id_of(found[0].encode())] += found
    return groups


def assert_grouped_as_by_exigrep(path: Path) -> None:
    theirs = exigrep_groups(path)
    ours = {identifier: [line.decode() for line in group] for identifier, group in grouped(path).items()}
    assert ours.keys() == theirs.keys(), path
    for identifier, group in ours.items():
        assert sorted(theirs[identifier]) == sorted(group), (path, identifier)


@needs_samples
@needs_exim_tools
@pytest.mark.parametrize("name", ["default", "typical", "all"])
def test_messages_of_a_real_log_are_those_of_exigrep(name: str) -> None:
    [path] = (path for path in logs("live") if path.name == f"{name}.mainlog")
    assert_grouped_as_by_exigrep(path)


@needs_exim_tools
def test_messages_of_a_generated_log_are_those_of_exigrep(tmp_path: Path) -> None:
    log = tmp_path / "mainlog"
    write_bulk(log, lines=20_000, seed=5, days=2, long_ids=False)  # exigrep 4.96 knows short ids only
    assert_grouped_as_by_exigrep(log)


@needs_samples
def test_hardly_a_line_of_a_real_exim_is_of_an_unknown_kind() -> None:
    """What remains are texts of the configuration's own rules."""
    events = [parse(line, zone=UTC) for path in logs("live", "seed", ".") for line in lines(path)]
    unknown = [event.text for event in notes(events) if event.topic is Topic.OTHER]
    assert unknown == []


def notes(events: Iterable[Event | Unparsed]) -> list[Note]:
    return [event for event in events if isinstance(event, Note)]
