"""A finding is stored in every language, and read in that of the reader."""

import json
from gettext import NullTranslations

import pytest
from django.test import Client
from pytest_django import Settings

from ingest import classification, languages
from ingest.models import Finding, LogHost, Suspect
from ingest.rules import relays
from tests.web.conftest import SEED, Ingested, ingested

__all__ = ["ingested"]


@pytest.fixture
def translated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue in which every sentence is there, and can be told from its source."""

    class Marked(NullTranslations):
        def gettext(self, message: str) -> str:
            return f"訳{message}"

        def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
            return f"訳{msgid2}"

    monkeypatch.setattr(languages, "LANGUAGES", ("en", "ja"))
    monkeypatch.setattr(relays, "LANGUAGES", ("en", "ja"))
    monkeypatch.setattr(languages, "_catalogue", lambda _language: Marked())


@pytest.fixture
def srv1(ingested: Ingested, translated: None) -> LogHost:
    ingested(SEED)
    return LogHost.objects.get(name="srv1")


def test_what_was_found_is_read_in_the_language_of_the_reader(srv1: LogHost) -> None:
    english = classification.subject_reports(srv1)[0].findings[0]
    with languages.reading("ja"):
        japanese = classification.subject_reports(srv1)[0].findings[0]
    assert english.title == "Empty authenticated id"
    assert japanese.title == "訳Empty authenticated id"
    assert (english.rule, english.count, english.first_at) == (
        japanese.rule,
        japanese.count,
        japanese.first_at,
    )
    assert Finding.objects.get(rule=english.rule).title == english.title


def test_a_finding_of_before_is_read_in_english(srv1: LogHost) -> None:
    Finding.objects.update(told={})
    with languages.reading("ja"):
        found = classification.subject_reports(srv1)[0].findings[0]
        assert found.title == "Empty authenticated id"
        assert Finding.objects.first().said == found.evidence  # type: ignore[union-attr]


def test_a_drill_down_says_what_was_found_in_the_language_of_the_reader(
    srv1: LogHost, admin_client: Client, settings: Settings
) -> None:
    settings.LANGUAGES = [("en", "English"), ("ja", "日本語")]
    address = Suspect.objects.get(log_host=srv1, kind="sender_host_address").value
    for page in (f"/senders/{address}/", "/networks/129.137.152.0/24/"):
        japanese = admin_client.get(page, headers={"accept-language": "ja"}).content.decode()
        assert "訳Empty authenticated id" in japanese
        english = admin_client.get(page, headers={"accept-language": "en"}).content.decode()
        assert "Empty authenticated id" in english and "訳Empty" not in english
    Finding.objects.update(told={})
    page = admin_client.get(f"/senders/{address}/", headers={"accept-language": "ja"}).content.decode()
    assert "<strong>Empty authenticated id" in page


def test_an_export_is_english_whoever_asks(srv1: LogHost, admin_client: Client, settings: Settings) -> None:
    settings.LANGUAGES = [("en", "English"), ("ja", "日本語")]
    answer = admin_client.get("/relays/?format=json", headers={"accept-language": "ja"})
    told = json.loads(b"".join(answer))
    assert "A01" in told["suspects"][0]["rules"]
    assert "訳" not in json.dumps(told, ensure_ascii=False)


def test_what_is_stored_is_english_whoever_asks(ingested: Ingested, translated: None) -> None:
    with languages.reading("ja"):
        ingested(SEED)
    assert Finding.objects.filter(title="Empty authenticated id").exists()
