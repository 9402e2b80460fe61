"""Catalogues: what translators write (``locale/ja/*.po``), and what programs read (``.mo``), compiled from it.

One file of sentences for each part of Mailwatch, so that it can be read as a whole. A file is brought up to date by
``update``: new sentences come without a translation, those that nobody says any more go.
"""

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from ingest.languages import CATALOGUES
from translations.sentences import Sentence

TRANSLATED = ("ja",)

# the first that fits; a sentence said in several places stands in the first of them
_PARTS = (
    ("scripts", re.compile(r"static/js/")),
    ("glossary", re.compile(r"ingest/exim/meanings")),
    ("lines", re.compile(r"ingest/exim/")),
    (
        "configuration",
        re.compile(r"ingest/rules/(?:configuration|acl_|authenticator_texts|password_|sql|edits)"),
    ),
    ("rules", re.compile(r"ingest/rules/rule\b")),
    ("findings", re.compile(r"ingest/rules/")),
    ("ingest", re.compile(r"ingest/")),
    ("pages", re.compile(r"")),
)
PARTS = tuple(name for name, _ in _PARTS)
SCRIPTS = "scripts"

_PERCENT = re.compile(r"%(?:\([a-z_]+\))?[sd]")
_TAG = re.compile(r"</?[a-z][^>]*>")
_LETTERS = re.compile(r"[A-Za-z]{2}")


class Fault(NamedTuple):
    """What is wrong with the translation of one sentence."""

    language: str
    part: str
    text: str
    reason: str


def part_of(sentence: Sentence) -> str:
    """The name of the file that it belongs to."""
    return next(name for name, places in _PARTS if places.match(sentence.place))


def by_part(sentences: Iterable[Sentence]) -> Mapping[str, dict[str, Sentence]]:
    """Sentences by file and text. A script looks up in a catalogue of its own."""
    found: dict[str, dict[str, Sentence]] = {name: {} for name in PARTS}
    seen: set[str] = set()
    for sentence in sorted(sentences, key=lambda each: (PARTS.index(part_of(each)), each.place, each.text)):
        part = part_of(sentence)
        if part == SCRIPTS:
            found[part][sentence.text] = sentence
        elif sentence.text not in seen or sentence.plural:
            known = next((name for name in PARTS if name != SCRIPTS and sentence.text in found[name]), part)
            found[known][sentence.text] = sentence
            seen.add(sentence.text)
    return found


# --- files ----------------------------------------------------------------------------------------


def path_of(language: str, part: str) -> Path:
    """What translators write."""
    return CATALOGUES / language / f"{part}.po"


def compiled_path(language: str, *, for_scripts: bool) -> Path:
    """What programs read, where gettext and Django look for it."""
    domain = "djangojs" if for_scripts else "django"
    return CATALOGUES / language / "LC_MESSAGES" / f"{domain}.mo"


def read(language: str, part: str) -> Catalog:
    """A file of translations; an empty one where there is none yet."""
    path = path_of(language, part)
    if not path.exists():
        return Catalog(locale=language, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str, part: str, sentences: Mapping[str, Sentence], known: Mapping[str, Message]) -> None:
    """Write a file: every sentence once, with the translation that is known of it, from whichever file."""
    catalogue = Catalog(locale=language, fuzzy=False)
    for text, sentence in sorted(sentences.items(), key=lambda item: (item[1].place, item[0])):
        before = known.get(text)
        string = before.string if before and bool(sentence.plural) == isinstance(before.id, tuple) else ""
        identity = (text, sentence.plural) if sentence.plural else text
        catalogue.add(identity, string, locations=[(sentence.place, 0)])
    path = path_of(language, part)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = io.BytesIO()
    write_po(written, catalogue, omit_header=True, width=0, include_lineno=False)
    path.write_bytes(written.getvalue())


def known(language: str) -> dict[str, Message]:
    """Every translation that there is, by the sentence."""
    found: dict[str, Message] = {}
    for part in PARTS:
        for message in _messages(read(language, part)):
            if message.string and any(message.string):
                found.setdefault(_text(message), message)
    return found


def compiled(language: str, *, for_scripts: bool) -> bytes:
    """The catalogue that programs read, from the files of translators."""
    whole = Catalog(locale=language, fuzzy=False)
    for part in PARTS:
        if (part == SCRIPTS) == for_scripts:
            for message in _messages(read(language, part)):
                if message.string and any(message.string):
                    whole.add(message.id, message.string)
    whole.mime_headers = _HEADERS[language]
    whole.creation_date = whole.revision_date = _NO_DATE  # the same file for the same translations
    written = io.BytesIO()
    write_mo(written, whole)
    return written.getvalue()


_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
_HEADERS = {
    "ja": [
        ("Language", "ja"),
        ("Plural-Forms", "nplurals=1; plural=0;"),
        ("Content-Type", "text/plain; charset=utf-8"),
    ]
}


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _text(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


# --- what is wrong --------------------------------------------------------------------------------


def faults(language: str, sentences: Iterable[Sentence], same: frozenset[str]) -> list[Fault]:
    """Sentences without a translation, with one that is equal, or with another set of names, tags or forms.

    ``same`` are those that are the same in every language.
    """
    found = []
    for part, wanted in by_part(sentences).items():
        translated = {_text(message): message for message in _messages(read(language, part))}
        for text, sentence in wanted.items():
            reason = wrong(sentence, translated.get(text), may_be_equal=text in same)
            found += [Fault(language, part, text, reason)] if reason else []
        gone = translated.keys() - wanted.keys()
        found += [Fault(language, part, text, "nobody says it any more") for text in sorted(gone)]
    return found


def wrong(sentence: Sentence, message: Message | None, *, may_be_equal: bool = False) -> str:
    """What is wrong with a translation; "" where nothing is."""
    if message is None:
        return "not in the catalogue"
    if isinstance(message.id, tuple) != bool(sentence.plural):
        return "in the catalogue without its plural, or with one"
    strings = (
        [message.string] if isinstance(message.string, str) else [each or "" for each in message.string or ()]
    )
    if not strings or not all(strings):
        return "not translated"
    source = sentence.plural or sentence.text
    for string in strings:
        if string == source and _LETTERS.search(_bare(source)) and not may_be_equal:
            return "equal to its source"
        if _marks(string) != _marks(source):
            return f"has {_marks(string)} for {_marks(source)}"
    return ""


def _bare(text: str) -> str:
    """A sentence without its names and tags."""
    return _TAG.sub("", _PERCENT.sub("", re.sub(r"\{[^}]*\}", "", text)))


def _marks(text: str) -> list[str]:
    """Names to be filled in and tags, in any order, each as often as it may stand there."""
    try:
        names = {f"{{{name}}}" for _, name, _, _ in Formatter().parse(text) if name}
    except ValueError:  # braces that are none: Exim's expansions
        names = set()
    return sorted({*names, *_PERCENT.findall(text)}) + sorted(_TAG.findall(text))
