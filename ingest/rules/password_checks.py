"""Judges the password check of an authenticator by its expansion, and repairs it.

The two holes: comparing what the client sent with a lookup that may find nothing (X01), and putting what the
client sent into SQL without quoting (X03).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.rules.edits import Edits
from ingest.rules.expansion import (
    Condition,
    Expansion,
    If,
    Item,
    Lookup,
    Operator,
    Part,
    Text,
    Variable,
    inner_expansions,
    parts_of,
)

SQL = frozenset({"mysql", "pgsql", "sqlite", "oracle", "ibase"})

_CLIENT = {"1": "auth1", "2": "auth2", "3": "auth3", "auth1": "auth1", "auth2": "auth2", "auth3": "auth3"}
_ALSO_CLIENT = frozenset({"sender_helo_name", "sender_ident", "authenticated_id", "sender_address"})
_KEEPS_EMPTY = frozenset(
    {"lc", "uc", "base64", "base64d", "str2b64", "escape", "quote", "hexquote", "utf8clean"}
)
# fmt: off
_HARMLESS = frozenset({
    "md5", "sha1", "sha2", "sha256", "sha3", "hash", "nhash", "strlen", "length_n", "base64",
    "str2b64", "base62", "hex2b64", "eval",
})
# fmt: on
_REGEX_ITEMS = frozenset({"sg", "map", "filter", "reduce", "extract", "listextract"})


def client_variable(part: Part) -> str | None:
    """``auth1`` to ``auth3`` for a variable that holds what the client sent, under either of its names."""
    return _CLIENT.get(part.name) if isinstance(part, Variable) else None


def _sent_by_client(expansion: Expansion) -> str | None:
    """The one variable that the string consists of, if it is empty when the client sends nothing."""
    parts = [part for part in expansion.parts if not (isinstance(part, Text) and not part.value.strip())]
    if len(parts) != 1:
        return None
    if isinstance(parts[0], Operator) and parts[0].name in _KEEPS_EMPTY:
        return _sent_by_client(parts[0].argument)
    return client_variable(parts[0])


def _has_lookup(expansion: Expansion) -> bool:
    return any(isinstance(part, Lookup) for part in parts_of(expansion))


def is_empty_if_not_found(expansion: Expansion) -> bool:
    """Whether the string comes out empty when its lookup finds nothing."""
    return _has_lookup(expansion) and all(_is_empty_part(part) for part in expansion.parts)


def _is_empty_part(part: Part) -> bool:
    match part:
        case Text():
            return not part.value.strip()
        case Lookup():
            if part.is_forced:
                return False
            return part.failure is None or part.failure.literal == "" or is_empty_if_not_found(part.failure)
        case Operator():
            return part.name in _KEEPS_EMPTY and is_empty_if_not_found(part.argument)
        case Item():
            return len(part.arguments) <= 3 and any(is_empty_if_not_found(item) for item in part.arguments)
        case _:
            return False


# --- which variables a condition requires to hold something ---------------------------------------


def _required(condition: Condition, outcome: bool) -> frozenset[str]:
    """The client's variables that cannot be empty if the condition comes out as ``outcome``."""
    holds = outcome != condition.is_negated
    if condition.name == ("and" if holds else "or"):
        return frozenset().union(*(_required(inner, holds) for inner in condition.inner))
    if condition.name in {"eq", "eqi"}:
        return _required_by_equality(condition, holds)
    if not holds or not condition.arguments:
        return frozenset()
    if condition.name == "def":
        return _named(client_variable(condition.arguments[0].parts[0]))
    if condition.name == "match" and _refuses_nothing(condition.arguments[1].literal):
        return _named(_sent_by_client(condition.arguments[0]))
    if condition.name == ">" and condition.arguments[1].literal is not None:
        return _measured(condition.arguments[0])
    return frozenset()


def _named(variable: str | None) -> frozenset[str]:
    return frozenset({variable} if variable else ())


def _required_by_equality(condition: Condition, holds: bool) -> frozenset[str]:
    left, right = condition.arguments
    for variable, other in ((_sent_by_client(left), right.literal), (_sent_by_client(right), left.literal)):
        if variable and other is not None and (other != "") == holds:
            return frozenset({variable})
    return frozenset()


def _refuses_nothing(pattern: str | None) -> bool:
    """Whether a regular expression does not match the empty string."""
    try:
        return pattern is not None and re.search(pattern, "") is None
    except re.error:
        return False


def _measured(expansion: Expansion) -> frozenset[str]:
    """``${strlen:$auth3}``."""
    parts = expansion.parts
    if len(parts) == 1 and isinstance(parts[0], Operator) and parts[0].name == "strlen":
        return _named(_sent_by_client(parts[0].argument))
    return frozenset()


# --- X01 ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WeakComparison:
    """What the client sent is compared with a lookup that may be empty, and may itself be empty."""

    variable: str
    looked_up: Expansion
    condition: Condition
    is_in_list: bool  # stands in an ``and``: a guard can be put beside it
    guards: frozenset[str]


