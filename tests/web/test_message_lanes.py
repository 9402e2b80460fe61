"""Why a message did not arrive: a lane for each recipient, pauses with their reason, findings where they arise."""

import html
import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import FieldFetchBlocked
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailwatch.queries import message as queries
from mailwatch.queries.lanes import LANES_SHOWN
from tests.web.conftest import Ingested
from tests.web.logs import BOUNCE, DAY, SCRIPT, many
from tests.web.test_message import LONG, RETRIED, page

QUERIES = 23  # of the page of a message that came over the network and was handed on to other Exims
ID = "1vwz8C-00000000001-0001"
ARRIVAL = (
    f"2026-03-02 09:00:00 {ID} <= alice@example.org H=(pc) [198.51.100.7] P=esmtpsa A=login:alice S=4512"
    " id=long@example.org"
)
PUT_OFF = (
    "== carol@far.example R=dnslookup T=remote_smtp defer (-44) H=mx.far.example [203.0.113.7]: SMTP error from"
    " remote mail server after RCPT TO:<carol@far.example>: 451 4.7.1 greylisted, try again later"
)
TOO_EARLY = (
    "== carol@far.example R=dnslookup T=remote_smtp defer (-54): retry time not reached for any host for"
    " 'far.example'"
)
TAKEN = (
    "=> carol@far.example R=dnslookup T=remote_smtp H=mx.far.example [203.0.113.7]"
    ' C="250 2.0.0 Ok: queued as 4XyZ12AbC"'
)


def line(clock: str, text: str) -> str:
    return f"2026-03-02 {clock} {ID} {text}"


def timeline(message_id: str = ID, **options: object) -> queries.Timeline:
    return queries.timeline(queries.find(message_id).get(), **options)  # type: ignore[arg-type]


def pauses_of(found: queries.Timeline) -> list[str]:
    return [line.pause for line in found.lines if line.pause]


def to_many(recipients: int) -> list[str]:
    lines = [ARRIVAL]
    for number in range(recipients):
        lines.append(
            line(
                "09:00:02",
                f"=> r{number}@far.example R=dnslookup T=remote_smtp H=mx.far.example [203.0.113.7]"
                f' C="250 OK id=1vwz8E-{number:011d}-0001"',
            )
        )
    return [*lines, line("09:00:03", "Completed")]


# ---- pauses


@pytest.mark.parametrize(
    ("lines", "pause"),
    [
        (
            [line("09:00:00", "no immediate delivery: load average 12.34"), line("09:20:00", TAKEN)],
            "20 min in the queue, until the next queue run: the server was too busy (load average 12.34)",
        ),
        (
            [line("09:00:00", "no immediate delivery: queued by ACL"), line("09:20:00", TAKEN)],
            "20 min in the queue, until the next queue run: a rule of this server puts such mail into the queue"
            " (queued by ACL)",
        ),
        (
            [
                line("09:00:00", "no immediate delivery: more than 10 messages received in one connection"),
                line("09:23:45", TAKEN),
            ],
            "23 min 45 s in the queue, until the next queue run: the client had sent more than 10 messages in one"
            " connection",
        ),
        (
            [line("09:00:01", PUT_OFF), line("09:30:01", TAKEN)],
            "30 min until it was tried again for carol@far.example: mx.far.example had said “451 4.7.1 greylisted,"
            " try again later”",
        ),
        (
            [
                line("09:00:01", PUT_OFF),
                line("09:30:01", "H=mx.far.example [203.0.113.7] Connection timed out"),
            ],
            "30 min until it was tried again: mx.far.example had said “451 4.7.1 greylisted, try again later”",
        ),
        (
            [line("09:00:01", TOO_EARLY), line("09:30:01", TOO_EARLY.replace("carol", "dan"))],
            "",  # folded into one: both say the same
        ),
        (
            [line("09:00:01", TOO_EARLY), line("09:30:01", TAKEN)],
            "30 min in the queue: retry time not reached",
        ),
        (
            [
                line("09:00:01", "Frozen (delivery error message)"),
                line("12:00:01", "Unfrozen by errmsg timer"),
            ],
            "3 h frozen (delivery error message): Exim does not try until somebody thaws it",
        ),
        ([line("09:10:00", TAKEN)], "10 min in the queue"),
    ],
)
def test_a_pause_says_why_where_the_log_tells_it(ingested: Ingested, lines: list[str], pause: str) -> None:
    ingested([ARRIVAL, *lines])
    steps = timeline().steps
    assert [step.first.pause for step in steps if step.first.pause] == ([pause] if pause else [])


