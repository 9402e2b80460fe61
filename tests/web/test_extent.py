"""Who sees few log hosts of many waits for those, and finds what there is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from ingest import granted
from ingest.models import LogHost, Rejection
from mailwatch.models import Role
from mailwatch.queries import extent
from mailwatch.queries.ranges import Bounds
from mailwatch.queries.terms import Term, TermKind
from tests.web.conftest import Ingested, somebody
from tests.web.logs import BOUNCE, DAY, SCRIPT, SENT, many
from tests.web.test_drilldown import tomorrow

EVERYTHING = Term(TermKind.EVERYTHING, "")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=40)


@pytest.fixture
def old(ingested: Ingested) -> LogHost:
    """A log host whose log ended before that of the other one."""
    ingested(tomorrow(many(60)), "busy")
    ingested(DAY, "old")
    return LogHost.objects.get(name="old")


def test_all_that_the_log_host_has_is_found_and_counted(
    old: LogHost, client_of: Callable[[User], Client]
) -> None:
    limited, all_of_them = (
        client_of(somebody("rita", Role.READER, old)),
        client_of(somebody("anna", Role.READER)),
    )
    pages = [limited.get("/search/?status=").text, all_of_them.get("/search/?log_host=old").text]
    for page in pages:
        assert all(f"/messages/old/{message_id}/" in page for message_id in (SENT, SCRIPT, BOUNCE))
        assert page.count("/rejections/old/") >= 2
        assert "3 messages, 2 rejections" in page
    assert "many.example" not in pages[0]


def test_no_more_of_the_range_is_gone_through_than_the_log_hosts_have(old: LogHost) -> None:
    with granted.only(granted.Granted(frozenset({old.pk}))):
        whole = extent.of(EVERYTHING, None, Bounds())
        assert whole.since is not None and whole.until is not None
        assert NOON - timedelta(days=4) < whole.since < NOON < whole.until < NOON + timedelta(days=4)
        assert extent.of(EVERYTHING, None, Bounds(since=NOON)).since == NOON  # what was asked for is less
        assert extent.of(EVERYTHING, None, Bounds(until=LATER)).until == whole.until
        by_index = Term(TermKind.ADDRESS, "alice@example.org")
        assert extent.of(by_index, None, Bounds()) == Bounds()
    assert extent.of(EVERYTHING, old, Bounds()) == whole  # chosen by somebody who sees all
    assert extent.of(EVERYTHING, None, Bounds()) == Bounds()


def test_what_would_take_long_to_count_among_others_is_counted_once_the_page_is_there(
    old: LogHost, client_of: Callable[[User], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extent, "_refusals", lambda: 10_000_000)
    client = client_of(somebody("rita", Role.READER, old))
    page = client.get("/search/?status=").text
    assert "Count them" in page
    assert "3 messages, 2 rejections" not in page
    assert f"/messages/old/{SENT}/" in page
    assert (
        client.get("/search/?status=&count=1", headers={"HX-Request": "true"}).text
        == "3 messages, 2 rejections"
    )


def test_how_many_refusals_there_are_is_known_roughly(old: LogHost) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE ingest_rejection")
    assert extent._refusals() == Rejection.objects.count() == 2


def test_a_log_host_without_a_log_has_nothing(db: None) -> None:
    empty = LogHost.objects.create(name="empty")
    assert extent.of(EVERYTHING, empty, Bounds()) == Bounds()
    assert not extent.is_needle(EVERYTHING, empty, Bounds())
