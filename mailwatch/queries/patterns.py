"""What people look for in raw lines: words, or patterns in the syntax of RE2.

A pattern runs in google-re2, whose time grows with the text and never with what the pattern is; ``re`` can be made to
run for ever. On a page of 277 KB a word takes 0.07 ms (``re``: 0.9) and ``[a-z]+@nowhere`` 0.3 ms (5.5).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from ingest.languages import say

LONGEST = 1000  # characters of one pattern
# Instructions of a compiled pattern: where its states do not fit, each byte may cost as much as there are of them.
_LARGEST = 10_000
_MEMORY = 16 << 20  # bytes that RE2 may take for one pattern; a larger one is refused
# What can match a line and not the page around it: the beginning and the end of a text, and flags that say so.
_ANCHORED = re.compile(r"\\[Az]|\(\?(?!:|P?<)")


class NoPattern(ValueError):
    """The text is no pattern; the message is one sentence for the reader."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Something that may stand in a line, in upper or lower case."""

    compiled: Any
    can_skip_pages: bool  # what is not in a page as a whole is in no line of it
    also: "Pattern | None" = None  # or this one

    def is_in(self, text: bytes) -> bool:
        """Whether one line holds it."""
        return self.compiled.search(text) is not None or (self.also is not None and self.also.is_in(text))

    def may_be_in_page(self, text: bytes) -> bool:
        """False where no line of the page holds it."""
        return not self.can_skip_pages or self.is_in(text)

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Where it stands in a line; empty matches are left out."""
        return (found.span() for found in self.compiled.finditer(text) if found.end() > found.start())


def any_of(terms: Sequence[str], *, are_patterns: bool = False) -> Pattern:
    """What matches where one of the terms does. Raises NoPattern."""
    texts = terms if are_patterns else [re2.escape(term) for term in terms]
    for term, text in zip(terms, texts, strict=True):
        _compiled(text, term)
    either = "|".join(f"(?:{text})" for text in texts)
    return Pattern(
        _compiled(f"(?m){either}", " ".join(terms)), can_skip_pages=not any(map(_ANCHORED.search, texts))
    )


def _compiled(pattern: str, term: str) -> Any:
    if len(term) > LONGEST:
        raise NoPattern(say("A search has {number:,} characters at most.", number=LONGEST))
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        compiled = re2.compile(pattern, options)
        if compiled.programsize > _LARGEST:
            raise re2.error("pattern too large - compile failed")  # RE2's words, where memory is the limit
        return compiled
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if isinstance(error, re2.error) else say("it holds half a character")
        why = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise NoPattern(say("{term} is no regular expression of RE2: {why}.", term=term, why=why)) from error
