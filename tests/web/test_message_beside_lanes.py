"""What a message says beside its lanes: findings, the connection, the ticket, raw lines, zones, hostile text."""

import html
import json
import re
from io import StringIO
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from ingest.models import LogHost, Message
from mailwatch.models import Preferences
from mailwatch.queries import message as queries
from mailwatch.queries.handed_on import handed_on
from mailwatch.queries.nearby import nearby
from tests.web.conftest import Ingested
from tests.web.links import share, text_of
from tests.web.logs import many
from tests.web.test_message import LONG, RETRIED, SEED_ID, page
from tests.web.test_message_lanes import ARRIVAL, ID, PUT_OFF, TAKEN, line, timeline


def test_findings_arise_at_their_lines(desk: Client, seed: LogHost) -> None:
    steps = timeline(SEED_ID).steps
    assert [[finding.rule for finding in step.findings] for step in steps][:2] == [["A01", "H01"], ["C12"]]
    assert 'href="#finding-A01"' in page(desk, SEED_ID)


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ("250 2.0.0 Ok: queued as 4XyZ12AbC", "4XyZ12AbC"),
        ("250 OK id=1vwz8E-00000000007-0001", "1vwz8E-00000000007-0001"),
        ("250 2.0.0 OK  1773135250 j1zNuDaiYPZ - gsmtp", "j1zNuDaiYPZ"),
        ("250 2.6.0 <a@b.example> [InternalId=12345678901, Hostname=x.example] Queued mail", "12345678901"),
        ("250 2.0.0 u29FxAbC012345 Message accepted for delivery", "u29FxAbC012345"),
        ("250 ok 1773135250 qp 4711", "1773135250 qp 4711"),
        ("250 Requested mail action okay, completed: id=ZqQhAEBQwk7", "ZqQhAEBQwk7"),
        ("250 2.0.0 <ann@example.org> kJ3aBcDeFg Saved", "kJ3aBcDeFg"),
        ("250 ok dirdel", None),
        ("queued as <script>", None),
        ("", None),
        (None, None),
    ],
)
def test_what_the_next_server_calls_it_is_read_from_its_answer(answer: str | None, name: str | None) -> None:
    found = handed_on(answer)
    assert (found.text if found else None) == name


def test_the_name_at_the_next_server_leads_to_the_search_for_it(desk: Client, ingested: Ingested) -> None:
    ingested([ARRIVAL, line("09:00:01", TAKEN)])
    assert "kind=text&amp;q=4XyZ12AbC" in page(desk, ID)


def test_messages_of_one_connection_are_listed(desk: Client, ingested: Ingested) -> None:
    lines = [text.replace("[198.51.100.20]", "[198.51.100.20]:4711") for text in many(30)]
    ingested([text.replace("1vx1wO", "1vx1vg") for text in lines])
    message = Message.objects.select_related("log_host").order_by("message_id").first()
    assert message is not None
    near = nearby(queries.timeline(message)).connection
    assert near is not None
    assert (near.is_connection, near.count.number, len(near.messages)) == (True, 30, 10)
    text = page(desk, message.message_id)
    assert "30 messages" in text
    assert "The first 10 of them" in text
    assert near.messages[1].message_id in text


def test_without_ports_the_same_minute_is_all_that_can_be_told(desk: Client, ingested: Ingested) -> None:
    ingested(many(3))
    text = page(desk, "1vx1wO-00000000000-0001")
    assert "3 messages of this host" in text
    assert "+incoming_port" in text


def test_the_ticket_has_each_outcome_with_its_time_and_zone(desk: Client, ingested: Ingested) -> None:
    ingested(LONG, "srv1", "Europe/Madrid")
    text = page(desk, RETRIED)
    ticket = html.unescape(re.findall(r'<pre class="ticket"[^>]*>(.*?)</pre>', text, re.DOTALL)[0])
    assert f"http://testserver/messages/srv1/{RETRIED}/" in ticket
    assert (
        "- dan@far.example: bounced 2026-03-02T09:00:04+01:00, after 4 s, mx1.far.example [203.0.113.7]"
        in ticket
    )
    assert "- bob@example.org (as bob): delivered 2026-03-02T09:00:01+01:00, after 1 min 5 s" in ticket
    assert "Lines, times in Europe/Madrid (+01:00):" in ticket
    assert LONG[0] in ticket


