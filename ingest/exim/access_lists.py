"""The statements of an access control list.

Source: Exim's specification, chapter "Access control lists"; acl.c for which words are modifiers.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ingest.exim.preprocessing import INCLUDE, Line

VERBS = frozenset(["accept", "defer", "deny", "discard", "drop", "require", "warn"])

# fmt: off
MODIFIERS = frozenset({
    "add_header", "continue", "control", "delay", "endpass", "log_message", "log_reject_target", "logwrite",
    "message", "queue", "remove_header", "set", "udpsend",
})
"""They decide nothing."""
# fmt: on

_VERB = re.compile(rf"(?P<verb>{'|'.join(sorted(VERBS))})\b\s*:?\s*(?P<rest>.*)$", re.DOTALL)
_SET = re.compile(r"set\s+(?P<variable>\w+)\s*=\s*(?P<value>.*)$", re.DOTALL)
_CONDITION = re.compile(r"(?P<negated>!?)\s*(?P<name>[a-z_]\w*)\s*(?:=\s*(?P<value>.*))?$", re.DOTALL)


_MACRO = re.compile(r"[A-Z][A-Z0-9_]*")


class Condition(NamedTuple):
    """A condition or a modifier of a statement."""

    name: str
    value: str
    is_negated: bool
    line: int
    doubt: str = ""  # see ``Line.doubt``

    @property
    def is_modifier(self) -> bool:
        """Whether it decides nothing."""
        return self.name in MODIFIERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A verb with what belongs to it. The verb of what was not read, a file or a macro, is ``.include``."""

    verb: str
    items: tuple[Condition, ...]
    line: int
    text: str
    doubt: str = ""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Those that decide whether it applies."""
        return tuple(item for item in self.items if not item.is_modifier)

    def named(self, name: str) -> tuple[Condition, ...]:
        """Its conditions or modifiers of one name."""
        return tuple(item for item in self.items if item.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acl:
    """One access control list."""

    name: str
    line: int
    statements: tuple[Statement, ...]

    @property
    def text(self) -> str:
        """The statements, without comments."""
        return "\n".join(statement.text for statement in self.statements)


def read_acl(name: str, line: int, lines: Iterable[Line]) -> Acl:
    """Reads the lines of a list; what does not belong to a statement is left out."""
    gathered: list[list[Line]] = []
    for one in lines:
        if gathered and one.text.startswith(INCLUDE):
            gathered[-1].append(one)  # it may go on with the statement
        if one.text.startswith(INCLUDE) or _VERB.match(one.text) or _MACRO.fullmatch(one.text):
            gathered.append([one])
        elif gathered:
            gathered[-1].append(one)
    return Acl(name=name, line=line, statements=tuple(map(_statement, gathered)))


def _statement(lines: list[Line]) -> Statement:
    first = lines[0]
    text = "\n".join([first.text, *(f"    {line.text}" for line in lines[1:])])
    match = _VERB.match(first.text)
    if match is None:
        return Statement(
            verb=INCLUDE, items=(), line=first.number, text=text, doubt=first.doubt or first.text
        )
    rest = [first._replace(text=match["rest"], doubt=""), *lines[1:]]
    items = tuple(_condition(line, first.doubt) for line in rest if line.text)
    return Statement(verb=match["verb"], items=items, line=first.number, text=text, doubt=first.doubt)


def _condition(line: Line, doubt_of_statement: str) -> Condition:
    doubt = line.doubt if line.doubt != doubt_of_statement else ""
    if line.text.startswith(INCLUDE):
        return Condition(INCLUDE, line.text, False, line.number, line.text)
    if match := _SET.match(line.text):
        return Condition("set", f"{match['variable']} = {match['value']}", False, line.number, doubt)
    match = _CONDITION.match(line.text)
    if match is None:  # a macro that the text does not define
        return Condition(line.text, "", False, line.number, doubt or line.text)
    value = (match["value"] or "").strip()
    return Condition(match["name"], value, bool(match["negated"]), line.number, doubt)
