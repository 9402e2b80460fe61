"""A link to a frozen report, for whoever has it: the button, what it reveals, what it says of itself, and guessing."""

import csv
import hashlib
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from ingest.models import LogHost, LogPage, Message, Suspect
from mailwatch.models import SharedReport, WrongGuess
from mailwatch.operations import revealing, sharing
from tests.web.conftest import Ingested
from tests.web.links import MESSAGE_ID, Link, pass_of, reveal, share, share_message, text_of

PASSWORD = "correct horse battery"


# -- the button


def test_a_link_opens_a_page_with_one_button_and_tells_nothing(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1")
    page = Client().get(link.path)
    text = page.content.decode()
    assert page.status_code == 200
    assert re.findall(r"<button[^>]*>([^<]*)", text) == ["Open the report"]
    assert [word for word in ("129.137", "srv1", "Relays", "helen", "password") if word in text] == []


@pytest.mark.parametrize("method", ["get", "head"])
def test_the_preview_of_a_chat_program_uses_no_view_up(desk: Client, seed: LogHost, method: str) -> None:
    link = share(desk, log_host="srv1", most_views=1)
    for _ in range(3):
        getattr(Client(), method)(link.path)
    link.report.refresh_from_db()
    assert (link.report.views, link.report.openings.count()) == (0, 0)
    assert reveal(link.path).status_code == 200


def test_another_method_is_not_taken(desk: Client, seed: LogHost) -> None:
    assert Client().put(share(desk, log_host="srv1").path).status_code == 405


# -- what it reveals


def test_an_outsider_reads_the_report_without_login(desk: Client, seed: LogHost) -> None:
    page = reveal(share(desk, log_host="srv1").path)
    text = page.content.decode()
    assert page.status_code == 200
    assert "129.137.152.170" in text
    assert '<span class="masked">recipient 1</span>@hotmail.co.uk' in text


def test_an_outsider_reads_a_message_line_by_line(desk: Client, seed: LogHost) -> None:
    text = text_of(share_message(desk).path)
    assert text.count('<code class="raw">') == 4
    assert "23 min 45 s in the queue" in text


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_stays_out_of_search_engines_caches_and_referrers(
    desk: Client, seed: LogHost, method: str
) -> None:
    page = getattr(Client(enforce_csrf_checks=True), method)(share(desk, log_host="srv1").path)
    assert page.status_code == 200
    assert page["X-Robots-Tag"] == "noindex, nofollow, noarchive"
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert "connect-src" not in page["Content-Security-Policy"]  # it asks nobody anything
    assert not page.cookies
    assert "Cookie" not in page.get("Vary", "")


@pytest.mark.parametrize("kind", ["report", "message"])
def test_an_outsiders_page_has_no_link_into_the_site(desk: Client, seed: LogHost, kind: str) -> None:
    text = text_of(share(desk, kind=kind, log_host="srv1", message_id=MESSAGE_ID).path)
    links = [part.split('"', 1)[0] for part in re.split(r' (?:href|src|action)="', text)[1:]]
    assert [target for target in links if target[:1] not in "#" and "static" not in target] == []


def test_the_report_survives_the_log(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1")
    before = without_pass(text_of(link.path))
    for table in (Message, LogPage, Suspect):
        table.objects.all().delete()
    assert without_pass(text_of(link.path)) == before


def without_pass(text: str) -> str:
    return text.replace(pass_of(text), "")


def test_reading_a_shared_report_touches_no_table_of_the_log(
    desk: Client, seed: LogHost, django_assert_max_num_queries: Callable[..., object]
) -> None:
    link = share(desk, log_host="srv1")
    with django_assert_max_num_queries(8) as queries:  # type: ignore[attr-defined]
        reveal(link.path)
    assert [query["sql"] for query in queries.captured_queries if "ingest_" in query["sql"]] == []


def test_hostile_text_stays_text(desk: Client, ingested: Ingested) -> None:
    ingested(
        (
            "2026-03-09 07:53:12 1vzCVM-00000000001-0001 <= x@a.example"
            " H=(<script>alert(1)</script>) [192.0.2.7] P=esmtpa A=plain: S=9",
        )
    )
    text = text_of(share_message(desk, "1vzCVM-00000000001-0001", redaction="full").path)
    assert "<script>alert" not in text
    assert "<script>alert" not in file_of(text, share_message(desk, "1vzCVM-00000000001-0001"), "html")


def test_what_was_refused_everywhere_reads_no(desk: Client, ingested: Ingested) -> None:
    ingested(
        (
            "2016-03-09 09:00:00 H=(probe) [203.0.113.9] F=<one@foreign.example> rejected RCPT"
            " <victim@elsewhere.example>: relay not permitted",
        )
    )
    link = share(desk, log_host="srv1")
    assert reveal(link.path).status_code == 200
    assert "victim" not in json.dumps(link.snapshot)


# -- as files


def file_of(text: str, link: Link, kind: str) -> str:
    return text_of(link.path, **{"format": kind, "pass": pass_of(text_of(link.path))})


def test_files_are_fetched_without_another_view(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1", most_views=1, password=PASSWORD)
    pass_ = pass_of(text_of(link.path, password=PASSWORD))
    for kind, content_type in (("html", "text/html"), ("json", "application/json"), ("csv", "text/csv")):
        answer = reveal(link.path, **{"format": kind, "pass": pass_})
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith(content_type)
        name = f"mailwatch-{link.report.pk}.{kind}"
        assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer["Cache-Control"] == "no-store"
    link.report.refresh_from_db()
    assert link.report.views == 1


def test_files_need_that_the_report_was_revealed(desk: Client, seed: LogHost) -> None:
    link, other = share(desk, log_host="srv1"), share_message(desk)
    for pass_ in ("guessed", pass_of(text_of(other.path))):
        assert reveal(link.path, **{"format": "json", "pass": pass_}).status_code == 404
    assert Client().get(f"{link.path}?format=json").content == Client().get(link.path).content


def test_a_withdrawn_report_gives_no_file(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1")
    pass_ = pass_of(text_of(link.path))
    desk.post(f"/shares/{link.report.pk}/revoke/")
    assert reveal(link.path, **{"format": "json", "pass": pass_}).status_code == 404


def test_the_document_proves_itself_by_its_hash(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1")
    text = text_of(link.path)
    document = json.loads(file_of(text, link, "json"))
    assert document["suspects"] == link.snapshot["suspects"]
    beside = {document.pop(name) for name in ("made_by", "open_until", "content_hash")}
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    assert digest == link.report.content_hash
    assert digest in beside
    assert digest in text


def test_the_html_file_needs_no_other_file(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1")
    text = file_of("", link, "html")
    assert "129.137.152.170" in text
    assert "<style>" in text
    assert [
        part for part in ("<script", "<link", "url(", "<form", "<canvas", 'href="/') if part in text
    ] == []


def test_the_lines_are_a_table(desk: Client, seed: LogHost) -> None:
    rows = list(csv.DictReader(StringIO(file_of("", share_message(desk), "csv"))))
    assert [row["log_host"] for row in rows] == ["log host 1"] * 4
    assert rows[-1]["line"].endswith(f"{MESSAGE_ID} Completed")
    proofs = list(csv.DictReader(StringIO(file_of("", share(desk, log_host="srv1"), "csv"))))
    assert {row["rule"] for row in proofs} >= {"A01"}


# -- how long, how often, and for whom


def closed(link: Link, how: str) -> str:
    """The address of a link that is not open, for one of the reasons."""
    row = SharedReport.objects.filter(pk=link.report.pk)
    match how:
        case "ended":
            row.update(expires_at=now() - timedelta(seconds=1))
        case "withdrawn":
            sharing.revoke(report=link.report, revoked_by=User.objects.get(), now=now())
        case "used up":
            row.update(most_views=1, views=1)
        case "switched off":
            sharing.stop(stopped_by=User.objects.get(), now=now())
        case "unknown":
            return f"/shared/{'x' * 43}/"
        case "cut short":
            return f"{link.path[:-2]}/"
    return link.path


@pytest.mark.parametrize("how", ["ended", "withdrawn", "used up", "switched off", "unknown", "cut short"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_closed_link_says_the_same_whatever_closed_it(
    desk: Client, seed: LogHost, how: str, method: str
) -> None:
    answer = getattr(Client(), method)(closed(share(desk, log_host="srv1", password=PASSWORD), how))
    nothing = getattr(Client(), method)(f"/shared/{'y' * 43}/")
    assert answer.status_code == nothing.status_code == 404
    assert answer.content == nothing.content
    assert dict(answer.headers) == dict(nothing.headers)
    assert "no longer open" in answer.content.decode()


def test_a_withdrawn_report_loses_its_contents(desk: Client, seed: LogHost) -> None:
    report = share(desk, log_host="srv1").report
    desk.post(f"/shares/{report.pk}/revoke/")
    report.refresh_from_db()
    assert report.snapshot == {}
    assert report.revoked_by is not None


def test_an_ended_report_loses_its_contents_when_the_next_is_shared(desk: Client, seed: LogHost) -> None:
    ended = share(desk, log_host="srv1")
    closed(ended, "ended")
    share(desk, log_host="srv1")
    ended.report.refresh_from_db()
    assert ended.report.snapshot == {}


def test_a_link_is_opened_as_often_as_it_may(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1", most_views=2)
    assert [reveal(link.path).status_code for _ in range(3)] == [200, 200, 404]
    assert link.report.openings.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_who_come_at_once_do_not_both_have_the_last_view(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1", most_views=1)

    def come(_: int) -> int:
        try:
            return int(reveal(link.path).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as visitors:
        assert sorted(visitors.map(come, range(4))) == [200, 404, 404, 404]


def test_a_password_is_asked_for(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1", password=PASSWORD)
    assert 'type="password"' in Client().get(link.path).content.decode()
    for wrong in ("", "correct horse", PASSWORD.upper()):
        answer = reveal(link.path, password=wrong)
        assert answer.status_code == 403
        assert "not the password" in answer.content.decode()
        assert "129.137" not in answer.content.decode()
    assert "129.137.152.170" in text_of(link.path, password=PASSWORD)
    link.report.refresh_from_db()
    assert link.report.views == 1
    assert PASSWORD not in link.report.password


# -- guessing


def test_links_cannot_be_guessed_from_one_address_for_long(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1")
    guesser = Client(REMOTE_ADDR="203.0.113.9")
    for number in range(revealing.MOST_GUESSES):
        assert guesser.get(f"/shared/{number:043}/").status_code == 404
    for method in (guesser.get, guesser.post):
        assert method(link.path).status_code == 429
        assert method("/shared/other/").status_code == 429
    assert Client(REMOTE_ADDR="203.0.113.10").get(link.path).status_code == 200


def test_thousands_of_wrong_tokens_open_nothing_and_are_forgotten(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1")
    token = link.path.split("/")[2]
    near = (
        f"{token[:place]}{'A' if token[place] != 'A' else 'B'}{token[place + 1 :]}" for place in range(43)
    )
    for number, wrong in enumerate((*near, *(f"{number:043}" for number in range(3000)))):
        guesser = Client(REMOTE_ADDR=f"198.51.{number % 100}.{number % 250}")
        assert guesser.post(f"/shared/{wrong}/").status_code in (404, 429)
    assert reveal(link.path).status_code == 200
    revealing.forget_guesses(now=now() + revealing.GUESSES_REMEMBERED)
    assert not WrongGuess.objects.exists()


def test_a_password_cannot_be_guessed_from_many_addresses(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1", password=PASSWORD)
    for number in range(revealing.MOST_WRONG_PASSWORDS):
        answer = Client(REMOTE_ADDR=f"198.51.100.{number}").post(link.path, {"password": "guess"})
        assert answer.status_code == 403
    fresh = Client(REMOTE_ADDR="192.0.2.200")
    assert fresh.post(link.path, {"password": PASSWORD}).status_code == 429
    WrongGuess.objects.update(guessed_at=now() - revealing.GUESSES_REMEMBERED)
    assert fresh.post(link.path, {"password": PASSWORD}).status_code == 200


def test_a_network_of_ipv6_counts_as_one_guesser(desk: Client, seed: LogHost) -> None:
    for number in range(revealing.MOST_GUESSES):
        Client(REMOTE_ADDR=f"2001:db8:1:2::{number:x}").get("/shared/wrong/")
    assert Client(REMOTE_ADDR="2001:db8:1:2:ffff::1").get("/shared/wrong/").status_code == 429
    assert Client(REMOTE_ADDR="2001:db8:1:3::1").get("/shared/wrong/").status_code == 404
