"""One sender host: what it did, who it says it is, how it was answered."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from ingest.models import LogHost
from mailwatch.queries import activity, partners, subject_rows
from tests.web.conftest import Ingested
from tests.web.logs import DAY, SENT, many


def document(address: str, **options: object) -> dict[str, object]:
    out = StringIO()
    call_command("sender", address, json=True, stdout=out, **options)
    found: dict[str, object] = json.loads(out.getvalue())
    return found


def test_the_page_tells_who_it_is_and_what_it_did(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get("/senders/198.51.100.7/").content.decode()
    for text in ("helo.example.net", "mx.example.net", "alice@example.org", "remote.example", SENT):
        assert text in html
    assert 'data-chart="course-data"' in html
    assert 'id="course-data" type="application/json">{' in html


def test_findings_stand_on_top(desk: Client, seed: LogHost) -> None:
    html = desk.get("/senders/129.137.152.170/").content.decode()
    assert "Suspect on srv1" in html
    assert "no user name" in html


def test_the_country_stands_beside_the_date_of_its_data(
    desk: Client, ingested: Ingested, seed: LogHost
) -> None:
    html = desk.get("/senders/129.137.152.170/").content.decode()
    assert '<dt>Country</dt><dd>US <span class="muted">data of 17 Jun 2026</span>' in html
    ingested(DAY)
    html = desk.get("/senders/203.0.113.9/").content.decode()
    assert '<dt>Country</dt><dd><span class="muted">not known</span>' in html


def test_refusals_and_failed_logins_are_counted(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get("/senders/203.0.113.9/").content.decode()
    assert "Tried to log in as" in html
    assert 'href="/accounts/admin@example.org/"' in html
    assert "Relay not permitted" in html or "relay not permitted" in html


def test_an_address_is_one_page_however_it_is_written(desk: Client, ingested: Ingested) -> None:
    ingested([line.replace("[198.51.100.7]", "[2001:db8::7]") for line in DAY])
    html = desk.get("/senders/2001:DB8:0::0007/").content.decode()
    assert "<bdi>2001:db8::7</bdi></h1>" in html
    assert SENT in html


@pytest.mark.parametrize("address", ["nonsense", "300.1.1.1", "198.51.100.0/24", "<script>"])
def test_what_is_no_ip_address_is_not_found(desk: Client, db: None, address: str) -> None:
    assert desk.get(f"/senders/{address}/").status_code == 404


def test_an_address_that_is_in_no_log_is_said_to_be_in_none(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    response = desk.get("/senders/192.0.2.99/")
    assert response.status_code == 404
    assert "Not in any log" in response.content.decode()


def test_the_range_narrows_the_page(desk: Client, ingested: Ingested) -> None:
    ingested(many(5))
    inside = desk.get("/senders/198.51.100.20/", {"since": "2026-03-02T12:00:03"})
    outside = desk.get("/senders/198.51.100.20/", {"since": "2026-03-03"})
    assert inside.context["found"].counts.messages == 2
    assert outside.status_code == 200
    assert "in this range" in outside.content.decode()


def test_the_log_host_narrows_the_page(desk: Client, ingested: Ingested) -> None:
    ingested(many(2))
    ingested(many(3), "mx2")
    assert desk.get("/senders/198.51.100.20/").context["found"].counts.messages == 5
    assert desk.get("/senders/198.51.100.20/", {"log_host": "mx2"}).context["found"].counts.messages == 3


def test_a_bad_range_is_said_to_be_one(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    assert "is no time" in desk.get("/senders/198.51.100.7/", {"since": "soon"}).content.decode()


def test_without_a_login_there_is_no_page(client: Client, db: None) -> None:
    assert client.get("/senders/198.51.100.7/").status_code == 302


def test_counting_stops_and_says_so(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(many(12))
    monkeypatch.setattr(subject_rows, "COUNTED", 10)
    response = desk.get("/senders/198.51.100.20/")
    assert response.context["found"].counts.messages == 10
    assert "the figures begin at 2026-03-02 12:00:02" in response.content.decode()


def test_long_lists_are_cut_and_say_of_how_many(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partners, "SHOWN", 5)
    lines = [line.replace("list@", f"list{number}@") for number, line in enumerate(many(25))]
    ingested(lines)
    assert "first 5 of 25" in desk.get("/senders/198.51.100.20/").content.decode()


def test_answers_say_when_only_the_newest_lines_were_read(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested([line.replace(" => ", " == ").replace(' C="250 ok"', ": 451 later") for line in many(6)])
    monkeypatch.setattr(activity, "TEXTS_READ", 4)
    assert "in the newest 4 lines" in desk.get("/senders/198.51.100.20/").content.decode()


def test_hostile_names_do_nothing(desk: Client, ingested: Ingested) -> None:
    ingested([DAY[0].replace("(helo.example.net)", "(<img src=x onerror=alert(1)>)")])
    html = desk.get("/senders/198.51.100.7/").content.decode()
    assert "<img" not in html


def test_the_number_of_queries_is_bounded(
    desk: Client, ingested: Ingested, django_assert_max_num_queries: object
) -> None:
    ingested([*DAY, *many(60)])
    with django_assert_max_num_queries(60):  # type: ignore[operator]
        desk.get("/senders/198.51.100.20/")


def test_the_document_says_the_same(ingested: Ingested) -> None:
    ingested(DAY)
    found = document("198.51.100.7")
    assert (found["messages"], found["recipients"], found["delivered"]) == (1, 2, 2)
    assert found["helo_names"] == {"total": 1, "values": [{"value": "helo.example.net", "count": 1}]}
    assert found["first_at"] == "2026-03-02T09:00:00+00:00"
    domains = found["recipient_domains"]
    assert domains == {
        "total": 1,
        "values": [
            {"domain": "remote.example", "recipients": 2, "delivered": 2, "deferred": 0, "bounced": 0}
        ],
    }


def test_the_document_names_findings(seed: LogHost) -> None:
    findings = document("129.137.152.170")["findings"]
    assert isinstance(findings, list)
    assert "A01" in {finding["rule"] for finding in findings}


def test_the_command_prints_for_people(ingested: Ingested) -> None:
    ingested(DAY)
    out = StringIO()
    call_command("sender", "203.0.113.9", stdout=out)
    assert "1 rejections, 1 failed logins" in out.getvalue()
    assert "admin@example.org" in out.getvalue()


def test_the_command_says_where_counting_stopped(ingested: Ingested, monkeypatch: pytest.MonkeyPatch) -> None:
    ingested(many(12))
    monkeypatch.setattr(subject_rows, "COUNTED", 10)
    out = StringIO()
    call_command("sender", "198.51.100.20", since="2026-03-02", stdout=out)
    assert "198.51.100.20: before 2026-03-02 12:00:02 to 2026-03-02 12:00:11" in out.getvalue()
    assert "There are more; counted from 2026-03-02 12:00:02 on." in out.getvalue()


def test_the_command_takes_a_range(ingested: Ingested) -> None:
    ingested(DAY)
    assert document("203.0.113.9", since="2026-03-02T11:00:03")["rejections"] == 0
    assert document("203.0.113.9", until="2026-03-02T11:00:03")["failed_logins"] == 0


def test_the_command_refuses_what_is_no_ip_address(db: None) -> None:
    with pytest.raises(CommandError, match="nonsense is no IP address"):
        document("nonsense")
