"""A wrong zone is shown where somebody looks, and corrected by whoever is signed in."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from kombu.exceptions import OperationalError

from ingest import tasks
from ingest.models import LogHost, Message
from mailwatch.operations import log_hosts
from mailwatch.queries import zones as queries
from tests.ingest.test_zones import message
from tests.web.conftest import SEED, Ingested

FIRST = datetime(2026, 3, 20, 10, tzinfo=UTC)


def lines(days: int = 20) -> list[str]:
    """A message a day, as a server in Madrid logs it; the clock changes on the tenth day."""
    return [line for day in range(days) for line in message(day, FIRST + timedelta(days=day))]


@pytest.fixture
def wrong(ingested: Ingested) -> LogHost:
    """A log of Madrid, read as UTC."""
    return ingested(lines(), "srv1", "UTC").log_host


def received(host: LogHost) -> datetime | None:
    first = Message.objects.filter(log_host=host).order_by("message_id").first()
    return first.received_at if first else None


def test_the_run_says_that_all_ids_agree(master: Client, ingested: Ingested) -> None:
    run = ingested(lines(5), "srv1", "Europe/Madrid")
    assert "Zone +01:00, read from 5 message ids. They all agree." in master.get(f"/runs/{run.pk}/").text


def test_a_run_without_arrivals_tells_what_the_log_host_has(master: Client, ingested: Ingested) -> None:
    ingested(lines(5), "srv1", "Europe/Madrid")
    run = ingested(lines(5), "srv1")
    assert "read from 5 message ids" in master.get(f"/runs/{run.pk}/").text


def test_a_log_without_ids_says_that_nothing_confirms_its_zone(master: Client, ingested: Ingested) -> None:
    run = ingested(["2026-03-02 23:00:00 Start queue run: pid=7"])
    assert "No message id of this log can confirm it" in master.get(f"/runs/{run.pk}/").text


@pytest.mark.parametrize("page", ["/", "/runs/{run}/"])
def test_a_wrong_zone_is_an_alarm_with_the_right_one_offered(
    master: Client, wrong: LogHost, page: str
) -> None:
    html = master.get(page.format(run=wrong.runs.get().pk)).text
    assert "The zone of srv1’s log is wrong" in html
    assert "all 20 message ids say otherwise: +01:00 and +02:00" in html
    assert "<option>Europe/Madrid</option>" in html
    assert 'action="/zones/srv1/"' in html


def test_a_right_zone_is_no_alarm(master: Client, ingested: Ingested) -> None:
    ingested(SEED, "srv1", "Europe/Madrid")
    assert "log is wrong" not in master.get("/").text


def test_whoever_is_signed_in_corrects_it(master: Client, wrong: LogHost) -> None:
    before = received(wrong)
    response = master.post("/zones/srv1/", {"timezone": "Europe/Madrid"}, follow=True)
    assert "is read in the zone Europe/Madrid" in response.text
    assert "They all agree." in response.text
    assert before == FIRST + timedelta(hours=1, seconds=1)
    assert received(wrong) == FIRST + timedelta(seconds=1)
    assert "log is wrong" not in master.get("/").text


def test_a_stranger_corrects_nothing(client: Client, wrong: LogHost) -> None:
    assert client.post("/zones/srv1/", {"timezone": "Europe/Madrid"}).status_code == 302
    assert LogHost.objects.get(pk=wrong.pk).timezone == "UTC"


@pytest.mark.parametrize("timezone", ["", "Mars/Base", "../etc/passwd"])
def test_what_is_no_zone_is_refused(master: Client, wrong: LogHost, timezone: str) -> None:
    response = master.post("/zones/srv1/", {"timezone": timezone})
    assert response.status_code == 422
    assert LogHost.objects.get(pk=wrong.pk).timezone == "UTC"


def test_the_page_of_a_zone_shows_the_votes_and_offers_the_best(master: Client, wrong: LogHost) -> None:
    response = master.get("/zones/srv1/")
    assert [(row.offset, row.votes) for row in response.context["view"].offsets] == [
        ("+02:00", 11),
        ("+01:00", 9),
    ]
    assert 'value="Europe/Berlin"' in response.text


def test_no_log_host_has_no_zone(master: Client, db: None) -> None:
    assert master.get("/zones/nobody/").status_code == 404


def test_files_of_another_machine_are_told_from_a_wrong_zone(master: Client, ingested: Ingested) -> None:
    ingested(lines(100), "srv1", "Europe/Madrid")
    foreign = [line.replace("-0001 ", "-0002 ").replace(" 1", " 0", 1) for line in lines(5)]
    run = ingested(foreign, "srv1")
    html = master.get(f"/runs/{run.pk}/").text
    assert "were these files written by another machine?" in html
    assert "Correct it" not in html


@pytest.fixture
def large(wrong: LogHost, monkeypatch: pytest.MonkeyPatch) -> LogHost:
    """A log host that somebody who waits would wait too long for."""
    monkeypatch.setattr(log_hosts, "MOST_AT_ONCE", 10)
    return wrong


def test_a_large_log_host_is_moved_by_a_worker(
    master: Client,
    large: LogHost,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    queued: list[int] = []
    monkeypatch.setattr(tasks.move_log_host, "delay", lambda log_host_id: queued.append(log_host_id))
    with django_capture_on_commit_callbacks(execute=True):
        response = master.post("/zones/srv1/", {"timezone": "Europe/Madrid"}, follow=True)
    assert queued == [large.pk]
    assert "is being read in the zone Europe/Madrid" in response.text
    assert "being moved from UTC to Europe/Madrid" in master.get("/").text
    tasks.move_log_host.apply(kwargs={"log_host_id": large.pk}).get()
    assert received(large) == FIRST + timedelta(seconds=1)
    assert queries.alarms([LogHost.objects.get(pk=large.pk)]) == []


def test_a_broker_that_is_away_is_no_error(large: LogHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(log_host: LogHost) -> None:
        raise OperationalError

    monkeypatch.setattr(tasks, "move_soon", away)
    assert not log_hosts.correct_zone(log_host=large, timezone="Europe/Madrid")
    assert LogHost.objects.get(pk=large.pk).wanted_timezone == "Europe/Madrid"
