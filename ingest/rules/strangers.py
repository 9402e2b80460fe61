"""What an access control list does with a stranger: a host that nobody knows, not logged in, that sends from
any address to an address elsewhere.

The stranger chooses what a client can choose: sender, HELO name, local part, content. Three-valued, since
conditions may ask for what the text does not hold.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.exim.access_lists import Acl, Condition, Statement
from ingest.exim.configuration import Configuration
from ingest.rules.evaluation import is_true
from ingest.rules.expansion import Expansion, Item, Lookup, UnreadableExpansion, Variable, parts_of, read
from ingest.rules.list_matching import NOBODY, Kind, matches

_CHOSEN = frozenset({
    "dkim_signers", "dkim_status", "encrypted", "local_parts", "malware", "mime_regex", "regex", "sender_domains",
    "senders", "spam", "spf", "spf_guess", "dmarc_status", "decode", "ratelimit",
})  # fmt: skip
"""Conditions that a client can meet, or not meet, as it likes."""

_CHOSEN_VARIABLES = frozenset({
    "sender_helo_name", "sender_address", "sender_address_domain", "sender_address_local_part", "local_part",
    "sender_ident", "tls_in_cipher", "tls_cipher", "message_size", "recipients_count", "rcpt_count",
})  # fmt: skip
_CHOSEN_CHECKS = ("sender", "header_s", "header_n", "not_blind", "reverse_host_lookup", "helo", "csa")
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Passage:
    """What becomes of the stranger: accepted, refused, or None; and the statement that decides or is in doubt."""

    is_accepted: bool | None
    statement: Statement | None


def acls_of(configuration: Configuration, option: str) -> tuple[Acl, ...] | None:
    """The lists that a setting such as acl_smtp_rcpt names; None where the text does not say all of them."""
    setting = configuration.settings.get(option)
    if setting is None or setting.doubt:
        return None
    names = _names(setting.value)
    found = [configuration.acl(name) for name in names]
    return tuple(acl for acl in found if acl) if found and None not in found else None


def _names(value: str) -> list[str]:
    try:
        tree = read(value)
    except UnreadableExpansion:
        return []
    if tree.literal is not None:
        return [tree.literal.strip()]
    literals = (item.literal for item in _branches(tree))
    return [name.strip() for name in literals if name and name.strip()]


def _branches(tree: Expansion) -> Iterator[Expansion]:
    """The strings that an ``if`` may come to."""
    for part in tree.parts:
        for branch in (getattr(part, "yes", None), getattr(part, "no", None)):
            if branch is not None:
                yield branch
                yield from _branches(branch)


def passage(acl: Acl, configuration: Configuration, *, wants_in: bool = True, depth: int = 0) -> Passage:
    """Follows the statements. ``wants_in``: whether it suits the stranger that the list accepts."""
    in_doubt: dict[bool, Statement] = {}  # the first statement that may accept, and that may refuse
    for statement in acl.statements:
        for outcome, takes_effect in _effects(statement, configuration, wants_in, depth):
            if takes_effect:
                doubt = in_doubt.get(not outcome)
                return Passage(None, doubt) if doubt else Passage(outcome, statement)
            if takes_effect is None:
                in_doubt.setdefault(outcome, statement)
    return Passage(None, in_doubt[True]) if True in in_doubt else Passage(False, None)


def _effects(
    statement: Statement, configuration: Configuration, wants_in: bool, depth: int
) -> Iterator[tuple[bool, bool | None]]:
    """What a statement may come to (accepted or refused), and whether it does."""
    for outcome, takes_effect in _effects_if_there(statement, configuration, wants_in, depth):
        yield outcome, None if takes_effect and statement.doubt else takes_effect


def _effects_if_there(
    statement: Statement, configuration: Configuration, wants_in: bool, depth: int
) -> Iterator[tuple[bool, bool | None]]:
    items = statement.items
    names = [item.name for item in items]
    match statement.verb:
        case "accept" if "endpass" in names:
            at = names.index("endpass")
            before = _all_hold(items[:at], statement.verb, configuration, wants_in, depth)
            after = _all_hold(items[at:], statement.verb, configuration, wants_in, depth)
            yield False, _both(before, None if after is None else not after)
            yield True, _both(before, after)
        case "accept":
            yield True, _all_hold(items, statement.verb, configuration, wants_in, depth)
        case "deny" | "drop" | "defer" | "discard":
            yield False, _all_hold(items, statement.verb, configuration, wants_in, depth)
        case "require":
            fit = _all_hold(items, statement.verb, configuration, wants_in, depth)
            yield False, None if fit is None else not fit
        case "warn":
            return
        case _:  # a file that was not read
            yield True, None
            yield False, None


def applies(statement: Statement, configuration: Configuration) -> bool | None:
    """Whether all conditions of a statement hold for a stranger whom that suits."""
    return _all_hold(statement.items, "accept", configuration, True, 0)


def _both(left: bool | None, right: bool | None) -> bool | None:
    if False in (left, right):
        return False
    return None if None in (left, right) else True


def _all_hold(
    items: Sequence[Condition], verb: str, configuration: Configuration, wants_in: bool, depth: int
) -> bool | None:
    suits = (verb in {"accept", "require"}) == wants_in
    outcome: bool | None = True
    for item in items:
        if item.is_modifier:
            continue
        held = _holds(item, suits, configuration, depth)
        if item.doubt and held is not True:
            held = None
        outcome = _both(outcome, held)
    return outcome


def _holds(item: Condition, suits: bool, configuration: Configuration, depth: int) -> bool | None:
    """Whether a condition holds; ``suits``: whether the stranger would have it so."""
    if _is_chosen(item):
        return suits
    held = _holds_unless_negated(item, suits != item.is_negated, configuration, depth)
    return held if held is None or not item.is_negated else not held


def _is_chosen(item: Condition) -> bool:
    if item.name in _CHOSEN:
        return not (item.name in {"senders", "sender_domains"} and not item.value)
    if item.name == "verify":
        return item.value.startswith(_CHOSEN_CHECKS)
    return item.name == "condition" and _asks_what_is_chosen(item.value)


def _asks_what_is_chosen(value: str) -> bool:
    """Whether a condition depends on nothing but what the client says."""
    try:
        tree = read(value)
    except UnreadableExpansion:
        return False
    parts = tuple(parts_of(tree))
    names = {part.name for part in parts if isinstance(part, Variable)}
    is_plain = not any(isinstance(part, Lookup | Item) for part in parts)
    return bool(names) and is_plain and all(name in _CHOSEN_VARIABLES or "h_" in name for name in names)


def _holds_unless_negated(
    item: Condition, suits: bool, configuration: Configuration, depth: int
) -> bool | None:
    match item.name:
        case "hosts":
            held = matches(item.value, Kind.HOSTS, configuration)
            # Somebody is always on no list of unwanted hosts, whatever that list holds.
            return False if held is None and not suits and not item.is_negated else held
        case "domains":
            return matches(item.value, Kind.DOMAINS, configuration)
        case "authenticated":
            return False
        case "dnslists":
            return False
        case "recipients":
            return True if item.value.strip() in {"*", "*@*"} else False if "*" not in item.value else None
        case "verify":
            return item.value.startswith("recipient") if not item.value.startswith("cert") else False
        case "condition":
            return _condition(item.value)
        case "acl":
            return _other_acl(item, suits, configuration, depth)
        case _:
            return None


def _condition(value: str) -> bool | None:
    if re.fullmatch(r"[A-Z][A-Z0-9_]+", value):
        return None  # a macro that the text does not define
    try:
        return is_true(read(value), NOBODY)
    except UnreadableExpansion:
        return None


def _other_acl(item: Condition, suits: bool, configuration: Configuration, depth: int) -> bool | None:
    acl = configuration.acl(item.value.split(maxsplit=1)[0]) if item.value else None
    if acl is None or depth >= _DEEPEST:
        return None
    return passage(acl, configuration, wants_in=suits, depth=depth + 1).is_accepted
