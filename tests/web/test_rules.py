"""The catalogue of rules."""

import io
import re
from gettext import GNUTranslations

import pytest
from django.test import Client
from django.utils.html import escape

from ingest import languages
from ingest.models import LogHost, StoredConfiguration
from ingest.rules.rule import RULES
from ingest.rules.thresholds import THRESHOLDS
from mailwatch.queries.rules import CountedRule, catalogue
from tests.rules.seed import AS_FOUND
from tests.web.conftest import Ingested
from tests.web.test_host_findings import guessed_names
from translations.catalogues import compiled


def rows() -> dict[str, CountedRule]:
    return {row.rule.code: row for group in catalogue().groups for row in group.rules}


def test_every_rule_is_there_once_with_its_words(desk: Client) -> None:
    page = desk.get("/rules/").text
    assert [page.count(f'id="{code}"') for code in RULES] == [1] * len(RULES)
    assert RULES["A01"].title in page


def test_it_counts_what_each_rule_has_found(seed: LogHost) -> None:
    found = rows()
    assert (found["A01"].suspects, found["A01"].messages) == (1, 1)
    assert (found["X01"].suspects, found["X01"].messages, found["X01"].configurations) == (None, None, 0)
    assert found["A05"].log_hosts == 0


def test_a_count_leads_to_the_suspects_behind_it(desk: Client, seed: LogHost) -> None:
    assert 'href="/relays/?rule=A01&amp;severity=info"' in desk.get("/rules/").text


def test_it_counts_log_hosts_and_places_in_configurations(seed: LogHost, ingested: Ingested) -> None:
    ingested(guessed_names())
    StoredConfiguration.objects.create(log_host=seed, name="exim.conf", text=AS_FOUND)
    found = rows()
    assert found["D01"].log_hosts == 1
    assert found["X01"].configurations == 1


def test_thresholds_stand_beside_the_rules_that_ask_for_them(desk: Client) -> None:
    found = rows()
    assert [limit.value for limit in found["C06"].limits] == ["100", "1 h"]
    page = desk.get("/rules/").text
    assert all(escape(threshold.words) in page for threshold in THRESHOLDS.values())


def test_every_word_of_a_rule_is_read_in_japanese(seed: LogHost, monkeypatch: pytest.MonkeyPatch) -> None:
    written = GNUTranslations(io.BytesIO(compiled("ja", for_scripts=False)))
    monkeypatch.setattr(languages, "LANGUAGES", ("en", "ja"))
    monkeypatch.setattr(languages, "_catalogue", lambda _language: written)
    with languages.reading("ja"):
        texts = [
            text
            for row in rows().values()
            for text in (row.title, row.explanation, *row.guards, *row.next_steps)
        ]
    assert len(texts) > 4 * len(RULES)
    assert [text for text in texts if not re.search(r"[ぁ-んァ-ヶ一-龠]", text)] == []
