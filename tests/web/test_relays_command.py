"""The report on relays on the command line."""

import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from ingest.judging import allow_again
from ingest.models import AllowEntry, LogHost
from tests.web.conftest import Ingested
from tests.web.test_relays import ADDRESS


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("relays", *arguments)
    return capsys.readouterr().out


def test_the_command_prints_what_the_page_exports(
    desk: Client, seed: LogHost, capsys: pytest.CaptureFixture[str]
) -> None:
    assert json.loads(_run(capsys, "--json")) == json.loads(
        desk.get("/relays/", {"format": "json"}).getvalue()
    )


def test_the_command_tells_people_the_verdict_and_the_suspects(
    seed: LogHost, capsys: pytest.CaptureFixture[str]
) -> None:
    told = _run(capsys, "--log-host", "srv1")
    assert "srv1: relaying spam? Suspected." in told
    assert "$ exim -bP authenticators" in told
    assert f"critical {ADDRESS} (sender host): A01" in told


def test_the_command_prints_several_lines_as_they_are_copied(
    ingested: Ingested, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = []
    for number in range(3):
        stamp, name = f"2016-03-09 10:00:0{number}", f"1adXz{number}-0007sb-Pz"
        lines += [
            f"{stamp} {name} <= spam@bad.example H=(x) [203.0.113.70] P=esmtp S=900 for x@r{number}.example",
            f"{stamp} {name} => x@r{number}.example R=dnslookup T=remote_smtp H=mx.r.example [198.51.100.9]",
        ]
    ingested(lines)
    told = _run(capsys)
    assert "     deny\n       !authenticated" in told
    assert "\\x0a" not in told


def test_the_command_says_what_the_answer_would_be_if_nothing_were_allowed(
    seed: LogHost, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Allowed:" not in _run(capsys)
    AllowEntry.objects.create(
        log_host=seed,
        kind="network",
        value="0.0.0.0/0",
        reason="a test",
        author="ada",
        until=datetime(2030, 1, 1, tzinfo=UTC),
    )
    allow_again(seed)
    told = _run(capsys)
    assert f"Allowed: {ADDRESS}" in told
    assert "Without this: Suspected." in told


def test_the_command_judges_a_range_by_what_lies_in_it(
    seed: LogHost, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(_run(capsys, "--since", "2016-03-09T09:00", "--json"))
    assert document["suspects"] == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--log-host", "nobody"], "There is no log host named nobody. Known: none yet."),
        (["--since", "yesterday"], "--since: yesterday is no time."),
    ],
)
@pytest.mark.django_db
def test_the_command_refuses_what_it_does_not_understand(arguments: list[str], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("relays", *arguments)


# ---- attacks
