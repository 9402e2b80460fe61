"""Catalogues say all that Mailwatch says, and lose nothing of it."""

import pytest
from babel.messages.catalog import Message

from ingest import languages
from ingest.languages import language, later, reading, say, say_of
from translations import catalogues, upkeep
from translations.catalogues import by_part, part_of
from translations.sentences import Sentence, of_module, sentences

PLACE = "ingest/rules/made_up.py"


def test_sentences_are_found_in_every_kind_of_place() -> None:
    places = {sentence.place.partition(".")[0].partition("/")[0] for sentence in sentences()}
    assert {"ingest", "mailwatch", "templates"} <= places
    texts = {sentence.text for sentence in sentences()}
    assert "Preferences" in texts
    assert "Not a line of an Exim log." in texts


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('say("All is well.")', [("All is well.", None)]),
        ('say("{n} of" " {m}", n=1, m=2)', [("{n} of {m}", None)]),
        ('say_of(n, "{number} line", "{number} lines")', [("{number} line", "{number} lines")]),
        ('count(n, "message")', [("{number:,} message", "{number:,} messages")]),
        ('count(n, "address", "addresses")', [("{number:,} address", "{number:,} addresses")]),
        ('X = (later("Yes"), later("No"))', [("No", None), ("Yes", None)]),
        ('ngettext("a file", "files", n)', [("a file", "files")]),
        ("say(rule.title)", []),
        ('self.say("stopped")', []),
        ('"a".count("b")', []),
    ],
)
def test_code_names_its_sentences(code: str, found: list[tuple[str, str | None]]) -> None:
    assert sorted((text, plural) for text, plural, _ in of_module(code, PLACE)) == found


def test_no_translation_is_missing_and_the_compiled_catalogues_are_those_of_the_texts() -> None:
    assert upkeep.check() == []


def test_every_sentence_stands_in_one_catalogue() -> None:
    parts = by_part(sentences())
    texts = [text for part, said in parts.items() if part != catalogues.SCRIPTS for text in said]
    assert len(texts) == len(set(texts))
    assert set(texts) == {each.text for each in sentences() if part_of(each) != catalogues.SCRIPTS}


@pytest.mark.parametrize(
    ("text", "plural", "translation", "reason"),
    [
        ("{count} lines", None, "{count} 行", ""),
        ("{count:,} lines", None, "{count:,} 行", ""),
        ("{count} lines", None, "行", "has"),
        ("{count} lines", None, "{number} 行", "has"),
        ("{count} lines", None, "{count} lines", "equal"),
        ("{count}, {other}", None, "{count}, {other}", ""),
        ("{number} line", "{number} lines", ("{number} 行",), ""),
        ("{number} line", "{number} lines", "{number} 行", "plural"),
        ("%(name)s is gone", None, "%(name)s はありません", ""),
        ("%(name)s is gone", None, "ありません", "has"),
        ("<b>Never</b> again", None, "<b>二度と</b>", ""),
        ("<b>Never</b> again", None, "二度と", "has"),
        ("a ${if} of Exim's", None, "Exim の ${if}", ""),
        ("Yes", None, "", "not translated"),
    ],
)
def test_a_translation_loses_nothing(
    text: str, plural: str | None, translation: str | tuple[str, ...], reason: str
) -> None:
    identity = (text, plural) if plural and isinstance(translation, tuple) else text
    message = Message(identity, translation)
    found = catalogues.wrong(Sentence(text, plural, PLACE), message)
    assert found.startswith(reason) if reason in ("equal", "has") else reason in found
    assert bool(found) == bool(reason)


def test_a_sentence_nobody_translated_is_said_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "LANGUAGES", ("en", "ja"))
    with reading("ja"):
        assert language() == "ja"
        assert say("Nobody ever says {what}.", what="this") == "Nobody ever says this."
        assert say_of(2, "{number} zebra", "{number} zebras") == "2 zebras"
    with reading("tlh"):
        assert language() == "en"
    assert later("Yes") == "Yes"


def test_braces_of_log_text_are_never_filled_in() -> None:
    assert say("{text}", text="{password} ${lookup{x}}") == "{password} ${lookup{x}}"
    assert say("a literal {brace}") == "a literal {brace}"
