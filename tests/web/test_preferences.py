"""Whoever reads chooses language and zone; the log's own time stays at hand."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from ingest import languages
from mailwatch.models import Preferences
from tests.web.conftest import QUIET, Ingested


@pytest.fixture
def two_languages(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LANGUAGES = [("en", "English"), ("ja", "日本語")]
    monkeypatch.setattr(languages, "LANGUAGES", ("en", "ja"))


@pytest.fixture
def reading(ingested: Ingested, desk: Client) -> Client:
    """The browser of somebody who can read a quiet log of UTC."""
    ingested(QUIET, timezone="UTC")
    return desk


def page(client: Client, path: str, **headers: str) -> str:
    return client.get(path, headers=headers).content.decode()


def test_without_preferences_times_are_those_of_the_log(reading: Client) -> None:
    found = page(reading, "/senders/198.51.100.7/")
    assert "2016-03-09 09:01:00" in found
    assert "in the zone of the log" not in found


def test_times_are_shown_in_the_readers_zone_with_that_of_the_log_at_hand(reading: Client) -> None:
    reading.post("/preferences/", {"language": "", "timezone": "Asia/Tokyo"})
    found = page(reading, "/senders/198.51.100.7/")
    assert (
        '<time datetime="2016-03-09T09:01:00+00:00" title="2016-03-09 09:01:00 +00:00 in the zone of the log">'
        "2016-03-09 18:01:00</time>"
    ) in found


def test_without_a_pointer_all_times_are_switched_to_those_of_the_log_and_back(reading: Client) -> None:
    assert "/times/" not in page(reading, "/")
    reading.post("/preferences/", {"timezone": "Asia/Tokyo"})
    assert "Times in Asia/Tokyo, your zone" in page(reading, "/senders/198.51.100.7/")
    path = "/senders/198.51.100.7/"
    assert reading.post("/times/", {"times": "log", "next": path})["Location"] == path
    found = page(reading, path)
    assert "2016-03-09 09:01:00" in found
    assert "2016-03-09 18:01:00" not in found
    assert "your zone" not in found
    reading.post("/times/", {"times": "own"})
    assert "2016-03-09 18:01:00" in page(reading, path)


def test_times_are_those_of_the_reader_or_of_the_log(reading: Client) -> None:
    assert reading.post("/times/", {"times": "mars"}).status_code == 400


def test_times_that_the_reader_types_are_in_their_zone(reading: Client) -> None:
    at_nine = "/search/?range=exact&since=2016-03-09T18:00:30&until=2016-03-09T18:02:00"
    assert "1adZ3M-0007sb-Pz" not in page(reading, at_nine)
    reading.post("/preferences/", {"timezone": "Asia/Tokyo"})
    assert "1adZ3M-0007sb-Pz" in page(reading, at_nine)


def test_a_link_means_the_same_hours_for_everybody(reading: Client) -> None:
    reading.post("/preferences/", {"timezone": "Asia/Tokyo"})
    links = re.findall(r'href="(/search/\?[^"]*since=[^"]*)"', page(reading, "/?log_host=srv1"))
    assert links
    assert all("%2B00%3A00" in link for link in links)


def test_preferences_are_kept_for_the_next_login(
    reading: Client, helpdesk: User, two_languages: None
) -> None:
    reading.post("/preferences/", {"language": "ja", "timezone": "Asia/Tokyo"})
    kept = Preferences.objects.get(user=helpdesk)
    assert (kept.language, kept.timezone) == ("ja", "Asia/Tokyo")
    later = Client()
    later.force_login(helpdesk)
    assert later.get("/").headers["Content-Language"] == "ja"


@pytest.mark.parametrize(
    ("asked", "got"), [("ja", "ja"), ("ja-JP,en;q=0.5", "ja"), ("en-GB", "en"), ("fr", "en"), ("", "en")]
)
def test_who_chose_no_language_reads_in_that_of_the_browser(
    desk: Client, two_languages: None, asked: str, got: str
) -> None:
    answer = desk.get("/preferences/", headers={"accept-language": asked})
    assert answer.headers["Content-Language"] == got
    assert f'<html lang="{got}"' in answer.content.decode()


def test_a_chosen_language_counts_more_than_the_browser(desk: Client, two_languages: None) -> None:
    desk.post("/preferences/", {"language": "en"})
    assert desk.get("/", headers={"accept-language": "ja"}).headers["Content-Language"] == "en"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"timezone": "Europe/Nowhere"}, "Europe/Nowhere"),
        ({"timezone": "../../etc/passwd"}, "zone"),
        ({"language": "tlh"}, "tlh"),
    ],
)
def test_what_is_no_zone_or_language_is_said_and_changes_nothing(
    desk: Client, helpdesk: User, given: dict[str, str], said: str
) -> None:
    answer = desk.post("/preferences/", given)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Preferences.objects.filter(user=helpdesk).exists()


@pytest.mark.django_db
def test_a_stranger_reads_the_login_in_the_language_of_the_browser(two_languages: None) -> None:
    assert Client().get("/login/", headers={"accept-language": "ja"}).headers["Content-Language"] == "ja"


def test_a_time_in_an_attribute_and_a_shortened_one_hold_no_element(reading: Client) -> None:
    reading.post("/preferences/", {"timezone": "Asia/Tokyo"})
    assert 'aria-label="Wed 9 Mar 2016 18:01:00, delivered: open message' in page(reading, "/search/")
    assert "without a line: 09:00, 10:00" in page(reading, "/daily/srv1/2016-03-09/")
