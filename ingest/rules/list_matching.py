"""Whether a stranger is in a list: a host that nobody knows, a domain that is not ours.

Three-valued: None where it depends on something that the text does not hold.
"""

import re
from enum import StrEnum

from ingest.exim.configuration import Configuration, Option
from ingest.exim.lists import is_too_wide, items_of, network
from ingest.exim.masking import MASK
from ingest.rules.evaluation import value_of
from ingest.rules.expansion import Expansion, Lookup, UnreadableExpansion, Variable, parts_of, read
from ingest.rules.password_checks import SQL

NOBODY = {"authenticated_id": "", "sender_host_authenticated": "", "authenticated_sender": ""}
"""What Exim knows of a client that did not log in."""

_MACRO = re.compile(r"[A-Z][A-Z0-9_]+\Z|.*(?<![A-Za-z])[A-Z][A-Z0-9]*_[A-Z0-9_]*|.*\s", re.DOTALL)
"""What is no name: a macro, alone or in a name, that the text does not define; several words."""
_LOOKUP = re.compile(
    r"(?:net\d*-)?(?:partial\d*(?:\([^)]*\))?-)?(?P<kind>[a-z0-9_]+)(?P<star>\*@|\*)?(?:,[^;]*)?\s*;(?P<query>.*)$",
    re.DOTALL,
)
# fmt: off
_EXACT = frozenset({
    "lsearch", "iplsearch", "cdb", "dbm", "dbmjz", "dbmnz", "dsearch", "nis", "passwd", "whoson", "lmdb", "redis",
})
# fmt: on
_OWN_NAMES = re.compile(r"\$\{?(?:primary_hostname|smtp_active_hostname|qualify_domain|qualify_recipient)\}?")
_PATTERNS = frozenset({"wildlsearch", "nwildlsearch"})
_OPTIONS = frozenset({"+include_unknown", "+ignore_unknown", "+include_defer", "+ignore_defer", "+caseful"})


class Kind(StrEnum):
    """What a list holds."""

    HOSTS = "hosts"
    DOMAINS = "domains"


def named_list(configuration: Configuration, name: str) -> Option | None:
    """A named list; None where the text does not hold it for certain."""
    option = configuration.named_lists.get(name)
    return None if option is None or option.doubt else option


Seen = dict[str, bool | None]
"""What the named lists on the way came to; None too while they are being read."""

_MOST_LISTS = 100  # of lists that name each other; what comes after is not followed


def matches(value: str, kind: Kind, configuration: Configuration, seen: Seen | None = None) -> bool | None:
    """Whether a stranger is in the list. The first item that says so decides, as Exim does it."""
    seen = {} if seen is None else seen
    expanded = _expanded(value)
    if expanded is None:
        return _expansion_matches(value, kind)
    doubts: set[bool] = set()  # what items in doubt would come to
    is_negated = False
    for item in items_of(expanded):
        is_negated = item.startswith("!")
        fit = item_matches(item.removeprefix("!").strip(), kind, configuration, seen)
        if fit:
            return not is_negated if doubts <= {not is_negated} else None
        doubts |= {not is_negated} if fit is None else set()
    # A list that ends with a negated item holds all others.
    return is_negated if doubts <= {is_negated} else None


def _expanded(value: str) -> str | None:
    """The list, where nothing in it has to be expanded; expansions within items stay."""
    if "$" not in value:
        return value
    try:
        known = value_of(read(value), NOBODY)
    except UnreadableExpansion:
        return None
    if known is not None:
        return known
    return value if not re.match(r"\s*\$\{(?:if|lookup)\b.*\}\s*$", value, re.DOTALL) else None


def _expansion_matches(value: str, kind: Kind) -> bool | None:
    """A list that is one lookup of the very domain, in a file or directory, holds no stranger."""
    if kind is not Kind.DOMAINS:
        return None
    try:
        tree = read(value.strip())
    except UnreadableExpansion:
        return None
    lookups = [part for part in parts_of(tree) if isinstance(part, Lookup)]
    if len(tree.parts) != 1 or lookups != [tree.parts[0]]:
        return None
    lookup = lookups[0]
    if lookup.failure is not None and lookup.failure.literal != "":
        return None
    if lookup.kind in SQL:
        return query_matches(lookup.kind, lookup.query)
    names = (
        {part.name for part in parts_of(lookup.key) if isinstance(part, Variable)} if lookup.key else set()
    )
    is_exact = lookup.kind in _EXACT and "*" not in value[lookup.start : lookup.query.start]
    return False if is_exact and names <= {"domain"} and names else None


def item_matches(
    item: str, kind: Kind, configuration: Configuration, seen: Seen | None = None
) -> bool | None:
    """Whether a stranger fits one item, which is not negated."""
    if item == "*":
        return True
    if item in _OPTIONS or (item.startswith("@") and not item.startswith("@mx")):
        return False
    if item.startswith("+"):
        return _of_named(item.removeprefix("+"), kind, configuration, {} if seen is None else seen)
    if lookup := _LOOKUP.match(item):
        return _of_lookup(lookup, kind)
    if "$" in item:
        return False if _OWN_NAMES.fullmatch(item) else _expansion_matches(item, kind)
    if MASK in item or item.startswith(("/", "^")) or "\\N" in item or _MACRO.match(item):
        return (
            True if re.fullmatch(r"\^?(?:\\N\^?)?\.[*+]\$?(?:\\N)?", item) and item.startswith("^") else None
        )
    if kind is Kind.HOSTS:
        known = network(item)
        return is_too_wide(known) if known else None if "/" in item else False
    if item.startswith("@mx"):
        return None
    return None if item.startswith("*") and "." not in item.strip("*.") else False


def _of_named(name: str, kind: Kind, configuration: Configuration, seen: Seen) -> bool | None:
    option = named_list(configuration, name)
    if option is None or name in seen or len(seen) > _MOST_LISTS:
        return seen.get(name)
    seen[name] = None
    seen[name] = matches(option.value, kind, configuration, seen)
    return seen[name]


def _of_lookup(match: re.Match[str], kind: Kind) -> bool | None:
    if match["star"] or match["kind"] in _PATTERNS:
        return None
    if match["kind"] in SQL:
        try:
            return query_matches(match["kind"], read(match["query"].strip()))
        except UnreadableExpansion:
            return None
    if match["kind"] in _EXACT:
        return False if kind is Kind.DOMAINS else None
    return None


def query_matches(kind: str, query: Expansion) -> bool | None:
    """Whether a query of SQL answers for any domain: one that does not ask for the domain answers for all."""
    names = {part.name for part in parts_of(query) if isinstance(part, Variable)}
    if not names:
        return True
    text = "".join(getattr(part, "value", "$") for part in query.parts)
    is_exact = re.search(r"=\s*'?\$'?", text) and not re.search(
        r"(?i)\b(?:like|or|union|regexp|rlike)\b|~", text
    )
    return False if is_exact and "domain" in names else None
