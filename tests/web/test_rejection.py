"""The page of one rejection: what was refused, why, the line, the headers, what is near."""

import re

import pytest
from django.test import Client

from ingest.models import LogHost, Rejection
from mailwatch.queries import message as message_queries
from mailwatch.queries.matching import rejection_is, rejection_key
from tests.web.conftest import Ingested
from tests.web.logs import DAY

ID = "1vwa0G-00000000003-0001"
VIRUS = (
    f"2026-03-01 10:00:05 {ID} H=(bad) [203.0.113.9] F=<x@example.net> rejected after DATA: contains malware"
)
HEADERS = (
    "Envelope-from: <x@example.net>",
    "Envelope-to: <bob@example.org>",
    "    <carol@example.org>",
    "P Received: from (bad) [203.0.113.9];",
    "\tSun, 01 Mar 2026 10:00:05 +0000",
    "* X-Secret: here",
    "  Subject: <script>alert(1)</script> \u202e",
)
CLIENT = "H=(bad) [203.0.113.9]"
NOTE = f"2026-03-01 10:00:04 {CLIENT} sender verify fail for <x@example.net>: Unrouteable address"
UNVERIFIED = (
    f"2026-03-01 10:00:05 {CLIENT} F=<x@example.net> rejected RCPT <y@example.org>: Sender verify failed"
)


def html(desk: Client, **which: object) -> str:
    refusal = Rejection.objects.get(**which)
    host = LogHost.objects.get(pk=refusal.log_host_id)
    response = desk.get(f"/rejections/{host.name}/{rejection_key(refusal)}/")
    assert response.status_code == 200
    return response.content.decode()


