"""Repairs the password check of an authenticator: changes exactly the pieces that are wrong."""

from collections.abc import Iterable

from ingest.rules.edits import Edits
from ingest.rules.expansion import Condition, Expansion, If, Item, Lookup, Variable, parts_of
from ingest.rules.password_checks import (
    Guarded,
    client_variable,
    fallbacks,
    is_empty_part,
    unquoted_in_sql,
    weak_comparisons,
)

_REGEX_ITEMS = frozenset({"sg", "map", "filter", "reduce", "extract", "listextract"})


def repaired(text: str, expansion: Expansion, needed: tuple[str, ...]) -> str:
    """The text with all holes closed.

    ``needed`` are the variables that must not be empty: user name and password of the mechanism.
    """
    edits = Edits(text)
    for weak in tuple(weak_comparisons(expansion)):
        _guard(edits, text, weak.place, (*needed, weak.variable))
        _make_lookups_fail(edits, weak.looked_up)
    for lookup, variable in dict.fromkeys(unquoted_in_sql(expansion)):
        _quote(edits, text, lookup, variable)
    if _may_rename(expansion):
        for part in parts_of(expansion):
            name = client_variable(part)
            if name and name != text[part.start + 1 : part.end]:
                edits.replace(part.start, part.end, f"${name}")
    return edits.result()


def guarded(text: str, conditions: Iterable[Guarded], needed: tuple[str, ...]) -> str:
    """The text with a guard against empty input before each of these conditions."""
    edits = Edits(text)
    for condition in conditions:
        _guard(edits, text, condition, needed)
    return edits.result()


def _guard(edits: Edits, text: str, place: Guarded, needed: tuple[str, ...]) -> None:
    missing = [name for name in dict.fromkeys(needed) if name not in place.guards]
    sign, word = ("!", "and") if place.outcome else ("", "or")
    guards = " ".join(f"{{{sign}eq{{${name}}}{{}}}}" for name in missing)
    if place.is_in_list:
        edits.insert(text.rindex("{", 0, place.condition.start), f"{guards} ")
    else:
        edits.insert(place.condition.start, f"{word}{{ {guards} {{")
        edits.insert(place.condition.end, "} }")


def without_fallbacks(text: str, expansion: Expansion) -> str:
    """The text in which an unknown user makes the lookup fail instead of giving a fixed answer."""
    edits = Edits(text)
    for lookup in dict.fromkeys(lookup for lookup, _ in fallbacks(expansion)):
        if lookup.failure is not None:
            edits.replace(lookup.failure.start - 1, lookup.failure.end + 1, "fail")
    return edits.result()


def make_lookups_fail(text: str, expansion: Expansion) -> str:
    """The text with every lookup that may be empty made to fail instead."""
    edits = Edits(text)
    _make_lookups_fail(edits, expansion)
    return edits.result()


def _make_lookups_fail(edits: Edits, expansion: Expansion) -> None:
    for part in parts_of(expansion):
        if not isinstance(part, Lookup) or not is_empty_part(part):
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
