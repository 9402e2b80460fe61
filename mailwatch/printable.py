"""Log text made harmless: attackers choose HELO names, addresses, subjects and answers."""

import json
import re
import unicodedata
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

# Controls, formats (direction and zero-width characters among them), separators of lines, surrogates.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_MAYBE_HIDDEN = re.compile(r"[^\x20-\x7e]")


def plain(value: object) -> str:
    """Text with control and direction characters written out, so that none can act where it is shown.

    "" for None.
    """
    return "" if value is None else _MAYBE_HIDDEN.sub(_visible, str(value))


def plain_lines(text: str) -> str:
    """The same for text of several lines: line ends and tabs stay."""
    return "\n".join("\t".join(plain(part) for part in line.split("\t")) for line in text.split("\n"))


def plain_json(value: Any, *, indent: int | None = None) -> str:
    """JSON in which such characters are escaped: programs read the same, and nothing acts where it is shown."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, cls=DjangoJSONEncoder)
    return _MAYBE_HIDDEN.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    if character == "\n" or unicodedata.category(character) not in _HIDDEN:  # the indentation has line ends
        return character
    return json.dumps(character)[1:-1] if ord(character) != 0x7F else "\\u007f"


def _visible(match: re.Match[str]) -> str:
    character = match.group()
    if unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
