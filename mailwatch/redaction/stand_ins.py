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
# Japanese writes no spaces: a name ends where kana or characters begin.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+|[^\W_\u3040-\u30ff\u3400-\u9fff]+")
_LEGIBLE = re.compile(r"[^\W_][\w.+=-]{2}")
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

    @property
    def is_login(self) -> bool:
        """The name of somebody of the house, which no level shows."""
        return self in (Role.ACCOUNT, Role.LOCAL_USER)


class StandIns:
    """Addresses, login names and local users on one side, ``sender 1`` on the other."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}  # folded address, login name or user -> "sender 1"
        self._ordinary: dict[str, str] = {}  # accounts that are called like a program or a word of the server
        self._local_parts: dict[str, str] = {}  # folded local part -> the same, for "bob <bob@example.org>"
        self._names: dict[str, str] = {}  # names that tell, wherever they stand
        self._most_words = 1  # of a name
        self._phrases: dict[str, str] = {}  # those of them that are no single run of text
        self._phrase: re.Pattern[str] | None = None  # any of them; None: made when it is asked for
        self._words = {user.casefold() for user in SYSTEM_USERS}
        self._numbers: Counter[str] = Counter()

    def learn(self, address: str, role: Role) -> None:
        """An address, a login name or a local user, with its domain where it has one."""
        key = _folded(address)
        if not key or key in self._known or is_masked(address):
            return
        if key in self._words:
            if role is Role.ACCOUNT and key not in self._ordinary:
                self._ordinary[key] = self._next(role)
            return
        bare = None if "@" in address else self._local_parts.get(key.strip('"'))
        self._known[key] = bare or self._next(role)
        self._local_parts.setdefault((key.rpartition("@")[0] or key).strip('"'), self._known[key])
        for name in _bare_names(address):
            self.learn_name(name, self._known[key])
        if role.is_login and "@" in address:
            self.learn_name(address, self._known[key])

    def learn_name(self, name: str, stand_in: str) -> None:
        """A name that is hidden wherever it stands, behind what stands for it."""
        if not _is_telling(name):
            return
        if not RUN.fullmatch(name) or not _WORD.match(name) or not _WORD.match(name[::-1]):
            self._phrases.setdefault(name.casefold(), stand_in)
            self._phrase = None
            return
        self._names.setdefault(name.casefold(), stand_in)
        self._most_words = max(self._most_words, len(_WORD.findall(name)))

    def learn_word(self, word: str) -> None:
        """A word of the configuration, such as an authenticator's name, that is nobody's name."""
        self._words.add(word.casefold())

    def knows(self, address: str) -> bool:
        return _folded(address) in self._known

    def of(self, address: str) -> str:
        """The stand-in alone, without a domain; what nobody is called stays."""
        return self._known.get(_folded(address), address)

    def of_account(self, account: str) -> str:
        """The same where an account stands: it is hidden also where it is called ``root`` or ``mail``."""
        key = _folded(account)
        return self._known.get(key) or self._ordinary.get(key) or account

    def phrases_in(self, text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        """Names that hold a space or a quote, longest first where several begin: (start, end, stand-in)."""
        if not self._phrases:
            return
        if self._phrase is None:
            longest_first = sorted(self._phrases, key=len, reverse=True)
            self._phrase = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
        for match in self._phrase.finditer(text, start, end):
            yield match.start(), match.end(), self._phrases.get(match[0].casefold(), "name")

    def names_in(self, run: str, ordinary: frozenset[str]) -> Iterator[tuple[int, int, str]]:
        """The names in a run of text, longest first: (start, end, stand-in). Part of a word is no name."""
        words = [match.span() for match in _WORD.finditer(run)]
        at = 0
        while at < len(words):
            for last in range(min(len(words), at + self._most_words) - 1, at - 1, -1):
                start, end = words[at][0], words[last][1]
                name = run[start:end].casefold()
                if name in self._names and name not in ordinary and name not in self._words:
                    yield start, end, self._names[name]
                    at = last
                    break
            at += 1

    def are_in(self, text: str) -> bool:
        """Whether a name is anywhere in a text, also as part of a word: for text that was in disguise."""
        if not _LEGIBLE.search(text):
            return False  # most runs of letters and digits are no base64
        text = text.casefold()
        return any(len(name) > SHORTEST_NAME and name in text for name in (*self._names, *self._phrases))

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
        is_domain = "." in pieces[-1]
        pieces = pieces[-1:] if _REWRITTEN.match(local_part) else pieces[: -1 if is_domain else None]
    for name in (local_part, *(tag for piece in pieces for tag in re.split("[+#]", piece))):
        yield _EDGES.sub("", name)


def _is_telling(name: str) -> bool:
    return len(name) >= SHORTEST_NUMBER if name.isdigit() else len(name) >= SHORTEST_NAME
