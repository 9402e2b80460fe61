"""Works out an expansion as far as the text allows: what it comes to where some variables are known.

Three-valued: what depends on anything else (a lookup, another variable) is None.
"""

import re
from collections.abc import Callable, Mapping
from itertools import pairwise

from ingest.rules.expansion import Condition, Expansion, If, Operator, Part, Text, Variable

FALSE = frozenset({"", "0", "no", "false"})
"""What server_condition, server_advertise_condition and ``condition =`` take for no; upper case too."""

_OPERATORS: Mapping[str, Callable[[str], str]] = {
    "lc": str.lower,
    "uc": str.upper,
    "strlen": lambda text: str(len(text)),
    "escape": lambda text: text,
}
_COMPARED: Mapping[str, Callable[[int, int], bool]] = {
    "=": lambda left, right: left == right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}


def is_true(expansion: Expansion, known: Mapping[str, str]) -> bool | None:
    """Whether an option with this value says yes."""
    value = value_of(expansion, known)
    return None if value is None else value.strip().lower() not in FALSE


def value_of(expansion: Expansion, known: Mapping[str, str]) -> str | None:
    """The string; "" where the expansion is forced to fail."""
    parts = [_part(part, known) for part in expansion.parts]
    if any(part is None for part in parts):
        return None
    return "".join(part for part in parts if part is not None)


def _part(part: Part, known: Mapping[str, str]) -> str | None:
    match part:
        case Text():
            return part.value
        case Variable():
            return known.get(part.name)
        case Operator():
            value = value_of(part.argument, known)
            operation = _OPERATORS.get(part.name)
            return operation(value) if operation and value is not None else None
        case If():
            return _chosen(part, known)
        case _:
            return None


def _chosen(part: If, known: Mapping[str, str]) -> str | None:
    outcome = holds(part.condition, known)
    yes = "true" if part.yes is None else value_of(part.yes, known)
    no = "" if part.no is None else value_of(part.no, known)
    if outcome is None:
        return yes if yes == no else None
    return yes if outcome else no


def holds(condition: Condition, known: Mapping[str, str]) -> bool | None:
    """Whether a condition comes out true."""
    outcome = _holds(condition, known)
    return outcome if outcome is None or not condition.is_negated else not outcome


def _holds(condition: Condition, known: Mapping[str, str]) -> bool | None:
    if condition.name in {"and", "or"}:
        return _joined([holds(inner, known) for inner in condition.inner], deciding=condition.name == "or")
    if condition.name == "def":
        variable = condition.arguments[0].parts[0]
        value = known.get(variable.name) if isinstance(variable, Variable) else None
        return None if value is None else value != ""
    if condition.name in {"eq", "eqi"} and _are_the_same(*condition.arguments):
        return True
    values = [value_of(argument, known) for argument in condition.arguments]
    return (
        _of_values(condition.name, [value for value in values if value is not None])
        if None not in values
        else None
    )


def _joined(outcomes: list[bool | None], *, deciding: bool) -> bool | None:
    if deciding in outcomes:
        return deciding
    return None if None in outcomes else not deciding


def _are_the_same(left: Expansion, right: Expansion) -> bool:
    """``$auth2`` and ``$auth2``."""
    names = [[part.name for part in side.parts if isinstance(part, Variable)] for side in (left, right)]
    return names[0] == names[1] and len(names[0]) == len(left.parts) == len(right.parts) == 1


def _of_values(name: str, values: list[str]) -> bool | None:
    match name, values:
        case "eq", [left, right]:
            return left == right
        case "eqi", [left, right]:
            return left.lower() == right.lower()
        case "match", [subject, pattern]:
            return _matches(subject, pattern)
        case "bool" | "bool_lax", [value]:
            return value.strip().lower() not in FALSE
        case _, [left, right] if name in _COMPARED:
            return _compared(name, left.strip() or "0", right.strip() or "0")
        case _:
            return None


def _matches(subject: str, pattern: str) -> bool | None:
    """None where a pattern is not one for Python too, or might take long."""
    if len(pattern) > 200 or any(a in "+*)}" and b in "+*{" for a, b in pairwise(pattern)):
        return None
    try:
        return re.search(pattern, subject[:200]) is not None
    except re.error:
        return None


def _compared(name: str, left: str, right: str) -> bool | None:
    try:
        return _COMPARED[name](int(left), int(right))
    except ValueError:
        return None
