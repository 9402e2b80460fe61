"""What Exim does with a configuration before it reads it: comments, continued lines, macros, conditions.

No file is opened: what ``.include`` names stays unread. Where it depends on something that the text does not
hold, lines are kept and marked as doubtful.

Source: Exim's specification, chapter "The Exim run time configuration file"; macros_expand in readconf.c.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from ingest.exim.masking import mask

INCLUDE = ".include"

_DIRECTIVE = re.compile(r"\.(?P<name>ifdef|ifndef|elifdef|elifndef|else|endif)\b\s*(?P<names>.*)$")
_INCLUDE = re.compile(r"\.include(?:_if_exists)?\s+(?P<path>.+)$")
_MACRO = re.compile(r"(?P<name>[A-Z](?:[A-Z0-9_]\w*)?)\s*(?P<sign>==?)\s*(?P<value>.*)$", re.DOTALL)
_UNKNOWN = re.compile(r"[A-Z][A-Z0-9_]+")  # a line of its own: a macro that the text does not define
_CAPITAL = re.compile(r"[A-Z]")
_MOST_MACROS = 2_000  # Debian's configuration has about a hundred
_MOST_OF_MACROS = 1_000_000  # characters that macros may add to a text
_BEGIN = re.compile(r"^\s*begin\s+\w+\s*$", re.MULTILINE)
_SETTING = re.compile(r"^[ \t]*(?:\w+[ \t]*=|(?:domain|host|address|localpart)list\b)", re.MULTILINE)


class Line(NamedTuple):
    """A logical line: without comments, continued lines joined, macros replaced."""

    number: int  # of its first line, from 1
    text: str
    doubt: str = ""  # the condition that decides whether it counts, "" if it does


class Macro(NamedTuple):
    """A macro as defined. Its name begins with two capitals, or is one: a page may have capitalised a setting."""

    name: str
    value: str
    line: int


class _Branch(NamedTuple):
    is_taken: bool | None  # None: the text does not tell
    was_taken: bool | None  # an earlier branch of the same condition, or this one
    directive: str


class Preprocessed:
    """The lines of a text that count, or may count; ``macros`` are those defined on the way."""

    def __init__(self, text: str) -> None:
        self.macros: dict[str, Macro] = {}
        self.includes: list[str] = []
        self._branches: list[_Branch] = []
        self._is_whole = _is_whole(text)
        self._room = _MOST_OF_MACROS
        self.lines = tuple(self._logical_lines(text))

    def _logical_lines(self, text: str) -> Iterator[Line]:
        joined, first = "", 0
        for number, physical in enumerate(text.splitlines(), start=1):
            line = physical.strip()
            if line.startswith("#"):
                continue  # even between continued lines
            if line.startswith("."):
                included = self._directive(line)
                if included and self._doubt() is not None:
                    yield Line(number, f"{INCLUDE} {included}", self._doubt() or "")
                continue
            if self._doubt() is None:
                continue
            first = first if joined else number
            joined += self._replaced(line, is_start=not joined)
            if joined.endswith("\\"):
                joined = joined[:-1]
                continue
            yield from self._line(first, joined)
            joined = ""
        yield from self._line(first, joined)

    def _line(self, number: int, text: str) -> Iterator[Line]:
        text = text.strip()
        if not text:
            return
        match = _MACRO.match(text)
        if _UNKNOWN.fullmatch(text):
            self.includes.append(text)
            yield Line(number, f"{INCLUDE} {text}", self._doubt() or "")
        elif match is None:
            yield Line(number, text, self._doubt() or "")
        elif len(self.macros) >= _MOST_MACROS:
            self._is_whole = False  # what it defines is no longer known
        elif not self._doubt():
            self.macros[match["name"]] = Macro(match["name"], match["value"].strip(), number)

    def _replaced(self, line: str, *, is_start: bool) -> str:
        """Macros are replaced wherever their name stands, in the order in which they were defined."""
        head = ""
        if is_start and (match := _MACRO.match(line)):
            head, line = line[: match.start("value")], match["value"]
        replaced = self._with_macros(line) if _CAPITAL.search(line) else line
        return head + (line if line == replaced else mask(replaced))

    def _with_macros(self, line: str) -> str:
        """The line as it stands where macros that hold each other would fill the memory."""
        replaced = line
        for macro in self.macros.values():
            if macro.name in replaced:
                length = len(replaced) + replaced.count(macro.name) * len(macro.value)
                if length > self._room:
                    return line
                replaced = replaced.replace(macro.name, macro.value)
        self._room -= max(0, len(replaced) - len(line))
        return replaced

    def _directive(self, line: str) -> str | None:
        """Follows a condition; the path of an ``.include``."""
        if included := _INCLUDE.match(line):
            if self._doubt() is not None:
                self.includes.append(included["path"].strip())
            return included["path"].strip()
        match = _DIRECTIVE.match(line)
        if match is None:
            return None
        name, names = match["name"], match["names"]
        if name in {"ifdef", "ifndef"}:
            is_taken = self._is_defined(names, name == "ifdef")
            self._branches.append(_Branch(is_taken, is_taken, line))
        elif self._branches:
            branch = self._branches.pop()
            if name != "endif":
                self._branches.append(self._next(branch, name, names))
        return None

    def _next(self, branch: _Branch, name: str, names: str) -> _Branch:
        is_met = True if name == "else" else self._is_defined(names, name == "elifdef")
        if branch.was_taken is True or is_met is False:
            return branch._replace(is_taken=False)
        if branch.was_taken is None:
            return branch._replace(is_taken=None)
        return branch._replace(is_taken=is_met, was_taken=is_met)

    def _is_defined(self, names: str, wanted: bool) -> bool | None:
        if any(macro in names for macro in self.macros):
            return wanted
        if self._is_whole and not self.includes and not names.startswith("_"):
            return not wanted
        return None

    def _doubt(self) -> str | None:
        """None: this place does not count; "": it does; else the condition that decides."""
        if any(branch.is_taken is False for branch in self._branches):
            return None
        return next((branch.directive for branch in self._branches if branch.is_taken is None), "")


def _is_whole(text: str) -> bool:
    """Whether the text begins where a configuration begins, so that what it does not define is not defined."""
    begin = _BEGIN.search(text)
    return begin is not None and _SETTING.search(text, 0, begin.start()) is not None
