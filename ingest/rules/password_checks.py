"""Judges the password check of an authenticator by its expansion; ``password_repairs`` repairs it.

The two holes: comparing what the client sent with a lookup that may find nothing (X01), and putting what the
client sent into SQL without quoting (X03).
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.exim.masking import MASKED_MACRO
from ingest.rules.evaluation import FALSE, holds
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
_YES = re.compile(r"1|yes|true", re.IGNORECASE)  # anything else defers the login
_CAPITALS = re.compile(r"\b[A-Z][A-Z0-9_]+\b")
_IN_SQL = re.compile(r"(?<![\w'.@])[A-Z][A-Z0-9]*_[A-Z0-9_]*\b(?!\s*[('.])")  # no name of a function
_MACRO = re.compile(r"[A-Z][A-Z0-9_]*_[A-Z0-9_]*|[A-Z][A-Z0-9_]{4,}")


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
    return _has_lookup(expansion) and all(is_empty_part(part) for part in expansion.parts)


def is_empty_part(part: Part) -> bool:
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


# --- conditions, each with what is required beside it ---------------------------------------------


@dataclass(frozen=True, slots=True)
class Guarded:
    """A condition, and the client's variables that cannot be empty where it is asked."""

    condition: Condition
    outcome: bool  # what it must come out as for the login to succeed
    is_in_list: bool  # stands in an ``and`` (or, where it must not hold, an ``or``): a guard fits beside it
    guards: frozenset[str]


def guarded_conditions(expansion: Expansion, guards: frozenset[str] = frozenset()) -> Iterator[Guarded]:
    """All conditions but ``and`` and ``or``, wherever they are nested."""
    for part in expansion.parts:
        if isinstance(part, If):
            outcome = not _refuses_if_it_holds(part)
            yield from _guarded_condition(part.condition, guards, outcome=outcome, is_in_list=False)
            for branch, came_out in ((part.yes, True), (part.no, False)):
                if branch is not None:
                    yield from guarded_conditions(branch, guards | _required(part.condition, came_out))
        else:
            for inner in inner_expansions(part):
                yield from guarded_conditions(inner, guards)


def _guarded_condition(
    condition: Condition, guards: frozenset[str], *, outcome: bool, is_in_list: bool
) -> Iterator[Guarded]:
    holds = outcome != condition.is_negated
    is_list = condition.name == ("and" if holds else "or")
    required = [_required(inner, holds) if is_list else frozenset[str]() for inner in condition.inner]
    times = Counter(variable for variables in required for variable in variables)
    for inner, own in zip(condition.inner, required, strict=True):
        beside = frozenset(variable for variable, count in times.items() if count > (variable in own))
        yield from _guarded_condition(inner, guards | beside, outcome=holds, is_in_list=is_list)
    for argument in condition.arguments:
        yield from guarded_conditions(argument, guards)
    if not condition.inner:
        yield Guarded(condition, outcome, is_in_list, guards)


def _refuses_if_it_holds(part: If) -> bool:
    """``${if CONDITION{no}{yes}}``."""
    if part.yes is None or part.no is None:
        return False
    refuses = part.yes.literal is not None and part.yes.literal.strip().lower() in FALSE
    return refuses and not (part.no.literal is not None and part.no.literal.strip().lower() in FALSE)


def _sides(condition: Condition) -> Iterator[tuple[str, Expansion]]:
    """What the client sent, and what it is compared with."""
    if condition.name in {"eq", "eqi"}:
        left, right = condition.arguments
        for sent, other in ((left, right), (right, left)):
            if variable := _sent_by_client(sent):
                yield variable, other


# --- X01 ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WeakComparison:
    """What the client sent is compared with a lookup that may be empty, and may itself be empty."""

    variable: str
    looked_up: Expansion
    place: Guarded


def weak_comparisons(expansion: Expansion) -> Iterator[WeakComparison]:
    """All of them, wherever they are nested."""
    for guarded in guarded_conditions(expansion):
        for variable, looked_up in _sides(guarded.condition):
            if variable not in guarded.guards and is_empty_if_not_found(looked_up):
                yield WeakComparison(variable, looked_up, guarded)


# --- X04 ------------------------------------------------------------------------------------------


def fallbacks(expansion: Expansion) -> Iterator[tuple[Lookup, str]]:
    """Lookups whose fixed answer for "not found" is compared with what the client sent, and that answer.

    The answer of a lookup that is the whole check counts where it says yes.
    """
    if len(expansion.parts) == 1 and isinstance(expansion.parts[0], Lookup):
        lookup = expansion.parts[0]
        answer = lookup.failure.literal if lookup.failure and not lookup.is_forced else None
        if answer is not None and answer.strip().lower() not in FALSE:
            yield lookup, answer
    for guarded in guarded_conditions(expansion):
        for _, compared in _sides(guarded.condition):
            yield from _fixed_answers(compared)


