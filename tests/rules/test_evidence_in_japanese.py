"""Whatever a rule finds in lines is said in Japanese, and is the same finding."""

import io
import re
from gettext import GNUTranslations

import pytest

from ingest import languages
from ingest.languages import reading
from ingest.rules import memory, relays
from ingest.rules.thresholds import THRESHOLDS, threshold
from tests.rules.annotated import Found, Sample, explained, findings_of, samples
from tests.rules.facts import HOST
from translations.catalogues import compiled

JAPANESE = re.compile(r"[぀-ヿ一-鿿]")
ENGLISH = re.compile(r"\b[A-Za-z]{2,} [a-z]{2,}\b")
LANGUAGES = ("en", "ja")
MOST_LINES = 1500
OF_OTHERS = {"C13"}  # tells the words of a server
OF_LOGS = [
    sample
    for sample in samples()
    if sample.lines and sample.kind in ("hit", "guard") and len(sample.entries()) < MOST_LINES
]


@pytest.fixture(scope="module")
def catalogue() -> GNUTranslations:
    return GNUTranslations(io.BytesIO(compiled("ja", for_scripts=False)))


@pytest.fixture
def japanese(monkeypatch: pytest.MonkeyPatch, catalogue: GNUTranslations) -> None:
    monkeypatch.setattr(languages, "LANGUAGES", LANGUAGES)
    monkeypatch.setattr(relays, "LANGUAGES", LANGUAGES)
    monkeypatch.setattr(languages, "_catalogue", lambda _language: catalogue)


def in_japanese(sample: Sample) -> list[Found]:
    with reading("ja"):
        return list(findings_of(explained(sample)))


@pytest.mark.usefixtures("japanese")
@pytest.mark.parametrize("sample", OF_LOGS, ids=lambda sample: sample.name)
def test_no_sentence_of_it_is_english(sample: Sample) -> None:
    for found in in_japanese(sample):
        assert JAPANESE.search(found.text), found.text
        assert found.rule in OF_OTHERS or not ENGLISH.search(found.text), found.text


@pytest.mark.usefixtures("japanese")
def test_it_finds_the_same_in_every_language() -> None:
    """One sample of each rule: what is counted, and which rules hold, hangs on no words."""
    for sample in {sample.rule: sample for sample in OF_LOGS}.values():
        english = findings_of(explained(sample))
        assert [found[:3] for found in in_japanese(sample)] == [found[:3] for found in english]


@pytest.mark.usefixtures("japanese")
def test_sentences_follow_each_other_without_a_blank() -> None:
    sample = next(sample for sample in OF_LOGS if sample.rule == "R01")
    text = next(found.text for found in in_japanese(sample) if found.rule == "R01")
    assert text.count("。") > 1 and "。 " not in text


@pytest.mark.usefixtures("japanese")
def test_thresholds_are_named_and_refused_in_japanese() -> None:
    with reading("ja"):
        assert not [each.words for each in THRESHOLDS.values() if ENGLISH.search(each.words)]
        with pytest.raises(ValueError, match="整数を入力してください"):
            threshold("failed_logins").read("many")
    assert threshold("failed_logins").words == "Failed logins of one address"


def test_findings_of_before_are_told_again_in_a_new_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LANGUAGES", ("en",))
    before = memory.basis(HOST)
    assert not memory.has_other_limits(before, HOST)
    monkeypatch.setattr(memory, "LANGUAGES", LANGUAGES)
    assert memory.has_other_limits(before, HOST)
