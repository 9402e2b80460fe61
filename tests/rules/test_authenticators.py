"""A03: logins under names that are no accounts."""

from dataclasses import replace

import pytest

from ingest.rules.definition import Severity
from ingest.rules.messages import message_findings
from tests.rules.facts import HOST, login

KNOWN = replace(HOST, known_accounts=frozenset({"alice@example.com", "bob"}))


@pytest.mark.parametrize(
    ("account", "is_unknown"),
    [
        ("nosuchuser", True),
        ("eve@example.com", True),
        ("alice@example.com", False),
        ("Alice@Example.com", False),
        ("bob", False),
        ("EXAMPLE\\bob", False),
        ("bob@example.com", False),
    ],
)
def test_an_id_that_is_no_account(account: str, is_unknown: bool) -> None:
    found = {finding.rule: finding.severity for finding in message_findings(login(account=account), KNOWN)}

    assert found.get("A03") is (Severity.CRITICAL if is_unknown else None)


def test_without_a_list_of_accounts_nothing_is_said() -> None:
    assert "A03" not in {finding.rule for finding in message_findings(login(account="nosuchuser"), HOST)}
