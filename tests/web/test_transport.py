"""One transport: what was handed to it, and with what outcome."""

from django.test import Client

from tests.web.conftest import Ingested
from tests.web.logs import BOUNCE, DAY


def test_the_page_tells_what_went_by_it(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    response = desk.get("/transports/remote_smtp/")
    counts = response.context["found"].counts
    assert (counts.messages, counts.delivered, counts.bounced) == (2, 2, 1)
    html = response.content.decode()
    assert 'href="/domains/remote.example/"' in html
    assert BOUNCE not in html


def test_no_refusal_is_of_a_transport(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    response = desk.get("/transports/local_delivery/")
    html = response.content.decode()
    assert [series.outcome for series in response.context["chart"].series] == [
        "delivered",
        "deferred",
        "bounced",
    ]
    assert "failed logins" not in html
    assert BOUNCE in html
