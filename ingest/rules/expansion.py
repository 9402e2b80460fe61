"""Reads Exim's expansion language far enough to judge a password check.

``${if and{{!eq{$2}{}}{...}}{yes}{no}}`` becomes a tree. Each part knows where it stands in the text, so that
a repair can change exactly that piece. What is not understood raises ``UnreadableExpansion``; nothing is
guessed.

Source: Exim's specification, chapter "String expansions"; expand.c.
"""

import re

from ingest.rules.expansion_parts import (
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

__all__ = [
    "Condition",
    "Expansion",
    "If",
    "Item",
    "Lookup",
    "Operator",
    "Part",
    "Text",
    "UnreadableExpansion",
    "Variable",
    "inner_expansions",
    "parts_of",
    "read",
]


class UnreadableExpansion(ValueError):
    """The text does not follow the grammar, or uses a part of it that is not known here."""


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
# fmt: off
_ITEMS = frozenset({
    "acl", "authresults", "certextract", "dlfunc", "env", "extract", "filter", "hash", "hmac", "imapfolder",
    "length", "listextract", "listquote", "map", "nhash", "perl", "prvs", "prvscheck", "readfile",
    "readsocket", "reduce", "run", "sg", "sort", "srs_encode", "substr", "tr",
})
_OPERATORS = frozenset({
    "address", "addresses", "base32", "base32d", "base62", "base62d", "base64", "base64d", "bless", "domain",
    "escape", "escape8bit", "eval", "eval10", "expand", "from_utf8", "h", "hash", "headerwrap", "hex2b64",
    "hexquote", "ipv6denorm", "ipv6norm", "l", "lc", "length", "listcount", "listnamed", "local_part", "mask",
    "md5", "nh", "nhash", "quote", "quote_local_part", "randint", "reverse_ip", "rfc2047", "rfc2047d",
    "rxquote", "s", "sha1", "sha2", "sha256", "sha3", "stat", "str2b64", "strlen", "substr", "time_eval",
    "time_interval", "uc", "utf8clean", "utf8_domain_from_alabel", "utf8_domain_to_alabel",
    "utf8_localpart_from_alabel", "utf8_localpart_to_alabel", "xtextd",
})
# fmt: on
_SUFFIX = re.compile(r"_(?:-?\d+(?:_-?\d+)*|[adhl])$")  # ${substr_0_4:...}, ${listnamed_d:...}
_LISTS = frozenset({"and", "or"})
_STRUCTURED = frozenset({"saslauthd", "acl"})  # one pair of braces around several strings
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*|\d+")
_HEADER = re.compile(r"(?:b|l|r|bl)?h(?:eader)?_[!-9;-~]+?:|(?:bheader|rheader|lheader)_[!-9;-~]+?:")
_CONDITION_NAME = re.compile(r"[a-z][a-z0-9_]*|[<>!=]=?|==")
_LOOKUP_KIND = re.compile(
    r"(?:partial(?:\d+)?(?:\([^)]*\))?-)?(?P<kind>[a-z][a-z0-9_+-]*?)(?P<star>\*@|\*)?(?:,[^{\s]*)?\s*(?=\{)"
)
_WORD_OF_FAILURE = re.compile(r"fail\b")
_ITEM_OPTIONS = re.compile(
    r"(?:,\w+(?:=\w+)?)+|\s+jsons?(?=\s*\{)"
)  # ${run,preexpand {...}}, ${extract json{...}
_DEEPEST = 60
_LONGEST = 64 * 1024  # characters


def _operator(name: str) -> str:
    """The operator without its numbers; raises where there is none of this name."""
    name = _SUFFIX.sub("", name.rstrip("_"))
    if name not in _OPERATORS and not name.startswith("quote_"):
        raise UnreadableExpansion(f"unknown operator {name}")
    return name


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

    def _go_deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableExpansion("nested too deeply")

    # --- strings ---

    def whole(self) -> Expansion:
        expansion = self._string(is_inner=False)
        if self._at != len(self._text):
            raise UnreadableExpansion(f"unexpected }} at character {self._at + 1}")
        return expansion

    def _string(self, *, is_inner: bool) -> Expansion:
        self._go_deeper()
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
        self._take(re.compile(r"_?-[\d_-]+(?=:)"))  # ${substr_-1:...}
        if self._peek() == ":":
            name = _operator(name)
            self._at += 1
            argument = self._string(is_inner=True)
            self._expect("}")
            return Operator(name, argument, start, self._at)
        return self._other(name, start)

    def _other(self, name: str, start: int) -> Item:
        if name not in _ITEMS:
            raise UnreadableExpansion(f"unknown item {name}")
        self._take(_ITEM_OPTIONS)
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
        self._go_deeper()
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
        self._depth -= 1
        return Condition(name, is_negated, arguments, inner, start, self._at)

    def _condition_arguments(self, name: str) -> tuple[tuple[Expansion, ...], tuple[Condition, ...]]:
        if name == "def":
            self._expect(":")
            start = self._at
            variable = self._take(_HEADER) or self._take(_NAME)
            if variable is None or variable.isdigit():  # Exim knows def:auth2, not def:2
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
    """The tree of an expansion; raises ``UnreadableExpansion``, for what is too long or too deep as well."""
    if len(text) > _LONGEST:
        raise UnreadableExpansion("too long")
    return _Reader(text).whole()
