"""What answers of mail servers mean, and Exim's own words for failures."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ingest.exim.meanings import ACCEPTED, COMMON, LIMITS, PROVIDERS, REASONS, codes
from ingest.exim.meanings.entry import Entry, Known
from ingest.languages import say

_READ_AT_MOST = 2_000  # characters; an attacker's text must not cost more
_CODE = re.compile(r"(?:\A[\" ]{0,3}|: )([245][0-9]{2})(?=[ -]|\Z)")
_STATUS = re.compile(r"(?<![\w.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![\w.]*[0-9])")


class Meaning(NamedTuple):
    """Words for a part of a line, and the entries of the glossary from which they come, most telling first."""

    text: str
    entries: tuple[Entry, ...]
    matters: bool = False


def of(entry: Entry, detail: str = "", *, matters: bool = False) -> Meaning:
    """The meaning of one entry, with what the line itself adds."""
    return Meaning(f"{entry.said} {detail}" if detail else entry.said, (entry,), matters)


def answer(text: str) -> Meaning | None:
    """What an answer or a reason means: its words if they are known, then its codes. None: neither is known."""
    found = _find(text[:_READ_AT_MOST])
    if found is None:
        return None
    first, *others = found.entries
    codes = (say("{code} = {gist}.", code=_named(entry, text), gist=entry.gist) for entry in others)
    words = [first.said, *codes]
    return Meaning(" ".join(words), found.entries, found.matters)


def reply(text: str) -> tuple[str, bool] | None:
    """What an answer or a reason means, as half a sentence, and whether it carries an argument."""
    found = _find(text[:_READ_AT_MOST])
    return None if found is None else (found.entries[0].gist, found.matters)


def failure(text: str) -> Meaning | None:
    """What Exim's own words for a failure mean; None for words of others."""
    known = _first(text[:_READ_AT_MOST], REASONS)
    return None if known is None else of(known.entry, matters=known.matters)


class _Found(NamedTuple):
    entries: tuple[Entry, ...]
    matters: bool


def _find(text: str) -> _Found | None:
    code = _CODE.search(text)
    words = _words(text, None if code is None else code[1])
    entries = ([] if words is None else [words.entry]) + list(_codes(text, code))
    return _Found(tuple(entries), words is not None and words.matters) if entries else None


def _words(text: str, code: str | None) -> Known | None:
    """An answer that begins with a code is the other side's; without one the words are most likely Exim's own."""
    if code is not None and code[0] == "2":
        return _first(text, ACCEPTED)
    theirs, own = (*PROVIDERS, *COMMON), REASONS
    return _first(text, (*LIMITS, *own, *theirs) if code is None else (*theirs, *own))


def _first(text: str, known: Iterable[Known]) -> Known | None:
    return next((each for each in known if each.pattern.search(text)), None)


def _codes(text: str, code: re.Match[str] | None) -> Iterator[Entry]:
    status = _STATUS.search(text)
    if status is not None:
        yield codes.status(status[1])
    entry = None if code is None else codes.code(code[1])
    if entry is not None:
        yield entry


def _named(entry: Entry, text: str) -> str:
    """A code as it stands in the text: entries of families are named with an x."""
    pattern = _CODE if entry.term[0].isdigit() else _STATUS
    match = pattern.search(text)
    return entry.term if match is None else match[1]
