"""The pieces of an expansion, each with the place where it stands in the text."""

from collections.abc import Iterator
from dataclasses import dataclass


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
