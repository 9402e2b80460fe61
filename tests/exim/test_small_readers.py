"""Times, ids in answers, pieces of syslog, limits of control panels: what is read inside the text of a line."""

from datetime import UTC

import pytest

from ingest.exim.durations import seconds
from ingest.exim.events import Arrival
from ingest.exim.message_id import next_message_id
from ingest.exim.panels import SendingLimit, sending_limit
from ingest.exim.parse import parse
from ingest.exim.syslog import first_line

ID = "1vwa0G-00000000001-0001"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0s", 0),
        ("0.304s", 0.304),
        ("5m", 300),
        ("3w2d4h5m6s", 2_001_906),
        ("", None),
        ("5", None),
        ("5s5m", None),
        ("soon", None),
        ("9999999999999s", None),
        (None, None),
    ],
)
def test_times_are_seconds(text: str | None, expected: float | None) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (f"250 OK id={ID}", ID),
        ("250 OK id=1RwtJa-0009RI-2d", "1RwtJa-0009RI-2d"),
        (f"250-first\\n250 OK id={ID}", ID),
        (f"id={ID}", ID),
        (f"250 OK id={ID}x", None),
        (f"250 OK queueid={ID}", None),
        ("250 2.0.0 Ok: queued as ABC123", None),
        (f"250 OK {ID}", None),
        ("", None),
        (None, None),
    ],
)
def test_the_id_that_the_next_server_gave_is_in_its_answer(answer: str | None, expected: str | None) -> None:
    assert next_message_id(answer) == expected


def test_a_delivery_leads_to_the_message_on_the_next_server() -> None:
    line = (
        f'2026-03-01 10:00:01 1RwtJa-0009RI-2d => a@example.net R=r T=t H=mx [203.0.113.7] C="250 OK id={ID}"'
    )
    event = parse(line.encode(), zone=UTC)
    assert next_message_id(getattr(event, "text", None)) == ID


SYSLOG = "Mar  1 10:00:00 mx exim[77]: "
ARRIVAL = f"2026-03-01 10:00:00 {ID} <= a@example.net H=(x) [203.0.113.9] P=esmtp S=12 for "


def test_pieces_of_a_line_that_syslog_cut_are_one_line() -> None:
    entry = f"{SYSLOG}[1/2] {ARRIVAL}b@exam\n{SYSLOG}[2/2] ple.org c@example.org"
    event = parse(first_line(entry.encode()), zone=UTC)
    assert isinstance(event, Arrival)
    assert event.recipients == ("b@example.org", "c@example.org")


def test_a_newline_inside_a_line_is_kept_as_text() -> None:
    entry = f"{SYSLOG}[1\\2] 2026-03-01 10:00:00 Exim configuration error\n{SYSLOG}[2\\2]   unknown option"
    assert first_line(entry.encode()).endswith(rb"configuration error\n  unknown option")


@pytest.mark.parametrize(
    "second",
    [
        "Mar  1 10:00:00 mx exim[78]: [2/2] of another process",
        f"{SYSLOG}[2/3] of another line",
        f"{SYSLOG}[3/2] out of order",
        "no syslog at all",
    ],
)
def test_what_is_no_piece_of_the_line_is_left_out(second: str) -> None:
    entry = f"{SYSLOG}[1/2] {ARRIVAL}b@example.org\n{second}"
    assert first_line(entry.encode()) == f"{SYSLOG}[1/2] {ARRIVAL}b@example.org".encode()


@pytest.mark.parametrize("entry", ["one line", "one line\nP Received: from x", ""])
def test_the_first_line_of_any_other_entry_is_as_it_stands(entry: str) -> None:
    assert first_line(entry.encode()) == entry.encode().partition(b"\n")[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Domain shop.example has exceeded the max emails per hour (201/200 (100%)) allowed. Message will be "
            "reattempted later",
            SendingLimit("cPanel", "shop.example", 201, 200, "1h"),
        ),
        (
            "Domain shop.example has exceeded the max emails per hour (200) allowed. Message discarded.",
            SendingLimit("cPanel", "shop.example", None, 200, "1h"),
        ),
        (
            "Domain shop.example has exceeded the max defers and failures per hour (5/5 (100%)) allowed. "
            "Message discarded.",
            SendingLimit("cPanel", "shop.example", 5, 5, "1h"),
        ),
        (
            "Sender joe@shop.example has an outgoing mail hold",
            SendingLimit("cPanel", "joe@shop.example", None, None, "1h"),
        ),
        (
            "failed to expand condition: You (shop) have reached your daily email limit of 200 emails",
            SendingLimit("DirectAdmin", "shop", None, 200, "1d"),
        ),
        (
            "Your E-Mail (joe@shop.example) has reached it's daily email limit of 50 emails",
            SendingLimit("DirectAdmin", "joe@shop.example", None, 50, "1d"),
        ),
        (
            "Email account joe@shop.example is sending too many emails - rate overlimit = 201.4 / 1h",
            SendingLimit("Hestia", "joe@shop.example", 201, None, "1h"),
        ),
        ("relay not permitted", None),
        ("", None),
    ],
)
def test_limits_of_control_panels_are_read_from_any_text(text: str, expected: SendingLimit | None) -> None:
    assert sending_limit(text) == expected
