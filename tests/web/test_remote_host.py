"""One host that mail went to."""

from django.test import Client

from tests.web.conftest import Ingested
from tests.web.logs import DAY, SENT


def test_the_page_tells_what_went_to_it(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    response = desk.get("/remote-hosts/203.0.113.7/")
    counts = response.context["found"].counts
    assert (counts.messages, counts.delivered, counts.bounced) == (2, 2, 1)
    html = response.content.decode()
    assert "mx.remote.example" in html
    assert 'href="/accounts/alice/"' in html
    assert SENT in html


def test_its_answers_are_told(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get("/remote-hosts/203.0.113.7/").content.decode()
    assert "Unknown recipient" in html


def test_the_same_host_as_a_client_is_a_link_away(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    assert 'href="/senders/203.0.113.7/"' in desk.get("/remote-hosts/203.0.113.7/").content.decode()
    assert 'href="/remote-hosts/198.51.100.7/"' in desk.get("/senders/198.51.100.7/").content.decode()
