"""Who stands for whom in one report."""

import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

from mailwatch.redaction.ordinary_words import SYSTEM_USERS

SHORTEST_NAME = 3
SHORTEST_NUMBER = 5
"""A bare number below this length is more often a reply code or a count than a mailbox."""

RUN = re.compile(r"[^\s<>\"'()\[\]{},;:/|@\\]+")
_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 8
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
# Schemes that put the name last; others, such as VERP, end with the domain.
_REWRITTEN = re.compile(r"(?:SRS[01]|prvs|btv1|msprvs1)[=+-]", re.IGNORECASE)
# What web pages put in the place of an address; it is no name any more.
_MASKED = re.compile(r"\[email\s?protected\]")


class Role(StrEnum):
    """How an address came up first; the value begins its stand-in."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    ACCOUNT = "account"
    LOCAL_USER = "local user"
    ADDRESS = "address"


class StandIns:
    """Addresses, login names and local users on one side, ``sender 1`` on the other."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}  # folded address, login name or user -> "sender 1"
        self._local_parts: dict[str, str] = {}  # folded local part -> the same, for "bob <bob@example.org>"
        self._names: dict[str, str] = {}  # names that tell, wherever they stand
        self._phrases: dict[str, str] = {}  # those of them that are no single run of text
        self._words = {user.casefold() for user in SYSTEM_USERS}
        self._numbers: Counter[Role] = Counter()

    def learn(self, address: str, role: Role) -> None:
        """An address, a login name or a local user, with its domain where it has one."""
        key = _folded(address)
        if not key or key in self._known or key in self._words or is_masked(address):
            return
        bare = None if "@" in address else self._local_parts.get(key)
        self._known[key] = bare or self._next(role)
        self._local_parts.setdefault(key.rpartition("@")[0] or key, self._known[key])
        for name in _bare_names(address):
            if _is_telling(name):
                kept = self._names if RUN.fullmatch(name) else self._phrases
                kept.setdefault(name.casefold(), self._known[key])

    def learn_word(self, word: str) -> None:
        """A word of the configuration, such as an authenticator's name, that is nobody's name."""
        self._words.add(word.casefold())

    def knows(self, address: str) -> bool:
        return _folded(address) in self._known

    def of(self, address: str) -> str:
        """The stand-in alone, without a domain; what nobody is called stays."""
        return self._known.get(_folded(address), address)

    @property
    def phrases(self) -> Iterator[tuple[re.Pattern[str], str]]:
        """Names that hold a space or a quote, as patterns, longest first."""
        for phrase in sorted(self._phrases, key=len, reverse=True):
            yield re.compile(re.escape(phrase), re.IGNORECASE), self._phrases[phrase]

    def names_in(self, run: str, ordinary: frozenset[str]) -> Iterator[tuple[int, int, str]]:
        """The names in a run of text, longest first: (start, end, stand-in). Part of a word is no name."""
        words = [match.span() for match in _WORD.finditer(run)]
        at = 0
        while at < len(words):
            for last in range(min(len(words), at + _MOST_WORDS) - 1, at - 1, -1):
                start, end = words[at][0], words[last][1]
                name = run[start:end].casefold()
                if name in self._names and name not in ordinary and name not in self._words:
                    yield start, end, self._names[name]
                    at = last
                    break
            at += 1

    def _next(self, role: Role) -> str:
        self._numbers[role] += 1
        return f"{role} {self._numbers[role]}"


def is_masked(text: str) -> bool:
    """Whether the log was handed in with this address masked already."""
    return _MASKED.search(text) is not None


def _folded(address: str) -> str:
    return address.strip("<>").rstrip(".").casefold()


def _bare_names(address: str) -> Iterator[str]:
    """The local part and the names in it: ``bob+lists``, ``SRS0=X=Y=a.example=bob``, ``bob=a.example``."""
    local_part = (address.strip("<>").rpartition("@")[0] or address.strip("<>")).strip('"')
    pieces = local_part.split("=")
    if len(pieces) > 1:
        pieces = pieces[-1:] if _REWRITTEN.match(local_part) else pieces[:-1]
    for name in (local_part, *(tag for piece in pieces for tag in re.split("[+#]", piece))):
        yield _EDGES.sub("", name)


def _is_telling(name: str) -> bool:
    return len(name) >= SHORTEST_NUMBER if name.isdigit() else len(name) >= SHORTEST_NAME
