"""Every refusal is one row, whether the mainlog brings it, the rejectlog, or both, in any order."""

import random
from collections.abc import Callable
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest

from ingest.models import HourlyVolume, IngestRun, LogFile, LogHost, Message, Rejection
from ingest.pages import read_entries
from ingest.pipeline import log_host
from ingest.rebuild import rebuild
from tests.ingest.conftest import read_files
from tests.ingest.content import content

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_batches")]

LIVE = Path(__file__).resolve().parents[2].parent / "shared" / "samples" / "live"

ID = "1vwa0G-00000000003-0001"
VIRUS = (
    f"2026-03-01 10:00:05 {ID} H=(bad) [203.0.113.9] F=<x@example.net> rejected after DATA: contains malware"
)
RELAY = (
    "2026-03-01 10:00:04 H=(bad) [203.0.113.9] F=<x@example.net>"
    " rejected RCPT <y@elsewhere.example>: relay not permitted"
)
LOGIN = (
    "2026-03-01 10:00:03 plain authenticator failed for (bad) [203.0.113.9]:"
    " 535 Incorrect authentication data (set_id=alice)"
)
GONE = (
    "2026-03-01 10:00:06 H=(bad) [203.0.113.9] F=<x@example.net>"
    " RCPT <hole@example.org>: discarded by RCPT ACL: spam trap"
)
HEADERS = (
    "Envelope-from: <x@example.net>",
    "Envelope-to: <bob@example.org>",
    "P Received: from (bad) [203.0.113.9];",
    "\tSun, 01 Mar 2026 10:00:05 +0000",
    "F From: a@example.net",
    "* X-Was: here",
    "  Subject: VIRUS here",
)
MAINLOG = (LOGIN, RELAY, VIRUS, GONE)
REJECTLOG = (LOGIN, RELAY, VIRUS, *HEADERS, GONE)

type Write = Callable[..., Path]