def test_raw_lines_alone_need_no_script(desk: Client, ingested: Ingested) -> None:
    ingested(LONG)
    assert 'class="timeline is-raw"' not in page(desk, RETRIED)
    text = desk.get(f"/messages/srv1/{RETRIED}/", {"raw": "1"}).content.decode()
    assert 'class="timeline is-raw"' in text
    assert text.count('class="raw"') == len(LONG)


def test_every_part_is_explained_below_too(desk: Client, ingested: Ingested) -> None:
    ingested(LONG)
    text = page(desk, RETRIED)
    words = re.findall(r'<dt><a href="(/glossary/#[^"]+)">', text)
    assert len(words) == len(set(words)) > 10


def test_who_chose_a_zone_reads_words_in_it_and_lines_in_that_of_the_log(
    desk: Client, helpdesk: User, ingested: Ingested
) -> None:
    Preferences.objects.create(user=helpdesk, timezone="Asia/Tokyo")
    ingested([ARRIVAL, line("09:30:00", TAKEN), line("16:00:00", "Completed")])
    text = page(desk, ID)
    assert "At 18:30:00 mx.far.example accepted it" in text
    assert 'title="2026-03-02 09:30:00 +00:00 in the zone of the log">18:30:00</time>' in text
    assert '<li class="day"><div class="what">Tue 3 Mar 2026</div></li>' in text
    assert f"2026-03-02 09:30:00 {ID}" in re.sub(r"<[^>]*>", "", text)
    assert "delivered 2026-03-02T09:30:00+00:00" in text


def test_a_shared_message_masks_whom_a_pause_names(desk: Client, ingested: Ingested) -> None:
    ingested([ARRIVAL, line("09:00:01", PUT_OFF), line("09:30:01", TAKEN)])
    report = share(desk, kind="message", log_host="srv1", message_id=ID, redaction="masked")
    stored = json.dumps(report.snapshot)
    assert "until it was tried again for" in stored
    assert "carol@far" not in stored


# ---- hostile text, and the cost


def test_hostile_text_does_nothing_on_lanes_pauses_and_the_ticket(desk: Client, ingested: Ingested) -> None:
    evil = r"<img src=x onerror=alert(1)>\342\200\256"
    ingested(
        [
            ARRIVAL,
            line("09:00:00", f"no immediate delivery: {evil}"),
            line("09:10:01", f"== {evil}@far.example R=r T=t defer (-44) H={evil} [203.0.113.7]: 451 {evil}"),
            line(
                "09:20:01",
                f'=> "{evil}"@far.example R=r T={evil} H=mx [203.0.113.7] C="250 queued as {evil}"',
            ),
            line("09:30:01", f"Frozen ({evil})"),
            *many(1),
        ]
    )
    report = share(desk, kind="message", log_host="srv1", message_id=ID, redaction="full")
    paths = [f"/messages/srv1/{ID}/{query}" for query in ("", f"?recipient={quote(evil)}", "?raw=1")]
    pages = [desk.get(path).content.decode() for path in paths]
    for text in (*pages, text_of(report.path)):
        assert "img src" in text
        assert "<img" not in text
        assert "\u202e" not in text


def test_the_command_tells_pauses_and_what_is_waited_for_without_control_characters(
    ingested: Ingested,
) -> None:
    ingested([ARRIVAL, line("09:00:01", PUT_OFF.replace("greylisted", r"grey\033[31mlisted")), *many(1)])
    out = StringIO()
    call_command("timeline", ID, stdout=out)
    assert "Here the log ends)" in out.getvalue()
    assert "\x1b" not in out.getvalue()