def test_thawed_and_tried_again_it_is_frozen_no_more(ingested: Ingested) -> None:
    ingested(
        [
            ARRIVAL,
            line("09:00:01", "Frozen"),
            line("10:00:01", "Unfrozen by forced delivery"),
            line("10:30:00", TAKEN),
        ]
    )
    assert pauses_of(timeline()) == [
        "1 h frozen: Exim does not try until somebody thaws it",
        "29 min 59 s in the queue",
    ]


def test_a_message_that_waits_when_the_log_ends_says_for_how_long(desk: Client, ingested: Ingested) -> None:
    ingested([ARRIVAL, line("09:00:01", PUT_OFF), *many(3)])
    pause = timeline().last_pause
    assert pause.startswith("3 h in the queue: mx.far.example had said “451 4.7.1 greylisted")
    assert pause.endswith("Here the log ends")
    assert html.escape(pause) in page(desk, ID)


def test_of_one_recipient_the_last_pause_is_its_own(ingested: Ingested) -> None:
    other = PUT_OFF.replace("carol", "dan").replace("greylisted", "mailbox busy")
    ingested([ARRIVAL, line("09:00:01", PUT_OFF), line("09:00:01", other), *many(3)])
    assert timeline().last_pause == "3 h in the queue. Here the log ends"
    assert "mailbox busy" in timeline(containing="dan").last_pause
    assert "greylisted" in timeline(containing="carol").last_pause


def test_names_at_the_next_servers_beyond_the_first_are_counted(desk: Client, ingested: Ingested) -> None:
    ingested(to_many(14))
    assert "and 4 more, each" in page(desk, ID)


def test_after_its_completion_nothing_is_waited_for(ingested: Ingested) -> None:
    ingested([*to_many(1), *many(1)])
    assert timeline().last_pause == ""


def test_queue_runs_that_skip_a_frozen_message_are_one_step(desk: Client, ingested: Ingested) -> None:
    ingested(
        [
            ARRIVAL,
            line("09:00:01", "Frozen"),
            *(line(f"{hour}:00:01", "Message is frozen") for hour in range(10, 20)),
        ]
    )
    assert "Skipped because it is frozen, 10 times" in page(desk, ID)
    assert len(timeline().steps) == 3


def test_files_that_come_newest_first_are_told_in_the_order_of_time(ingested: Ingested) -> None:
    ingested([line("09:30:00", TAKEN), line("09:30:00", "Completed")])
    ingested([ARRIVAL, line("09:00:01", PUT_OFF)])
    assert [line.kind for line in timeline().lines] == ["arrival", "deferral", "delivery", "completion"]
    assert timeline().recipients[0].outcome == "delivered"


# ---- lanes


def test_attempts_with_the_same_answer_are_told_once(ingested: Ingested) -> None:
    ingested(
        [
            ARRIVAL,
            *(line(f"{hour:02d}:00:01", PUT_OFF) for hour in range(9, 14)),
            line("13:30:01", TOO_EARLY),
            line("14:00:01", TAKEN),
        ]
    )
    (lane,) = timeline().lanes.lanes
    assert [(tries.outcome, tries.count, tries.host) for tries in lane.tries] == [
        ("deferred", 5, "mx.far.example"),
        ("delivered", 1, "mx.far.example"),
    ]
    assert lane.tries[0].words == "451 4.7.1 greylisted, try again later"
    assert lane.tries[0].meaning
    assert [mark.outcome for mark in lane.marks] == [*["deferred"] * 5, "wait", "delivered"]
    assert lane.marks[-1].place == lane.end == "97.0%"


def test_those_without_success_come_first(ingested: Ingested) -> None:
    ingested(LONG)
    lanes = timeline(RETRIED).lanes
    assert [lane.recipient.outcome for lane in lanes.lanes] == ["bounced", "deferred", "delivered"]
    assert [lane.is_open for lane in lanes.lanes] == [False, True, False]
    assert [tick.words for tick in lanes.ticks] == ["1 min", "10 min", "1 h"]


def test_a_lane_leads_to_its_lines(desk: Client, ingested: Ingested) -> None:
    ingested(LONG)
    text = page(desk, RETRIED)
    assert 'href="#line-5"' in text
    assert 'id="line-5"' in text


