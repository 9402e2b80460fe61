"""Lists of accounts as people have them: one a line, /etc/passwd, CSV, user:password. Passwords are never kept."""

import re
from collections.abc import Iterator

LONGEST = 255
MOST = 1_000_000
_COMMENT = ("#", ";", "//")
_HEADINGS = frozenset(
    {
        "account",
        "accounts",
        "user",
        "users",
        "username",
        "user name",
        "login",
        "email",
        "e-mail",
        "mail",
        "name",
        "id",
    }
)
_SEPARATORS = re.compile(r"[,;\t]")
_QUOTED = re.compile(r"\"([^\"]*)\"\s*[,;\t]")  # the first column of a CSV
_SECRET = re.compile(r"[:= ]")  # before what is no longer the account
_ACCOUNT = re.compile(r"[^\s,;:\"'\\<>|/()\[\]]+")


class NoAccounts(ValueError):
    """Nothing in a text is an account."""


def read_accounts(text: str) -> frozenset[str]:
    """The accounts that a text names, in lower case. Raises NoAccounts with a sentence."""
    found = frozenset(_accounts(text.removeprefix("\ufeff")))
    if not found:
        raise NoAccounts("The list names no account: write one a line, as alice or alice@example.org.")
    if len(found) > MOST:
        raise NoAccounts(f"The list names {len(found):,} accounts; {MOST:,} is the most.")
    return found


def _accounts(text: str) -> Iterator[str]:
    is_first = True
    is_key = False  # whether a line before had its account before a colon, as in Exim's own files
    for typed in text.splitlines():
        line = typed.strip()
        if not line or line.startswith(_COMMENT) or (is_key and typed[0].isspace()):
            continue
        is_key = ":" in line and not typed[0].isspace()
        account = _account(line)
        if account is None or (is_first and _is_heading(line, account)):
            is_first = False
            continue
        is_first = False
        yield account


def _is_heading(line: str, account: str) -> bool:
    return account in _HEADINGS and (_SEPARATORS.search(line) is not None or account != "id")


def _account(line: str) -> str | None:
    """The first column, without what follows a colon or an equals sign, and a domain of Windows; None: it is none."""
    quoted = _QUOTED.match(line)
    first = quoted[1] if quoted else _SEPARATORS.split(line, maxsplit=1)[0]
    name = _SECRET.split(first.strip().strip("\"'"), maxsplit=1)[0]
    name = name.rpartition("\\")[2].lower()
    is_account = len(name) <= LONGEST and _ACCOUNT.fullmatch(name) and name.isprintable()
    return name if is_account else None
