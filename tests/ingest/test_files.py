"""Files as people hand them in: good, odd and hostile."""

import bz2
import gzip
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from ingest import leases, pages, pipeline
from ingest.models import Delivery, IngestRun, LineShare, LogHost, LogPage, Message, Piece, Rejection, State
from ingest.sources import batches
from tests.ingest.conftest import SAMPLES, finish, read_files
from tests.ingest.content import content

pytestmark = pytest.mark.django_db

type Read = Callable[[bytes], IngestRun]

ARRIVAL = b"2026-03-02 10:00:00 1vwz8C-00000000001-0001 <= a@example.org H=mx.example.net [198.51.100.7] P=esmtps S=1"
POSTFIX = b"Mar  9 06:25:01 srv1 postfix/qmgr[1187]: 3A1F2C04: from=<root@example.com>, size=612, nrcpt=1\n"
APACHE = b'198.51.100.7 - - [02/Mar/2026:10:00:00 +0100] "GET / HTTP/1.1" 200 12\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\n\n  \n", "The file has no text in it."),
        (gzip.compress(b"", mtime=0), "The file has no text in it."),
        (POSTFIX, "This is a Postfix log, not an Exim mainlog."),
        (APACHE, "This is a web server's access log, not an Exim mainlog."),
        (b"dear helpdesk,\nplease look\n", "This is not an Exim log: no line begins with the time stamp"),
        (bytes(range(256)) * 40, "This is a binary file, not a log."),
        (bz2.compress(b"x" * 100), "This is not an Exim log: no line begins with the time stamp"),
        (
            b"PK\x03\x04" + b"\xff" * 600,
            "The zip archive is damaged or cut off: its table of contents is missing",
        ),
        (
            b"7z\xbc\xaf\x27\x1c" + b"\0" * 600,
            "This is a 7-Zip archive; Mailwatch reads plain logs and those",
        ),
        (b"%PDF-1.7\n" * 20, "This is a PDF document, not a log."),
        (b"2026-03-02 10:00:00 INFO started\n" * 20, "none of them is a line that Exim writes"),
    ],
)
def test_a_foreign_file_is_refused_in_one_sentence_and_nothing_stays(
    read_bytes: Read, text: bytes, sentence: str
) -> None:
    run = read_bytes(text)
    file = run.files.get()
    assert (run.state, file.state) == (State.REFUSED, State.REFUSED)
    assert sentence in file.error
    assert "\n" not in file.error and len(file.error) < 500
    stored = [model.objects.count() for model in (LogPage, LineShare, Message, Delivery, Rejection)]
    assert stored == [0, 0, 0, 0, 0]


@pytest.mark.parametrize(("name", "state"), [("paniclog.1", State.FINISHED), ("app.log", State.REFUSED)])
def test_a_paniclog_may_say_anything(read_bytes: Callable[..., IngestRun], name: str, state: State) -> None:
    line = b'2026-03-02 10:00:00 Cannot open main log file "/var/log/exim4/mainlog": Permission denied\n'
    assert read_bytes(line * 20, name).state == state


def test_a_gzip_cut_short_keeps_what_came_before_the_cut(read_bytes: Read, srv1: LogHost) -> None:
    text = (SAMPLES / "srv1" / "mainlog.1").read_bytes()
    file = read_bytes(gzip.compress(text)[:-3000]).files.get()
    assert file.state == State.FAILED
    assert file.error == "The gzip file ends too early; the rest of the log is missing."
    assert 500 < file.new_lines < 1051
    assert text.startswith(b"".join(line + b"\n" for line in _texts(srv1))[:10_000])


def test_the_whole_file_after_a_cut_one_adds_the_rest(read_bytes: Read, srv1: LogHost) -> None:
    text = (SAMPLES / "srv1" / "mainlog.1").read_bytes()
    read_bytes(gzip.compress(text)[:-3000])
    read_bytes(text)
    lines = [line for line in _texts(srv1) if line in text.splitlines()]
    assert len(lines) == 1051