def _fixed_answers(expansion: Expansion) -> Iterator[tuple[Lookup, str]]:
    for part in parts_of(expansion):
        if isinstance(part, Lookup) and part.failure is not None and part.failure.literal:
            yield part, part.failure.literal


# --- X05 ------------------------------------------------------------------------------------------

_ASKS_ELSEWHERE = frozenset({"radius", "pam", "saslauthd", "pwcheck"})
_ASKS_A_SOCKET = frozenset({"readsocket"})
_RUNS_CODE = frozenset({"perl", "run", "dlfunc", "acl"})


def unguarded_backends(expansion: Expansion, password: str) -> Iterator[Guarded]:
    """Conditions that ask another program for its opinion of a password that may be empty."""
    for guarded in guarded_conditions(expansion):
        asks = guarded.condition.name in _ASKS_ELSEWHERE or any(
            isinstance(part, Item) and part.name in _ASKS_A_SOCKET
            for argument in guarded.condition.arguments
            for part in parts_of(argument)
        )
        if asks and password not in guarded.guards:
            yield guarded


def asks_outside_of_conditions(expansion: Expansion) -> bool:
    """Whether a socket is asked, and its answer is the answer."""
    return any(isinstance(part, Item) and part.name in _ASKS_A_SOCKET for part in expansion.parts)


def runs_code(expansion: Expansion) -> bool:
    """Whether a program, Perl or an ACL decides, which this text does not show."""
    return any(
        (isinstance(part, Item) and part.name in _RUNS_CODE)
        or (isinstance(part, If) and _names(part.condition) & {"acl"})
        for part in parts_of(expansion)
    )


def _names(condition: Condition) -> frozenset[str]:
    return frozenset({condition.name}).union(*(_names(inner) for inner in condition.inner))


# --- X02 ------------------------------------------------------------------------------------------


def is_open(expansion: Expansion) -> bool:
    """Whether anybody can make the check say yes without knowing anything: it is constantly true, or asks
    only that something was sent.
    """
    literal = expansion.literal
    if literal is not None:
        return literal.strip().lower() not in FALSE and bool(_YES.fullmatch(literal.strip()))
    if len(expansion.parts) != 1 or not isinstance(expansion.parts[0], If):
        return False
    chosen = expansion.parts[0]
    if (chosen.yes is None or is_open(chosen.yes)) and _can_be_had(chosen.condition, True):
        return True
    return chosen.no is not None and is_open(chosen.no) and _can_be_had(chosen.condition, False)


def _can_be_had(condition: Condition, outcome: bool) -> bool:
    """Whether a client can bring about this outcome by what it sends."""
    fixed = holds(condition, {})
    if fixed is not None:
        return fixed is outcome
    wanted = outcome != condition.is_negated
    if condition.name in {"and", "or"}:
        every = condition.name == ("and" if wanted else "or")
        outcomes = [_can_be_had(inner, wanted) for inner in condition.inner]
        return all(outcomes) if every else any(outcomes)
    if condition.name == "def":
        return client_variable(condition.arguments[0].parts[0]) is not None
    if condition.name in {"eq", "eqi"}:
        return any(
            other.literal is not None and not (wanted and other.literal) for _, other in _sides(condition)
        )
    if condition.name in {">", ">=", "!=", "<", "<=", "=", "=="} and len(condition.arguments) == 2:
        return bool(_measured(condition.arguments[0])) and condition.arguments[1].literal is not None
    return False


def looks_at(expansion: Expansion, variable: str) -> bool:
    """Whether what the client sent in this variable has any part in the string."""
    return any(
        client_variable(part) == variable or (isinstance(part, If) and variable in _defined(part.condition))
        for part in parts_of(expansion)
    )


def _defined(condition: Condition) -> frozenset[str]:
    """The client's variables that ``def:`` asks for."""
    own = client_variable(condition.arguments[0].parts[0]) if condition.name == "def" else None
    return _named(own).union(*(_defined(inner) for inner in condition.inner))


def unknown_macro(expansion: Expansion) -> str | None:
    """A word that looks like a macro that the text lacks, where it may change what the check comes to."""
    for part in expansion.parts:
        if isinstance(part, Text) and (found := _CAPITALS.search(part.value)) and not _is_answer(found[0]):
            return found[0]
    for part in parts_of(expansion):
        for inner in inner_expansions(part):
            word = (inner.literal or "").strip()
            if word.startswith(MASKED_MACRO) or (_MACRO.fullmatch(word) and not _is_answer(word)):
                return word
        if isinstance(part, Lookup) and part.kind in SQL:
            for text in part.query.parts:
                if isinstance(text, Text) and (found := _IN_SQL.search(text.value)):
                    return found[0]
    return None


def _is_answer(word: str) -> bool:
    return word.lower() in FALSE or _YES.fullmatch(word) is not None


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