def weak_comparisons(expansion: Expansion, guards: frozenset[str] = frozenset()) -> Iterator[WeakComparison]:
    """All of them, wherever they are nested."""
    for part in expansion.parts:
        if isinstance(part, If):
            yield from _weak_condition(part.condition, guards, outcome=True, is_in_list=False)
            for branch, outcome in ((part.yes, True), (part.no, False)):
                if branch is not None:
                    yield from weak_comparisons(branch, guards | _required(part.condition, outcome))
        else:
            for inner in inner_expansions(part):
                yield from weak_comparisons(inner, guards)


def _weak_condition(
    condition: Condition, guards: frozenset[str], *, outcome: bool, is_in_list: bool
) -> Iterator[WeakComparison]:
    holds = outcome != condition.is_negated
    for place, inner in enumerate(condition.inner):
        beside = condition.inner[:place] + condition.inner[place + 1 :]
        more: frozenset[str] = frozenset()
        if condition.name == ("and" if holds else "or"):
            more = more.union(*(_required(other, holds) for other in beside))
        is_list = condition.name == "and" and holds
        yield from _weak_condition(inner, guards | more, outcome=holds, is_in_list=is_list)
    for argument in condition.arguments:
        yield from weak_comparisons(argument, guards)
    if condition.name in {"eq", "eqi"}:
        left, right = condition.arguments
        for sent, looked_up in ((left, right), (right, left)):
            variable = _sent_by_client(sent)
            if variable and variable not in guards and is_empty_if_not_found(looked_up):
                yield WeakComparison(variable, looked_up, condition, is_in_list, guards)


# --- X03 ------------------------------------------------------------------------------------------


def unquoted_in_sql(expansion: Expansion) -> Iterator[tuple[Lookup, Variable]]:
    """What the client sent, in a query of SQL, without the quoting of that database."""
    for part in parts_of(expansion):
        if isinstance(part, Lookup) and part.kind in SQL:
            for variable in _unquoted(part.query, f"quote_{part.kind}"):
                yield part, variable


def _unquoted(expansion: Expansion, quoting: str) -> Iterator[Variable]:
    for part in expansion.parts:
        if isinstance(part, Variable):
            if client_variable(part) or part.name in _ALSO_CLIENT:
                yield part
        elif not (isinstance(part, Operator) and (part.name == quoting or part.name in _HARMLESS)):
            for inner in inner_expansions(part):
                yield from _unquoted(inner, quoting)


# --- repair ---------------------------------------------------------------------------------------


def repaired(text: str, expansion: Expansion, needed: tuple[str, ...]) -> str:
    """The text with all holes closed.

    ``needed`` are the variables that must not be empty: user name and password of the mechanism.
    """
    edits = Edits(text)
    for weak in tuple(weak_comparisons(expansion)):
        _guard(edits, text, weak, needed)
        _make_lookups_fail(edits, weak.looked_up)
    for lookup, variable in dict.fromkeys(unquoted_in_sql(expansion)):
        _quote(edits, text, lookup, variable)
    if _may_rename(expansion):
        for part in parts_of(expansion):
            name = client_variable(part)
            if name and name != text[part.start + 1 : part.end]:
                edits.replace(part.start, part.end, f"${name}")
    return edits.result()


def _guard(edits: Edits, text: str, weak: WeakComparison, needed: tuple[str, ...]) -> None:
    missing = [name for name in dict.fromkeys((*needed, weak.variable)) if name not in weak.guards]
    guards = " ".join(f"{{!eq{{${name}}}{{}}}}" for name in missing)
    if weak.is_in_list:
        edits.insert(text.rindex("{", 0, weak.condition.start), f"{guards} ")
    else:
        edits.insert(weak.condition.start, f"and{{ {guards} {{")
        edits.insert(weak.condition.end, "} }")


def make_lookups_fail(text: str, expansion: Expansion) -> str:
    """The text with every lookup that may be empty made to fail instead."""
    edits = Edits(text)
    _make_lookups_fail(edits, expansion)
    return edits.result()


def _make_lookups_fail(edits: Edits, expansion: Expansion) -> None:
    for part in parts_of(expansion):
        if not isinstance(part, Lookup) or not _is_empty_part(part):
            continue
        if part.failure is not None:
            edits.replace(part.failure.start - 1, part.failure.end + 1, "fail")
        else:
            edits.insert(part.end - 1, "{$value}fail" if part.success is None else "fail")


def _quote(edits: Edits, text: str, lookup: Lookup, variable: Variable) -> None:
    """Quotes for the database; adds the quotation marks of SQL where the text has none around."""
    before = text[lookup.query.start : variable.start]
    mark = "" if before.count("'") % 2 else "'"
    edits.insert(variable.start, f"{mark}${{quote_{lookup.kind}:")
    edits.insert(variable.end, f"}}{mark}")


def _may_rename(expansion: Expansion) -> bool:
    """``$1`` is also what a regular expression matched; then names stay as they are."""
    for part in parts_of(expansion):
        if isinstance(part, Item) and part.name in _REGEX_ITEMS:
            return False
        if isinstance(part, If) and _has_match(part.condition):
            return False
    return True


def _has_match(condition: Condition) -> bool:
    return condition.name.startswith("match") or any(_has_match(inner) for inner in condition.inner)
