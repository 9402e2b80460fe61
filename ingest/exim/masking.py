"""Hides the passwords in the text of a configuration, before it is stored or shown.

Rather too much is hidden than too little. Lines keep their numbers, expansions their braces, so that the
masked text reads and is judged like the original.
"""

import re
from collections import Counter

MASK = "‹hidden›"
_NOT_SHOWN = "<value not displayable>"  # what exim -bP writes
MASKED_MACRO = f"{MASK}?"
"""In the place of a word that is a password or the name of a macro that the text does not define."""

_CONTINUED = r"(?:\\[ \t]*\r?\n|[^\r\n])*"
"""The rest of a line with the lines that continue it."""

_OPTION = (
    r"^(?P<head>[ \t]*(?:#[# \t]*)?(?:hide[ \t]+)?(?:{names})[ \t]*=[ \t]*)(?P<value>" + _CONTINUED + ")"
)
_HIDDEN = re.compile(
    r"^(?P<head>[ \t]*(?:#[# \t]*)?(?:hide[ \t]+(?:\w+list(?:_cache)?[ \t]+(?:cache[ \t]+)?)?"
    r"|\w+list(?:_cache)?[ \t]+hide[ \t]+)(?P<name>[\w.-]+)[ \t]*=[ \t]*)(?P<value>" + _CONTINUED + ")",
    re.MULTILINE | re.IGNORECASE,
)
_LITERAL = r"(?:\\.|[^{}$\\\s])(?:\\.|[^{}$\\])*"
"""Text between braces that holds no variable."""

_SERVERS = re.compile(_OPTION.format(names=r"\w+_servers"), re.MULTILINE | re.IGNORECASE)
_PASSWORD_END = r"(?P<secret>.+?)(?P<close>\"?(?:\\[ \t]*\r?\n|\s)*)$"
_SERVER_PASSWORD = re.compile(
    r"^(?P<open>\s*\"?)(?P<head>(?:\([^()]*\)|[^/()])*(?:/[^/]*){1,2}/)" + _PASSWORD_END, re.DOTALL
)
_SHORT_PASSWORD = re.compile(
    r"^(?P<open>\s*\"?)(?P<head>[^/]*/\d+/)(?P<secret>.+?)(?P<close>\"?(?:\\[ \t]*\r?\n|\s)*)$", re.DOTALL
)
_QUERY_SERVERS = re.compile(r"(?P<head>\bservers[ \t]*=[ \t]*)(?P<value>[^;{}\n]+)", re.IGNORECASE)

_SECRETS = re.compile(
    _OPTION.format(
        names=r"client_send|client_secret|client_password|server_secret|server_password|srs_secrets?|srs_config"
        r"|\w*(?:passw(?:or)?d|secret|_pwd?|_pass)|(?:passw(?:or)?d|secret|pwd)_\w*|pwd|pass"
    ),
    re.MULTILINE | re.IGNORECASE,
)
_COMPARED = re.compile(
    r"(?P<head>\b(?:eqi?|crypteq)[ \t]*\{[ \t]*\$\{?(?:auth)?[23]\}?[ \t]*\}[ \t]*\{)(?P<secret>"
    + _LITERAL
    + r")(?=\})"
)
_COMPARED_REVERSED = re.compile(
    r"(?P<head>\b(?:eqi?|crypteq)[ \t]*\{)(?P<secret>"
    + _LITERAL
    + r")(?=\}[ \t]*\{[ \t]*\$\{?(?:auth)?[23]\}?[ \t]*\})"
)
_KEYED = re.compile(
    r"(?P<head>\$\{(?:srs_encode[ \t]*|hmac[ \t]*\{\w+\}[ \t]*"
    r"|prvs[ \t]*\{(?:[^{}]|\{[^{}]*\})*\}[ \t]*)\{)(?P<secret>" + _LITERAL + r")(?=\})"
)
_PAIR = re.compile(
    r"(?P<head>(?<![\w$])(?:pass|passwd|password|pwd|secret)[ \t]*=[ \t]*)"
    r"(?P<secret>\"[^\"$\n]+\"|'[^'$\n]+'"
    r"|(?![\w.]+\(|(?:binary|encrypt|password|null|true|false|fail)\b)[^\s\"'${}();:,<>]+)",
    re.IGNORECASE,
)
_URL = re.compile(r"(?P<head>\b[a-z][a-z0-9+.-]*://[^\s/:@{}]*:)(?P<secret>[^\s/@{}$]+)(?=@)", re.IGNORECASE)
_KEY = re.compile(
    r"(?P<head>-----BEGIN [A-Z ]*PRIVATE KEY-----)(?P<secret>(?:(?!-----).)+)(?=-----END )", re.DOTALL
)
_BRACED_LITERAL = re.compile(r"(?<!\$)\{(" + _LITERAL + r")\}")
_SENT_LITERAL = re.compile(r"(?<=\^)[^\s^:$;]+(?=\s*(?:[\"\\:;]|$))")  # client_send = ^user^password
_WORDS = frozenset({"fail", "yes", "true", "false"})
_WORD_MACRO = re.compile(r"^[A-Z]\w*$")
_CAPITALS = re.compile(r"^[A-Z][A-Z0-9_]*$")
_QUERY = re.compile(r"(?i)\b(?:select|from|where|ldap)\b")
_CHAIN = 10  # macros that hold macros that hold a password
_DEFINED_MACRO = re.compile(r"^[ \t]*([A-Z]\w*)[ \t]*==?", re.MULTILINE)
_COMPARED_MACRO = re.compile(
    r"\b(?:eqi?|crypteq)[ \t]*\{(?:[ \t]*\$\{?(?:auth)?[23]\}?[ \t]*\}[ \t]*\{([A-Z]\w*)\}"
    r"|([A-Z]\w*)\}[ \t]*\{[ \t]*\$\{?(?:auth)?[23]\}?[ \t]*\})"
)


