"""Reads Exim's expansion language far enough to judge a password check.

``${if and{{!eq{$2}{}}{...}}{yes}{no}}`` becomes a tree. Each part knows where it stands in the text, so that
a repair can change exactly that piece. What is not understood raises ``UnreadableExpansion``; nothing is
guessed.

Source: Exim's specification, chapter "String expansions"; expand.c.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


class UnreadableExpansion(ValueError):
    """The text does not follow the grammar, or uses a part of it that is not known here."""


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text."""

    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Variable:
    """``$auth2``, ``${auth2}``, ``$2``, ``$h_subject:``."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Operator:
    """``${quote_mysql:$auth2}``."""

    name: str
    argument: "Expansion"
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """``${lookup mysql{...}{found}{not found}}`` or ``${lookup{key}lsearch{file}{found}fail}``.

    ``failure`` is None where the text gives nothing for "not found": the result is then empty.
    """

    kind: str  # "mysql", "lsearch", without partial- and options
    key: "Expansion | None"
    query: "Expansion"
    success: "Expansion | None"
    failure: "Expansion | None"
    is_forced: bool  # "fail": not finding anything makes the whole expansion fail
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class If:
    """``${if CONDITION{yes}{no}}``. Without strings: "true" or nothing."""

    condition: "Condition"
    yes: "Expansion | None"
    no: "Expansion | None"
    is_forced: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Item:
    """Any other ``${name{...}{...}}``."""

    name: str
    arguments: tuple["Expansion", ...]
    start: int
    end: int


Part = Text | Variable | Operator | Lookup | If | Item


@dataclass(frozen=True, slots=True)
class Expansion:
    """A string to expand: its parts, in order."""

    parts: tuple[Part, ...]
    start: int
    end: int

    @property
    def literal(self) -> str | None:
        """The text, if nothing in it is expanded."""
        if all(isinstance(part, Text) for part in self.parts):
            return "".join(part.value for part in self.parts if isinstance(part, Text))
        return None


@dataclass(frozen=True, slots=True)
class Condition:
    """``eq{a}{b}``, ``and{{c}{d}}``, ``!def:x``. ``inner`` holds the conditions of ``and`` and ``or``."""

    name: str
    is_negated: bool
    arguments: tuple[Expansion, ...]
    inner: tuple["Condition", ...]
    start: int
    end: int


# fmt: off
_TWO = frozenset({
    "eq", "eqi", "ge", "gei", "gt", "gti", "le", "lei", "lt", "lti", "match", "match_address",
    "match_domain", "match_ip", "match_local_part", "crypteq", "inlist", "inlisti", "inbound_srs", "=",
    "==", "!=", ">", ">=", "<", "<=",
})
# fmt: on
_ONE = frozenset(
    ["exists", "isip", "isip4", "isip6", "ldapauth", "pam", "radius", "pwcheck", "bool", "bool_lax"]
)
_NONE = frozenset(["first_delivery", "queue_running"])
_LISTS = frozenset({"and", "or"})
_STRUCTURED = frozenset({"saslauthd", "acl"})  # one pair of braces around several strings
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*|\d+")
_HEADER = re.compile(r"(?:b|l|r|bl)?h(?:eader)?_[!-9;-~]+?:|(?:bheader|rheader|lheader)_[!-9;-~]+?:")
_CONDITION_NAME = re.compile(r"[a-z][a-z0-9_]*|[<>!=]=?|==")
_LOOKUP_KIND = re.compile(
    r"(?:partial(?:\d+)?(?:\([^)]*\))?-)?(?P<kind>[a-z][a-z0-9_+-]*?)(?P<star>\*@|\*)?(?:,[^{\s]*)?\s*(?=\{)"
)
_WORD_OF_FAILURE = re.compile(r"fail\b")
_DEEPEST = 60


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    # --- characters ---

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip_space(self) -> None:
        while self._peek().isspace():
            self._at += 1

    def _expect(self, char: str) -> None:
        if self._peek() != char:
            raise UnreadableExpansion(f"{char} expected at character {self._at + 1}")
        self._at += 1

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        return match[0]

    # --- strings ---

    def whole(self) -> Expansion:
        expansion = self._string(is_inner=False)
        if self._at != len(self._text):
            raise UnreadableExpansion(f"unexpected }} at character {self._at + 1}")
        return expansion

    def _string(self, *, is_inner: bool) -> Expansion:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableExpansion("nested too deeply")
        start, parts = self._at, []
        while self._at < len(self._text) and not (is_inner and self._peek() == "}"):
            if self._peek() == "}":
                break
            parts.append(self._dollar() if self._peek() == "$" else self._plain())
        self._depth -= 1
        return Expansion(tuple(parts), start, self._at)

    def _plain(self) -> Text:
        start, chars, depth = self._at, [], 0
        while self._at < len(self._text):
            char = self._peek()
            if char == "$" or (char == "}" and depth == 0):
                break
            if char == "\\":
                chars.append(self._escape())
                continue
            depth += (char == "{") - (char == "}")
            chars.append(char)
            self._at += 1
        return Text("".join(chars), start, self._at)

    def _escape(self) -> str:
        if self._text.startswith("\\N", self._at):
            end = self._text.find("\\N", self._at + 2)
            end = len(self._text) if end < 0 else end
            protected = self._text[self._at + 2 : end]
            self._at = min(end + 2, len(self._text))
            return protected
        escaped = self._text[self._at + 1 : self._at + 2]
        self._at += 2 if escaped else 1
        return {"n": "\n", "t": "\t", "r": "\r"}.get(escaped, escaped)

    def _braced(self) -> Expansion:
        self._skip_space()
        self._expect("{")
        expansion = self._string(is_inner=True)
        self._expect("}")
        return expansion

    # --- what begins with a dollar sign ---

    def _dollar(self) -> Part:
        start = self._at
        self._at += 1
        if self._peek() != "{":
            name = self._take(_HEADER) or self._take(_NAME)
            if name is None:
                raise UnreadableExpansion(f"$ without a name at character {start + 1}")
            return Variable(name, start, self._at)
        self._at += 1
        self._skip_space()
        name = self._take(_HEADER) or self._take(_NAME)
        if name is None:
            raise UnreadableExpansion(f"${{ without a name at character {start + 1}")
        return self._item(name, start)

    def _item(self, name: str, start: int) -> Part:
        if name == "if":
            return self._if(start)
        if name == "lookup":
            return self._lookup(start)
        if self._peek() == "}":
            self._at += 1
            return Variable(name, start, self._at)
        self._take(re.compile(r"_[\d_-]+(?=:)"))  # ${substr_0_4:...}
        if self._peek() == ":":
            self._at += 1
            argument = self._string(is_inner=True)
            self._expect("}")
            return Operator(name, argument, start, self._at)
        return self._other(name, start)

    def _other(self, name: str, start: int) -> Item:
        arguments = []
        self._skip_space()
        while self._peek() == "{":
            arguments.append(self._braced())
            self._skip_space()
        if self._take(_WORD_OF_FAILURE):
            self._skip_space()
        self._expect("}")
        return Item(name, tuple(arguments), start, self._at)

    def _branches(self) -> tuple[Expansion | None, Expansion | None, bool]:
        """``{yes}{no}``, ``{yes}fail``, ``{yes}``, ``fail`` or nothing, and the closing brace."""
        yes = no = None
        is_forced = False
        self._skip_space()
        if self._peek() == "{":
            yes = self._braced()
            self._skip_space()
        if self._peek() == "{":
            no = self._braced()
        elif self._take(_WORD_OF_FAILURE):
            is_forced = True
        self._skip_space()
        self._expect("}")
        return yes, no, is_forced

    def _if(self, start: int) -> If:
        condition = self._condition()
        yes, no, is_forced = self._branches()
        return If(condition, yes, no, is_forced, start, self._at)

    def _lookup(self, start: int) -> Lookup:
        self._skip_space()
        key = self._braced() if self._peek() == "{" else None
        self._skip_space()
        match = _LOOKUP_KIND.match(self._text, self._at)
        if match is None:
            raise UnreadableExpansion(f"unknown kind of lookup at character {self._at + 1}")
        self._at = match.end()
        query = self._braced()
        yes, no, is_forced = self._branches()
        return Lookup(match["kind"], key, query, yes, no, is_forced, start, self._at)

    # --- conditions ---

    def _condition(self) -> Condition:
        self._skip_space()
        start, is_negated = self._at, False
        while self._peek() == "!" and self._text[self._at + 1 : self._at + 2] != "=":
            is_negated = not is_negated
            self._at += 1
            self._skip_space()
        name = self._take(_CONDITION_NAME)
        if name is None:
            raise UnreadableExpansion(f"a condition expected at character {self._at + 1}")
        arguments, inner = self._condition_arguments(name)
        return Condition(name, is_negated, arguments, inner, start, self._at)

    def _condition_arguments(self, name: str) -> tuple[tuple[Expansion, ...], tuple[Condition, ...]]:
        if name == "def":
            self._expect(":")
            start = self._at
            variable = self._take(_HEADER) or self._take(_NAME)
            if variable is None:
                raise UnreadableExpansion("def: without a name")
            part = Variable(variable, start, self._at)
            return (Expansion((part,), start, self._at),), ()
        if name in _LISTS:
            return (), self._condition_list()
        if name in _STRUCTURED:
            return self._structured(), ()
        if name in {"forany", "forall"}:
            return (self._braced(),), (self._braced_condition(),)
        number = 2 if name in _TWO else 1 if name in _ONE else 0 if name in _NONE else None
        if number is None:
            raise UnreadableExpansion(f"unknown condition {name}")
        return tuple(self._braced() for _ in range(number)), ()

    def _condition_list(self) -> tuple[Condition, ...]:
        self._skip_space()
        self._expect("{")
        found = []
        self._skip_space()
        while self._peek() == "{":
            found.append(self._braced_condition())
            self._skip_space()
        self._expect("}")
        return tuple(found)

    def _braced_condition(self) -> Condition:
        self._skip_space()
        self._expect("{")
        condition = self._condition()
        self._skip_space()
        self._expect("}")
        return condition

    def _structured(self) -> tuple[Expansion, ...]:
        self._skip_space()
        self._expect("{")
        found = []
        self._skip_space()
        while self._peek() == "{":
            found.append(self._braced())
            self._skip_space()
        self._expect("}")
        return tuple(found)


def read(text: str) -> Expansion:
    """The tree of an expansion; raises ``UnreadableExpansion``."""
    return _Reader(text).whole()


def parts_of(expansion: Expansion) -> Iterator[Part]:
    """All parts, depth first, those within conditions and arguments too."""
    for part in expansion.parts:
        yield part
        for inner in inner_expansions(part):
            yield from parts_of(inner)


def inner_expansions(part: Part) -> tuple[Expansion, ...]:
    """The strings that a part holds, in the order of the text."""
    match part:
        case Operator():
            found: tuple[Expansion | None, ...] = (part.argument,)
        case Lookup():
            found = (part.key, part.query, part.success, part.failure)
        case If():
            found = (*_of_condition(part.condition), part.yes, part.no)
        case Item():
            found = part.arguments
        case _:
            found = ()
    return tuple(item for item in found if item is not None)


def _of_condition(condition: Condition) -> tuple[Expansion, ...]:
    if condition.name == "def":
        return ()  # names a variable, expands nothing
    inner = tuple(item for one in condition.inner for item in _of_condition(one))
    return (*condition.arguments, *inner)
