"""The timeline of one message: story, lines, recipients, findings, what is near."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from ingest.models import LogHost, Message
from mailwatch.queries import message as queries
from mailwatch.queries.nearby import nearby
from tests.web.conftest import SEED, Ingested
from tests.web.logs import BOUNCE, DAY, SCRIPT, SENT, many

SEED_ID = "1adXzZ-0007sb-Pz"
KEYS = {
    "log_host",
    "message_id",
    "received_at",
    "completed_at",
    "envelope_sender",
    "sender_host_address",
    "sender_host_name",
    "helo_name",
    "protocol",
    "authenticator",
    "authenticated_id",
    "size",
    "subject",
    "status",
    "recipients",
    "lines",
    "findings",
}


def page(desk: Client, message_id: str, log_host: str = "srv1") -> str:
    return desk.get(f"/messages/{log_host}/{message_id}/").content.decode()


def summary(message_id: str) -> str:
    return queries.timeline(queries.find(message_id).get()).summary


def document(message_id: str, **options: object) -> dict[str, object]:
    out = StringIO()
    call_command("timeline", message_id, json=True, stdout=out, **options)
    found: dict[str, object] = json.loads(out.getvalue())
    return found


def test_the_case_is_told_in_plain_words(seed: LogHost) -> None:
    assert summary(SEED_ID) == (
        "129.137.152.170 logged in through plain without a user name and handed over one message of 1,298 bytes."
        " It waited 23 min 45 s in the queue, because the client had sent more than 10 messages in one connection."
        " At 08:16:57 mx3.hotmail.com accepted it for kamikaze_****@hotmail.co.uk."
    )


@pytest.mark.parametrize(
    ("message_id", "sentences"),
    [
        (
            SENT,
            ["mx.example.net (198.51.100.7) logged in through login as alice", "All 2 recipients got it."],
        ),
        (
            SCRIPT,
            ["The local user www-data handed in one message of 412 bytes.", "refused by mx.remote.example"],
        ),
        (BOUNCE, [f"to report about {SCRIPT}", "it was put into the mailbox www"]),
    ],
)
def test_every_kind_of_message_has_its_story(
    ingested: Ingested, message_id: str, sentences: list[str]
) -> None:
    ingested(DAY)
    for sentence in sentences:
        assert sentence in summary(message_id)


def test_a_message_still_queued_is_said_to_be_queued(ingested: Ingested) -> None:
    ingested(DAY[:3])
    assert "The log ends at 09:00:02; it is in the queue then." in summary(SENT)


def test_without_its_arrival_line_the_id_tells_when(desk: Client, ingested: Ingested) -> None:
    ingested(DAY[1:5])
    assert "not in this log" in summary(SENT)
    assert "2 March 2026 at 09:00:00 UTC" in summary(SENT)
    assert "bob@remote.example" in page(desk, SENT)


def test_the_page_shows_every_line_with_its_meaning_and_the_pause(desk: Client, seed: LogHost) -> None:
    html = page(desk, SEED_ID)
    assert html.count('class="raw"') == len(SEED)
    assert "23 min 45 s in the queue, until the next queue run" in html
    assert 'role="tooltip"' in html


def test_findings_are_alarms_with_their_reason(desk: Client, seed: LogHost) -> None:
    html = page(desk, SEED_ID)
    assert "A01" in html
    assert 'class="alarm"' in html


def test_the_page_links_to_who_was_involved(desk: Client, seed: LogHost) -> None:
    html = page(desk, SEED_ID)
    assert 'href="/senders/129.137.152.170/"' in html
    assert 'href="/addresses/kamikaze_****@hotmail.co.uk/"' in html


def test_a_bounce_and_its_cause_lead_to_each_other(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    assert f"/messages/srv1/{BOUNCE}/" in page(desk, SCRIPT)
    assert f"/messages/srv1/{SCRIPT}/" in page(desk, BOUNCE)


def test_each_recipient_has_its_last_outcome(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    recipients = queries.timeline(queries.find(SENT).get()).recipients
    assert [(one.recipient, one.outcome) for one in recipients] == [
        ("bob@remote.example", "delivered"),
        ("carol@remote.example", "delivered"),
    ]
    assert recipients[0].text is not None
    assert "queued as ABC123" in recipients[0].text


def test_nearby_counts_stay_on_the_log_host(ingested: Ingested) -> None:
    ingested(many(3))
    ingested(many(5), "mx2")
    message = Message.objects.filter(log_host__name="srv1").select_related("log_host").first()
    assert message is not None
    near = nearby(queries.timeline(message))
    assert near.sender_host is not None
    assert near.sender_host.number == 3
    assert near.recipient is not None
    assert near.recipient.number == 1


def test_a_long_message_is_shown_in_parts(desk: Client, ingested: Ingested) -> None:
    start = DAY[0]
    more = [
        f"2026-03-02 09:{n // 60 + 1:02d}:{n % 60:02d} {SENT} == carol@remote.example R=dnslookup T=remote_smtp"
        " defer (-54): retry time not reached"
        for n in range(queries.LINES_SHOWN + 20)
    ]
    ingested([start, *more])
    first = page(desk, SENT)
    rest = desk.get(f"/messages/srv1/{SENT}/?line={queries.LINES_SHOWN + 1}").content.decode()
    assert first.count('class="raw"') == queries.LINES_SHOWN
    assert f"?line={queries.LINES_SHOWN + 1}" in first
    assert rest.count('class="raw"') == 21


@pytest.mark.parametrize("line", ["0", "-1", "x", "²", "9" * 30])
def test_a_mangled_line_number_shows_the_beginning(desk: Client, ingested: Ingested, line: str) -> None:
    ingested(DAY)
    response = desk.get(f"/messages/srv1/{SENT}/", {"line": line})
    assert response.status_code == 200


def test_without_a_login_there_is_no_timeline(client: Client, db: None) -> None:
    assert client.get(f"/messages/srv1/{SENT}/").status_code == 302


def test_an_unknown_id_says_which_logs_were_looked_at(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    ingested(many(1), "mx2")
    response = desk.get("/messages/srv1/1vwz8C-00000000009-0001/")
    assert response.status_code == 404
    assert "Looked at the logs of mx2 and srv1" in response.content.decode()


def test_an_id_of_another_log_host_leads_there(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    response = desk.get(f"/messages/mx9/{SENT}/")
    assert response.status_code == 404
    assert f"/messages/srv1/{SENT}/" in response.content.decode()


@pytest.mark.parametrize("message_id", ["<script>", "x" * 300, "%00", "..%2f.."])
def test_what_is_no_id_is_not_found(desk: Client, ingested: Ingested, message_id: str) -> None:
    ingested(DAY)
    response = desk.get(f"/messages/srv1/{message_id}/")
    assert response.status_code in (400, 404)
    assert "<script>" not in response.content.decode()


def test_hostile_log_text_does_nothing(desk: Client, ingested: Ingested) -> None:
    subject = r'T="<script>alert(1)</script> \342\200\256 =cmd"'
    ingested([DAY[0].replace('T="Minutes of Monday"', subject)])
    html = page(desk, SENT)
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_the_number_of_queries_does_not_grow_with_the_lines(
    desk: Client, ingested: Ingested, django_assert_max_num_queries: object
) -> None:
    ingested(DAY)
    with django_assert_max_num_queries(25):  # type: ignore[operator]
        page(desk, SENT)


def test_the_document_has_the_agreed_keys(seed: LogHost) -> None:
    found = document(SEED_ID)
    assert set(found) >= KEYS
    assert found["authenticated_id"] == ""
    assert found["received_at"] == "2016-03-09T07:53:12+01:00"
    assert found["status"] == "delivered"


def test_the_document_has_every_line_as_it_stands_in_the_log(seed: LogHost) -> None:
    lines = document(SEED_ID)["lines"]
    assert isinstance(lines, list)
    assert [line["text"] for line in lines] == list(SEED)
    assert [line["kind"] for line in lines] == ["arrival", "note", "delivery", "completion"]
    assert all(line["explanation"] for line in lines)


def test_the_document_names_recipients_and_findings(seed: LogHost) -> None:
    found = document(SEED_ID)
    recipients, findings = found["recipients"], found["findings"]
    assert isinstance(recipients, list)
    assert isinstance(findings, list)
    assert set(recipients[0]) == {
        *(
            "recipient",
            "original_recipient",
            "outcome",
            "logged_at",
            "transport",
            "remote_host_address",
            "text",
            "attempts",
            "queue_time",
            "next_message_id",
        )
    }
    assert recipients[0]["queue_time"] == 1425
    assert recipients[0]["remote_host_address"] == "207.46.8.167"
    assert {"rule", "severity", "title", "evidence"} == set(findings[0])
    assert findings[0]["rule"] == "A01"


def test_the_command_tells_the_same_story_as_the_page(seed: LogHost) -> None:
    out = StringIO()
    call_command("timeline", SEED_ID, stdout=out)
    assert summary(SEED_ID) in out.getvalue()
    assert "1adXzZ-0007sb-Pz Completed" in out.getvalue()


@pytest.mark.parametrize(
    ("message_id", "options", "sentence"),
    [
        ("1vwz8C-00000000009-0001", {}, "No line has this id in the logs of mx2, srv1."),
        (SENT, {}, "stands in the logs of mx2 and srv1; choose one with --log-host"),
        (SENT, {"log_host": "mx9"}, "There is no log host named mx9"),
    ],
)
def test_the_command_refuses_in_one_sentence(
    ingested: Ingested, message_id: str, options: dict[str, str], sentence: str
) -> None:
    ingested(DAY)
    ingested(DAY, "mx2")
    with pytest.raises(CommandError, match=sentence):
        document(message_id, **options)


def test_the_command_takes_the_log_host(ingested: Ingested) -> None:
    ingested(DAY)
    ingested(DAY, "mx2")
    assert document(SENT, log_host="mx2")["log_host"] == "mx2"


# ---- told as it was

RETRIED = "1vwz8C-00000000001-0001"
LONG = (
    f"2026-03-02 09:00:00 {RETRIED} <= alice@example.org H=(pc) [198.51.100.7] P=esmtpsa A=login:alice S=4512"
    " id=long@example.org",
    f"2026-03-02 09:00:01 {RETRIED} => bob <bob@example.org> R=local_user T=maildir QT=1m5s",
    f"2026-03-02 09:00:02 {RETRIED} H=mx1.far.example [203.0.113.7]: SMTP error from remote mail server after"
    " RCPT TO:<carol@far.example>: 451 try later",
    f"2026-03-02 09:00:03 {RETRIED} == carol@far.example R=dnslookup T=remote_smtp defer (-44)"
    " H=mx2.far.example [203.0.113.8]: SMTP error from remote mail server after"
    " RCPT TO:<carol@far.example>: 451 greylisted",
    f"2026-03-02 09:00:04 {RETRIED} ** dan@far.example R=dnslookup T=remote_smtp H=mx1.far.example"
    " [203.0.113.7]: SMTP error from remote mail server after RCPT TO:<dan@far.example>: 550 no such user",
    *(
        f"2026-03-02 {9 + half // 2:02d}:{half % 2 * 30:02d}:30 {RETRIED} == carol@far.example R=dnslookup"
        " T=remote_smtp defer (-54): retry time not reached for any host for 'far.example'"
        for half in range(1, 9)
    ),
)
REPORT = (
    f"2026-03-02 09:00:05 1vwz8H-00000000002-0001 <= <> R={RETRIED} U=Debian-exim P=local S=1602",
    "2026-03-02 09:00:05 1vwz8H-00000000002-0001 => alice <alice@example.org> R=local_user T=maildir",
    "2026-03-02 09:00:05 1vwz8H-00000000002-0001 Completed",
)


def test_retry_time_lines_are_no_attempts(desk: Client, ingested: Ingested) -> None:
    ingested(LONG)
    carol = queries.timeline(queries.find(RETRIED).get()).recipients[1]
    assert (carol.outcome, carol.attempts, carol.waits) == ("deferred", 1, 8)
    assert carol.text is not None
    assert "451 greylisted" in carol.text
    html = page(desk, RETRIED)
    assert "Retry time not reached, 8 times" in html
    assert "Between 2026-03-02 09:30:30 and 2026-03-02 13:00:30" in html
    assert html.count('class="raw"') == len(LONG)


def test_an_error_at_one_host_is_no_outcome(desk: Client, ingested: Ingested) -> None:
    ingested(LONG)
    message = queries.find(RETRIED).get()
    assert (message.delivered, message.deferred, message.bounced) == (1, 1, 1)
    assert "Attempt at one server, without success" in page(desk, RETRIED)


def test_a_message_of_many_ends_is_told_in_a_few_sentences(ingested: Ingested) -> None:
    ingested([*LONG, *REPORT])
    told = summary(RETRIED)
    assert "Of 3 recipients 1 got it, 1 still waits and 1 was refused." in told
    assert "This server told the sender in 1vwz8H-00000000002-0001." in told
    assert "The log ends at 13:00:30; it is in the queue then." in told


def test_each_recipient_has_its_queue_time(ingested: Ingested) -> None:
    ingested(LONG)
    bob, carol, dan = queries.timeline(queries.find(RETRIED).get()).recipients
    assert (bob.took, bob.is_logged_time) == ("after 1 min 5 s", True)
    assert carol.took == ""
    assert (dan.took, dan.is_logged_time) == ("after 4 s", False)


HERE, THERE = "1vwz8C-00000000001-0001", "1vwz8E-00000000007-0001"
SENT_ON = (
    f"2026-03-02 09:00:00 {HERE} <= a@example.org H=(pc) [198.51.100.7] P=esmtp S=100 id=one@example.org",
    f"2026-03-02 09:00:02 {HERE} => bob@far.example R=smart T=remote_smtp H=mx2 [203.0.113.7]"
    f' C="250 OK id={THERE}"',
    f"2026-03-02 09:00:02 {HERE} Completed",
)
TAKEN_OVER = (
    f"2026-03-02 09:00:02 {THERE} <= a@example.org H=srv1 [198.51.100.1] P=esmtp S=300 id=one@example.org",
    f"2026-03-02 09:00:03 {THERE} => bob <bob@far.example> R=local_user T=maildir",
    f"2026-03-02 09:00:03 {THERE} Completed",
)


def test_the_next_server_is_a_link_where_its_log_is_here(desk: Client, ingested: Ingested) -> None:
    ingested(SENT_ON)
    assert f'href="/search/?q={THERE}">{THERE}</a> <span class="muted">its log is not here' in page(
        desk, HERE
    )
    ingested(TAKEN_OVER, "mx2")
    assert f'href="/messages/mx2/{THERE}/"' in page(desk, HERE)
    assert f'href="/messages/srv1/{HERE}/"' in page(desk, THERE, "mx2")


def test_the_same_message_id_header_alone_is_no_origin(desk: Client, ingested: Ingested) -> None:
    ingested([line.replace(THERE, "1vwz8E-00000000009-0001") for line in SENT_ON])
    ingested(TAKEN_OVER, "mx2")
    assert "Came from" not in page(desk, THERE, "mx2")


@pytest.mark.parametrize(
    ("lines", "status", "sentence"),
    [
        (TAKEN_OVER[1:], "unknown", "The log begins after this message arrived"),
        (TAKEN_OVER[:2], "unknown", "whether others still waited for it, the log does not tell"),
        (
            [f"{TAKEN_OVER[0]} for bob@far.example", TAKEN_OVER[1]],
            "delivered",
            "what became of each recipient is",
        ),
        (TAKEN_OVER[:1], "queued", "does not show an attempt"),
    ],
)
def test_the_edge_of_a_log_is_said(ingested: Ingested, lines: list[str], status: str, sentence: str) -> None:
    ingested(lines)
    message = queries.find(THERE).get()
    assert message.status == status
    assert sentence in summary(THERE)
