"""The catalogue of rules."""

from django.test import Client

from ingest.models import LogHost
from ingest.rules.rule import RULES
from mailwatch.queries.rules import catalogue


def test_every_rule_is_there_once_with_its_words(desk: Client) -> None:
    page = desk.get("/rules/").text
    assert [page.count(f'id="{code}"') for code in RULES] == [1] * len(RULES)
    assert RULES["A01"].title in page


def test_it_counts_what_each_rule_has_found(seed: LogHost) -> None:
    rows = {row.rule.code: row for group in catalogue() for row in group.rules}
    assert (rows["A01"].suspects, rows["A01"].messages) == (1, 1)
    assert (rows["X01"].suspects, rows["X01"].messages) == (None, None)


def test_a_count_leads_to_the_suspects_behind_it(desk: Client, seed: LogHost) -> None:
    assert 'href="/relays/?rule=A01&amp;severity=info"' in desk.get("/rules/").text