def test_a_line_on_another_part_of_the_page_is_reached_too(desk: Client, ingested: Ingested) -> None:
    assert queries.LINES_SHOWN <= 200
    ingested(to_many(210))
    text = desk.get(f"/messages/srv1/{ID}/?lane=201").content.decode()
    link = html.unescape(re.findall(r'class="at" href="([^"]*)#line-205"', text)[0])
    rest = desk.get(f"/messages/srv1/{ID}/{link}").content.decode()
    assert 'id="line-205"' in rest
    assert 'class="at" href="#line-' not in text
    assert 'id="line-205"' not in text


def test_ids_in_the_story_lead_to_their_messages(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    assert f'report about <a class="mono" href="/messages/srv1/{SCRIPT}/">{SCRIPT}</a>' in page(desk, BOUNCE)


def test_an_address_before_it_was_known_where_it_leads_is_part_of_the_lane(ingested: Ingested) -> None:
    ingested(
        [
            ARRIVAL,
            line("09:00:01", "== team@example.org R=aliases defer (-1): lookup failed"),
            line(
                "09:30:01",
                "=> ann@far.example <team@example.org> R=dnslookup T=remote_smtp H=mx [203.0.113.7]",
            ),
        ]
    )
    (lane,) = timeline().lanes.lanes
    assert [tries.outcome for tries in lane.tries] == ["deferred", "delivered"]


def test_one_recipient_of_many_can_be_looked_at_alone(desk: Client, ingested: Ingested) -> None:
    ingested(to_many(3))
    text = desk.get(f"/messages/srv1/{ID}/", {"recipient": "R1@FAR"}).content.decode()
    assert "=&gt;" in text
    assert "r1@far.example" in text
    assert "r2@far.example" not in text
    assert [line.kind for line in timeline(containing="r1@far").lines] == [
        "arrival",
        "delivery",
        "completion",
    ]


def test_a_part_that_no_recipient_has_says_so(desk: Client, ingested: Ingested) -> None:
    ingested(to_many(2))
    text = desk.get(f"/messages/srv1/{ID}/", {"recipient": "<script>"}).content.decode()
    assert "No recipient of this message contains that." in text
    assert "<script>" not in text.replace("<script src", "")


def test_every_recipient_can_be_reached(desk: Client, ingested: Ingested) -> None:
    ingested(to_many(LANES_SHOWN + 5))
    first = page(desk, ID)
    assert first.count('class="lane"') == LANES_SHOWN
    link = html.unescape(re.findall(r'href="(\?[^"]*lane=[^"]*)#recipients"', first)[0])
    rest = desk.get(f"/messages/srv1/{ID}/{link}").content.decode()
    assert rest.count('class="lane"') == 5
    assert f"{LANES_SHOWN + 1}–{LANES_SHOWN + 5} of {LANES_SHOWN + 5} recipients" in rest


# ---- findings, relatives, the ticket


@pytest.mark.parametrize("name", ["lane", "line"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "²", "9" * 30, "99999"])
def test_a_mangled_part_is_no_error(desk: Client, ingested: Ingested, name: str, value: str) -> None:
    ingested(to_many(2))
    assert desk.get(f"/messages/srv1/{ID}/", {name: value}).status_code == 200


@pytest.mark.parametrize("recipients", [2, 200])
def test_the_page_asks_the_same_number_of_queries_for_2_and_for_200_recipients(
    helpdesk: User, client_of: Callable[[User], Client], ingested: Ingested, recipients: int
) -> None:
    ingested(to_many(recipients))
    desk = client_of(helpdesk)
    page(desk, ID)  # what is kept between requests is read
    with CaptureQueriesContext(connection) as asked:
        page(desk, ID)
    assert len(asked) == QUERIES, "\n".join(query["sql"][:160] for query in asked)


def test_what_was_not_read_with_a_message_is_not_fetched_behind_its_back(ingested: Ingested) -> None:
    ingested(to_many(2))
    message = queries.find(ID).defer("subject").get()
    with pytest.raises(FieldFetchBlocked):
        _ = message.subject


def test_what_is_waited_for_is_not_what_another_recipient_was_told(ingested: Ingested) -> None:
    busy = PUT_OFF.replace("carol@", "dan@").replace("greylisted", "mailbox busy")
    ingested(
        [
            ARRIVAL,
            line("09:00:02", PUT_OFF),
            line("09:00:03", busy),
            line("09:00:04", TAKEN.replace("carol@", "dan@")),
            "2026-03-02 12:00:04 SMTP connection from [198.51.100.9] lost",
        ]
    )
    found = timeline().last_pause
    assert "greylisted" in found
    assert "busy" not in found
