"""One mail address: what came as it, and what went to it."""

from django.test import Client

from tests.web.conftest import SEED, Ingested
from tests.web.logs import DAY, SENT


def test_the_page_tells_what_came_with_it_as_sender(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    response = desk.get("/addresses/Alice@example.org/")
    html = response.content.decode()
    assert response.context["found"].counts.messages == 1
    assert 'href="/senders/198.51.100.7/"' in html
    assert 'href="/accounts/alice/"' in html


def test_the_page_of_a_recipient_counts_what_was_sent_to_it(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    response = desk.get("/addresses/carol@remote.example/")
    html = response.content.decode()
    assert response.context["found"].counts.messages == 1
    assert SENT in html
    assert '<a class="button" href="/addresses/carol@remote.example/?side=sender">Sent</a>' in html


def test_the_masked_addresses_of_the_case_have_pages(desk: Client, ingested: Ingested) -> None:
    ingested(SEED, "srv1", "Europe/Madrid")
    assert desk.get("/addresses/kamikaze_****@hotmail.co.uk/").status_code == 200


def test_an_address_in_no_log_is_not_found(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    assert desk.get("/addresses/nobody@nowhere.example/").status_code == 404
    assert desk.get("/addresses/a%00@b/").status_code == 404


def test_without_a_login_there_is_no_page(client: Client, db: None) -> None:
    assert client.get("/addresses/alice@example.org/").status_code == 302