def text_of(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Makes a file, of lines or of bytes."""

    def file(name: str, *lines: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(line if isinstance(line, bytes) else text_of(line) for line in lines))
        return path

    return file


@pytest.fixture
def both(write: Write) -> tuple[Path, Path]:
    return write("mainlog", *MAINLOG), write("rejectlog", *REJECTLOG)


def fresh() -> LogHost:
    """srv1 with nothing in it; what it had stays under another name."""
    LogHost.objects.filter(name="srv1").update(name=f"gone{LogHost.objects.count()}")
    return log_host("srv1", "UTC")[0]


def rows(host: LogHost) -> list[tuple[Any, ...]]:
    columns = ("stage", "reason", "recipient", "account", "header_lines")
    return list(Rejection.objects.filter(log_host=host).order_by("logged_at").values_list(*columns))


ROWS = [
    ("auth", "login refused", None, "alice", None),
    ("rcpt", "relay not permitted", "y@elsewhere.example", None, None),
    ("data", "content refused", None, None, 7),
    ("rcpt", "thrown away silently", "hole@example.org", None, None),
]


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1)], ids=str)
def test_the_rejectlog_doubles_nothing_whichever_comes_first(
    both: tuple[Path, Path], order: tuple[int, ...]
) -> None:
    host = fresh()
    for number in order:
        read_files(host, both[number])
    assert rows(host) == ROWS
    (refusal,) = Rejection.objects.filter(log_host=host, stage="data")
    assert refusal.headers_ref is not None
    assert read_entries(host.pk, [refusal.headers_ref]) == [text_of(VIRUS, *HEADERS).rstrip(b"\n")]


def test_both_orders_and_one_run_store_the_same(both: tuple[Path, Path]) -> None:
    found = []
    for runs in [(both[:1], both[1:]), (both[1:], both[:1]), (both,), (both[::-1],), (both[:1], both[::-1])]:
        host = fresh()
        for files in runs:
            read_files(host, *files)
        found.append(content(host))
    assert found[0]["rejections"]
    for other in found[1:]:
        assert other == found[0]


@pytest.mark.parametrize("first", [0, 1], ids=["mainlog first", "rejectlog first"])
def test_a_line_that_both_have_counts_once(both: tuple[Path, Path], first: int) -> None:
    host = fresh()
    read_files(host, both[first])
    read_files(host, both[1 - first])
    files = LogFile.objects.filter(log_host=host)
    assert sum(file.new_lines for file in files) == len(REJECTLOG)
    assert sum(file.rejections for file in files) == len(MAINLOG)
    assert all(file.new_lines + file.duplicate_lines == file.lines for file in files)
    hour = HourlyVolume.objects.get(log_host=host)
    assert (hour.lines, hour.rejected, hour.failed_logins) == (len(REJECTLOG), 3, 1)


def test_a_rejectlog_alone_is_enough(both: tuple[Path, Path]) -> None:
    host = fresh()
    run = read_files(host, both[1])
    assert rows(host) == ROWS
    assert run.files.get().unparsed_lines == 0


def test_mainlog_and_rejectlog_in_one_file(write: Write) -> None:
    host = fresh()
    read_files(host, write("all", *MAINLOG, *REJECTLOG[2:]))
    assert [row for row in rows(host) if row[0] == "data"] == ROWS[2:3]


@pytest.mark.parametrize("cut", range(1, len(REJECTLOG)))
def test_a_rejectlog_cut_between_any_two_lines(both: tuple[Path, Path], write: Write, cut: int) -> None:
    """Even within the headers, whose rest then belongs to nothing until the whole comes."""
    host = fresh()
    read_files(host, write("old", *REJECTLOG[:cut]))
    if cut not in range(3, 3 + len(HEADERS)):
        read_files(host, write("new", *REJECTLOG[cut:]))
    read_files(host, both[1])
    read_files(host, both[0])
    assert rows(host) == ROWS


@pytest.mark.parametrize("repeats", [2, 3])
def test_true_repeats_stay_in_any_order(write: Write, repeats: int) -> None:
    """As often as one file has the line, with headers or without; the other file adds none."""
    files = (
        write("mainlog", *[RELAY, VIRUS] * repeats),
        write("rejectlog", *[VIRUS, *HEADERS] * repeats, RELAY),
        write("shorter", VIRUS, *HEADERS),
    )
    found = []
    for order in permutations(files):
        host = fresh()
        for file in order:
            read_files(host, file)
        found.append(content(host))
        refusals = Rejection.objects.filter(log_host=host)
        assert refusals.filter(stage="data", header_lines=7).count() == repeats
        assert refusals.filter(stage="rcpt").count() == repeats
    assert all(other == found[0] for other in found)


@pytest.mark.parametrize("first", [0, 1], ids=["mainlog first", "rejectlog first"])
def test_rebuild_gives_the_same_rows(both: tuple[Path, Path], first: int) -> None:
    host = fresh()
    read_files(host, both[first])
    read_files(host, both[1 - first])
    before = content(host)
    rebuild(host)
    assert content(host) == before


def test_longer_headers_win_in_either_order(write: Write) -> None:
    """A copy of the rejectlog that was made while Exim wrote it ends within the headers."""
    short, whole = write("short", VIRUS, *HEADERS[:2]), write("whole", VIRUS, *HEADERS)
    for order in [(short, whole), (whole, short)]:
        host = fresh()
        for file in order:
            read_files(host, file)
        assert rows(host) == ROWS[2:3]
        rebuild(host)
        assert rows(host) == ROWS[2:3]


def test_the_message_points_at_line_and_headers(both: tuple[Path, Path]) -> None:
    host = fresh()
    read_files(host, *both)
    message = Message.objects.get(log_host=host, message_id=ID)
    assert (message.status, len(message.line_refs)) == ("rejected", 2)


def test_a_delivery_with_something_below_it_is_still_one_delivery(write: Write) -> None:
    line = f"2026-03-01 10:00:05 {ID} => bob@example.org R=dnslookup T=remote_smtp"
    host = fresh()
    read_files(host, write("one", line))
    read_files(host, write("two", line, "\ttorn"))
    assert len(content(host)["deliveries"]) == 1


# ---- real ones


@pytest.mark.parametrize("selector", ["default", "typical", "all"])
@pytest.mark.parametrize("first", ["mainlog", "rejectlog"])
def test_real_logs_in_both_orders(selector: str, first: str, write: Write) -> None:
    if not LIVE.is_dir():
        pytest.skip("the sample logs are not beside the checkout")
    files = {name: LIVE / f"{selector}.{name}" for name in ("mainlog", "rejectlog")}
    alone, host = fresh(), fresh()
    read_files(alone, write("once", *_stamped_lines(*files.values())))
    for name in (first, *(name for name in files if name != first)):
        read_files(host, files[name])
    counted = [
        HourlyVolume.objects.filter(log_host=one).values_list("hour", "rejected", "failed_logins", "messages")
        for one in (alone, host)
    ]
    assert list(counted[0]) == list(counted[1])
    refused = [
        set(
            Rejection.objects.filter(log_host=one).values_list("logged_at", "digest", "copy", "stage", "text")
        )
        for one in (alone, host)
    ]
    assert refused[0] == refused[1]
    assert Rejection.objects.filter(log_host=host, header_lines__gt=0).count() == 1
    before = content(host)
    rebuild(host)
    assert content(host) == before


def _stamped_lines(mainlog: Path, rejectlog: Path) -> list[bytes]:
    """Those of the mainlog, and those that Exim writes to the rejectlog only."""
    lines = mainlog.read_bytes().splitlines(keepends=True)
    others = rejectlog.read_bytes().splitlines(keepends=True)
    return [*lines, *(line for line in others if line.startswith(b"2026-") and line not in lines)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_real_logs_cut_anywhere(seed: int, write: Write) -> None:
    if not LIVE.is_dir():
        pytest.skip("the sample logs are not beside the checkout")
    dice = random.Random(seed)
    texts = {name: (LIVE / f"all.{name}").read_bytes() for name in ("mainlog", "rejectlog")}
    whole, host = fresh(), fresh()
    read_files(whole, *(write(name, text) for name, text in texts.items()))
    pieces = []
    for text in texts.values():
        starts = [
            at for at in range(len(text)) if text[at - 1 : at] == b"\n" and text[at : at + 4] == b"2026"
        ]
        cuts = [0, *sorted(dice.sample(starts, 3)), len(text)]
        pieces += [text[start:end] for start, end in pairwise(cuts)]
    dice.shuffle(pieces)
    for number, piece in enumerate(pieces):
        read_files(host, write(f"piece{number}", piece))
    assert _same(host) == _same(whole)


def _same(host: LogHost) -> dict[str, Any]:
    stored = content(host)
    return {name: stored[name] for name in ("lines", "rejections", "hours")}


# ---- every kind of refusal

CLIENT = {"sender_host_address": "203.0.113.9", "helo_name": "bad"}
KINDS = [
    (
        'H=[203.0.113.9] rejected connection in "connect" ACL: listed at dnsbl.example',
        {"stage": "connect", "reason": "on a blocklist", "sender_host_address": "203.0.113.9"},
    ),
    (
        "refused connection from [203.0.113.9] (host_reject_connection)",
        {"stage": "connect", "reason": "sender host refused", "sender_host_address": "203.0.113.9"},
    ),
    (
        "H=(bad) [203.0.113.9] rejected EHLO or HELO bad: go away",
        {"stage": "helo", "reason": "other", **CLIENT},
    ),
    (
        "H=(bad) [203.0.113.9] rejected MAIL <x@example.net>: no thanks",
        {"stage": "mail", "envelope_sender": "x@example.net", **CLIENT},
    ),
    (
        "H=(bad) [203.0.113.9] rejected AUTH plain: STARTTLS required before AUTH",
        {"stage": "auth", "reason": "encryption required", "is_login": False, **CLIENT},
    ),
    (
        "login authenticator failed for (bad) [203.0.113.9]: 435 Unable to authenticate at present (set_id=joe): ldap",
        {"stage": "auth", "is_temporary": True, "is_login": True, "account": "joe", **CLIENT},
    ),
    (
        "H=(bad) [203.0.113.9] F=<> A=plain:joe temporarily rejected RCPT <y@example.org>: greylisted",
        {
            "stage": "rcpt", "reason": "greylisted", "is_temporary": True, "envelope_sender": "",
            "recipient": "y@example.org", "account": "joe", **CLIENT,
        },
    ),
    (
        f"{ID} H=(bad) [203.0.113.9] F=<x@example.net> rejected after DATA: message too big",
        {"stage": "data", "reason": "too large", "message_id": ID, **CLIENT},
    ),
    (
        "H=(bad) [203.0.113.9] rejected VRFY bob",
        {"stage": "other", "reason": "no reason logged", **CLIENT},
    ),
    (
        "H=(bad) [203.0.113.9] F=<x@example.net> RCPT <y@example.org>: discarded by MAIL ACL",
        {
            "stage": "rcpt", "reason": "thrown away silently", "is_login": False, "text": "discarded by MAIL ACL",
            "envelope_sender": "x@example.net", "recipient": "y@example.org", **CLIENT,
        },
    ),
    (
        "H=(bad) [203.0.113.9] MAIL <x@example.net>: discarded by MAIL ACL",
        {"stage": "mail", "envelope_sender": "x@example.net", "recipient": None, **CLIENT},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("line", "columns"), KINDS)
def test_every_kind_of_refusal_is_a_row(
    line: str, columns: dict[str, Any], read_lines: Callable[..., IngestRun]
) -> None:
    read_lines([f"2026-03-01 10:00:05 {line}"])
    (row,) = Rejection.objects.values(*columns)
    assert row == columns


def test_the_note_before_a_failed_verification_is_no_refusal(read_lines: Callable[..., IngestRun]) -> None:
    client = "H=(bad) [203.0.113.9]"
    run = read_lines(
        [
            f"2026-03-01 10:00:05 {client} sender verify fail for <x@example.net>: Unrouteable address",
            f"2026-03-01 10:00:05 {client} F=<x@example.net> rejected RCPT <y@example.org>: Sender verify failed",
        ]
    )
    assert run.files.get().rejections == Rejection.objects.count() == 1
