"""On ordinary traffic nothing serious is found, and the answer is no."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from benchmarks.ordinary_month import LOCAL_DOMAINS, RELAY_DOMAINS, TRUSTED_NETWORKS, month
from ingest.models import LogHost
from ingest.rules.answers import Answer
from ingest.rules.definition import Severity
from mailwatch.queries.answers import answers
from mailwatch.queries.ranges import Range

USERS, DAYS = 300, 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ordinary_traffic_alarms_nobody(tmp_path: Path, seed: int) -> None:
    log = tmp_path / "mainlog"
    log.write_text("".join(month(users=USERS, days=DAYS, seed=seed)))
    LogHost.objects.create(
        name="month",
        timezone="Europe/Madrid",
        local_domains=[*LOCAL_DOMAINS, *RELAY_DOMAINS],
        trusted_networks=list(TRUSTED_NETWORKS),
    )

    call_command("ingest", str(log), log_host="month", processes=1, stdout=io.StringIO())
    (answer,) = answers(log_host=None, asked=Range())

    findings = [found for report in answer.reports for found in report.findings] + list(answer.host_findings)
    serious = [found for found in findings if found.severity.rank <= Severity.HIGH.rank]
    assert {found.rule for found in findings} >= {"C01", "C02", "C03", "C04", "R04", "D01"}
    assert [(found.rule, found.evidence) for found in serious] == []
    assert answer.verdict.relaying is Answer.NO
    assert answer.verdict.headline.startswith("No.")


def test_the_same_seed_gives_the_same_month() -> None:
    assert list(month(users=20, days=1)) == list(month(users=20, days=1))
    assert list(month(users=20, days=1)) != list(month(users=20, days=1, seed=2))
