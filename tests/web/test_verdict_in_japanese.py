"""The verdict on stored logs is said to each reader in their language, also where it was kept for another."""

import io
from gettext import GNUTranslations

import pytest

from ingest import languages
from ingest.languages import reading
from ingest.models import LogHost
from ingest.rules import relays
from mailwatch.queries import kept_answers
from mailwatch.queries.ranges import Range
from tests.web.conftest import SEED, Ingested
from translations.catalogues import compiled

LANGUAGES = ("en", "ja")


@pytest.fixture
def srv1(ingested: Ingested, monkeypatch: pytest.MonkeyPatch) -> LogHost:
    catalogue = GNUTranslations(io.BytesIO(compiled("ja", for_scripts=False)))
    monkeypatch.setattr(languages, "LANGUAGES", LANGUAGES)
    monkeypatch.setattr(relays, "LANGUAGES", LANGUAGES)
    monkeypatch.setattr(languages, "_catalogue", lambda _language: catalogue)
    ingested(SEED)
    return LogHost.objects.get(name="srv1")


def headline(log_host: LogHost) -> str:
    return kept_answers.answers(log_host=log_host, asked=Range())[0].verdict.headline


def test_each_reader_is_told_in_their_language(srv1: LogHost) -> None:
    english = headline(srv1)
    with reading("ja"):
        japanese = headline(srv1)
        because = [
            each.because for each in kept_answers.answers(log_host=srv1, asked=Range())[0].verdict.questions
        ]
    assert english.startswith("srv1 ") and english.isascii()
    assert japanese.startswith("srv1 は")
    assert not [text for text in because if text.isascii()]
    assert headline(srv1) == english
