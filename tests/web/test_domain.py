"""One domain: what was sent to it, and what came in its name."""

from urllib.parse import quote

import pytest
from django.test import Client

from tests.web.conftest import Ingested
from tests.web.logs import DAY, SENT


def test_the_page_tells_what_was_sent_to_it(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    response = desk.get("/domains/Remote.Example/")
    counts = response.context["found"].counts
    assert (counts.messages, counts.delivered, counts.bounced) == (2, 2, 1)
    html = response.content.decode()
    assert 'href="/remote-hosts/203.0.113.7/"' in html
    assert 'href="/transports/remote_smtp/"' in html
    assert SENT in html


def test_only_recipients_at_the_domain_are_counted(desk: Client, ingested: Ingested) -> None:
    ingested([line.replace("bob@remote.example", "bob@other.example") for line in DAY])
    assert desk.get("/domains/other.example/").context["found"].counts.recipients == 1


def test_a_domain_that_only_sent_shows_what_it_sent(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get("/domains/foreign.example/").content.decode()
    assert 'aria-current="page">Sent</a>' in html
    assert "a name that anybody can write" in html


def test_the_side_is_kept_when_the_range_is_changed(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get("/domains/example.org/", {"side": "sender"}).content.decode()
    assert '<input type="hidden" name="side" value="sender">' in html


def test_an_alias_counts_as_the_address_before_it(desk: Client, ingested: Ingested) -> None:
    line = DAY[1].replace("=> bob@remote.example", "=> box@inside.example <bob@remote.example>")
    ingested([DAY[0], line, DAY[4]])
    assert desk.get("/domains/inside.example/").context["found"].counts.delivered == 1
    assert desk.get("/domains/remote.example/").context["found"].counts.delivered == 1


@pytest.mark.parametrize("name", ["localhost", "[192.0.2.1]"])
def test_a_domain_without_a_dot_leads_to_its_search(desk: Client, ingested: Ingested, name: str) -> None:
    ingested([line.replace("@remote.example", f"@{name}") for line in DAY])
    context = desk.get(f"/domains/{quote(name)}/?side=recipient").context
    assert context["found"].counts.messages == len(desk.get(context["search_url"]).context["page"].rows) == 2
