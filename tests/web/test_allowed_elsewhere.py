"""What is allowed is marked wherever findings are told, and counted apart."""

import json
from datetime import UTC, datetime
from io import StringIO

from django.core.management import call_command
from django.test import Client

from ingest.judging import allow_again
from ingest.models import AllowEntry, LogHost
from mailwatch.queries import sender
from tests.web.links import share, text_of

ADDRESS = "129.137.152.170"


def _allow(log_host: LogHost) -> None:
    AllowEntry.objects.create(
        log_host=log_host,
        rule="",
        kind="sender_host_address",
        value=ADDRESS,
        reason="a test of ours, says hubert@example.org",
        author="helen of the helpdesk",
        until=datetime(2030, 1, 1, tzinfo=UTC),
    )
    allow_again(log_host)


def test_the_command_marks_findings_that_are_allowed(seed: LogHost) -> None:
    _allow(seed)
    told = StringIO()
    call_command("sender", ADDRESS, stdout=told)
    assert "does not count: a test of ours" in told.getvalue()


def test_json_of_a_sender_names_the_entry(seed: LogHost) -> None:
    (before, *_) = sender.as_json(sender.sender(ADDRESS), zone=UTC)["findings"]
    _allow(seed)
    found = sender.as_json(sender.sender(ADDRESS), zone=UTC)["findings"]
    after = next(item for item in found if item["rule"] == before["rule"])
    assert before["allowed_by"] is None
    assert after["allowed_by"]["reason"].startswith("a test of ours")


def test_the_catalogue_counts_what_is_allowed_apart(desk: Client, seed: LogHost) -> None:
    assert "more allowed" not in desk.get("/rules/").text
    _allow(seed)
    assert "1 more allowed" in desk.get("/rules/").text


def test_a_frozen_report_tells_what_was_allowed_and_not_by_whom(desk: Client, seed: LogHost) -> None:
    _allow(seed)
    report = share(desk, log_host="srv1")
    (allowed, *_) = report.snapshot["hosts"][0]["verdict"]["allowed"]
    assert (allowed["value"], allowed["rule"], allowed["allowed_until"]) == (ADDRESS, "A01", "2030-01-01")
    assert "a test of ours" in allowed["reason"]
    page = text_of(report.path)
    assert "found, but does not count in the answer" in page
    for hidden in ("helen of the helpdesk", "hubert"):
        assert hidden not in page + json.dumps(report.snapshot)
    full = share(desk, log_host="srv1", redaction="full")
    assert "helen of the helpdesk" not in text_of(full.path) + json.dumps(full.snapshot)


def test_a_frozen_message_says_that_its_finding_is_allowed(desk: Client, seed: LogHost) -> None:
    _allow(seed)
    report = share(desk, kind="message", log_host="srv1", message_id="1adXzZ-0007sb-Pz")
    page = text_of(report.path)
    assert "does not count: a test of ours" in page
    assert "helen of the helpdesk" not in page + json.dumps(report.snapshot)
