"""The patterns of the grammar: each is met by a sample, each is anchored, none skips ahead over hostile text."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from datetime import UTC
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import pytest

from ingest.exim import (
    arrivals,
    deliveries,
    durations,
    fields,
    hosts,
    line,
    message_id,
    notes,
    panels,
    parse,
    refusals,
    sessions,
    syslog,
)
from ingest.exim.events import Bounce, Delivery, Rejection, Topic, Unparsed
from tests.exim.test_readers_agree import read_carefully
from tests.exim.test_samples import LINES

GRAMMAR = (
    arrivals, deliveries, durations, fields, hosts, line, message_id, notes, panels, parse, refusals, sessions, syslog,
)  # fmt: skip
TEXTS = [str(sample.values[1]) for sample in LINES]
PIECES = (
    b"Mar  1 10:00:00 mx exim[77]: [1\\2] 2026-03-01 10:00:00 Exim configuration error in line 1\n"
    b"Mar  1 10:00:00 mx exim[77]: [2/2]   unknown option"
)

# Searched for in a text, not matched at a place: they say what may stand before.
SEARCHED = {
    "_ATTEMPTED_ID": "behind the answer, whose words the configuration may change",
    "_ESCAPE": "every escape of a quoted text",
    "_ESCAPED_QUOTE": "every escape of a quoted text",
    "_ADDRESSES": "every word of a list",
    "_NAMED_ADDRESS": "every address of a text",
    "_HOST_IN_WORDS": "a client in a line of an unknown kind",
    "_NEXT": "an id in the answer of another server",
    "_PAIR": "every field of a line that cPanel writes",
    "_OF_EXIM": "within what syslog wrote",
    "pattern": "panels: a limit in the reason of a failure or refusal",
}
# Greedy on purpose: the client writes what is inside, so the last end is the true one.
GREEDY = {
    r"\(set_id=(.*)\)(?=\Z|: )": "the account that was tried may hold brackets",
    r'SMTP (?:syntax|protocol) error in ".*" (?=H=|U=)': "the command may hold quotes and a host",
}


def held(value: object) -> Iterator[re.Pattern[str]]:
    """The patterns in a value of a module: itself, or those in its tables."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from held(inner)
    elif isinstance(value, tuple | list):
        for inner in value:
            yield from held(inner)


def named() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for module in GRAMMAR:
        for name, value in vars(module).items():
            for number, pattern in enumerate(held(value)):
                yield f"{module.__name__.rpartition('.')[2]}.{name}[{number}]", pattern


PATTERNS = list(named())


class Recorder:
    """A pattern that remembers whether it ever matched."""

    def __init__(self, pattern: re.Pattern[str], met: set[int]) -> None:
        self._pattern, self._met = pattern, met

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._pattern, name)
        return method if not callable(method) else lambda *arguments: self._call(method, arguments)

    def _call(self, method: Any, arguments: tuple[object, ...]) -> Any:
        found = method(*arguments)
        if method.__name__ == "finditer":
            found = list(found)
        if found:
            self._met.add(id(self._pattern))
        return found


def recorded(value: Any, met: set[int]) -> Any:
    if isinstance(value, re.Pattern):
        return Recorder(value, met)
    if isinstance(value, Mapping):
        return {key: recorded(inner, met) for key, inner in value.items()}
    return tuple(recorded(inner, met) for inner in value) if type(value) is tuple else value


def read(text: str) -> None:
    event = parse.parse(text.encode(), zone=UTC)
    read_carefully(text.encode())
    line.has_stamp(text.encode())
    sessions.USUAL_AUTH_FAILURE.match(text[20:])
    line.last_stamp(text.encode())
    for at, character in enumerate(text):
        if character == " ":
            fields.read_pair(text, at + 1)
    match event:
        case Delivery():
            message_id.next_message_id(event.text)
        case Bounce() | Rejection():
            panels.sending_limit(event.text)
        case Unparsed():
            pass
    if event.__class__ is not Unparsed and getattr(event, "message_id", None):
        message_id.is_message_id(str(getattr(event, "message_id", "")))


def test_every_pattern_is_met_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    met: set[int] = set()
    for module in GRAMMAR:
        for name, value in list(vars(module).items()):
            if any(held(value)):
                monkeypatch.setattr(module, name, recorded(value, met))
    for text in TEXTS:
        read(text)
    assert syslog.first_line(PIECES).endswith(rb"line 1\n  unknown option")
    assert [name for name, pattern in PATTERNS if id(pattern) not in met] == []


@pytest.mark.parametrize("table", [notes._OF_A_MESSAGE, notes._BY_BEGINNING], ids=["of a message", "any"])
def test_every_beginning_is_met_by_a_sample(table: tuple[tuple[str, Topic], ...]) -> None:
    events = [(text, parse.parse(text.encode(), zone=UTC)) for text in TEXTS]
    told = {(getattr(event, "text", None) or "", getattr(event, "topic", None)) for _, event in events}
    unmet = [
        beginning
        for beginning, topic in table
        if not any(text.startswith(beginning) and found is topic for text, found in told)
    ]
    assert unmet == []


def searched(module: ModuleType) -> Iterator[str]:
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = node.func
            if called.attr in {"search", "finditer", "findall", "sub"} and isinstance(called.value, ast.Name):
                yield called.value.id


def test_patterns_match_at_a_place_and_only_named_ones_search() -> None:
    assert {name for module in GRAMMAR for name in searched(module)} == set(SEARCHED)


def skips(items: Any, behind: tuple[Any, ...] = ()) -> bool:
    """Whether a pattern takes as much as it can of anything, and then goes on (``behind``: with what)."""
    operations = tuple(items)
    for place, (code, argument) in enumerate(operations):
        rest = (*operations[place + 1 :], *behind)
        if code is codes.MAX_REPEAT and argument[1] is codes.MAXREPEAT:
            if list(argument[2]) == [(codes.ANY, None)] and rest not in ENDS:
                return True
            rest = (*rest, (code, argument))
        rest = () if code in {codes.ASSERT, codes.ASSERT_NOT} else rest
        if any(skips(inner, rest) for inner in inside(code, argument)):
            return True
    return False


ENDS = ((), ((codes.AT, codes.AT_END_STRING),))


def inside(code: Any, argument: Any) -> list[Any]:
    if code is codes.SUBPATTERN:
        return [argument[3]]
    if code is codes.BRANCH:
        return list(argument[1])
    if code in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
        return [argument[2]]
    if code in {codes.ASSERT, codes.ASSERT_NOT}:
        return [argument[1]]
    return [argument] if code is codes.ATOMIC_GROUP else []


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[name for name, _ in PATTERNS])
def test_no_pattern_skips_ahead_over_what_a_client_wrote(name: str, pattern: re.Pattern[str]) -> None:
    greedy = skips(parser.parse(pattern.pattern, pattern.flags))
    assert greedy is (pattern.pattern in GREEDY), name


def test_the_check_sees_a_pattern_that_skips_ahead() -> None:
    assert skips(parser.parse(r"H=(.*) \[", 0))
    assert skips(parser.parse(r"a(?:b|(?:.+)c)", 0))
    assert not skips(parser.parse(r"a(.*+)\Z", 0))
    assert not skips(parser.parse(r"a.*?b", 0))