def mask(text: str) -> str:
    """The text with every password replaced by a marker. Masking twice changes nothing more."""
    masked, known = _masked(text), set[str]()
    for _ in range(_CHAIN):
        names = _macros_within(text, masked) - known
        if not names:
            break
        known |= names
        for name in sorted(names):
            macro = re.compile(_OPTION.format(names=re.escape(name)), re.MULTILINE)
            masked = macro.sub(lambda match: match["head"] + _mask_value(match["value"]), masked)
        masked = _masked(masked)
    return masked


def _macros_within(text: str, masked: str) -> set[str]:
    """Macros that stood in what was masked: their values are passwords, or part of one."""
    defined = set(_DEFINED_MACRO.findall(text))
    if not defined or text == masked:
        return set()
    before, after = (Counter(re.findall(r"[A-Z]\w*", one)) for one in (text, masked))
    return {name for name in defined if after[name] < before[name]}


def _masked(text: str) -> str:
    text = _SERVERS.sub(lambda match: match["head"] + _mask_servers(match["value"]), text)
    for name in _server_macros(text):
        macro = re.compile(_OPTION.format(names=re.escape(name)), re.MULTILINE)
        text = macro.sub(lambda match: match["head"] + _mask_servers(match["value"]), text)
    text = _QUERY_SERVERS.sub(lambda match: match["head"] + _mask_servers(match["value"]), text)
    text = _HIDDEN.sub(_mask_hidden, text)
    text = _SECRETS.sub(lambda match: match["head"] + _mask_value(match["value"]), text)
    defined = set(_DEFINED_MACRO.findall(text))
    for pattern in (_COMPARED, _COMPARED_REVERSED):
        text = pattern.sub(lambda match: _hide_compared(match, defined), text)
    for name in sorted(defined & {name for pair in _COMPARED_MACRO.findall(text) for name in pair}):
        macro = re.compile(_OPTION.format(names=re.escape(name)), re.MULTILINE)
        text = macro.sub(lambda match: match["head"] + _mask_plain(match["value"]), text)
    for pattern in (_KEYED, _PAIR, _URL, _KEY):
        text = pattern.sub(_hide, text)
    return text


def _mask_hidden(match: re.Match[str]) -> str:
    """An option that Exim hides too. The check of a password keeps its shape, a list of servers its hosts."""
    name, value = match["name"].lower(), match["value"]
    if name.endswith("_servers") or value.strip() in {"", _NOT_SHOWN}:
        return match[0]
    if name.startswith("server_"):
        return match["head"] + (_mask_value(value) if "$" in value else value)
    return match["head"] + _marker(value)


def _mask_plain(value: str) -> str:
    return value if "$" in value else _mask_value(value)


def _hide_compared(match: re.Match[str], defined: set[str]) -> str:
    """A macro keeps its name where the text defines it: its value is masked there."""
    secret = match["secret"]
    if secret in defined or secret.startswith(MASK):
        return match[0]
    return f"{match['head']}{MASKED_MACRO}" if _CAPITALS.match(secret) else _hide(match)


def _hide(match: re.Match[str]) -> str:
    secret = match["secret"]
    quote = secret[0] if secret[0] in "\"'" and secret[-1] == secret[0] and len(secret) > 1 else ""
    return f"{match['head']}{quote}{_marker(secret)}{quote}"


def _marker(secret: str) -> str:
    """The marker, with the line breaks that the secret held."""
    return MASK + "".join(re.findall(r"\\[ \t]*\r?\n|\n", secret))


def _server_macros(text: str) -> list[str]:
    """Macros that stand for a list of servers."""
    values = (match["value"].strip() for match in _SERVERS.finditer(text))
    return [word for value in values for word in re.split(r"[\s:;]+", value) if _WORD_MACRO.match(word)]


def _mask_servers(value: str) -> str:
    """A list of ``host/database/user/password``: the last part of each item."""
    separator = ":"
    if changed := re.match(r'\s*"?<(\S)', value):
        separator = re.escape(changed[1])
    pieces = re.split(rf"((?<!{separator}){separator}(?!{separator}))", value)
    is_after_server = False
    for place in range(0, len(pieces), 2):
        pieces[place], is_after_server = _mask_server(pieces[place], is_after_server)
    return "".join(pieces)


def _mask_server(item: str, is_after_server: bool) -> tuple[str, bool]:
    """One item of the list, and whether it was a server. A rest without a slash is part of a password."""
    match = _SHORT_PASSWORD.match(item) or _SERVER_PASSWORD.match(item)
    if match:
        return f"{match['open']}{match['head']}{_marker(match['secret'])}{match['close']}", True
    if is_after_server and "/" not in item and item.strip() and not _WORD_MACRO.match(item.strip()):
        return _marker(item), True
    return item, is_after_server


def _mask_value(value: str) -> str:
    """A value that is a secret; of an expansion only the literals that may be one."""
    stripped = value.strip().strip('"')
    if not stripped or stripped == _NOT_SHOWN:
        return value
    if "$" not in stripped:
        return _marker(value)
    masked = _BRACED_LITERAL.sub(_mask_literal, value)
    return _SENT_LITERAL.sub(lambda match: _marker(match[0]), masked)


def _mask_literal(match: re.Match[str]) -> str:
    return match[0] if _is_no_secret(match[1]) else f"{{{_marker(match[1])}}}"


def _is_no_secret(literal: str) -> bool:
    """Paths, queries, numbers of fields and separators that stand in expansions of secrets."""
    return (
        literal.startswith(("/", "def:"))
        or bool(_QUERY.search(literal))
        or len(literal) < 3
        or literal in _WORDS
    )
