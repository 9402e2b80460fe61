"""Pasted lines: what each part means, and the verdict; without a database."""

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from ingest.explain import Explained, explain
from ingest.models import LogHost
from ingest.stored_facts import message_facts
from tests.conftest import SHARED
from tests.ingest.conftest import SAMPLES, read_files

SEED = SHARED / "samples" / "seed"
needs_seed = pytest.mark.skipif(not SEED.is_dir(), reason="shared samples are not here")


def seed(*configuration: str) -> Explained:
    texts = [(SEED / f"{name}.txt").read_text() for name in configuration]
    return explain(
        (SEED / "mainlog").read_bytes(), configuration="\n".join(texts), zone=ZoneInfo("Europe/Madrid")
    )


@needs_seed
def test_the_seed_alone_is_suspected() -> None:
    explained = seed()
    assert explained.verdict.broken_authenticator == "suspected"
    assert explained.verdict.relaying == "suspected"
    (message,) = explained.messages
    assert message.facts.envelope_sender == "[email\u00a0protected]"
    assert (message.facts.authenticator, message.facts.authenticated_id) == ("plain", "")
    assert [recipient.recipient for recipient in message.facts.recipients] == ["kamikaze_****@hotmail.co.uk"]
    assert message.findings[0].rule == "A01"


@needs_seed
def test_the_seed_with_its_authenticator_as_found_is_yes() -> None:
    explained = seed("exim-bP", "plain-authenticator.as-found")
    assert explained.verdict.broken_authenticator == "yes"
    assert [finding.rule for finding in explained.configuration if finding.state == "bad"] == [
        "X01", "X08", "X16", "X16", "X20",
    ]  # fmt: skip


@needs_seed
def test_the_repair_found_on_the_web_has_an_injection() -> None:
    explained = seed("plain-authenticator.as-mended")
    states = {finding.rule: finding.state for finding in explained.configuration}
    assert (states["X01"], states["X03"]) == ("ok", "bad")


@needs_seed
def test_a_password_of_the_configuration_is_nowhere() -> None:
    explained = seed("exim-bP")
    assert "mypassw" not in explained.configuration_text
    assert "mypassw" not in json.dumps(explained.as_json())


def test_tokens_cover_every_line() -> None:
    explained = explain((SAMPLES / "srv1" / "mainlog").read_bytes())
    assert len(explained.lines) == 665
    for line in explained.lines:
        told = "".join("".join(token.text for token in line.tokens).split())
        assert told == "".join(line.text.split())
        assert all(token.meaning for token in line.tokens)


@pytest.mark.parametrize("text", [b"", b"\n\n", b"dear helpdesk", b"\0\xff\xfe", b"x" * 200_000])
def test_text_without_a_line_is_an_answer(text: bytes) -> None:
    explained = explain(text)
    assert explained.messages == ()
    assert explained.verdict.relaying == "unknown"
    assert explained.unparsed == len([line for line in text.split(b"\n") if line])


def test_the_command_prints_one_document(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes((SAMPLES / "srv1" / "mainlog").read_bytes())
    out = io.StringIO()
    call_command("explain", str(path), json=True, stdout=out)
    document = json.loads(out.getvalue())
    assert {"lines", "messages", "verdict", "configuration"} <= set(document)
    assert set(document["lines"][0]["tokens"][0]) == {"text", "meaning"}
    assert {"open_relay", "broken_authenticator", "compromised_accounts", "local_scripts"} <= set(
        document["verdict"]
    )


@pytest.mark.django_db
def test_pasted_and_stored_lines_are_judged_alike(srv1: LogHost) -> None:
    paths = [SAMPLES / "srv1" / name for name in ("mainlog.1", "mainlog")]
    read_files(srv1, *paths)
    explained = explain(b"".join(path.read_bytes() for path in paths), zone=srv1.zone, log_host="srv1")
    stored = message_facts(srv1, [message.message_id for message in explained.messages])
    pasted = {message.message_id: message.facts for message in explained.messages}
    assert {name: _plain(facts) for name, facts in stored.items()} == {
        name: _plain(facts) for name, facts in pasted.items()
    }


def _plain(facts: Any) -> Any:
    recipients: Iterable[Any] = facts.recipients
    return facts._replace(recipients=sorted(recipients))


def test_the_log_host_as_a_whole_is_in_the_document_and_in_the_text(tmp_path: Path) -> None:
    log = tmp_path / "mainlog"
    log.write_text(
        "2026-03-09 06:00:00 1vzTrY-00000000001-0001 <= alice@example.com H=(x) [203.0.113.66] P=esmtpsa A=plain"
        " S=900 for z@remote.example\n"
    )
    shown, document = io.StringIO(), io.StringIO()
    call_command("explain", str(log), stdout=shown)
    call_command("explain", str(log), json=True, stdout=document)

    (host,) = json.loads(document.getvalue())["log_hosts"]
    assert [(found["rule"], found["count"]) for found in host["findings"]] == [("A02", 1)]
    assert "A02 medium: Logins are logged without the user name" in shown.getvalue()


def test_the_thresholds_of_all_log_hosts_hold_for_pasted_lines_too(settings: Settings) -> None:
    line = b"2026-03-09 06:0%d:00 login authenticator failed for (x) [203.0.113.9]: 535 Incorrect authentication data"
    lines = b"\n".join(line % minute for minute in range(3))
    assert not explain(lines).reports
    settings.MAILWATCH_LIMITS = {"failed_logins": "3", "failed_logins_typo": "3"}
    assert [report.rules for report in explain(lines).reports] == [("C01",)]