def test_a_damaged_gzip_says_so(read_bytes: Read) -> None:
    packed = bytearray(gzip.compress((SAMPLES / "srv1" / "mainlog.1").read_bytes()))
    packed[len(packed) // 2 : len(packed) // 2 + 200] = b"\xff" * 200
    file = read_bytes(bytes(packed)).files.get()
    assert file.state == State.FAILED
    assert file.error.startswith("The gzip file is damaged")


def test_a_gzip_of_several_members_and_padding_is_one_log(read_bytes: Read) -> None:
    run = read_bytes(gzip.compress(ARRIVAL + b"\n") + gzip.compress(TAIL) + b"\0" * 512)
    file = run.files.get()
    assert (file.state, file.lines, file.messages) == (State.FINISHED, 2, 1)


TAIL = b"2026-03-02 10:00:09 1vwz8C-00000000001-0001 Completed\n"


def test_a_line_of_ten_megabytes_is_kept_whole(read_bytes: Read, srv1: LogHost) -> None:
    giant = ARRIVAL + b' T="' + b"x" * 10_000_000 + b'"'
    run = read_bytes(giant + b"\n" + TAIL)
    assert run.state == State.FINISHED
    assert _texts(srv1) == [giant, TAIL.rstrip()]
    message = Message.objects.get()
    assert message.completed_at is not None
    assert pages.read_entries(srv1.pk, message.line_refs) == [giant, TAIL.rstrip()]


@pytest.mark.parametrize(
    "line",
    [
        ARRIVAL.replace(b"a@example.org", b"caf\xe9@example.org"),
        ARRIVAL.replace(b"a@example.org", b"nul\0@example.org"),
        ARRIVAL.replace(b"a@example.org", b"surrogate\xed\xa0\x80@example.org"),
        ARRIVAL.replace(b"mx.example.net", b"(<script>alert(1)</script>)"),
        ARRIVAL + b" T=\"=cmd|' /C calc'!A1\\ttab\\\\ back\"",
        ARRIVAL.replace(b"a@example.org", b"a" * 5000 + b"@example.org"),
        ARRIVAL.replace(b"a@example.org", "\u202egro.elpmaxe@x\u2066".encode()),
    ],
)
def test_hostile_bytes_are_stored_as_they_are(read_bytes: Read, srv1: LogHost, line: bytes) -> None:
    assert read_bytes(line + b"\n").state == State.FINISHED
    assert _texts(srv1) == [line]
    assert Message.objects.count() == 1


def test_lines_without_a_stamp_belong_to_the_line_before(read_bytes: Read, srv1: LogHost) -> None:
    error = b"2026-03-02 10:00:00 Exim configuration error in line 12 of /etc/exim4/exim4.conf:\n  main option unknown"
    run = read_bytes(b"scribbled\n" + error + b"\n" + TAIL + b"more scribble\n")
    file = run.files.get()
    assert _texts(srv1) == [b"scribbled", error, TAIL + b"more scribble"]
    assert (file.lines, file.new_lines, file.unparsed_lines) == (5, 5, 2)
    assert [sample["text"] for sample in file.unparsed_samples] == ["scribbled", "more scribble"]


def test_impossible_stamps_are_kept_and_counted(read_bytes: Read, srv1: LogHost) -> None:
    run = read_bytes(TAIL + b"2026-13-45 99:99:99 nonsense\n")
    assert run.files.get().unparsed_lines == 1
    assert len(_texts(srv1)) == 2


def test_pages_end_where_a_month_ends(read_bytes: Read, srv1: LogHost) -> None:
    read_bytes(b"2026-03-31 23:30:00 Start queue run: pid=1\n2026-04-01 00:30:00 Start queue run: pid=2\n")
    assert LogPage.objects.count() == 1  # the log's zone is ahead of UTC: both are in March there
    read_bytes(b"2026-04-01 03:00:00 Start queue run: pid=3\n2026-05-01 00:30:00 Start queue run: pid=4\n")
    months = {
        page_id >> pages.PAGE_NUMBER_BITS for page_id in LogPage.objects.values_list("page_id", flat=True)
    }
    assert {(1970 + month // 12, month % 12 + 1) for month in months} == {(2026, 3), (2026, 4)}


def test_a_worker_that_dies_between_batches_is_followed_exactly(
    monkeypatch: pytest.MonkeyPatch, srv1: LogHost
) -> None:
    monkeypatch.setattr(batches, "BATCH_SIZE", 20_000)
    path = SAMPLES / "srv1" / "mainlog"
    incoming = pipeline.IncomingFile(
        name="mainlog", path=str(path), size=path.stat().st_size, is_upload=False
    )
    run = pipeline.new_run(log_host=srv1, files=[incoming], started_by="tests")
    piece = Piece.objects.get(file__run=run)
    assert pipeline.work(piece.pk, seconds=0)  # one batch, then out of time
    piece.refresh_from_db()
    assert 0 < piece.offset < path.stat().st_size
    finish(run)
    assert run.state == State.FINISHED
    lines = path.read_bytes().splitlines()
    assert _texts(srv1) == lines
    assert run.files.get().new_lines == len(lines)


def test_a_piece_that_somebody_holds_is_left_alone(srv1: LogHost) -> None:
    run = read_files(srv1, SAMPLES / "srv1" / "mainlog")
    piece = Piece.objects.get(file__run=run)
    Piece.objects.filter(pk=piece.pk).update(state=State.RUNNING, offset=0)
    assert leases.take(piece.pk) is not None
    assert leases.take(piece.pk) is None
    assert pipeline.open_pieces() == []


def test_a_batch_that_fails_rolls_back_whole_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, srv1: LogHost, read_bytes: Read
) -> None:
    with monkeypatch.context() as fault:
        fault.setattr("ingest.log_host_counts.add", _broken)
        run = read_bytes(ARRIVAL + b"\n")
    assert (Message.objects.count(), LogPage.objects.count(), Piece.objects.get().offset) == (0, 0, 0)
    assert run.files.get().error == "Trying again: ZeroDivisionError: by zero."
    Piece.objects.update(lease_until=None)
    finish(run)
    assert (run.state, run.error, Message.objects.count()) == (State.FINISHED, "", 1)


def _broken(*_: Any) -> None:
    raise ZeroDivisionError("by zero")


def test_a_file_that_is_gone_is_a_sentence(srv1: LogHost) -> None:
    incoming = pipeline.IncomingFile(name="mainlog", path="/nowhere/mainlog", size=1, is_upload=False)
    run = pipeline.new_run(log_host=srv1, files=[incoming], started_by="tests")
    finish(run)
    assert run.state == State.FAILED
    assert run.files.get().error == "The file could not be read: No such file or directory."


@pytest.mark.parametrize(
    ("name", "zone", "sentence"),
    [
        ("../etc", None, "A log host's name has letters"),
        ("", None, "This field cannot be blank."),
        ("mx1", "Mars/Olympus", "There is no time zone named Mars/Olympus."),
    ],
)
@pytest.mark.django_db
def test_a_bad_log_host_is_refused(name: str, zone: str | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence.replace(".", r"\.")):
        pipeline.log_host(name, zone)


def test_the_totals_of_the_story(srv1: LogHost) -> None:
    """The bundled logs and what their generator says is in them."""
    run = read_files(srv1, *sorted((SAMPLES / "srv1").glob("mainlog*")))
    assert run.state == State.FINISHED
    assert sum(file.lines for file in run.files.all()) == 7674
    assert len(content(srv1)["messages"]) >= 1408
    assert Message.objects.filter(authenticated_id="").count() == 539


def _texts(host: LogHost) -> list[bytes]:
    return [entry.text for page in pages.scan(host.pk) for _, entry in page.entries()]


def test_a_worker_whose_lease_ran_out_stores_nothing(monkeypatch: pytest.MonkeyPatch, srv1: LogHost) -> None:
    path = SAMPLES / "srv1" / "mainlog"
    incoming = pipeline.IncomingFile(
        name="mainlog", path=str(path), size=path.stat().st_size, is_upload=False
    )
    run = pipeline.new_run(log_host=srv1, files=[incoming], started_by="tests")
    piece = Piece.objects.get(file__run=run)
    late = leases.take(piece.pk)
    assert late is not None
    Piece.objects.filter(pk=piece.pk).update(lease_until=None)
    finish(run)  # the other worker
    monkeypatch.setattr(leases, "take", lambda _: late)
    assert not pipeline.work(piece.pk)
    assert len(_texts(srv1)) == 665
    assert run.files.get().state == State.FINISHED


def test_a_line_that_syslog_cut_in_two_is_one_line(read_bytes: Read, srv1: LogHost) -> None:
    syslog = b"Mar  2 10:00:00 mx exim[77]: "
    text = ARRIVAL + b' T="a long subject"'
    run = read_bytes(syslog + b"[1/2] " + text[:90] + b"\n" + syslog + b"[2/2] " + text[90:] + b"\n")
    assert run.files.get().unparsed_lines == 0
    message = Message.objects.get()
    assert (message.envelope_sender, message.subject) == ("a@example.org", "a long subject")


def test_every_line_with_a_stamp_is_counted_by_its_kind(srv1: LogHost) -> None:
    run = read_files(srv1, *sorted((SAMPLES / "srv1").glob("mainlog*")))
    kinds: Counter[str] = sum((Counter(file.kinds) for file in run.files.all()), Counter())
    assert kinds.total() == 7674
    assert (kinds["arrival"], kinds["delivery"], kinds["completion"]) == (1408, 1516, 1388)
    again = read_files(srv1, SAMPLES / "srv1" / "mainlog")
    assert again.files.get().kinds == {}