def words(page: str) -> str:
    """The page without its tags and tooltips."""
    text = re.sub(r'<span class="meaning".*?</span>', "", page.partition("<main")[2], flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def test_a_rejected_recipient_is_told_in_words_and_line(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    page = html(desk, is_login=False)
    shown = words(page)
    assert "203.0.113.9 wanted to send from one@foreign.example to victim@elsewhere.example." in shown
    assert "This server refused a recipient (RCPT) for good: relay not permitted." in shown
    assert page.count('class="raw"') == 1
    assert 'role="tooltip"' in page
    assert 'href="/senders/203.0.113.9/"' in page
    assert "Same recipient" in shown
    assert "Headers" not in shown


def test_a_refused_login_names_the_account_tried(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    page = html(desk, is_login=True)
    assert "tried to log in as admin@example.org." in words(page)
    assert 'href="/accounts/admin@example.org/"' in page


def test_headers_of_a_rejectlog_are_shown_and_do_nothing(desk: Client, ingested: Ingested) -> None:
    ingested([VIRUS])
    assert "Headers" not in words(html(desk))
    ingested([VIRUS, *HEADERS])
    page = html(desk)
    shown = words(page)
    assert "Received from (bad) [203.0.113.9]; Sun, 01 Mar 2026 10:00:05 +0000" in shown
    assert "&lt;bob@example.org&gt; &lt;carol@example.org&gt;" in shown
    assert "X-Secret here taken out by this server" in shown
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert f"/messages/srv1/{ID}/" in page
    message_page = desk.get(f"/messages/srv1/{ID}/").content.decode()
    assert f"/rejections/srv1/{rejection_key(Rejection.objects.get())}/" in message_page


@pytest.mark.parametrize("order", [1, -1], ids=["mainlog first", "rejectlog first"])
def test_the_timeline_shows_a_line_of_both_logs_once(ingested: Ingested, order: int) -> None:
    for lines in [[VIRUS], [VIRUS, *HEADERS]][::order]:
        ingested(lines)
    timeline = message_queries.timeline(message_queries.find(ID).get())
    assert [line.text for line in timeline.lines] == ["\n".join([VIRUS, *HEADERS])]
    assert (timeline.total_lines, timeline.missing_lines) == (1, 0)


def test_true_repeats_stay_on_the_timeline(ingested: Ingested) -> None:
    ingested([VIRUS, VIRUS])
    ingested([VIRUS, *HEADERS])
    timeline = message_queries.timeline(message_queries.find(ID).get())
    assert sorted(len(line.text) for line in timeline.lines) == [
        len(VIRUS),
        len("\n".join([VIRUS, *HEADERS])),
    ]


# ---- the note before a rejection


@pytest.mark.parametrize(
    "files",
    [[(NOTE, UNVERIFIED)], [(UNVERIFIED,), (NOTE,)], [(NOTE,), (UNVERIFIED,)], [(UNVERIFIED, NOTE)]],
    ids=["one after the other", "rejection first", "note first", "out of order"],
)
def test_the_reason_of_a_failed_verification_stands_with_the_rejection(
    desk: Client, ingested: Ingested, files: list[tuple[str, ...]]
) -> None:
    for lines in files:
        ingested(lines)
    assert "sender could not be verified: Unrouteable address" in words(html(desk))
    (row,) = desk.get("/search/").context["page"].rows
    assert row.happened == "Refused: sender could not be verified: Unrouteable address"


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("203.0.113.9", "203.0.113.8"),
        NOTE.replace("<x@example.net>", "<z@example.net>"),
        NOTE.replace("10:00:04", "10:00:03"),
        NOTE.replace("10:00:04", "10:00:06"),
    ],
    ids=["another client", "another sender", "too early", "later"],
)
def test_a_note_about_something_else_is_not_taken(desk: Client, ingested: Ingested, note: str) -> None:
    ingested([note, UNVERIFIED])
    assert "Unrouteable address" not in words(html(desk))
    (row,) = desk.get("/search/").context["page"].rows
    assert row.happened == "Refused: Sender verify failed"


def test_a_note_does_not_explain_what_has_a_reason_of_its_own(desk: Client, ingested: Ingested) -> None:
    ingested([NOTE, VIRUS])
    assert "Unrouteable address" not in words(html(desk))


def test_a_rule_with_words_of_its_own_is_explained_too(desk: Client, ingested: Ingested) -> None:
    ingested([NOTE, UNVERIFIED.replace("Sender verify failed", "who are you")])
    assert "sender could not be verified: Unrouteable address" in words(html(desk))


def test_what_was_thrown_away_is_told_as_that(desk: Client, ingested: Ingested) -> None:
    ingested([f"2026-03-01 10:00:05 {CLIENT} F=<x@example.net> RCPT <y@example.org>: discarded by RCPT ACL"])
    shown = words(html(desk))
    assert "This server said yes and threw it away" in shown
    (row,) = desk.get("/search/").context["page"].rows
    assert (row.status, row.recipient) == ("discarded", "y@example.org")


# ---- the address of the page


@pytest.mark.parametrize(
    "key",
    [
        "x",
        "20260302T110000Z-0000000000000000-0",
        "20269902T110000Z-0000000000000000-0",
        "20260302T110000Z-000000000000000g-0",
        "20260302T110000Z-0000000000000000-99999",
        "9" * 300,
    ],
)
@pytest.mark.parametrize("log_host", ["srv1", "mx9"])
def test_what_names_no_rejection_is_not_found(
    desk: Client, ingested: Ingested, key: str, log_host: str
) -> None:
    ingested(DAY)
    assert desk.get(f"/rejections/{log_host}/{key}/").status_code == 404


def test_every_key_names_its_rejection(ingested: Ingested) -> None:
    ingested([UNVERIFIED, UNVERIFIED, UNVERIFIED.replace("10:00:05", "10:00:05.125"), VIRUS, *DAY])
    for refusal in Rejection.objects.all():
        named = rejection_is(rejection_key(refusal))
        assert named is not None
        assert Rejection.objects.get(named, log_host_id=refusal.log_host_id).pk == refusal.pk


def test_without_a_login_there_is_no_page(client: Client, ingested: Ingested) -> None:
    ingested([UNVERIFIED])
    key = rejection_key(Rejection.objects.get())
    assert client.get(f"/rejections/srv1/{key}/").status_code == 302


def test_a_page_whose_text_is_gone_says_so(desk: Client, ingested: Ingested) -> None:
    ingested([UNVERIFIED])
    Rejection.objects.update(line_ref=1)
    assert "Its text is no longer kept." in words(html(desk))
