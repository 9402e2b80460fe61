"""What is allowed is marked wherever findings are told, and counted apart."""

from datetime import UTC, datetime
from io import StringIO

from django.core.management import call_command
from django.test import Client

from ingest.judging import allow_again
from ingest.models import AllowEntry, LogHost
from mailwatch.queries import sender

ADDRESS = "129.137.152.170"


def _allow(log_host: LogHost) -> None:
    AllowEntry.objects.create(
        log_host=log_host,
        rule="",
        kind="sender_host_address",
        value=ADDRESS,
        reason="a test of ours",
        author="helen",
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
    (after, *_) = sender.as_json(sender.sender(ADDRESS), zone=UTC)["findings"]
    assert before["allowed_by"] is None
    assert after["allowed_by"]["reason"] == "a test of ours"


def test_the_catalogue_counts_what_is_allowed_apart(desk: Client, seed: LogHost) -> None:
    assert "more allowed" not in desk.get("/rules/").text
    _allow(seed)
    assert "1 more allowed" in desk.get("/rules/").text
