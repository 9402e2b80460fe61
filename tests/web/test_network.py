"""One network: the sender hosts in it, together."""

import pytest
from django.test import Client

from ingest.models import LogHost, Suspect
from mailwatch.queries import drilldown
from tests.web.conftest import Ingested
from tests.web.logs import DAY, SENT, many


def test_hosts_of_a_network_are_counted_together(desk: Client, ingested: Ingested) -> None:
    ingested([*DAY, *many(3)])
    response = desk.get("/networks/198.51.100.0/24/")
    html = response.content.decode()
    assert response.context["found"].counts.messages == 4
    assert 'href="/senders/198.51.100.7/"' in html
    assert 'href="/senders/198.51.100.20/"' in html
    assert SENT in html


def test_a_network_is_one_page_however_it_is_written(desk: Client, ingested: Ingested) -> None:
    ingested([line.replace("[198.51.100.7]", "[2001:db8::7]") for line in DAY])
    for written in ("2001:DB8:0::/48", "2001:db8::7/48"):
        assert "<bdi>2001:db8::/48</bdi></h1>" in desk.get(f"/networks/{written}/").content.decode()


def test_suspects_in_it_stand_on_top(desk: Client, seed: LogHost) -> None:
    html = desk.get("/networks/129.137.0.0/16/").content.decode()
    assert "Suspects in this network" in html
    assert 'aria-label="Rule A01' in html
    assert "Suspects in" not in desk.get("/networks/129.136.0.0/16/").content.decode()


def test_a_sender_host_links_to_its_network(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    assert 'href="/networks/198.51.100.0/24/"' in desk.get("/senders/198.51.100.7/").content.decode()


def test_refused_hosts_are_listed(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get("/networks/203.0.113.0/24/").content.decode()
    assert "Refused, or failed to log in" in html
    assert "Tried to log in as" in html


def test_of_many_suspects_the_worst_are_shown(
    desk: Client, seed: LogHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drilldown, "SUSPECTS", 1)
    another = Suspect.objects.get(value="129.137.152.170")
    another.pk, another.value, another.severity = None, "129.137.1.1", "low"
    another.save()
    html = desk.get("/networks/129.137.0.0/16/").content.decode()
    assert "the worst 1 of 2" in html
    assert 'href="/senders/129.137.152.170/"' in html
