"""Names in clothes: servers quote addresses in links and tokens, as percent signs, entities or base64."""

import binascii
import html
import quopri
import re
from base64 import b64decode
from collections.abc import Iterator
from urllib.parse import unquote

DISGUISED = re.compile(
    r"[^\s<>\"]*(?:%[0-9A-Fa-f]{2}|&#|&[a-z]+;|=[0-9A-Fa-f]{2})[^\s<>\"]*|[A-Za-z0-9+/_-]{6,}={0,2}"
)
"""A run of text that may be something else, written otherwise."""

_BASE64 = re.compile(r"[A-Za-z0-9+/]{6,}")
_TO_STANDARD = str.maketrans("-_", "+/")


def undisguised(text: str) -> Iterator[str]:
    """What a run of text may mean, read in each way in which it means something else."""
    for plain in (unquote(text), html.unescape(text), _from_quoted_printable(text)):
        if plain != text:
            yield plain
    for run in _BASE64.findall(text.translate(_TO_STANDARD)):
        for begin in range(min(4, len(run) - 3)):  # a word may begin inside a group of four
            yield _from_base64(run[begin:])


def _from_quoted_printable(text: str) -> str:
    if "=" not in text:
        return text
    return quopri.decodestring(text.encode()).decode("utf-8", "replace")


def _from_base64(text: str) -> str:
    whole = text[: len(text) // 4 * 4]
    rest = text[len(whole) :]
    if len(rest) > 1:
        whole += rest.ljust(4, "A")
    try:
        return b64decode(whole).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
