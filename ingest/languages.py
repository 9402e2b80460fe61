"""Sentences in the reader's language.

The code is written in English; ``say`` looks the sentence up in the catalogue of whoever reads
(``locale/``, compiled by ``manage.py translations``) and fills in what it is about. English needs no catalogue: a
sentence that is not in it, or whose language nobody translated, is said in English.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import NullTranslations, translation
from pathlib import Path

ENGLISH = "en"
LANGUAGES: tuple[str, ...] = (ENGLISH, "ja")
"""What Mailwatch can be read in; a language joins once its catalogues are whole (``manage.py translations --check``).

Text that is stored, as the evidence of a finding, is stored in each.
"""

CATALOGUES = Path(__file__).resolve().parents[1] / "locale"

_JAPANESE = re.compile("[ぁ-ヿ一-鿿]")

_reader: ContextVar[str] = ContextVar("reader", default=ENGLISH)


@cache
def _catalogue(language: str) -> NullTranslations:
    return translation("django", CATALOGUES, languages=[language], fallback=True)


def language() -> str:
    """The language of whoever reads: one of LANGUAGES."""
    return _reader.get()


def read(language: str) -> None:
    """From here on say everything in a language; in English if it is none of LANGUAGES."""
    _reader.set(language if language in LANGUAGES else ENGLISH)


@contextmanager
def reading(language: str) -> Iterator[None]:
    """Say everything in a language, and afterwards in that of before."""
    before = _reader.get()
    read(language)
    try:
        yield
    finally:
        _reader.set(before)


def say(sentence: str, /, **values: object) -> str:
    """A sentence in the reader's language, with ``{names}`` filled in as ``str.format`` does.

    Without values the sentence is taken as it is: braces in it are braces.
    """
    spoken = _reader.get()
    if spoken != ENGLISH and sentence:
        sentence = _close(_catalogue(spoken).gettext(sentence), values)
    return sentence.format(**values) if values else sentence


def say_of(number: int, one: str, many: str, /, **values: object) -> str:
    """A sentence whose words depend on a number, which stands in it as ``{number}``."""
    sentence = one if number == 1 else many
    if _reader.get() != ENGLISH:
        sentence = _close(_catalogue(_reader.get()).ngettext(one, many, number), values)
    return sentence.format(number=number, **values)


def _close(sentence: str, values: Mapping[str, object]) -> str:
    """Without the blanks that stand between Japanese and Latin words where what is filled in is Japanese itself."""
    for name, value in values.items():
        if isinstance(value, str) and _JAPANESE.match(value):
            sentence = re.sub(rf"(?<={_JAPANESE.pattern}) (?={{{name}}})", "", sentence)
        if isinstance(value, str) and _JAPANESE.match(value[-1:]):
            sentence = re.sub(rf"(?<={{{name}}}) (?={_JAPANESE.pattern})", "", sentence)
    return sentence


def later(sentence: str, /) -> str:
    """Marks a sentence that is said where it is used: a constant of a module. It comes back unchanged."""
    return sentence
